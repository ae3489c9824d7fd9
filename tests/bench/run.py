#!/usr/bin/python3
"""Speed beside Debian's Postfix and Dovecot: same machine, same run, same messages, both durable.

usage: run.py [inbound|checks|relay|imap|sessions|growth|memory ...]     inbound, relay and imap without an argument; checks is a part of inbound

Each figure is the median of three rounds, the sides in turn: one line "NAME ours=... peer=... unit=... ratio=... goal=...",
where ratio is how many times better we are and "below" ends a line that misses its goal. The same as JSON in .run/bench.json.
"""
import sys

import checks
import growth
import imap
import inbound
import memory_bounds
import relay
import sessions
from figures import Figures
from sides import ROOT

KINDS = {"inbound": [inbound, checks], "checks": [checks], "relay": [relay], "imap": [imap], "sessions": [sessions], "growth": [growth], "memory": [memory_bounds]}
BY_DEFAULT = ["inbound", "relay", "imap"]


def main() -> int:
    wanted = sys.argv[1:] or BY_DEFAULT
    unknown = [word for word in wanted if word not in KINDS]
    if unknown:
        print(f"bench: {' '.join(unknown)} is not one of {', '.join(KINDS)}", file=sys.stderr)
        return 2
    figures = Figures()
    try:
        for word in wanted:
            for kind in KINDS[word]:
                kind.run(figures)
    finally:
        figures.write(ROOT / ".run/bench.json")
    return 0


sys.exit(main())
