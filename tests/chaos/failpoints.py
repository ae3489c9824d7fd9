#!/usr/bin/python3
"""Walks every failpoint of the code (libs/base/failpoint.h): at each a process ends, then at each a step fails, with one message
on its way through; afterwards every message is where it should be.

usage: failpoints.py [--built] [NAME ...]     all of them without a name; --built: with what an earlier run built
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import actors
import checker
import journal
import load
import mutants
import nemesis
import outside
from local.data import StartError
from stage import ROOT, Stage, isolate

SERVICES = ["ingress", "mailbox", "relay"]


def points() -> list:
    """(name, service), as the code has them."""
    found = subprocess.run(["git", "grep", "-hoE", r'Failpoint\("[a-z_.]+"\)', "--", "services/*.cc"], cwd=ROOT, capture_output=True, text=True)
    names = sorted(set(re.findall(r'"([a-z_.]+)"', found.stdout)))
    return [(name, name.partition(".")[0]) for name in names]


class Walk:
    def __init__(self, stage, folder: pathlib.Path):
        self.stage = stage
        self.breaker = nemesis.Nemesis(stage, folder, 1, {})
        plan = stage.plan(1, folder, size=3000)
        self.stop = threading.Event()
        self.smtp, self.submit = (load.Sender(plan, kind, 0, self.stop, None) for kind in ("smtp", "submit"))
        # One worker: what it lets go nobody else takes before its lease is over.
        stage.platform.names.remove("relay2")
        self.breaker.end("relay2")

    def step(self, name: str, service: str, how: str, number: int) -> str:
        """Empty, or what went wrong."""
        log = self.stage.folder / "logs" / f"{service}.log"
        begun = log.stat().st_size
        words = f"failpoint {name}={how}".encode()
        self.stage.platform.failpoints[service] = f"{name}={how}"
        self.breaker.end(service)
        # Whoever died while it indexed an account holds the account's turn for minutes yet (sql/queries/start_indexing.sql).
        self.stage.platform.postgres.sql("UPDATE mailbox_search_accounts SET busy_until = now()")
        self.stage.platform.start_process(service)
        try:
            self.stage.platform.wait_ready(service)
        except StartError:
            # What an earlier step left to do (an index, an outbox) may bring the process to its failpoint before anybody asks it anything.
            if words not in log.read_bytes()[begun:]:
                raise
        self.breaker.journal.write("fault", fault=f"{name}={how}", target=service)
        sending = threading.Thread(target=self._send, args=(name, number))
        sending.start()
        deadline = time.monotonic() + 20
        while words not in log.read_bytes()[begun:] and time.monotonic() < deadline:
            time.sleep(0.05)
        hit = words in log.read_bytes()[begun:]
        if how == "crash" and hit:
            self.stage.platform.processes[service].wait()
            self.breaker.restart(service)
        sending.join()
        self.breaker.journal.write("heal", fault=f"{name}={how}", target=service)
        return "" if hit else f"{name}={how} was not reached"

    def _send(self, name: str, number: int) -> None:
        users = self.stage.users
        if name.startswith("mailbox.outbox"):
            self.smtp.send([], [], [self.stage.reaper], (users[2],))
        elif name.startswith("relay"):
            self.submit.send(users[:1], [f"ok-{number}@remote.test", f"bounce-{number}@remote.test"], [])
        else:
            self.smtp.send(users[:2], [], [])


def main() -> int:
    isolate()
    names = [word for word in sys.argv[1:] if word != "--built"]
    wanted = [point for point in points() if not names or point[0] in names]
    assert wanted, "no such failpoint"
    if "--built" not in sys.argv:
        mutants.keep("failpoints", mutants.build(SERVICES, failpoints="ON"))
    binaries = mutants.kept("failpoints", SERVICES)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-chaos-points-"))
    wrong = []
    with Stage(users=3, imap_users=0, binaries=binaries) as stage:
        # The script of a mailbox that sends all it gets to another one: mail of the outbox.
        stage.cli("sieve", "put", stage.reaper, "-", "--name", "on", stdin=f'redirect "{stage.users[2]}";\n')
        stage.cli("sieve", "activate", stage.reaper, "on")
        listener = actors.listen(stage)
        threading.Thread(target=outside.run, args=(stage.plan(1, folder), listener), daemon=True).start()
        walk = Walk(stage, folder)
        for number, (name, service) in enumerate(wanted):
            for how in ("crash", "error"):
                begin = time.monotonic()
                problem = walk.step(name, service, how, 2 * number + (how == "error"))
                print(f"{'FAIL' if problem else 'ok  '} {name}={how} [{time.monotonic() - begin:.1f} s]", flush=True)
                wrong += [problem] if problem else []
        stuck = actors.wait_until_settled(stage, 60)
        found = checker.check(journal.read(folder), checker.read_store(stage), stuck, checker.internal_state(stage))
    good = checker.report(found) and not wrong
    if good:
        shutil.rmtree(folder)
    print("\n".join(wrong) or f"{2 * len(wanted)} passed, 0 failed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
