"""Reading and writing over IMAP with TLS, beside Dovecot (mdbox).

Both sides hold the same messages, put there by the same APPENDs. Times are those of one command on an open connection, from
its last byte to the last byte of the answer.
"""
import shutil

from figures import ROUNDS, Figures
from imap_client import ImapClient, in_parallel
from sides import DOMAIN, Dovecot, Ours, temporary_folder

MESSAGES = 10000
APPENDS = 400
LOGINS = 40
SEARCH_FEW = 'SEARCH TEXT "number 777"'  # 11 of the messages
# Where it is not Dovecot's time itself.
GOALS = {"search_text": 10.0}
CLIENTS = 10


def mail(number: int, size: int) -> bytes:
    head = (f"From: Sender {number} <sender{number % 97}@far.test>\r\nTo: user0@{DOMAIN}\r\nSubject: message number {number}\r\n"
            f"Date: Mon, 01 Jun 2026 10:{number // 60 % 60:02}:{number % 60:02} +0000\r\nMessage-ID: <{number}.{size}@far.test>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n").encode()
    line = b"The quick brown fox jumps over the lazy dog, and again and again it does.\r\n"
    return head + (line * (size // len(line) + 1))[:max(size - len(head) - 2, 0)] + b"\r\n"


def fill(port: int, user: str, first: int, count: int):
    with ImapClient(port, user) as client:
        yield
        for number in range(first, first + count):
            client.append("INBOX", mail(number, 1500))


def append(port: int, user: str, count: int):
    with ImapClient(port, user) as client:
        yield
        for number in range(count):
            client.append("INBOX", mail(number, 4096))


def log_in(port: int, user: str, count: int):
    yield
    for _ in range(count):
        with ImapClient(port, user) as client:
            client.ask("SELECT INBOX")
            client.ask("LOGOUT")


def search_unindexed(platform: Ours) -> float:
    platform.sql("DELETE FROM mailbox_search; UPDATE mailbox_search_accounts SET indexed_modseq = 0")
    with ImapClient(platform.lab.ports["imaps"], f"user0@{DOMAIN}") as client:
        client.ask("SELECT INBOX")
        return client.timed(SEARCH_FEW)


class Side:
    """What is measured is the same on both; only the port differs."""

    def __init__(self, port: int):
        self.port = port

    def prepare(self) -> None:
        with ImapClient(self.port, f"user0@{DOMAIN}") as client:
            client.ask("SELECT INBOX")  # Dovecot makes it at the first look, and not for several clients at once
        share = MESSAGES // CLIENTS
        in_parallel(fill, [(self.port, f"user0@{DOMAIN}", i * share, share) for i in range(CLIENTS)])
        with ImapClient(self.port, f"user1@{DOMAIN}") as client:
            client.append("INBOX", mail(0, 1 << 20))

    def commands(self) -> dict:
        """Milliseconds of each reading command."""
        with ImapClient(self.port, f"user0@{DOMAIN}") as client:
            times = {"select": client.timed("SELECT INBOX"), "fetch_flags": client.timed("FETCH 1:* (UID FLAGS)"),
                     "fetch_envelope": client.timed("FETCH 1:1000 ENVELOPE"), "search_subject": client.timed('SEARCH SUBJECT "number 77"'),
                     "search_text": client.timed(SEARCH_FEW), "search_text_all": client.timed('SEARCH TEXT "lazy dog"'),
                     "fetch_headers": client.timed("FETCH 1:1000 (BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])")}
        with ImapClient(self.port, f"user1@{DOMAIN}") as client:
            client.ask("SELECT INBOX")
            times["body_1m"] = client.timed("FETCH 1 BODY.PEEK[]")
        return times

    def rates(self) -> dict:
        """Operations a second."""
        one = in_parallel(append, [(self.port, f"user2@{DOMAIN}", APPENDS)])
        many = in_parallel(append, [(self.port, f"user{i + 3}@{DOMAIN}", APPENDS // 2) for i in range(CLIENTS)])
        logins = in_parallel(log_in, [(self.port, f"user{i + 3}@{DOMAIN}", LOGINS) for i in range(CLIENTS)])
        return {"append.c1": APPENDS / one, "append.c10": CLIENTS * (APPENDS // 2) / many, "login.c10": CLIENTS * LOGINS / logins}


def run(figures: Figures) -> None:
    print(f"# IMAP over TLS, {MESSAGES} messages, medians of {ROUNDS} rounds; both sides sync before APPEND is OK", flush=True)
    folder = temporary_folder()
    platform, dovecot = Ours(CLIENTS + 3), Dovecot(folder / "dovecot", "mdbox")
    try:
        platform.start()
        dovecot.start()
        sides = [Side(platform.lab.ports["imaps"]), Side(dovecot.imaps_port)]
        for side in sides:
            side.prepare()
        platform.wait_for_index()
        times, rates = ([], []), ([], [])
        for _ in range(ROUNDS):
            for index, side in enumerate(sides):
                times[index].append(side.commands())
                rates[index].append(side.rates())
        for name in times[0][0]:
            figures.time(f"imap.{name}", [t[name] for t in times[0]], [t[name] for t in times[1]], GOALS.get(name, 1.0))
        # Ours as it is before the index is made; the next look of the indexer is some seconds away.
        unindexed = [search_unindexed(platform) for _ in range(ROUNDS)]
        figures.time("imap.search_text_unindexed", unindexed, [t["search_text"] for t in times[1]], 1.0)
        for name in rates[0][0]:
            figures.rate(f"imap.{name}", [r[name] for r in rates[0]], [r[name] for r in rates[1]], 1.0, unit="1/s")
    finally:
        platform.stop()
        dovecot.stop()
        shutil.rmtree(folder, ignore_errors=True)
