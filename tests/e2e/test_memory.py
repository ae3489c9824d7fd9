"""Budgets hold: what does not fit waits or is told to come again, and no process grows beyond what is stated (docs/robustness.md)."""
import collections

from harness import main, wait_for
from memory import MIB, USER, MemoryLab, append_at_once, deliver_at_once, fill_mailboxes, open_all

BASE = 64  # MiB: a service without load, and its pools
SMALL = 64  # MiB of a budget
SIZE = 25 * MIB
MAILBOXES, MESSAGES, ROW = 100, 1000, 32


def test_many_large_deliveries():
    """200 MiB through 64: all of it, one after the other; none waits in vain for a part of it that another one holds."""
    with MemoryLab({"ingress": {"body_budget_bytes": SMALL * MIB}}) as lab:
        with lab.watch() as peaks:
            deliveries = deliver_at_once(lab, 8, SIZE)
        assert [d.code for d in deliveries] == [250] * 8 and not any(d.bad for d in deliveries), [(d.code, d.bad) for d in deliveries]
        with lab.imap(USER) as imap:
            imap.select("INBOX")
            for delivery in deliveries:
                assert len(imap.search(None, "SUBJECT", f'"{delivery.subject}"')[1][0].split()) == 1, delivery.subject
        # Each content is there as it came, as a request, and on the wire.
        assert peaks["ingress"] < BASE + 4 * SMALL, peaks
        assert peaks["mailbox"] < BASE + 2 * SMALL + 8 * SIZE / MIB, peaks
        print(f"    {[round(peaks[name]) for name in ('ingress', 'mailbox')]} MiB")


def test_many_large_appends():
    with MemoryLab({"access": {"body_budget_bytes": SMALL * MIB}}) as lab:
        with lab.watch() as peaks:
            answers = collections.Counter(answer.split("]")[0].split(" ")[0] for answer in append_at_once(lab, 6, SIZE))
        assert answers == {"OK": 6}, answers
        assert peaks["access"] < BASE + 4 * SMALL, peaks
        print(f"    {round(peaks['access'])} MiB")


def test_many_open_mailboxes():
    room = 60 * MESSAGES * ROW
    with MemoryLab({"access": {"open_mailboxes_bytes": room, "view_cache_bytes": 0}}) as lab:
        fill_mailboxes(lab, MAILBOXES, MESSAGES)
        before = lab.now()
        with lab.watch() as peaks:
            opened = open_all(lab, MAILBOXES)
        good = [imap for imap, answer in opened if answer[0] == "OK"]
        refused = [answer[1][0] for _, answer in opened if answer[0] == "NO"]
        assert 55 <= len(good) <= 61 and len(good) + len(refused) == MAILBOXES, (len(good), len(refused))
        assert all(b"[UNAVAILABLE]" in words for words in refused), refused[0]
        # A session with TLS takes some 60 KiB.
        assert peaks["access"] < before["access"] + 16 + MAILBOXES * 0.1 + room / MIB, (before, peaks)
        assert peaks["mailbox"] < BASE, peaks
        print(f"    {round(before['access'])}, then {round(peaks['access'])} MiB")
        for imap in good[:30]:
            imap.unselect()
        for imap, answer in opened:
            if answer[0] == "NO":
                assert imap.select("box99")[0] == "OK"
                break
        for imap, _ in opened:
            imap.shutdown()

        def room_again() -> bool:
            again = open_all(lab, 50)
            for imap, _ in again:
                imap.shutdown()
            return all(answer[0] == "OK" for _, answer in again)

        wait_for(room_again, 30, "room of mailboxes that were closed")


main(globals())
