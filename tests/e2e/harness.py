"""One platform of its own for a scenario: random loopback ports, data in a temporary folder, all gone afterwards."""
import email.message
import email.utils
import errno
import imaplib
import json
import os
import pathlib
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import yaml

from local.platform import Platform, merge

BUILD = ROOT / "build" / "main"
LAB = yaml.safe_load((ROOT / "deploy/local/lab.yaml").read_text())


class Lab:
    """with Lab() as lab: lab.send(...); lab.cli("queue", "list")."""

    def __init__(self, mode: str = "standalone", overlay: dict = None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-e2e-"))
        self.folder.chmod(0o755)
        self.platform = Platform(self.folder, BUILD, mode, merge(LAB, overlay or {}), random_ports=True)

    def __enter__(self):
        try:
            self.platform.start()
        except BaseException:
            self.show_logs()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self.end = self.platform.endpoints()
        self.ports = self.end["ports"]
        self.tls = ssl.create_default_context(cafile=self.end["ca_file"])
        return self

    def __exit__(self, kind, *_):
        codes = {}
        self.platform.stop()
        for name, process in self.platform.processes.items():
            codes[name] = process.returncode
        if kind:
            self.show_logs()
        shutil.rmtree(self.folder, ignore_errors=True)
        if not kind:
            bad = {name: code for name, code in codes.items() if code not in (0, -9)}
            assert not bad, f"processes ended badly: {bad}"

    def show_logs(self):
        for path in sorted((self.folder / "logs").glob("*.log")):
            print(f"--- {path.name}")
            print("\n".join(line[:400] for line in path.read_text(errors="replace").splitlines()[-25:]))

    def password(self, address: str) -> str:
        return next(u["password"] for u in self.end["users"] if u["address"] == address)

    # SMTP and IMAP -------------------------------------------------------------------------------------------------

    def smtp(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.ports["smtp"], local_hostname="client.test", timeout=30)

    def submission(self, user: str) -> smtplib.SMTP:
        smtp = smtplib.SMTP("localhost", self.ports["submission"], local_hostname="client.test", timeout=30)
        smtp.starttls(context=self.tls)
        smtp.login(user, self.password(user))
        return smtp

    def imap(self, user: str) -> imaplib.IMAP4_SSL:
        imap = imaplib.IMAP4_SSL("localhost", self.ports["imaps"], ssl_context=self.tls, timeout=30)
        imap.login(user, self.password(user))
        return imap

    def fetch_by_id(self, user: str, message_id: str, seconds: float = 15, folder: str = "INBOX") -> bytes:
        """The whole message, as soon as it is there."""
        deadline = time.monotonic() + seconds
        with self.imap(user) as imap:
            while True:
                assert imap.select(folder)[0] == "OK"
                found = imap.search(None, "HEADER", "Message-ID", f'"{message_id}"')[1][0].split()
                if found:
                    return imap.fetch(found[-1], "(BODY.PEEK[])")[1][0][1]
                assert time.monotonic() < deadline, f"{message_id} did not arrive for {user}"
                time.sleep(0.1)

    def raw(self, port: str, timeout: float = 10) -> "Raw":
        return Raw(self.ports[port], timeout)

    def cli(self, *words, stdin: str = "", code: int = 0, seconds: float = 60) -> str:
        done = subprocess.run([self.end["cli"], *words], input=stdin, capture_output=True, text=True, timeout=seconds)
        assert done.returncode == code, f"{words}: code {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stdout + done.stderr

    def cli_json(self, *words) -> dict:
        return json.loads(self.cli("--output", "json", *words))


class SmallDisk:
    """A file system of `mib` MiB mounted on `folder`, of which fill() leaves `rest` KiB free.

    Mounting needs root; without it `mounted` is false and `why` says so.
    """

    def __init__(self, folder: pathlib.Path, mib: int):
        self.folder, self.mib, self.mounted, self.why = folder, mib, False, ""

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.mib}m,mode=755", "tmpfs", self.folder],
                              capture_output=True, text=True)
        self.mounted, self.why = done.returncode == 0, f"a small disk cannot be mounted here: {done.stderr.strip()}"
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", self.folder], check=False)

    def free(self) -> int:
        """KiB."""
        return shutil.disk_usage(self.folder).free >> 10

    def fill(self, rest: int = 0) -> None:
        with open(self.folder / "filler", "ab", buffering=0) as filler:
            while (room := self.free() - rest) > 0:
                try:
                    filler.write(bytes(min(room << 10, 1 << 20)))
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error
                    return

    def empty(self) -> None:
        (self.folder / "filler").unlink()


class Raw:
    """A connection byte by byte, for what no client library sends."""

    def __init__(self, port: int, timeout: float):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reply(self) -> str:
        """One SMTP reply, its lines joined; empty at the end of the connection."""
        lines = []
        while True:
            line = self.file.readline().decode(errors="replace")
            lines.append(line.rstrip("\r\n"))
            if len(line) < 4 or line[3] != "-":
                return "\n".join(lines)

    def ask(self, command: str) -> str:
        self.send(command.encode() + b"\r\n")
        return self.reply()


def message(sender: str, recipient: str, subject: str = "test", body: str = "hello\n") -> email.message.EmailMessage:
    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, subject
    mail["Date"] = email.utils.formatdate()
    mail["Message-ID"] = email.utils.make_msgid(domain="test.example")
    mail.set_content(body)
    return mail


def wire(mail: email.message.EmailMessage) -> bytes:
    """As SMTP carries it: CRLF line ends."""
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))


def body_of(raw: bytes) -> bytes:
    return raw.split(b"\r\n\r\n", 1)[1]


def wait_for(check, seconds: float = 15, what: str = ""):
    """The first true value of check(), asked again and again."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what or check} did not come true in {seconds} s"
        time.sleep(0.1)


def main(module: dict) -> None:
    """Runs every test_* function of a scenario file; one line each."""
    tests = [(name, f) for name, f in module.items() if name.startswith("test_") and callable(f)]
    for name, test in tests:
        begin = time.monotonic()
        test()
        print(f"  {name} ok ({time.monotonic() - begin:.1f} s)", flush=True)
