#!/usr/bin/env python3
"""clang-tidy, with the short list of .clang-tidy, over the pure protocol code. Says what it finds and ends with 1.

A file that was clean is not looked at again until it, a header of these libraries or the list changes (build/tidy/clean).
"""
import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/tidy"
LIBRARIES = ["base", "mail", "log", "proxy", "sasl", "mime", "smtp", "imap", "mailfile", "pop3", "managesieve", "sieve", "mailauth"]


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def check(file: pathlib.Path) -> str:
    """What clang-tidy says; empty for a clean file."""
    done = subprocess.run(["clang-tidy-14", "-p", BUILD, "--quiet", "--extra-arg=-include", f"--extra-arg={ROOT}/cmake/pch/base.h", file],
                          cwd=ROOT, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout.strip() or done.stderr.strip()


def main() -> int:
    made = subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DPP_FUZZ=ON", "-DCMAKE_CXX_COMPILER=clang++-14",
                           "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON"], capture_output=True, text=True)
    if made.returncode != 0:
        print(made.stderr, file=sys.stderr)
        return 1
    sources, headers = [], [(ROOT / ".clang-tidy").read_bytes()]
    for library in LIBRARIES:
        folder = ROOT / "libs" / library
        sources += [p for p in sorted(folder.rglob("*.cc")) if not p.stem.endswith(("_test", "_fuzz", "_benchmark"))]
        headers += [p.read_bytes() for p in sorted(folder.rglob("*.h"))]
    common = digest(*headers).encode()
    clean = BUILD / "clean"
    clean.mkdir(exist_ok=True)
    stamps = {source: clean / digest(common, str(source).encode(), source.read_bytes()) for source in sources}
    open_files = [source for source, stamp in stamps.items() if not stamp.exists()]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, words in zip(open_files, pool.map(check, open_files)):
            if words:
                print(words)
                bad += 1
            else:
                stamps[source].touch()
    if bad:
        print(f"lint: clang-tidy finds fault with {bad} of {len(sources)} files")
    return 1 if bad else 0


sys.exit(main())
