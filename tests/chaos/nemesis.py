"""Breaks one thing after the other, by the dice of one seed, and repairs it: nothing stays broken, nothing is told before."""
import os
import pathlib
import random
import signal
import subprocess
import time
import typing
import unittest.mock

from journal import Journal
from stage import FAKETIME
from local import data

SERVICES = ["ingress", "filter", "directory", "mailbox", "relay", "relay2", "access", "resolver"]
CALLED = ["filter", "directory", "mailbox", "relay"]  # those that others call
LEASE_SECONDS = 10
CLOCKS = [None, "+2h", "+400d", "-2h", "-10d"]

# Share of each fault, and what it does to the name it is given.
SHARES = {"kill": 40, "kill-all": 2, "pg-kill": 6, "pg-backend": 6, "pg-end-sessions": 4, "redis-kill": 4, "redis-flush": 6,
          "stop": 14, "pg-stop": 3, "redis-stop": 3, "cut": 8, "disk-full": 2, "power-cut": 3, "clock": 3}


KILLS = ("kill", "kill-all", "pg-kill", "pg-backend", "redis-kill", "power-cut")
STOPS = ("stop", "pg-stop", "redis-stop")


class Goal(typing.NamedTuple):
    """How much a run has to see before it ends; 0: any."""
    messages: int = 0
    kills: int = 0
    stops: int = 0

    def missing(self, acknowledged: int, faults: dict) -> str:
        """In words what is not reached; "" if all is."""
        seen = Goal(acknowledged, sum(faults.get(name, 0) for name in KILLS), sum(faults.get(name, 0) for name in STOPS))
        return ", ".join(f"{have} {name} of {want}" for name, have, want in zip(self._fields, seen, self) if have < want)

    def words(self) -> str:
        return "".join(f", {count} {name}" for name, count in zip(self._fields, self) if count)


def _alive(pid: int) -> bool:
    try:
        # In a process namespace of its own this program inherits the orphans.
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return pathlib.Path(f"/proc/{pid}").exists()


class Nemesis:
    def __init__(self, stage, journal_folder: pathlib.Path, seed: int, profile: dict, gap: tuple = (0.3, 2.0)):
        self.stage, self.platform = stage, stage.platform
        self.journal = Journal(journal_folder, "nemesis")
        self.random = random.Random(f"{seed}/nemesis")
        self.gap, self.counts = gap, {}
        self.clock = None  # of PostgreSQL
        possible = dict(profile)
        self.left_out = []
        for names, there, why in ((("cut",), stage.isolated, "no network namespace without root"),
                                  (("disk-full", "power-cut"), stage.disk and stage.disk.mounted, "no disk can be mounted"),
                                  (("clock",), FAKETIME, "libfaketime is not installed")):
            for name in names:
                if name in possible and not there:
                    del possible[name]
                    self.left_out.append(f"{name} ({why})")
        self.names, self.weights = list(possible), list(possible.values())

    def run(self, seconds: float, enough=lambda: False) -> None:
        deadline = time.monotonic() + seconds
        first = self.random.sample(self.names, len(self.names))  # each once, then by their shares
        while time.monotonic() < deadline and not enough():
            if self.names:
                self.strike(first.pop() if first else self.random.choices(self.names, self.weights)[0])
            self.rest(self.random.uniform(*self.gap))

    def rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look_after()
            time.sleep(0.1)

    def strike(self, fault: str, target: str = None) -> None:
        self.counts[fault] = self.counts.get(fault, 0) + 1
        getattr(self, "_" + fault.replace("-", "_"))(target)

    def _note(self, event: str, fault: str, target: str, **more) -> None:
        self.journal.write(event, fault=fault, target=target, **more)

    def _spell(self, longest: float = 3.0) -> float:
        return self.random.uniform(0.2, longest)

    def look_after(self) -> None:
        """What a supervisor does. An end by a signal that was not ours is a crash."""
        for name, process in list(self.platform.processes.items()):
            if process.poll() is not None:
                self._note("died" if process.returncode < 0 else "ended", "", name, code=process.returncode)
                self.platform.start_process(name)

    def mend(self) -> None:
        """All is up and on time, and stays so."""
        if self.clock:
            self._set_clock(None)
        deadline = time.monotonic() + 60
        for name in self.platform.names:
            while True:
                self.look_after()
                try:
                    self.platform.wait_ready(name, 2)
                    break
                except Exception:
                    if time.monotonic() > deadline:
                        raise

    # Processes ----------------------------------------------------------------------------------------------------

    def end(self, name: str) -> None:
        process = self.platform.processes[name]
        process.kill()
        process.wait()

    def restart(self, name: str) -> None:
        self.end(name)
        self.platform.start_process(name)

    def _kill(self, name: str) -> None:
        name = name or self.random.choice(SERVICES)
        self._note("fault", "kill", name)
        self.end(name)
        time.sleep(self._spell())
        self.platform.start_process(name)
        self._note("heal", "kill", name)

    def _kill_all(self, _) -> None:
        self._note("fault", "kill", "all")
        self._kill_services()
        time.sleep(self._spell())
        self._start_services()
        self._note("heal", "kill", "all")

    def _kill_services(self) -> None:
        for name in SERVICES:
            self.end(name)

    def _start_services(self) -> None:
        for name in SERVICES:
            self.platform.start_process(name)

    def _stop(self, name: str) -> None:
        name = name or self.random.choice(SERVICES)
        # A third of the workers sleeps longer than its leases last.
        long = name.startswith("relay") and self.random.random() < 1 / 3
        self.stop_for(name, LEASE_SECONDS + 3 if long else self._spell(5))

    def stop_for(self, name: str, seconds: float) -> None:
        self._note("fault", "stop", name)
        self._hold([self.platform.processes[name].pid], seconds)
        self._note("heal", "stop", name)

    def _hold(self, pids: list, seconds: float) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in reversed(pids):
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass

    # PostgreSQL and Redis -----------------------------------------------------------------------------------------

    def _backends(self) -> list:
        """Children of the postmaster: (pid, what it says it is)."""
        parent = str(self.platform.postgres.process.pid)
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if path.joinpath("stat").read_text().rpartition(")")[2].split()[1] == parent:
                    found.append((int(path.name), path.joinpath("cmdline").read_text().strip("\0 ")))
            except OSError:
                continue
        return found

    def _start_postgres(self) -> None:
        """It answers when this returns; one that runs may be replaying its log, and is away for as long."""
        postgres = self.platform.postgres
        if postgres.process.poll() is None:
            postgres.wait_ready()
            return
        # Given to the server alone: what runs before it as another user would own libfaketime's semaphore.
        user = data._as_user()
        clock = ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME={self.clock}", "FAKETIME_DONT_FAKE_MONOTONIC=1"] if self.clock else []
        with unittest.mock.patch.object(data, "_as_user", lambda: user + clock):
            postgres.start()

    def _clock(self, _) -> None:
        """The database lives in another time than the services until the next such fault, or the end.

        Not a service: gRPC waits by the real clock, in the kernel, for times that it reckons by the one it is shown."""
        offset = self.random.choice([c for c in CLOCKS if c != self.clock])
        self._note("fault", "clock", "postgres", offset=offset)
        self._set_clock(offset)
        self._note("heal", "clock", "postgres")

    def _set_clock(self, offset) -> None:
        self.clock = offset
        self.platform.postgres.stop("QUIT")
        self._start_postgres()

    def _pg_kill(self, _) -> None:
        self._note("fault", "pg-kill", "postgres")
        self._kill_postgres()
        time.sleep(self._spell())
        self._start_postgres()
        self._note("heal", "pg-kill", "postgres")

    def _kill_postgres(self) -> None:
        """Postmaster first, so that nobody is born after the count; none of the others may live on beside a new one."""
        children = [pid for pid, _ in self._backends()]
        self.platform.postgres.process.kill()
        self.platform.postgres.process.wait()
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        while any(_alive(pid) for pid in children):
            time.sleep(0.01)

    def _pg_backend(self, _) -> None:
        """PostgreSQL ends all sessions and recovers when one of its processes is killed."""
        children = [(pid, what) for pid, what in self._backends() if "logger" not in what]
        pid, what = self.random.choice(sorted(children))
        self._note("fault", "pg-backend", "postgres", what=what)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        time.sleep(1)
        self._start_postgres()
        self._note("heal", "pg-backend", "postgres")

    def _pg_end_sessions(self, _) -> None:
        self._note("fault", "pg-end-sessions", "postgres")
        self.platform.postgres._psql("pennypost", "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                     "WHERE pid <> pg_backend_pid() AND datname = 'pennypost'")
        self._note("heal", "pg-end-sessions", "postgres")

    def _pg_stop(self, _) -> None:
        self._note("fault", "pg-stop", "postgres")
        pids = [self.platform.postgres.process.pid]
        pids += [pid for pid, _ in self._backends()]
        self._hold(pids, self._spell(6))
        self._note("heal", "pg-stop", "postgres")

    def _redis_kill(self, _) -> None:
        self._note("fault", "redis-kill", "redis")
        self.platform.redis.process.kill()
        self.platform.redis.process.wait()
        time.sleep(self._spell())
        self.platform.redis.start()
        self._note("heal", "redis-kill", "redis")

    def _redis_stop(self, _) -> None:
        self._note("fault", "redis-stop", "redis")
        self._hold([self.platform.redis.process.pid], self._spell(6))
        self._note("heal", "redis-stop", "redis")

    def _redis_flush(self, _) -> None:
        self._note("fault", "redis-flush", "redis")
        subprocess.run(["redis-cli", "-s", self.platform.redis.socket, "flushall"], capture_output=True, timeout=30, check=False)
        self._note("heal", "redis-flush", "redis")

    # Network and disk ---------------------------------------------------------------------------------------------

    def _cut(self, name: str) -> None:
        """The calls to one service: all packets dropped, its answers alone dropped, or connections reset."""
        name = name or self.random.choice(CALLED)
        port = self.platform.rpc_port(name)
        how = self.random.choice(["drop", "answers", "reset"])
        rules = {"drop": [["--dport", "-j", "DROP"], ["--sport", "-j", "DROP"]], "answers": [["--sport", "-j", "DROP"]],
                 "reset": [["--dport", "-j", "REJECT", "--reject-with", "tcp-reset"]]}[how]
        self._note("fault", "cut", name, how=how)
        for verb in ("-A", "-D"):
            for side, *action in rules:
                subprocess.run(["iptables", verb, "INPUT", "-p", "tcp", side, str(port), *action], check=True)
            if verb == "-A":
                time.sleep(self._spell(8))
        self._note("heal", "cut", name)

    def _disk_full(self, _) -> None:
        self._note("fault", "disk-full", "postgres")
        self.stage.disk.fill()
        time.sleep(self._spell(6))
        self.stage.disk.empty()
        time.sleep(0.5)
        self._start_postgres()
        self._note("heal", "disk-full", "postgres")

    def _power_cut(self, _) -> None:
        """The whole machine: every process, and all that no fsync has brought to the disk."""
        self._note("fault", "power-cut", "all")
        self.stage.disk.cut_power()
        self._kill_services()
        self._kill_postgres()
        self.stage.disk.mount_again()
        self._start_postgres()
        self._start_services()
        self._note("heal", "power-cut", "all")
