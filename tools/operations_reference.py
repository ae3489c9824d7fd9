#!/usr/bin/env python3
"""Writes docs/generated/metrics.md and docs/generated/logs.md from the calls in the code. --check: fails if one differs."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/generated"
METRIC = re.compile(r'metrics::(Counter|Gauge|DurationHistogram)\(\s*"(\w+)",\s*((?:"[^"]*"\s*)+)', re.S)
LABELS = re.compile(r'\{\s*"(\w+)",')
EVENT = re.compile(r'log::(Debug|Info|Warning|Error)\(\s*"([\w.]+)"', re.S)
FIELD = re.compile(r'\{\s*"(\w+)",')


def call_at(text: str, start: int) -> str:
    """From the name to its closing parenthesis."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0 and text[at] == ")":
            return text[start:at]
    return text[start:]


def sources():
    for path in sorted([*ROOT.glob("libs/**/*.cc"), *ROOT.glob("libs/**/*.h"), *ROOT.glob("services/**/*.cc"), *ROOT.glob("services/**/*.h")]):
        if not re.search(r"(_test|_fuzz|_benchmark)\.cc$|fake_", path.name):
            yield path, path.read_text()


def metrics_page() -> str:
    rows = {}
    for path, text in sources():
        for match in METRIC.finditer(text):
            words = "".join(re.findall(r'"([^"]*)"', match[3])).rstrip(".")
            labels = sorted(set(LABELS.findall(call_at(text, match.start() + len("metrics::"))[match.end() - match.start() - len("metrics::"):])))
            rows[match[2]] = (match[1].replace("DurationHistogram", "Histogram").lower(), ", ".join(f"`{label}`" for label in labels), words)
    lines = ["# Metrics", "", "Made by `tools/operations_reference.py` from the code. Every process serves its own at `/metrics` of its health port.", "",
             "| name | type | labels | meaning |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| `{name}` | {kind} | {labels} | {words} |" for name, (kind, labels, words) in sorted(rows.items())]) + "\n"


def logs_page() -> str:
    rows = {}
    for path, text in sources():
        for match in EVENT.finditer(text):
            fields = FIELD.findall(call_at(text, match.start() + len("log::")))
            level, known = rows.get(match[2], (match[1].lower(), []))
            rows[match[2]] = (level, known + [f for f in fields if f not in known])
    lines = ["# Log events", "", "Made by `tools/operations_reference.py` from the code. One JSON object a line on standard output (`common.log.format: plain` is for",
             "people); every record has `ts`, `level`, `svc` and `event`. One `mail_id` follows a message through all services.", "",
             "| event | level | fields |", "|---|---|---|"]
    return "\n".join(lines + [f"| `{event}` | {level} | {', '.join(f'`{f}`' for f in fields)} |" for event, (level, fields) in sorted(rows.items())]) + "\n"


def main() -> int:
    bad = 0
    for name, text in (("metrics.md", metrics_page()), ("logs.md", logs_page())):
        path = FOLDER / name
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.relative_to(ROOT)} is not what the code says; run tools/operations_reference.py", file=sys.stderr)
            bad = 1
    return bad


sys.exit(main())
