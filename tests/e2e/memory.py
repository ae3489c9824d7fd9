"""Load that could eat memory, and how much of it each service takes (PSS): many large mailboxes open, many large deliveries at once."""
import concurrent.futures
import imaplib
import pathlib
import re
import threading
import time

from harness import Lab, merge

USER = "alice@example.test"
MIB = 1 << 20
WATCHED = ("ingress", "mailbox", "access", "filter", "relay")
# So many connections of one user are none of what is measured here, and logins are not either.
OVERLAY = {"access": {"max_connections_per_address": 5000, "max_connections_per_user": 5000},
           "directory": {"argon2_memory_kib": 19456}, "filter": {"trusted_networks": ["127.0.0.0/8"]}}


def pss(pid: int) -> float:
    """MiB."""
    return int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1]) / 1024


class MemoryLab(Lab):
    """The platform as separate processes; `with lab.watch() as peaks` fills peaks with the most that each one took."""

    def __init__(self, overlay: dict = None):
        super().__init__("services", merge(OVERLAY, overlay or {}))

    def now(self) -> dict:
        return {name: pss(self.platform.processes[name].pid) for name in WATCHED}

    def watch(self) -> "Watch":
        return Watch(self)


class Watch:
    def __init__(self, lab: MemoryLab):
        self.lab, self.done = lab, threading.Event()
        self.thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while True:
            for name, mib in self.lab.now().items():
                self.peaks[name] = max(self.peaks.get(name, 0.0), mib)
            if self.done.wait(0.05):
                return

    def __enter__(self) -> dict:
        self.peaks = {}
        self.thread.start()
        return self.peaks

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def fill_mailboxes(lab: Lab, mailboxes: int, messages: int) -> None:
    """Folders box0, box1, ... of USER, put into the tables: their messages are all the same one."""
    sql = lab.platform.postgres.sql
    with lab.imap(USER) as imap:
        imap.append("INBOX", None, None, b"Subject: one\r\n\r\nbody\r\n")
    account = sql("SELECT account_id FROM mailbox_emails")
    sql(f"INSERT INTO mailbox_mailboxes (account_id, mailbox_id, name, uid_validity, uid_next, messages, unseen, size_bytes, highest_modseq) "
        f"SELECT {account}, 1000 + n, 'box' || n, 1, {messages + 1}, {messages}, {messages}, 22 * {messages}, 1 FROM generate_series(0, {mailboxes - 1}) n")
    sql(f"INSERT INTO mailbox_messages (account_id, mailbox_id, uid, email_id, modseq, size, internal_date, save_date, flags) "
        f"SELECT {account}, 1000 + n, uid, email_id, 1, 22, now(), now(), '' "
        f"FROM mailbox_emails, generate_series(0, {mailboxes - 1}) n, generate_series(1, {messages}) uid")
    sql("ANALYZE mailbox_messages")


def open_all(lab: Lab, mailboxes: int) -> list:
    """One session for each mailbox; of each, what SELECT was answered."""
    def open_one(number: int) -> tuple:
        imap = lab.imap(USER)
        return imap, imap.select(f"box{number}")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(open_one, range(mailboxes)))


class Delivery(threading.Thread):
    """A message of `size` bytes by SMTP, tried again after 4yz and lost connections as an MTA does."""

    def __init__(self, lab: Lab, number: int, size: int, deadline: float):
        super().__init__()
        self.lab, self.size, self.deadline = lab, size, deadline
        self.subject = f"large {number}"
        self.code, self.deferrals, self.bad = 0, 0, []

    def run(self) -> None:
        while self.code != 250 and time.monotonic() < self.deadline:
            try:
                self.code = self._once()
            except OSError as error:
                self.code = 0
                self.bad.append(repr(error))
            if self.code == 250:
                return
            if self.code // 100 != 4:
                self.bad.append(self.code)
            self.deferrals += 1
            time.sleep(1)

    def _once(self) -> int:
        with self.lab.raw("smtp", 120) as raw:
            raw.reply()
            raw.ask("EHLO load.test")
            for command in ("MAIL FROM:<load@load.test>", f"RCPT TO:<{USER}>", "DATA"):
                if (answer := raw.ask(command))[:1] == "4":
                    return int(answer[:3])
            raw.send(f"From: load@load.test\r\nSubject: {self.subject}\r\n\r\n".encode())
            line = b"x" * 1022 + b"\r\n"
            block = line * 64
            for _ in range(self.size // len(block)):
                raw.send(block)
            raw.send(b".\r\n")
            return int(raw.reply()[:3] or 0)


def deliver_at_once(lab: Lab, count: int, size: int, seconds: float = 300) -> list:
    deliveries = [Delivery(lab, number, size, time.monotonic() + seconds) for number in range(count)]
    for delivery in deliveries:
        delivery.start()
    for delivery in deliveries:
        delivery.join()
    return deliveries


def append_at_once(lab: Lab, count: int, size: int) -> list:
    """What each of so many APPENDs was answered, all under way together: "OK ...", "NO ...", or "BYE" where the connection ended."""
    body = b"Subject: appended\r\n\r\n" + (b"x" * 1022 + b"\r\n") * (size // 1024)

    def append(_) -> str:
        imap = lab.imap(USER)
        imap.sock.settimeout(300)
        try:
            kind, words = imap.append("INBOX", None, None, body)
            return f"{kind} {words[0].decode()}"
        except (imaplib.IMAP4.abort, OSError):
            return "BYE"
        finally:
            imap.shutdown()

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(append, range(count)))
