"""Messages accepted and stored per second, beside Postfix with Dovecot LMTP (Maildir and mdbox; the better one counts).

A message counts when it is stored: ours at the 250 (which follows the COMMIT), theirs when Dovecot has answered for it
(Postfix says 250 when it is queued; Dovecot syncs the file before it answers LMTP).
"""
import shutil
import statistics
import time

from corpus import write_corpus
from figures import ROUNDS, Figures
from sides import Dovecot, Ours, bench_postfix, memory_of, most_memory, smtp_load, temporary_folder, wait_until

RECIPIENTS = 200
# name: bytes (None: the corpus), sessions, messages of ours, messages of theirs, ratio that is the goal
FIGURES = {
    "4k.s1": (4096, 1, 1500, 400, 4.0),
    "4k.s20": (4096, 20, 6000, 800, 10.0),
    "4k.s100": (4096, 100, 6000, 800, 15.0),
    "64k.s1": (65536, 1, 600, 300, 1.0),
    "64k.s20": (65536, 20, 1500, 600, 4.0),
    "64k.s100": (65536, 100, 1500, 600, 3.0),
    "mixed.s20": (None, 20, 1000, 500, 3.0),
}
AS_SERVICES = ("4k.s1", "4k.s20", "4k.s100", "64k.s20")
LMTP = (4096, 20, 6000, 2000, 4.0)
SLOWEST = "4k.s100"  # the figure whose p99 and memory are shown


class Platform(Ours):
    def __init__(self, mode: str = "standalone", overlay: dict = None):
        super().__init__(RECIPIENTS, mode, overlay)

    def stored(self) -> int:
        return int(self.sql("SELECT coalesce(sum(messages), 0) FROM mailbox_accounts"))

    def round(self, what, sessions, messages, protocol="smtp") -> tuple:
        before = self.stored()
        result = smtp_load(self.lab.ports[protocol], sessions, messages, what, RECIPIENTS, protocol)
        if self.stored() - before != messages:
            raise SystemExit("bench: messages are missing on our side")
        self.wait_for_index()
        return messages / result["seconds"], result["p99_ms"]


class PostfixWithDovecot:
    def __init__(self, store: str, settings: dict = None, **more):
        self.folder = temporary_folder()
        self.dovecot = Dovecot(self.folder / "dovecot", store)
        self.postfix = bench_postfix(self.folder / "postfix", ("127.0.0.1", 1), {
            "virtual_transport": f"lmtp:unix:{self.dovecot.lmtp}", "virtual_mailbox_maps": "static:all",
            "lmtp_destination_concurrency_limit": "100", **(settings or {})}, **more)

    def start(self) -> None:
        self.dovecot.start()
        self.postfix.start()

    def roots(self) -> list:
        return [self.dovecot.process.pid, self.postfix.process.pid]

    def round(self, what, sessions, messages) -> tuple:
        before = self.dovecot.saved()
        begin = time.monotonic()
        result = smtp_load(self.postfix.port, sessions, messages, what, RECIPIENTS)
        wait_until(lambda: self.dovecot.saved() - before >= messages, 300, "delivery of every message by Dovecot")
        return messages / (time.monotonic() - begin), result["p99_ms"]

    def lmtp_round(self, what, sessions, messages) -> tuple:
        result = smtp_load(self.dovecot.lmtp_port, sessions, messages, what, RECIPIENTS, "lmtp")
        return messages / result["seconds"], result["p99_ms"]

    def stop(self) -> None:
        self.postfix.stop()
        self.dovecot.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def in_turn(sides: list) -> list:
    """Of each side, a function that runs one round: its rates and its p99 of all rounds."""
    seen = [([], []) for _ in sides]
    for _ in range(ROUNDS):
        for (rates, slowest), side in zip(seen, sides):
            rate, p99 = side()
            rates.append(rate)
            slowest.append(p99)
    return seen


def better(seen: list) -> list:
    """Of the peers' rounds, those of the one with the higher median."""
    return max(seen, key=lambda rounds: statistics.median(rounds[0]))


def measure(figures: Figures, ours: Platform, services: Platform, peers: list, corpus) -> None:
    for name, (size, sessions, our_count, their_count, goal) in FIGURES.items():
        what = size or corpus
        sides = [lambda: ours.round(what, sessions, our_count)]
        sides += [lambda p=p: p.round(what, sessions, their_count) for p in peers]
        if name in AS_SERVICES:
            sides.append(lambda: services.round(what, sessions, our_count))
        seen = in_turn(sides)
        rates, slowest = seen[0]
        peer = better(seen[1:1 + len(peers)])
        figures.rate(f"inbound.{name}", rates, peer[0], goal, p99_ms=round(statistics.median(slowest), 1))
        if name in AS_SERVICES:
            figures.rate(f"inbound.services.{name}", seen[-1][0], peer[0], goal / 2, p99_ms=round(statistics.median(seen[-1][1]), 1))
        if name == SLOWEST:
            figures.time(f"inbound.{name}.p99", slowest, peer[1], 4.0)
            loads = [lambda: ours.round(what, sessions, our_count)] + [lambda p=p: p.round(what, sessions, their_count) for p in peers]
            memory = [most_memory(side.roots(), load) for side, load in zip([ours, *peers], loads)]
            figures.time(f"inbound.{name}.memory", memory[:1], [min(memory[1:])], 1.0, unit="MiB", idle=round(memory_of(ours.roots()), 1))
    size, sessions, our_count, their_count, goal = LMTP
    seen = in_turn([lambda: ours.round(size, sessions, our_count, "lmtp")] +
                   [lambda p=p: p.lmtp_round(size, sessions, their_count) for p in peers])
    figures.rate("inbound.lmtp.4k.s20", seen[0][0], better(seen[1:])[0], goal)


def run(figures: Figures) -> None:
    print("# stored messages per second, medians of", ROUNDS, "rounds; both sides sync before they answer for good", flush=True)
    folder = temporary_folder()
    ours, services = Platform(), Platform("services")
    peers = [PostfixWithDovecot("maildir"), PostfixWithDovecot("mdbox")]
    started = []
    try:
        corpus = write_corpus(folder / "corpus")
        for side in (ours, services, *peers):
            started.append(side)
            side.start()
        measure(figures, ours, services, peers, corpus)
    finally:
        for side in started:
            side.stop()
        shutil.rmtree(folder, ignore_errors=True)
