#!/usr/bin/env python3
"""Makes a header of a service's SQL: one pg::Statement for each sql/queries/NAME.sql (constant kName) and the list
Migrations() of sql/migrations/NNNN_name.sql.

usage: embed_sql.py SERVICE SQL_DIR OUT
"""
import pathlib
import re
import sys


def literal(text: str) -> str:
    # A string literal may be 64 KiB at most (C++ [implimits]); split far below that.
    parts = [text[i : i + 12000] for i in range(0, len(text), 12000)] or [""]
    return "\n    ".join(f'R"sql({part})sql"' for part in parts)


def main() -> None:
    service, folder, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    lines = [
        "#pragma once",
        f"// Made by tools/embed_sql.py from the SQL files of {service}.",
        "#include <vector>",
        '#include "pg/statement.h"',
        f"namespace pennypost::{service}::sql {{",
    ]
    queries = sorted((folder / "queries").glob("*.sql"))
    names = []
    for path in queries:
        name = "k" + "".join(part.capitalize() for part in path.stem.split("_"))
        names.append(name)
        # The service's name keeps statements of two services apart on one connection.
        lines.append(
            f'inline constexpr pg::Statement {name}{{"{service}_{path.stem}",\n    {literal(path.read_text())}}};')
    lines.append("inline std::vector<pg::Statement> Statements() {")
    lines.append(f"  return {{{', '.join(names)}}};")
    lines.append("}")
    lines.append("inline std::vector<pg::Migration> Migrations() {")
    lines.append("  return {")
    for path in sorted((folder / "migrations").glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_\w+", path.stem)
        if not match:
            sys.exit(f"{path}: a migration is named NNNN_what.sql")
        lines.append(f'    {{{int(match[1])}, "{path.stem}",\n    {literal(path.read_text())}}},')
    lines += ["  };", "}", f"}}  // namespace pennypost::{service}::sql", ""]
    out.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines)
    if not out.exists() or out.read_text() != text:
        out.write_text(text)


main()
