#!/usr/bin/python3
"""Speed beside Postfix with Dovecot LMTP from Debian: same machine, same run, same messages, both durable.

usage: run.py [inbound]

A message counts when it is stored: ours at the 250 (which follows the COMMIT), theirs when its file stands in the
Maildir (Postfix says 250 when it is queued; Dovecot syncs the file before it answers LMTP). Each figure is the median
of three rounds, the sides in turn. Prints one line a figure and writes .run/bench.json.
"""
import json
import pathlib
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tools")]
from harness import BUILD, Lab
from postfix import Postfix

ROUNDS = 3
RECIPIENTS = 200
# name: bytes, sessions, messages of ours, messages of theirs, ratio that is the goal
FIGURES = {
    "inbound.4k.s1": (4096, 1, 1500, 400, 1.0),
    "inbound.4k.s20": (4096, 20, 6000, 800, 3.0),
    "inbound.4k.s100": (4096, 100, 6000, 800, 3.0),
    "inbound.64k.s1": (65536, 1, 600, 300, 1.0),
    "inbound.64k.s20": (65536, 20, 1500, 600, 3.0),
    "inbound.64k.s100": (65536, 100, 1500, 600, 3.0),
}


def load(port: int, sessions: int, messages: int, size: int) -> dict:
    done = subprocess.run([BUILD / "bin/smtp_load", str(port), str(sessions), str(messages), str(size), str(RECIPIENTS), "example.test"],
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"bench: the load failed: {done.stdout}{done.stderr}")
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", done.stdout)}


class Ours:
    def __init__(self):
        self.lab = Lab()

    def start(self):
        self.lab.__enter__()
        csv = "".join(f"user{i}@example.test,bench-secret\n" for i in range(RECIPIENTS))
        self.lab.cli("account", "import", "-", stdin=csv)

    def stored(self) -> int:
        return int(self.lab.platform.postgres.sql("SELECT coalesce(sum(messages), 0) FROM mailbox_accounts"))

    def round(self, size, sessions, messages) -> tuple:
        before = self.stored()
        result = load(self.lab.ports["smtp"], sessions, messages, size)
        if self.stored() - before != messages:
            raise SystemExit("bench: messages are missing on our side")
        return messages / result["seconds"], result["p99_ms"]

    def stop(self):
        self.lab.__exit__(None, None, None)


class Theirs:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-bench-"))
        self.folder.chmod(0o755)
        self.mail = self.folder / "mail"
        self.postfix = Postfix(self.folder / "postfix", ["example.test"], ("127.0.0.1", 1), {
            "virtual_transport": f"lmtp:unix:{self.folder}/lmtp", "default_process_limit": "200",
            "smtpd_client_connection_count_limit": "0", "smtpd_client_connection_rate_limit": "0",
            "virtual_mailbox_maps": "static:all", "lmtp_destination_concurrency_limit": "100", "smtpd_peername_lookup": "no"})
        self.dovecot = None

    def start(self):
        self.mail.mkdir()
        vmail = pwd.getpwnam("nobody")
        shutil.chown(self.mail, vmail.pw_uid, vmail.pw_gid)
        config = self.folder / "dovecot.conf"
        config.write_text(f"""base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/dovecot.log
protocols = lmtp
ssl = no
mail_location = maildir:{self.mail}/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={vmail.pw_uid} gid={vmail.pw_gid} home={self.mail}/%u allow_all_users=yes
}}
service lmtp {{
  process_limit = 200
  unix_listener {self.folder}/lmtp {{
    mode = 0666
  }}
}}
service anvil {{
  client_limit = 2000
}}
default_client_limit = 2000
""")
        log = open(self.folder / "dovecot.out", "wb")
        self.dovecot = subprocess.Popen(["dovecot", "-F", "-c", config], stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 20
        while not (self.folder / "lmtp").exists():
            if time.monotonic() > deadline or self.dovecot.poll() is not None:
                raise SystemExit(f"bench: Dovecot does not start: {(self.folder / 'dovecot.out').read_text()}")
            time.sleep(0.1)
        self.postfix.start()

    def stored(self) -> int:
        return sum(1 for _ in self.mail.glob("*/new/*"))

    def round(self, size, sessions, messages) -> tuple:
        before = self.stored()
        begin = time.monotonic()
        result = load(self.postfix.port, sessions, messages, size)
        while self.stored() - before < messages:
            if time.monotonic() - begin > 300:
                raise SystemExit("bench: messages are missing at Dovecot: " + self.postfix.log()[-1000:])
            time.sleep(0.02)
        return messages / (time.monotonic() - begin), result["p99_ms"]

    def stop(self):
        self.postfix.stop()
        if self.dovecot:
            self.dovecot.send_signal(signal.SIGTERM)
            self.dovecot.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)


def main() -> int:
    if sys.argv[1:] not in ([], ["inbound"]):
        print("bench: inbound is what there is; relay and imap come with their issues", file=sys.stderr)
        return 2
    sides = {"ours": Ours(), "theirs": Theirs()}
    figures = []
    try:
        for side in sides.values():
            side.start()
        print("# stored messages per second, medians of", ROUNDS, "rounds; both sides sync before they answer for good", flush=True)
        for name, (size, sessions, our_count, their_count, goal) in FIGURES.items():
            ours, theirs, p99 = [], [], []
            for _ in range(ROUNDS):
                rate, slowest = sides["ours"].round(size, sessions, our_count)
                ours.append(rate)
                p99.append(slowest)
                theirs.append(sides["theirs"].round(size, sessions, their_count)[0])
            a, b = statistics.median(ours), statistics.median(theirs)
            figure = {"name": name, "ours": round(a, 1), "peer": round(b, 1), "unit": "msg/s", "ratio": round(a / b, 2),
                      "goal": goal, "p99_ms": round(statistics.median(p99), 1)}
            figures.append(figure)
            print(f"{name} ours={figure['ours']} peer={figure['peer']} unit=msg/s ratio={figure['ratio']} goal={goal}"
                  f" p99_ms={figure['p99_ms']}{' below' if a / b < goal else ''}", flush=True)
    finally:
        for side in sides.values():
            side.stop()
    (ROOT / ".run").mkdir(exist_ok=True)
    (ROOT / ".run/bench.json").write_text(json.dumps(figures, indent=2) + "\n")
    return 0


sys.exit(main())
