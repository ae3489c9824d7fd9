"""The two sides of a benchmark: this platform, and Debian's Postfix and Dovecot, each with data of its own."""
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tools")]
from harness import BUILD, Lab
from local.platform import free_port
from postfix import Postfix

DOMAIN = "example.test"
PASSWORD = "bench-secret"
UNINDEXED = ("SELECT count(*) FROM mailbox_messages m WHERE NOT EXISTS (SELECT FROM mailbox_search s"
             " WHERE (s.account_id, s.email_id) = (m.account_id, m.email_id))")


def smtp_load(port: int, sessions: int, messages: int, what, recipients: int, protocol: str = "smtp") -> dict:
    """`what` is a size in bytes or a folder of messages."""
    done = subprocess.run([BUILD / "bin/smtp_load", protocol, *map(str, (port, sessions, messages, what, recipients)), DOMAIN],
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"bench: the load failed: {done.stdout}{done.stderr}")
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", done.stdout)}


def memory_of(roots: list) -> float:
    """MiB (PSS) of the processes `roots` and of all that they started."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (ValueError, OSError):
            continue  # no process, or gone
    wanted = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in wanted} - wanted:
        wanted |= more
    total = 0
    for pid in wanted:
        try:
            total += int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])
        except OSError:
            continue
    return total / 1024


def most_memory(roots: list, work) -> float:
    """The highest `memory_of` seen while `work` runs."""
    most, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            most.append(memory_of(roots))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return max(most)


def wait_until(check, seconds: float, what: str, pause: float = 0.02) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: {what} did not happen within {seconds:.0f} s")
        time.sleep(pause)


class Ours:
    """The platform as `make run` starts it, with users user0, user1, ... and the limits of a laboratory."""

    def __init__(self, users: int, mode: str = "standalone", overlay: dict = None):
        self.users = users
        self.lab = Lab(mode, overlay)

    def start(self) -> None:
        self.lab.__enter__()
        csv = "".join(f"user{i}@{DOMAIN},{PASSWORD}\n" for i in range(self.users))
        self.lab.cli("account", "import", "-", stdin=csv, seconds=600)

    def stop(self) -> None:
        self.lab.__exit__(None, None, None)

    def roots(self) -> list:
        """All but PostgreSQL."""
        return [p.pid for p in self.lab.platform.processes.values()] + [self.lab.platform.redis.process.pid]

    def sql(self, text: str) -> str:
        return self.lab.platform.postgres.sql(text)

    def wait_for_index(self) -> None:
        """Until the work that comes after a delivery is done, and nobody else is held up by it."""
        wait_until(lambda: self.sql(UNINDEXED) == "0", 300, "the search index", pause=0.5)


class Dovecot:
    """LMTP and IMAP over one store; it syncs a message before it answers for it (mail_fsync's default)."""

    def __init__(self, folder: pathlib.Path, store: str, settings: str = ""):
        self.folder, self.store, self.settings = folder, store, settings
        self.mail = folder / "mail"
        self.lmtp = folder / "lmtp"
        self.imaps_port = free_port()
        self.lmtp_port = free_port()
        self.process = None
        self.log = folder / "dovecot.log"
        self.log_read = self.log_saved = 0

    def saved(self) -> int:
        """Messages that LMTP stored since the start, whatever the format."""
        with open(self.log, "rb") as log:
            log.seek(self.log_read)
            text = log.read()
        whole = text[:text.rfind(b"\n") + 1]
        self.log_read += len(whole)
        self.log_saved += whole.count(b": saved mail to ")
        return self.log_saved

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.mail.mkdir()
        vmail = pwd.getpwnam("nobody")
        shutil.chown(self.mail, vmail.pw_uid, vmail.pw_gid)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem"],
                       check=True, capture_output=True)
        (self.folder / "dovecot.conf").write_text(f"""base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.log}
protocols = lmtp imap
ssl = required
ssl_cert = <{self.folder}/cert.pem
ssl_key = <{self.folder}/key.pem
mail_location = {self.store}:{self.mail}/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={vmail.pw_uid} gid={vmail.pw_gid} home={self.mail}/%u allow_all_users=yes
}}
service lmtp {{
  process_limit = 200
  unix_listener {self.lmtp} {{
    mode = 0666
  }}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.lmtp_port}
  }}
}}
# Dovecot's manual calls this the high-performance mode: processes that serve many logins and sessions.
service imap {{
  service_count = 256
  process_min_avail = 4
}}
service imap-login {{
  service_count = 0
  process_min_avail = 2
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {self.imaps_port}
    address = 127.0.0.1
    ssl = yes
  }}
}}
service anvil {{
  client_limit = 2000
}}
default_client_limit = 2000
{self.settings}
""")
        self.resume()

    def resume(self) -> None:
        """On what start() made."""
        log = open(self.folder / "dovecot.out", "wb")
        self.process = subprocess.Popen(["dovecot", "-F", "-c", self.folder / "dovecot.conf"], stdout=log, stderr=log,
                                        start_new_session=True)
        log.close()
        wait_until(self._listens, 20, "the start of Dovecot", 0.1)

    def _listens(self) -> bool:
        if self.process.poll() is not None:
            raise SystemExit(f"bench: Dovecot does not start: {(self.folder / 'dovecot.out').read_text()}")
        with socket.socket() as s:
            return self.lmtp.exists() and s.connect_ex(("127.0.0.1", self.imaps_port)) == 0

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)


def bench_postfix(folder: pathlib.Path, next_hop: tuple, extra: dict, **more) -> Postfix:
    """A Postfix whose own limits do not hold back the load."""
    return Postfix(folder, [DOMAIN], next_hop, {
        "default_process_limit": "200", "smtpd_client_connection_count_limit": "0", "smtpd_client_connection_rate_limit": "0",
        "smtpd_peername_lookup": "no", **extra}, **more)


def temporary_folder() -> pathlib.Path:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-bench-"))
    folder.chmod(0o755)
    return folder
