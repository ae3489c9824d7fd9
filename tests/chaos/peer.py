#!/usr/bin/python3
"""The same load, journals, observer and checker pointed at Debian's Postfix with Dovecot (LMTP, Maildir): what is usual.

usage: peer.py [--duration SECONDS] [--seed N]

SMTP in and IMAP; kills and stops of single processes and of all, full disks, power cuts. Both servers sync before they
acknowledge, as Debian sets them up. Prints what the checker finds; ends with 0 whatever that is.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import actors
import checker
import journal
from stage import DOMAIN, ROOT, Disk, free_port, isolate

sys.path.append(str(ROOT / "tests/bench"))
from sides import PASSWORD, Dovecot, bench_postfix

USERS = 12
SHARES = {"kill-one": 30, "stop-one": 14, "kill-postfix": 6, "kill-dovecot": 6, "disk-full": 2, "power-cut": 3}


class Peer:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-peer-"))
        self.folder.chmod(0o755)
        self.disk = Disk(self.folder / "disk", 4096)
        self.isolated = True
        self.users = [f"u{i}@{DOMAIN}" for i in range(USERS)]
        self.imap_users = [f"i{i}@{DOMAIN}" for i in range(2)]
        self.sink_port = 0

    def __enter__(self):
        self.dovecot = Dovecot(self.disk.folder / "dovecot", "maildir")
        self.postfix = bench_postfix(self.disk.folder / "postfix", ("127.0.0.1", 1), {
            "virtual_transport": f"lmtp:unix:{self.dovecot.lmtp}", "virtual_mailbox_maps": "static:all",
            "minimal_backoff_time": "2s", "maximal_backoff_time": "5s", "queue_run_delay": "2s", "smtpd_timeout": "60s"})
        self.dovecot.start()
        self.postfix.start()
        os.sync()  # what was set up just now is no part of the question
        self.ports = {"smtp": self.postfix.port, "imaps": self.dovecot.imaps_port}
        return self

    def __exit__(self, *_):
        for server in (self.postfix, self.dovecot):
            kill_tree(server.process.pid)
        self.disk.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def plan(self, seed: int, folder: pathlib.Path, **more) -> dict:
        return {"seed": seed, "journal": str(folder), "ports": self.ports, "password": PASSWORD, "users": self.users,
                "imap_users": self.imap_users, "watched": self.users} | more

    def queued(self) -> int:
        done = subprocess.run(["postqueue", "-c", self.postfix.config, "-j"], capture_output=True, text=True)
        return len(done.stdout.splitlines())


def family(pid: int) -> list:
    """A process and all below it, the first one first."""
    below = []
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            below += family(int(child))
    return [pid] + below


def is_theirs(pid: int) -> bool:
    try:
        return any(name in os.readlink(f"/proc/{pid}/exe") for name in ("/postfix/", "dovecot"))
    except OSError:
        return False


def send(signal_number: int, pids: list) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            pass


def kill_tree(pid: int) -> None:
    pids = family(pid)
    send(signal.SIGKILL, pids)
    for each in pids:
        try:
            os.waitpid(each, 0)
        except ChildProcessError:
            pass


class PeerNemesis:
    left_out = []

    def __init__(self, peer: Peer, folder: pathlib.Path, seed: int):
        self.peer, self.counts = peer, {}
        self.random = random.Random(f"{seed}/peer")
        self.journal = journal.Journal(folder, "nemesis")
        self.names = [n for n in SHARES if peer.disk.mounted or n not in ("disk-full", "power-cut")]

    def run(self, seconds: float, enough=lambda: False) -> None:
        deadline = time.monotonic() + seconds
        first = self.random.sample(self.names, len(self.names))
        while time.monotonic() < deadline and not enough():
            fault = first.pop() if first else self.random.choices(self.names, [SHARES[n] for n in self.names])[0]
            self.counts[fault] = self.counts.get(fault, 0) + 1
            self.journal.write("fault", fault=fault, target="all")
            getattr(self, "_" + fault.replace("-", "_"))()
            self.mend()
            self.journal.write("heal", fault=fault, target="all")
            time.sleep(self.random.uniform(0.3, 2))

    def _one(self) -> int:
        below = []
        while not below:
            server = self.random.choice([self.peer.postfix, self.peer.dovecot])
            below = family(server.process.pid)[1:]
        return self.random.choice(below)

    def _kill_one(self) -> None:
        send(signal.SIGKILL, [self._one()])

    def _stop_one(self) -> None:
        pid = self._one()
        send(signal.SIGSTOP, [pid])
        time.sleep(self.random.uniform(0.2, 5))
        send(signal.SIGCONT, [pid])

    def _again(self, server, pause: float) -> None:
        kill_tree(server.process.pid)
        time.sleep(pause)
        self._start(server)

    def _start(self, server) -> None:
        if server is self.peer.dovecot:
            shutil.rmtree(server.folder / "run", ignore_errors=True)
            server.resume()
        else:
            (server.queue / "pid/master.pid").unlink(missing_ok=True)
            server.start()

    def _kill_postfix(self) -> None:
        self._again(self.peer.postfix, self.random.uniform(0.2, 3))

    def _kill_dovecot(self) -> None:
        self._again(self.peer.dovecot, self.random.uniform(0.2, 3))

    def _disk_full(self) -> None:
        self.peer.disk.fill()
        time.sleep(self.random.uniform(0.2, 6))
        self.peer.disk.empty()

    def _power_cut(self) -> None:
        self.peer.disk.cut_power()
        for server in (self.peer.postfix, self.peer.dovecot):
            kill_tree(server.process.pid)
        send(signal.SIGKILL, [pid for pid in family(os.getpid()) if is_theirs(pid)])  # whose master was killed before
        self.peer.disk.mount_again()
        for server in (self.peer.dovecot, self.peer.postfix):
            self._start(server)

    def mend(self) -> None:
        for server in (self.peer.postfix, self.peer.dovecot):
            if server.process.poll() is not None:
                self._start(server)

    def look_after(self) -> None:
        pass


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--duration", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    isolate()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-peer-journal-"))
    print(f"peer: Postfix with Dovecot (Maildir), seed {options.seed}, {options.duration:.0f} s, journals in {folder}", flush=True)
    with Peer() as peer:
        peer.sink_port = free_port()
        nemesis = PeerNemesis(peer, folder, options.seed)
        cast = actors.Actors(peer, peer.plan(options.seed, folder, pause=0.05), {"smtp": 4, "imap": 2}, 1_000_000)
        begin = time.monotonic()
        nemesis.run(options.duration)
        seconds = time.monotonic() - begin
        nemesis.mend()
        cast.end_load()
        deadline = time.monotonic() + 180
        while peer.queued() and time.monotonic() < deadline:
            time.sleep(0.5)
        cast.end()
        stuck = {"queued": peer.queued()} if peer.queued() else {}
        found = checker.check(journal.read(folder), checker.read_store(peer, PASSWORD), stuck, [])
        found.update(seconds=round(seconds), faults=nemesis.counts)
    checker.report(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
