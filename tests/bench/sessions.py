"""Many sessions at once, beside Dovecot (mdbox): a mixed load, POP3, how soon IDLE tells of new mail, and what an idle session costs.

The mix is that of a busy office: reads, flags, a few searches and appends (MIX). Memory is what all processes of a side but PostgreSQL
hold (PSS), with the sessions open less without them.
"""
import poplib
import random
import resource
import shutil
import socket
import time

from figures import ROUNDS, Figures
from imap import mail
from imap_client import TLS, ImapClient, in_parallel
from sides import DOMAIN, PASSWORD, Dovecot, Ours, free_port, memory_of, temporary_folder

CLIENTS, COMMANDS = 100, 60
WORKERS = 10
MIX = {"NOOP": 10, "FETCH 1:* FLAGS": 20, "FETCH {n} BODY.PEEK[]": 20, "FETCH {n} (ENVELOPE BODYSTRUCTURE)": 10, "STORE {n} +FLAGS (\\Seen)": 12,
       "STORE {n} -FLAGS (\\Seen)": 8, "SEARCH UNSEEN": 5, 'SEARCH SUBJECT "number 7"': 3, "STATUS INBOX (MESSAGES UNSEEN)": 4, "COPY {n} INBOX": 2,
       "APPEND": 4, 'LIST "" *': 2}
MESSAGES = 100
POP3_CLIENTS, POP3_SESSIONS = 10, 6
IDLE = 1000
IDLE_ALONE, BOUND_KIB = 20_000, 32
SETTINGS = """
protocols = imap lmtp pop3
service pop3-login {{
  service_count = 0
  process_min_avail = 2
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    port = {pop3s}
    address = 127.0.0.1
    ssl = yes
  }}
}}
service pop3 {{
  service_count = 256
  process_min_avail = 4
  process_limit = 100
}}
service auth {{
  client_limit = 4000
}}
mail_max_userip_connections = 100
service imap {{
  process_limit = 1200
}}
"""


def fill(port: int, first: int, users: int):
    """Each user's INBOX with MESSAGES messages."""
    yield
    for user in range(first, first + users):
        with ImapClient(port, f"user{user}@{DOMAIN}") as client:
            client.ask("SELECT INBOX")
            for number in range(MESSAGES):
                client.append("INBOX", mail(number, 4096))


def mixed(port: int, first: int, users: int, seed: int):
    dice = random.Random(seed)
    clients = [ImapClient(port, f"user{user}@{DOMAIN}") for user in range(first, first + users)]
    for client in clients:
        client.ask("SELECT INBOX")
    new = mail(0, 4096)
    yield
    for _ in range(COMMANDS):
        for client in clients:
            command = dice.choices(list(MIX), MIX.values())[0]
            if command == "APPEND":
                client.append("INBOX", new)
            else:
                client.ask(command.replace("{n}", str(dice.randint(1, MESSAGES))))
    for client in clients:
        client.socket.close()


def pop3(port: int, user: str):
    yield
    for _ in range(POP3_SESSIONS):
        session = poplib.POP3_SSL("127.0.0.1", port, context=TLS, timeout=60)
        session.user(user)
        session.pass_(PASSWORD)
        count = session.stat()[0]
        for number in range(1, MESSAGES + 1):
            session.retr(number)
        session.quit()
        assert count >= MESSAGES, count


def told_after(port: int, lmtp) -> float:
    """Milliseconds from the final dot of a delivery to EXISTS at a client that idles."""
    with ImapClient(port, f"user0@{DOMAIN}") as client, lmtp() as delivery:
        client.ask("SELECT INBOX")
        client.socket.sendall(b"i IDLE\r\n")
        client._read_until(b"\r\n")
        time.sleep(1)  # both sides are at rest
        delivery.prepare(f"user0@{DOMAIN}")
        begin = time.perf_counter()
        delivery.finish()
        line = client._read_until(b"\r\n")
        while b"EXISTS" not in line:
            line = client._read_until(b"\r\n")
        return (time.perf_counter() - begin) * 1000


class Lmtp:
    """One delivery, held before its final dot."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        self._reply()
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _reply(self) -> None:
        while (line := self.file.readline())[3:4] == b"-":
            pass
        if line[:1] not in (b"2", b"3"):
            raise SystemExit(f"bench: LMTP said {line!r}")

    def prepare(self, user: str) -> None:
        for line in ("LHLO bench.test", "MAIL FROM:<s@far.test>", f"RCPT TO:<{user}>", "DATA"):
            self.socket.sendall(line.encode() + b"\r\n")
            self._reply()
        self.socket.sendall(mail(1, 1500))

    def finish(self) -> None:
        self.socket.sendall(b".\r\n")


def idle_sessions(port: int, count: int) -> list:
    """Logged in, INBOX selected, in IDLE."""
    sessions = []
    for number in range(count):
        client = ImapClient(port, f"user{number % CLIENTS}@{DOMAIN}")
        client.ask("SELECT INBOX")
        client.socket.sendall(b"i IDLE\r\n")
        client._read_until(b"\r\n")
        sessions.append(client)
    return sessions


def memory_of_sessions(roots, port: int, count: int) -> float:
    """KiB for one. What the first ones cost once for all is left out."""
    warm = idle_sessions(port, CLIENTS)
    before = memory_of(roots())
    sessions = idle_sessions(port, count)
    time.sleep(2)
    after = memory_of(roots())
    for session in warm + sessions:
        session.socket.close()
    return (after - before) * 1024 / count


class Side:
    def __init__(self, imaps: int, pop3s: int, lmtp: int, roots):
        self.imaps, self.pop3s, self.lmtp, self.roots = imaps, pop3s, lmtp, roots

    def prepare(self) -> None:
        share = CLIENTS // WORKERS
        in_parallel(fill, [(self.imaps, i * share, share) for i in range(WORKERS)])

    def mixed(self, seed: int) -> float:
        share = CLIENTS // WORKERS
        seconds = in_parallel(mixed, [(self.imaps, i * share, share, seed + i) for i in range(WORKERS)])
        return CLIENTS * COMMANDS / seconds

    def pop3(self) -> float:
        seconds = in_parallel(pop3, [(self.pop3s, f"user{i}@{DOMAIN}") for i in range(POP3_CLIENTS)])
        return POP3_CLIENTS * POP3_SESSIONS / seconds

    def told_after(self) -> float:
        return told_after(self.imaps, lambda: Lmtp(self.lmtp))


def run(figures: Figures) -> None:
    print(f"# sessions over TLS: {CLIENTS} clients with a mixed load, POP3, IDLE; medians of {ROUNDS} rounds", flush=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # of what it starts, too
    alone = min(IDLE_ALONE, hard - 1000)
    folder, pop3s = temporary_folder(), free_port()
    platform = Ours(CLIENTS, overlay={"access": {"max_connections": 50_000, "max_connections_per_address": 50_000}})
    dovecot = Dovecot(folder / "dovecot", "mdbox", SETTINGS.format(pop3s=pop3s))
    try:
        platform.start()
        dovecot.start()
        ports = platform.lab.ports
        sides = [Side(ports["imaps"], ports["pop3s"], ports["lmtp"], platform.roots),
                 Side(dovecot.imaps_port, pop3s, dovecot.lmtp_port, lambda: [dovecot.process.pid])]
        for side in sides:
            side.prepare()
        platform.wait_for_index()
        in_turn = lambda measure: zip(*[[measure(side, turn) for side in sides] for turn in range(ROUNDS)])
        figures.rate("sessions.mixed.c100", *in_turn(lambda side, turn: side.mixed(turn * 1000)), goal=2.0, unit="commands/s")
        figures.rate("sessions.pop3.c10", *in_turn(lambda side, turn: side.pop3()), goal=1.0, unit="sessions/s")
        ours, theirs = in_turn(lambda side, turn: side.told_after())
        figures.time("sessions.idle.exists", ours, theirs, 1.0)
        figures.time("sessions.idle.exists.bound", ours, [20.0], 1.0, other="bound")
        memory = [memory_of_sessions(side.roots, side.imaps, IDLE) for side in sides]
        figures.time(f"sessions.idle.memory.{IDLE}", [memory[0]], [memory[1]], 1.0, unit="KiB")
        dovecot.stop()
        many = memory_of_sessions(platform.roots, ports["imaps"], alone)
        figures.time(f"sessions.idle.memory.{alone}", [many], [BOUND_KIB], 1.0, unit="KiB", other="bound")
    finally:
        platform.stop()
        dovecot.stop()
        shutil.rmtree(folder, ignore_errors=True)
