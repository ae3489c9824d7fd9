"""What a delivery and a look at a mailbox cost as the store grows: messages stored, and mailboxes they go to.

Ours alone: each figure stands beside the same one on the small store, and a ratio of 1 is "as cheap as there". A million
messages take minutes and about 8 GB below /tmp; GROWTH=N ends at N messages.
"""
import os

from figures import ROUNDS, Figures
from imap_client import ImapClient
from sides import DOMAIN, Ours, smtp_load

LAST = int(os.environ.get("GROWTH", "1000000"))
STORED = [count for count in (1000, 100_000, 1_000_000) if count <= LAST]
MAILBOXES = (10, 10_000)
SESSIONS, MESSAGES, BYTES = 20, 4000, 4096
FILL_BYTES = 2048
# As cheap within 15 %.
GOAL = 0.85


class Store(Ours):
    def __init__(self):
        super().__init__(1)

    def start(self) -> None:
        super().start()
        # Hashing 10,000 passwords takes minutes, and none of them is used.
        columns = "domain_id, password_hash, scram_salt, scram_iterations, scram_stored_key, scram_server_key"
        self.sql(f"INSERT INTO directory_accounts (address, {columns}) SELECT 'user' || n || '@{DOMAIN}', {columns} "
                 f"FROM directory_accounts, generate_series(1, {max(MAILBOXES) - 1}) n WHERE address = 'user0@{DOMAIN}'")

    def stored(self) -> int:
        return int(self.sql("SELECT coalesce(sum(messages), 0) FROM mailbox_accounts"))

    def fill(self, count: int, mailboxes: int) -> None:
        if (missing := count - self.stored()) > 0:
            smtp_load(self.lab.ports["smtp"], 100, missing, FILL_BYTES, mailboxes)

    def deliveries(self, mailboxes: int) -> list:
        """Messages a second of each round, after one that opens what is cold."""
        load = (self.lab.ports["smtp"], SESSIONS, MESSAGES, BYTES, mailboxes)
        smtp_load(*load)
        return [MESSAGES / smtp_load(*load)["seconds"] for _ in range(ROUNDS)]

    def look(self) -> list:
        """Milliseconds to select a mailbox of its own and fetch ten envelopes of it."""
        times = []
        for _ in range(ROUNDS):
            with ImapClient(self.lab.ports["imaps"], f"user0@{DOMAIN}") as client:
                times.append(client.timed("SELECT Archive") + client.timed("FETCH 1:10 ENVELOPE"))
        return times


def run(figures: Figures) -> None:
    for mailboxes in MAILBOXES:
        print(f"# {mailboxes} mailboxes; peer is the same store with {STORED[0]} messages, median of {ROUNDS} rounds", flush=True)
        store = Store()
        try:
            store.start()
            with ImapClient(store.lab.ports["imaps"], f"user0@{DOMAIN}") as client:
                for number in range(100):
                    client.append("Archive", b"Subject: %d\r\nFrom: a@far.test\r\n\r\n%s\r\n" % (number, b"x" * 1000))
            first_rate = first_look = None
            for count in STORED:
                store.fill(count, mailboxes)
                rate, look = store.deliveries(mailboxes), store.look()
                first_rate, first_look = first_rate or rate, first_look or look
                name = f"growth.{mailboxes}.{count}"
                figures.rate(f"{name}.deliver", rate, first_rate, GOAL, stored=store.stored())
                figures.time(f"{name}.look", look, first_look, GOAL)
        finally:
            store.stop()
