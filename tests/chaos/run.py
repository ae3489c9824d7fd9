#!/usr/bin/python3
"""Load, faults, and then the question whether anything was lost. See docs/chaos.md.

usage: run.py [--duration SECONDS] [--messages N] [--kills N] [--stops N] [--seed N] [--faults NAMES] [--sessions N] [--build FOLDER] [--keep FOLDER]

Ends after DURATION seconds of faults; with --messages, --kills or --stops when so many messages of the load were acknowledged,
and so many faults were SIGKILLs (power cuts too) or SIGSTOPs: when all that were asked for are reached, or with 1 after DURATION
(six hours, if not given). Then 0 if every check held, 1 if not.
"""
import argparse
import pathlib
import random
import shutil
import sys
import tempfile

import actors
import checker
import nemesis
from stage import BUILD, Stage, isolate


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("--duration", type=float)
    for name in nemesis.Goal._fields:
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0, help="0: by the clock; it is printed")
    parser.add_argument("--faults", default="all", help=f"all, none, or some of {', '.join(nemesis.SHARES)}, with commas between")
    parser.add_argument("--sessions", type=int, default=8, help="of SMTP; the other kinds have a part of it")
    parser.add_argument("--build", type=pathlib.Path, default=BUILD, help="folder of the build, for one with sanitizers, say")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the journals, which otherwise go at the end of a good run")
    options = parser.parse_args()
    names = {"all": list(nemesis.SHARES), "none": []}.get(options.faults, options.faults.split(","))
    if unknown := [name for name in names if name not in nemesis.SHARES]:
        parser.error(f"{', '.join(unknown)} is no fault")
    profile = {name: nemesis.SHARES[name] for name in names}
    isolate()
    options.seed = options.seed or random.SystemRandom().randrange(1, 10**6)
    folder = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="pp-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    goal = nemesis.Goal(options.messages, options.kills, options.stops)
    options.duration = options.duration or (21_600 if any(goal) else 120)
    print(f"chaos: seed {options.seed}, {options.duration:.0f} s{goal.words()}, journals in {folder}", flush=True)
    sessions = {"smtp": options.sessions, "lmtp": options.sessions // 4, "submit": max(options.sessions // 4, 1), "imap": 3}
    # The load begins as many as it can; the goal counts those that were acknowledged.
    options.messages = 1_000_000_000
    with Stage(users=24, imap_users=3, build=options.build.resolve()) as stage:
        found = actors.play(stage, folder, options, profile, sessions, goal=goal)
    good = checker.report(found)
    if found["short"]:
        print(f"chaos: too early: {found['short']}")
        good = False
    if good and not options.keep:
        shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
