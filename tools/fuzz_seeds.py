#!/usr/bin/env python3
"""Makes the first inputs of a fuzzer from what the tests have: one file a scenario of the transcripts, or inputs as they are.

usage: fuzz_seeds.py FUZZER FOLDER     (smtp_session_fuzz build/fuzz/seeds/smtp_session_fuzz)

A session fuzzer reads two bytes that choose its options, then what the peer sends. Fuzzers without transcripts get their
inputs, if there are any.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Fuzzer: folder of its transcripts, the lines that are its peer's.
TRANSCRIPTS = {
    "smtp_session_fuzz": ("libs/smtp/testdata/server", "C:"),
    "smtp_client_fuzz": ("libs/smtp/testdata/client", "S:"),
    "imap_session_fuzz": ("libs/imap/testdata/session", "C:"),
    "pop3_session_fuzz": ("libs/pop3/testdata/session", "C:"),
    "managesieve_session_fuzz": ("libs/managesieve/testdata/session", "C:"),
}
# Fuzzer: folder of inputs as they are.
INPUTS = {"search_words_fuzz": "libs/search/testdata/words"}
# Bits of the first byte: without and with TLS, login and the like.
OPTIONS = [bytes([bits, 255]) for bits in (0, 1, 3, 4, 5, 6)]


def main() -> int:
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    source, mark = TRANSCRIPTS.get(name, ("", ""))
    count = 0
    for path in sorted((ROOT / source).glob("*")) if source else []:
        for scenario in re.split(r"\n\s*\n", path.read_text()):
            lines = [line[len(mark):].removeprefix(" ") for line in scenario.splitlines() if line.startswith(mark)]
            if not lines:
                continue
            sent = "".join(line + "\r\n" for line in lines).encode()
            (folder / f"{count:03}").write_bytes(OPTIONS[count % len(OPTIONS)] + sent)
            count += 1
    for path in sorted((ROOT / INPUTS[name]).iterdir()) if name in INPUTS else []:
        (folder / path.name).write_bytes(path.read_bytes())
    return 0


sys.exit(main())
