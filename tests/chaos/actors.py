"""The processes that load, answer and look, and one run with them."""
import multiprocessing
import pathlib
import socket
import time

import checker
import imap_load
import journal
import load
import nemesis
import observer
import outside


def listen(stage) -> socket.socket:
    """Where the platform sends the mail for outside."""
    return socket.create_server(("127.0.0.1", stage.sink_port), backlog=100)


class Actors:
    """The processes that load, answer and look."""

    def __init__(self, stage, plan: dict, sessions: dict, messages: int):
        context = multiprocessing.get_context("spawn")
        self.stop, self.stop_looking = context.Event(), context.Event()
        self.budget = context.Value("q", messages)
        self.acknowledged = context.Value("q", 0)
        listener = listen(stage)
        work = [context.Process(target=load.run, args=(plan, kind, list(range(count)), self.stop, self.budget, self.acknowledged))
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


def play(stage, folder: pathlib.Path, options, profile: dict, sessions: dict, script=None, settle: float = 60,
         goal: nemesis.Goal = nemesis.Goal(), **plan) -> dict:
    """One run on a stage that is up; the findings of the checker. `script(nemesis)` replaces the dice. `goal`: when it ends."""
    plan = stage.plan(options.seed, folder, **plan)
    breaker = nemesis.Nemesis(stage, folder, options.seed, profile)
    cast = Actors(stage, plan, sessions, options.messages)
    begin = time.monotonic()
    if script:
        script(breaker)
    else:
        breaker.run(options.duration, lambda: any(goal) and not goal.missing(cast.acknowledged.value, breaker.counts))
    seconds = time.monotonic() - begin
    breaker.mend()
    cast.end_load()
    stuck = wait_until_settled(stage, settle)
    time.sleep(0.5)
    cast.end()
    breaker.look_after()
    found = checker.check(journal.read(folder), checker.read_store(stage), stuck, checker.internal_state(stage))
    found.update(short=goal.missing(cast.acknowledged.value, breaker.counts))
    found.update(seconds=round(seconds), faults=breaker.counts, left_out=breaker.left_out)
    return found
