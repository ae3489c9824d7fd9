"""The load over IMAP: APPEND, COPY, MOVE, STORE and EXPUNGE, each worker in an account of its own."""
import threading
import time

from journal import Journal
from load import Maker
from wire import Imap, Lost, Refused

FOLDERS = ["Work", "Copies", "Moved"]


class Worker:
    """Knows the UID of what it appended; after an answer that did not come it leaves that message alone for good."""

    def __init__(self, stage: dict, number: int, stop):
        self.stage, self.stop = stage, stop
        self.user = stage["imap_users"][number]
        self.maker = Maker(f"imap{number}", stage["seed"])
        self.journal = Journal(stage["journal"], f"load-imap{number}")
        self.imap = None
        self.known = {}  # id -> UID in Work
        self.pause = stage.get("pause", 0)

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                if self.imap is None:
                    self._open()
                self._step()
            except Refused as refused:
                self._close()
                # RFC 5530: our trouble is UNAVAILABLE, and nothing else is.
                if "[UNAVAILABLE]" not in refused.text:
                    self.journal.write("bad", what=f"imap {refused.stage}", text=refused.text[:200])
                self.stop.wait(0.3)
            except Lost:
                self._close()
                self.stop.wait(0.3)
            if self.pause:
                time.sleep(self.pause)
        self._close()

    def _open(self) -> None:
        self.imap = Imap(self.stage["ports"]["imaps"], self.user, self.stage["password"])
        have = self.imap.folders()
        for folder in FOLDERS:
            if folder not in have:
                self.imap.ask(f"CREATE {folder}")
        self.imap.select("Work")

    def _close(self) -> None:
        if self.imap:
            self.imap.close()
        self.imap = None

    def _step(self) -> None:
        rng = self.maker.random
        choice = rng.random()
        if not self.known or choice < 0.5:
            return self._append()
        key = rng.choice(list(self.known))
        if choice < 0.65:
            self._transfer("copy", "COPY", key, "Copies", forget=rng.random() < 0.5)
        elif choice < 0.85:
            self._transfer("move", "MOVE", key, "Moved", forget=True)
        elif choice < 0.93:
            self._flag(key)
        else:
            self._expunge(key)

    def _append(self) -> None:
        key, content, sha = self.maker.make(self.user, self.user)
        place = [self.user, "Work"]
        self.journal.write("try", id=key, k="append", places=[place], out=[], sha=sha, size=len(content))
        uid = self.imap.append("Work", content)
        self.journal.write("ack", id=key, places=[place], out=[])
        self.known[key] = uid

    def _transfer(self, event: str, command: str, key: str, folder: str, forget: bool) -> None:
        uid = self.known.pop(key)
        places = {"from": [self.user, "Work"], "to": [self.user, folder]}
        self.journal.write(f"{event}-try", id=key, **places)
        self.imap.ask(f"UID {command} {uid} {folder}")
        self.journal.write(f"{event}-ack", id=key, **places)
        if not forget:
            self.known[key] = uid

    def _flag(self, key: str) -> None:
        self.imap.ask(f"UID STORE {self.known[key]} +FLAGS.SILENT (\\Flagged)")
        self.journal.write("flag-ack", id=key, **{"from": [self.user, "Work"]})

    def _expunge(self, key: str) -> None:
        uid = self.known.pop(key)
        place = {"from": [self.user, "Work"]}
        self.journal.write("gone-try", id=key, **place)
        self.imap.ask(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
        self.imap.ask(f"UID EXPUNGE {uid}")
        self.journal.write("gone-ack", id=key, **place)


class Reaper:
    """A recipient among others who throws away what he gets: the copies of the others must not go with his."""

    def __init__(self, stage: dict, stop):
        self.stage, self.stop = stage, stop

    def run(self) -> None:
        imap = None
        while not self.stop.wait(0.5):
            try:
                if imap is None:
                    imap = Imap(self.stage["ports"]["imaps"], self.stage["reaper"], self.stage["password"])
                if imap.select("INBOX")[1]:
                    imap.ask("UID STORE 1:* +FLAGS.SILENT (\\Deleted)")
                    imap.ask("EXPUNGE")
            except (Refused, Lost):
                if imap:
                    imap.close()
                imap = None


def run(stage: dict, stop) -> None:
    """A process: one thread for each account."""
    workers = [Worker(stage, n, stop) for n in range(len(stage["imap_users"]))]
    if stage.get("reaper"):
        workers.append(Reaper(stage, stop))
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
