#!/usr/bin/env python3
"""What g++ 12 miscompiles in coroutines (docs/adr/0004): a capturing lambda inside a co_await expression, a coroutine
lambda with captures, a structured binding straight from co_await."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINDING = re.compile(r"auto&?\s*\[[^\]]+\]\s*=\s*co_await")
LAMBDA = re.compile(r"\[(?P<captures>[^\[\]]*)\]\s*\((?P<parameters>[^()]*(?:\([^()]*\)[^()]*)*)\)[^;{}]*\{")


def body_end(text: str, start: int) -> int:
    depth = 0
    for i in range(start, len(text)):
        if text[i] == "{":
            depth += 1
        elif text[i] == "}":
            depth -= 1
            if depth == 0:
                return i
    return len(text)


def check(path: pathlib.Path) -> list:
    text = re.sub(r"//[^\n]*", "", path.read_text(errors="replace"))
    problems = []

    def line(at: int) -> int:
        return text.count("\n", 0, at) + 1

    for match in BINDING.finditer(text):
        problems.append((line(match.start()), "structured binding straight from co_await: name the result first"))
    for match in LAMBDA.finditer(text):
        if not match["captures"].strip():
            continue
        body = text[match.end() - 1 : body_end(text, match.end() - 1)]
        if re.search(r"\bco_(await|return|yield)\b", body):
            problems.append((line(match.start()), "a coroutine lambda with captures: make it a function"))
    for match in re.finditer(r"co_await\s", text):
        end = text.find(";", match.end())
        statement = text[match.end() : end]
        found = LAMBDA.search(statement)
        if found and found["captures"].strip():
            problems.append((line(match.start()), "a capturing lambda in a co_await expression: name it first"))
    return [f"{path.relative_to(ROOT)}:{number}: {what}" for number, what in problems]


def main() -> int:
    problems = []
    for area in ("libs", "services"):
        for path in sorted((ROOT / area).rglob("*")):
            if path.suffix in (".cc", ".h"):
                problems += check(path)
    for problem in problems:
        print(f"coroutines: {problem}")
    return 1 if problems else 0


sys.exit(main())
