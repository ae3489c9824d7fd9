"""What the services hold in memory with 1,000 mailboxes of 10,000 messages open, and with 50 deliveries of 25 MiB at once.

Ours alone: a bound is kept or not (docs/benchmarks.md says what it is made of). Filling takes minutes and 3 GB.
"""
import collections

from figures import Figures
from memory import MIB, MemoryLab, append_at_once, deliver_at_once, fill_mailboxes, open_all

MAILBOXES, MESSAGES = 1000, 10_000
LARGE, SIZE = 50, 25 * MIB
ROW = 32  # bytes of a message in the list of an open mailbox
SESSION = 0.1  # MiB of one that is logged in, with TLS
BASE = 64  # MiB of a service without load, and of its pools
# service: budget for bodies, MiB, and in how many copies a content is there at most: as it came, as a request, kept for a second
# try, and on the wire. Each of two writers of mailbox has four copies of its own.
BUDGETS = {"ingress": (256, 4), "mailbox": (384, 2), "access": (128, 3)}
WRITERS = 2 * 4


def bounds() -> dict:
    most = {service: BASE + budget * copies for service, (budget, copies) in BUDGETS.items()}
    most["mailbox"] += WRITERS * SIZE / MIB
    return most


def check(figures: Figures, name: str, peaks: dict, most: dict) -> None:
    for service, bound in most.items():
        figures.time(f"memory.{name}.{service}", [peaks[service]], [bound], 1.0, unit="MiB", other="bound")


def run(figures: Figures) -> None:
    print("# the most that a service held (PSS), and its bound", flush=True)
    with MemoryLab() as lab:
        with lab.watch() as peaks:
            deliveries = deliver_at_once(lab, LARGE, SIZE)
        codes = collections.Counter(delivery.code for delivery in deliveries)
        if codes != {250: LARGE} or any(delivery.bad for delivery in deliveries):
            raise SystemExit(f"bench: large deliveries ended with {codes}, {[d.bad for d in deliveries if d.bad][:3]}")
        print(f"# {LARGE} deliveries of {SIZE // MIB} MiB: {sum(d.deferrals for d in deliveries)} times 4yz, then 250", flush=True)
        check(figures, f"deliver.{LARGE}x{SIZE // MIB}m", peaks, bounds())
        with lab.watch() as peaks:
            answers = append_at_once(lab, LARGE, SIZE)
        words = collections.Counter(answer.split(" ")[0] for answer in answers)
        if not words["OK"] or set(words) - {"OK", "BYE"}:
            raise SystemExit(f"bench: APPENDs were answered {words}")
        print(f"# {LARGE} APPENDs: {words['OK']} OK, {words['BYE']} BYE [UNAVAILABLE] after 30 s", flush=True)
        check(figures, f"append.{LARGE}x{SIZE // MIB}m", peaks, bounds())
    with MemoryLab() as lab:
        fill_mailboxes(lab, MAILBOXES, MESSAGES)
        with lab.watch() as peaks:
            opened = open_all(lab, MAILBOXES)
        if any(answer != ("OK", [str(MESSAGES).encode()]) for _, answer in opened):
            raise SystemExit("bench: a mailbox was not opened")
        views = MAILBOXES * MESSAGES * ROW / MIB
        check(figures, f"open.{MAILBOXES}x{MESSAGES}", peaks, {"access": BASE + MAILBOXES * SESSION + 1.25 * views, "mailbox": BASE * 2})
        for imap, _ in opened:
            imap.shutdown()
