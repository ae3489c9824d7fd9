"""Looks at folders that only grow, over IMAP, all the while: a UID below one that was seen, a UID that is gone, another
UIDVALIDITY. A client that keeps its mail would lose a message by each of them."""
import threading

from journal import Journal
from wire import Imap, Lost, Refused

FRESH_EACH = 20  # looks, after which the folder is opened anew


class Watch:
    """One folder."""

    def __init__(self, user: str, folder: str, journal: Journal):
        self.user, self.folder, self.journal = user, folder, journal
        self.imap, self.looks = None, 0
        self.validity = None
        self.seen = []  # ranges

    def look(self, stage: dict) -> None:
        if self.imap is None:
            self.imap = Imap(stage["ports"]["imaps"], self.user, stage["password"])
            self.looks = 0
        if self.looks % FRESH_EACH == 0:
            validity, _ = self.imap.select(self.folder, "EXAMINE")
            if self.validity not in (None, validity):
                self._say("validity", was=self.validity, now=validity)
            self.validity = validity
        else:
            self.imap.ask("NOOP")
        self.looks += 1
        self.compare(self.imap.uids())

    def compare(self, now: list) -> None:
        high = self.seen[-1][1] if self.seen else 0
        below = [(a, min(b, high)) for a, b in now if a <= high]
        if below != self.seen:
            old, new = expand(self.seen), expand(below)
            if new - old:
                self._say("uid-low", uids=sorted(new - old)[:10], seen=high)
            if old - new:
                self._say("uid-gone", uids=sorted(old - new)[:10])
        self.seen = now

    def _say(self, event: str, **fields) -> None:
        self.journal.write(event, user=self.user, folder=self.folder, **fields)

    def close(self) -> None:
        if self.imap:
            self.imap.close()
        self.imap = None


def expand(ranges: list) -> set:
    return {uid for a, b in ranges for uid in range(a, b + 1)}


def _loop(watch: Watch, stage: dict, stop) -> None:
    looks = 0
    while not stop.is_set():
        try:
            watch.look(stage)
            looks += 1
        except Refused as refused:
            watch.close()
            absent = watch.folder != "INBOX" and "NONEXISTENT" in refused.text and not watch.seen
            if "[UNAVAILABLE]" not in refused.text and not absent:
                watch.journal.write("bad", what="observer", text=refused.text[:200])
        except Lost:
            watch.close()
        stop.wait(stage.get("look_seconds", 0.1))
    watch.close()
    watch.journal.write("see", user=watch.user, folder=watch.folder, looks=looks)


def run(stage: dict, stop) -> None:
    journal = Journal(stage["journal"], "observer")
    watches = [Watch(user, "INBOX", journal) for user in stage["watched"]]
    watches += [Watch(user, folder, journal) for user in stage["imap_users"][:2] for folder in ("Copies", "Moved")]
    threads = [threading.Thread(target=_loop, args=(watch, stage, stop)) for watch in watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
