"""Messages accepted, queued durably, delivered to another server and completed per second, beside Postfix.

On both sides the mail is addressed to aliases whose target lives elsewhere; the other server is Debian's smtp-sink. A round
ends when the queue is empty again, so that completing counts too.
"""
import re
import shutil
import subprocess
import time

from figures import ROUNDS, Figures
from sides import DOMAIN, Ours, bench_postfix, free_port, smtp_load, temporary_folder, wait_until

RECIPIENTS = 20
# To one destination at once, on both sides.
CONNECTIONS = 20
# name: bytes, sessions, messages of ours, messages of theirs, ratio that is the goal
FIGURES = {
    "relay.4k.s1": (4096, 1, 1000, 500, 1.0),
    "relay.4k.s20": (4096, 20, 3000, 1500, 1.0),
    "relay.4k.s100": (4096, 100, 3000, 1500, 1.0),
    "relay.64k.s20": (65536, 20, 1000, 800, 1.0),
}


class SmtpSink:
    """Takes everything, keeps nothing, counts."""

    def __init__(self, folder):
        self.port = free_port()
        self.output = folder / "sink.out"
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen(["smtp-sink", "-c", "-u", "nobody", f"127.0.0.1:{self.port}", "1000"], stdout=out, stderr=out,
                                            start_new_session=True)

    def messages(self) -> int:
        """smtp-sink writes "sess=N quit=N mesg=N" again and again over one line."""
        return max([int(n) for n in re.findall(r"mesg=(\d+)", self.output.read_text()[-2000:])], default=0)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


class Platform(Ours):
    def __init__(self, sink: SmtpSink):
        super().__init__(0, overlay={"relay": {"max_per_destination": CONNECTIONS, "routes": [
            {"domain": "far.test", "kind": "smtp", "host": f"127.0.0.1:{sink.port}", "tls": "none"}]}})

    def start(self) -> None:
        self.lab.__enter__()
        for i in range(RECIPIENTS):
            self.lab.cli("alias", "create", f"user{i}@{DOMAIN}", f"user{i}@far.test")

    def queue_empty(self) -> bool:
        return self.sql("SELECT count(*) FROM relay_deliveries WHERE state IN ('queued', 'leased')").strip() == "0"

    def round(self, size, sessions, messages) -> None:
        smtp_load(self.lab.ports["smtp"], sessions, messages, size, RECIPIENTS)
        wait_until(self.queue_empty, 300, "an empty queue of ours")


class PostfixAlone:
    def __init__(self, sink: SmtpSink):
        self.folder = temporary_folder()
        aliases = self.folder / "aliases"
        aliases.write_text("".join(f"user{i}@{DOMAIN} user{i}@far.test\n" for i in range(RECIPIENTS)))
        self.postfix = bench_postfix(self.folder / "postfix", ("127.0.0.1", sink.port), {
            "virtual_alias_maps": f"texthash:{aliases}", "smtp_tls_security_level": "none",
            "smtp_destination_concurrency_limit": str(CONNECTIONS), "initial_destination_concurrency": str(CONNECTIONS)})

    def start(self) -> None:
        self.postfix.start()

    def queue_empty(self) -> bool:
        return not any(path.is_file() for folder in ("incoming", "active", "deferred", "maildrop")
                       for path in (self.postfix.queue / folder).rglob("*"))

    def round(self, size, sessions, messages) -> None:
        smtp_load(self.postfix.port, sessions, messages, size, RECIPIENTS)
        wait_until(self.queue_empty, 300, "an empty queue of Postfix")

    def stop(self) -> None:
        self.postfix.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def run(figures: Figures) -> None:
    print("# relayed messages per second, medians of", ROUNDS, "rounds; both sides sync their queue before the 250", flush=True)
    folder = temporary_folder()
    sink = SmtpSink(folder)
    sides = [Platform(sink), PostfixAlone(sink)]

    def measure(side, size, sessions, messages) -> float:
        before, begin = sink.messages(), time.monotonic()
        side.round(size, sessions, messages)
        seconds = time.monotonic() - begin
        wait_until(lambda: sink.messages() - before >= messages, 5, f"arrival of {messages} messages at the sink")
        return messages / seconds

    try:
        for side in sides:
            side.start()
        for name, (size, sessions, our_count, their_count, goal) in FIGURES.items():
            rates, peer_rates = [], []
            for _ in range(ROUNDS):
                rates.append(measure(sides[0], size, sessions, our_count))
                peer_rates.append(measure(sides[1], size, sessions, their_count))
            figures.rate(name, rates, peer_rates, goal)
    finally:
        for side in sides:
            side.stop()
        sink.stop()
        shutil.rmtree(folder, ignore_errors=True)
