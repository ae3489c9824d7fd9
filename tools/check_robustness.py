#!/usr/bin/env python3
"""Each test that docs/robustness.md names for a row is there, and has the row in its name; no row of ours is without one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs/robustness.md"
ROWS = ["I6", "I7", "I15", "I16", "I17", "I18", "K2", "K3", "K4", "K5", "K6", "K7", "K10", "K14", "K15", "K16"]
DEFINES = r"(?:def {0}\(|void {0}\(|TEST(?:_F|_P)?\(\w+, {0}\))"


def problems(text: str) -> list:
    found, seen = [], []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 4 or not re.fullmatch(r"[A-Z]\d+", cells[0]):
            continue
        row, tests = cells[0], cells[3]
        seen.append(row)
        named = re.findall(r"`([^`]+)` ([\w, ]+)", tests)
        if not named:
            found.append(f"{row} names no test")
        for path, names in named:
            source = (ROOT / path).read_text() if (ROOT / path).is_file() else ""
            for name in names.split(", "):
                if not re.search(DEFINES.format(re.escape(name.strip())), source):
                    found.append(f"{row}: {path} has no test {name}")
                if not re.match(rf"(test_)?{row}_", name):
                    found.append(f"{row}: {name} has not the row in its name")
    return found + [f"{row} is not in the table" for row in ROWS if row not in seen]


def main() -> int:
    found = problems(TABLE.read_text())
    for problem in found:
        print(f"robustness: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
