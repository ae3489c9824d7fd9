"""Messages accepted and stored per second, beside Postfix with Dovecot LMTP (Maildir).

A message counts when it is stored: ours at the 250 (which follows the COMMIT), theirs when its file stands in the
Maildir (Postfix says 250 when it is queued; Dovecot syncs the file before it answers LMTP).
"""
import shutil
import statistics
import time

from figures import ROUNDS, Figures
from sides import Dovecot, Ours, bench_postfix, smtp_load, temporary_folder, wait_until

RECIPIENTS = 200
# name: bytes, sessions, messages of ours, messages of theirs, ratio that is the goal
FIGURES = {
    "inbound.4k.s1": (4096, 1, 1500, 400, 1.0),
    "inbound.4k.s20": (4096, 20, 6000, 800, 3.0),
    "inbound.4k.s100": (4096, 100, 6000, 800, 3.0),
    "inbound.64k.s1": (65536, 1, 600, 300, 1.0),
    "inbound.64k.s20": (65536, 20, 1500, 600, 3.0),
    "inbound.64k.s100": (65536, 100, 1500, 600, 3.0),
}


class Platform(Ours):
    def __init__(self):
        super().__init__(RECIPIENTS)

    def stored(self) -> int:
        return int(self.sql("SELECT coalesce(sum(messages), 0) FROM mailbox_accounts"))

    def round(self, size, sessions, messages) -> tuple:
        before = self.stored()
        result = smtp_load(self.lab.ports["smtp"], sessions, messages, size, RECIPIENTS)
        if self.stored() - before != messages:
            raise SystemExit("bench: messages are missing on our side")
        return messages / result["seconds"], result["p99_ms"]


class PostfixWithDovecot:
    def __init__(self):
        self.folder = temporary_folder()
        self.dovecot = Dovecot(self.folder / "dovecot", "maildir")
        self.postfix = bench_postfix(self.folder / "postfix", ("127.0.0.1", 1), {
            "virtual_transport": f"lmtp:unix:{self.dovecot.lmtp}", "virtual_mailbox_maps": "static:all",
            "lmtp_destination_concurrency_limit": "100"})

    def start(self) -> None:
        self.dovecot.start()
        self.postfix.start()

    def stored(self) -> int:
        return sum(1 for _ in self.dovecot.mail.glob("*/new/*"))

    def round(self, size, sessions, messages) -> tuple:
        before = self.stored()
        begin = time.monotonic()
        result = smtp_load(self.postfix.port, sessions, messages, size, RECIPIENTS)
        wait_until(lambda: self.stored() - before >= messages, 300, "delivery of every message by Dovecot")
        return messages / (time.monotonic() - begin), result["p99_ms"]

    def stop(self) -> None:
        self.postfix.stop()
        self.dovecot.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def run(figures: Figures) -> None:
    print("# stored messages per second, medians of", ROUNDS, "rounds; both sides sync before they answer for good", flush=True)
    ours, theirs = Platform(), PostfixWithDovecot()
    try:
        ours.start()
        theirs.start()
        for name, (size, sessions, our_count, their_count, goal) in FIGURES.items():
            rates, peer_rates, slowest = [], [], []
            for _ in range(ROUNDS):
                rate, p99 = ours.round(size, sessions, our_count)
                rates.append(rate)
                slowest.append(p99)
                peer_rates.append(theirs.round(size, sessions, their_count)[0])
            figures.rate(name, rates, peer_rates, goal, p99_ms=round(statistics.median(slowest), 1))
    finally:
        ours.stop()
        theirs.stop()
