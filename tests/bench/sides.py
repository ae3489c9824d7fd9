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
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tools")]
from harness import BUILD, Lab
from local.platform import free_port
from postfix import Postfix

DOMAIN = "example.test"
PASSWORD = "bench-secret"


def smtp_load(port: int, sessions: int, messages: int, size: int, recipients: int) -> dict:
    done = subprocess.run([BUILD / "bin/smtp_load", *map(str, (port, sessions, messages, size, recipients)), DOMAIN],
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"bench: the load failed: {done.stdout}{done.stderr}")
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", done.stdout)}


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
        self.lab.cli("account", "import", "-", stdin=csv)

    def stop(self) -> None:
        self.lab.__exit__(None, None, None)

    def sql(self, text: str) -> str:
        return self.lab.platform.postgres.sql(text)


class Dovecot:
    """LMTP and IMAP over one store; it syncs a message before it answers for it (mail_fsync's default)."""

    def __init__(self, folder: pathlib.Path, store: str):
        self.folder, self.store = folder, store
        self.mail = folder / "mail"
        self.lmtp = folder / "lmtp"
        self.imaps_port = free_port()
        self.process = None

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
log_path = {self.folder}/dovecot.log
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
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)


def bench_postfix(folder: pathlib.Path, next_hop: tuple, extra: dict) -> Postfix:
    """A Postfix whose own limits do not hold back the load."""
    return Postfix(folder, [DOMAIN], next_hop, {
        "default_process_limit": "200", "smtpd_client_connection_count_limit": "0", "smtpd_client_connection_rate_limit": "0",
        "smtpd_peername_lookup": "no", **extra})


def temporary_folder() -> pathlib.Path:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-bench-"))
    folder.chmod(0o755)
    return folder
