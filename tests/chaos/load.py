"""The load: mail by SMTP, LMTP and submission. Tries again like an MTA, and writes down every step (journal.py)."""
import hashlib
import random
import threading
import time

from journal import Journal
from wire import Lost, Refused, Smtp

# (share, smallest, largest size of a body): mostly small, as mail is.
SIZES = [(0.90, 300, 6_000), (0.08, 6_000, 40_000), (0.018, 40_000, 200_000), (0.002, 500_000, 2_000_000)]
RETRY_SECONDS = 0.5
AFTER_THE_END = 20
# The kinds of outside addresses and what the sink does with them (outside.py).
OUTSIDE = ["ok"] * 16 + ["late", "bounce", "drop", "slow"]


class Maker:
    """Messages with an id of their own and a body that nobody else has."""

    def __init__(self, name: str, seed: int):
        self.name, self.count, self.random = name, 0, random.Random(f"{seed}/{name}")
        words = ["lorem", "ipsum", "dolor", "sit", "amet", "a", "of", "the", "Grüße", "..", "From"]
        lines = (" ".join(self.random.choices(words, k=10)) for _ in range(20_000))
        self.pool = "\r\n".join(lines).encode()

    def size(self) -> int:
        share = self.random.random()
        for part, least, most in SIZES:
            if share < part:
                return self.random.randint(least, most)
            share -= part
        return SIZES[0][1]

    def make(self, sender: str, recipient: str, size: int = None) -> tuple:
        """(id, the whole message, SHA-256 of its body)."""
        self.count += 1
        key = f"{self.name}-{self.count}"
        size = size or self.size()
        start = self.pool.find(b"\r\n", self.random.randrange(len(self.pool) - 200)) + 2  # a whole line, no bare LF
        body = b"body of " + key.encode() + b"\r\n"
        while len(body) < size:
            body += self.pool[start:start + size - len(body)]
            start = 0
        # The end may fall between CR and LF, or inside a letter.
        body = body.rstrip(b"\r\n").decode(errors="ignore").encode() + b"\r\n"
        head = (f"From: {sender}\r\nTo: {recipient}\r\nSubject: {key}\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
                f"Message-ID: <{key}@chaos.test>\r\nMIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
        return key, head.encode() + body, hashlib.sha256(body).hexdigest()


class Sender:
    """One session after the other of one kind: smtp, lmtp or submit."""

    def __init__(self, stage: dict, kind: str, number: int, stop, budget, acknowledged=lambda: None):
        self.stage, self.kind, self.stop, self.budget, self.acknowledged = stage, kind, stop, budget, acknowledged
        self.maker = Maker(f"{kind}{number}", stage["seed"])
        self.journal = Journal(stage["journal"], f"load-{kind}{number}")
        self.session = None
        self.user = stage["users"][number % len(stage["users"])]
        self.pause = stage.get("pause", 0)

    def _open(self) -> Smtp:
        ports = self.stage["ports"]
        if self.kind == "submit":
            return Smtp(ports["submission"], login=(self.user, self.stage["password"]))
        return Smtp(ports[self.kind], lmtp=self.kind == "lmtp")

    def _close(self) -> None:
        if self.session:
            self.session.close()
        self.session = None

    def run(self) -> None:
        while not self.stop.is_set() and self.budget():
            self._message()
            if self.pause:
                time.sleep(self.pause)
        self._close()

    def _message(self) -> None:
        rng = self.maker.random
        users = rng.sample(self.stage["users"], min(rng.choice([1, 1, 1, 2, 3, 4]), len(self.stage["users"])))
        outside = []
        if self.kind == "submit":
            users = users[:1] if rng.random() < self.stage.get("local", 0.3) else []
            for _ in range(rng.choice([1, 1, 2])):
                outside.append(f"{rng.choice(OUTSIDE)}-{self.maker.name}-{self.maker.count}-{len(outside)}@remote.test")
        reaped = self.stage.get("reaper") and self.kind == "smtp" and rng.random() < 0.2
        self.send(users, outside, [self.stage["reaper"]] if reaped else [])

    def send(self, users: list, outside: list, others: list, passed_on: tuple = ()) -> None:
        """One message, until it is acknowledged. What `others` get is no place to look; whom it is `passed_on` to has it."""
        sender = self.user if self.kind == "submit" else "x@remote.test"
        recipients = users + outside + others
        key, content, sha = self.maker.make(sender, recipients[0], self.stage.get("size"))
        places = [[user, "INBOX"] for user in [*users, *passed_on]]
        give_up = None
        while give_up is None or time.monotonic() < give_up:
            if self.stop.is_set() and give_up is None:
                give_up = time.monotonic() + AFTER_THE_END  # what has begun is still tried again
            try:
                if self.session is None:
                    self.session = self._open()
                self.journal.write("try", id=key, k=self.kind, places=places, out=outside, sha=sha, size=len(content))
                good = self.session.deliver(sender, recipients, content)
            except Refused as refused:
                self._close()
                self._note(key, refused)
            except Lost:
                self._close()
            else:
                taken = [r for r, is_good in zip(recipients, good) if is_good]
                self.journal.write("ack", id=key, places=[p for p in places if p[0] in taken or p[0] in passed_on],
                                   out=[o for o in outside if o in taken])
                self.acknowledged()
                return
            if self.stop.wait(RETRY_SECONDS):
                time.sleep(RETRY_SECONDS)

    def _note(self, key: str, refused: Refused) -> None:
        if 400 <= refused.code < 500:
            self.journal.write("no", id=key, stage=refused.stage, code=refused.code, text=refused.text[:200])
        else:
            self.journal.write("bad", what=f"{self.kind} {refused.stage}", text=refused.text[:200], id=key)


def run(stage: dict, kind: str, numbers: list, stop, counter, done) -> None:
    """A process: one thread for each number. `counter` (shared) holds how many messages may still begin, `done` those that ended."""

    def budget() -> bool:
        with counter.get_lock():
            counter.value -= 1
            return counter.value >= 0

    def acknowledged() -> None:
        with done.get_lock():
            done.value += 1

    threads = [threading.Thread(target=Sender(stage, kind, n, stop, budget, acknowledged).run) for n in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
