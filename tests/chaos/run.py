#!/usr/bin/python3
"""Load, faults, and then the question whether anything was lost. See docs/chaos.md.

usage: run.py [--duration SECONDS] [--messages N] [--seed N] [--faults PROFILE] [--sessions N] [--keep FOLDER]

Ends after DURATION seconds of faults, or when N messages were acknowledged; then 0 if every check held, 1 if not.
"""
import argparse
import multiprocessing
import pathlib
import random
import shutil
import socket
import sys
import tempfile
import time

import checker
import imap_load
import journal
import load
import nemesis
import observer
import outside
from stage import Stage, isolate


class Actors:
    """The processes that load, answer and look."""

    def __init__(self, stage, plan: dict, sessions: dict, messages: int):
        context = multiprocessing.get_context("spawn")
        self.stop, self.stop_looking = context.Event(), context.Event()
        self.budget = context.Value("q", messages)
        listener = socket.create_server(("127.0.0.1", stage.sink_port))
        work = [context.Process(target=load.run, args=(plan, kind, list(range(count)), self.stop, self.budget))
                for kind, count in sessions.items() if kind != "imap" and count]
        if sessions.get("imap"):
            work.append(context.Process(target=imap_load.run, args=(plan, self.stop)))
        self.outside = context.Process(target=outside.run, args=(plan, listener))
        self.observer = context.Process(target=observer.run, args=(plan, self.stop_looking))
        self.load = work
        for process in [self.outside, self.observer, *work]:
            process.daemon = True
            process.start()
        listener.close()

    def end_load(self) -> None:
        self.stop.set()
        for process in self.load:
            process.join(150)
            assert process.exitcode == 0, f"a part of the load ended with {process.exitcode}"

    def end(self) -> None:
        self.stop_looking.set()
        self.observer.join(60)
        assert self.observer.exitcode == 0, f"the observer ended with {self.observer.exitcode}"
        self.outside.terminate()


def wait_until_settled(stage, seconds: float) -> dict:
    """What is still on its way when the time is over: {} if nothing is."""
    deadline = time.monotonic() + seconds
    while True:
        rows = stage.platform.postgres.sql(
            "SELECT state, count(*) FROM relay_deliveries WHERE state IN ('queued', 'leased', 'held') GROUP BY 1 "
            "UNION ALL SELECT 'outbox', count(*) FROM mailbox_outbox HAVING count(*) > 0").splitlines()
        if not rows or time.monotonic() > deadline:
            return {state: int(count) for state, count in (row.split("|") for row in rows)}
        time.sleep(0.2)


def play(stage, folder: pathlib.Path, options, profile: dict, sessions: dict, script=None, **plan) -> dict:
    """One run on a stage that is up; the findings of the checker. `script(nemesis)` replaces the dice."""
    plan = stage.plan(options.seed, folder, **plan)
    breaker = nemesis.Nemesis(stage, folder, options.seed, profile)
    actors = Actors(stage, plan, sessions, options.messages)
    begin = time.monotonic()
    if script:
        script(breaker)
    else:
        breaker.run(options.duration, lambda: actors.budget.value <= 0)
    seconds = time.monotonic() - begin
    breaker.mend()
    actors.end_load()
    stuck = wait_until_settled(stage, 60)
    time.sleep(0.5)
    actors.end()
    breaker.look_after()
    found = checker.check(journal.read(folder), checker.read_store(stage), stuck, checker.internal_state(stage))
    found.update(seconds=round(seconds), faults=breaker.counts, left_out=breaker.left_out)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("--duration", type=float, default=120)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0, help="0: by the clock; it is printed")
    parser.add_argument("--faults", choices=sorted(nemesis.PROFILES), default="all")
    parser.add_argument("--sessions", type=int, default=8, help="of SMTP; the other kinds have a part of it")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the journals, which otherwise go at the end of a good run")
    options = parser.parse_args()
    isolate()
    options.seed = options.seed or random.SystemRandom().randrange(1, 10**6)
    folder = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="pp-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"chaos: seed {options.seed}, {options.duration:.0f} s, journals in {folder}", flush=True)
    sessions = {"smtp": options.sessions, "lmtp": options.sessions // 4, "submit": max(options.sessions // 4, 1), "imap": 3}
    with Stage(users=24, imap_users=3) as stage:
        found = play(stage, folder, options, nemesis.PROFILES[options.faults], sessions)
    good = checker.report(found)
    if good and not options.keep:
        shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
