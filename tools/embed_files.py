#!/usr/bin/env python3
"""Makes a header with the text of files as constants: status.html becomes kStatusHtml.

usage: embed_files.py NAMESPACE OUT FILE ...
"""
import pathlib
import re
import sys


def main() -> None:
    namespace, out, files = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    lines = ["#pragma once", "// Made by tools/embed_files.py.", "#include <string_view>", f"namespace {namespace} {{"]
    for name in sorted(files):
        path = pathlib.Path(name)
        constant = "k" + "".join(part.capitalize() for part in re.split(r"\W+", path.name))
        lines.append(f'inline constexpr std::string_view {constant} = R"file({path.read_text()})file";')
    lines += [f"}}  // namespace {namespace}", ""]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines))


main()
