#!/usr/bin/env python3
"""Writes docs/generated/config.md from the comments of proto/pennypost/config/v1. --check: fails if it differs."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "proto/pennypost/config/v1"
OUT = ROOT / "docs/generated/config.md"
FIELD = re.compile(r"\s*(optional|repeated)\s+(\w+)\s+(\w+)\s*=\s*\d+\s*(?:\[(.*)\])?;")


def messages(path: pathlib.Path) -> dict:
    """Message name -> (comment, [(field, type, repeated, default, secret, comment)])."""
    out, comment, name = {}, [], None
    for line in path.read_text().splitlines():
        text = line.strip()
        if text.startswith("//"):
            comment.append(text[2:].strip())
        elif match := re.match(r"message (\w+) \{", text):
            name = match[1]
            out[name] = (" ".join(comment), [])
            comment = []
        elif name and (match := FIELD.match(line)):
            default = re.search(r"default = ([^,\]]+)", match[4] or "")
            secret = "(sensitive) = true" in (match[4] or "")
            out[name][1].append((match[3], match[2], match[1] == "repeated", default[1].strip('"') if default else "", secret,
                                 " ".join(comment)))
            comment = []
        elif not text:
            comment = []
    return out


def section(title: str, name: str, all_messages: dict, lines: list) -> None:
    comment, fields = all_messages[name]
    lines += [f"## `{title}`", ""]
    if comment:
        lines += [comment, ""]
    nested = []
    lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
    for field, kind, repeated, default, secret, text in fields:
        shown = f"list of {kind}" if repeated else kind
        if kind in all_messages:
            nested.append((f"{title}.{field}" + ("[]" if repeated else ""), kind))
            shown = f"list, see `{title}.{field}[]`" if repeated else f"see `{title}.{field}`"
        if secret:
            text = f"{text} Secret: `{field}_file` may name a file instead.".strip()
        lines.append(f"| `{field}` | {shown} | {f'`{default}`' if default else ''} | {text} |")
    lines.append("")
    for inner_title, inner in nested:
        section(inner_title, inner, all_messages, lines)


def main() -> int:
    all_messages = {}
    for path in sorted(FOLDER.glob("*.proto")):
        all_messages.update(messages(path))
    lines = ["# Configuration", "",
             "Made by `tools/config_reference.py` from `proto/pennypost/config/v1`. One YAML file for all services; precedence:",
             "default < file < environment (`PENNYPOST_INGRESS_MAX_ERRORS`, `__` between levels) < `--set ingress.max_errors=5`.",
             "Files are those of `--config`, or of `PENNYPOST_CONFIG` (FILE:FILE...); a later one wins.", ""]
    for field, kind, *_ in all_messages["PlatformConfig"][1]:
        section(field, kind, all_messages, lines)
    text = "\n".join(lines).rstrip() + "\n"
    if "--check" in sys.argv:
        if OUT.exists() and OUT.read_text() == text:
            return 0
        print("config_reference: docs/generated/config.md is not up to date; run tools/config_reference.py")
        return 1
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(text)
    return 0


sys.exit(main())
