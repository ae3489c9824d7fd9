"""What the scenarios with clients of Debian share: a program that runs to its end, and one on a terminal that is answered."""
import os
import pty
import select
import subprocess
import time


def run(lab, *words, stdin: str = "", env: dict = None) -> str:
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=90, cwd=lab.folder,
                          env=dict(os.environ, HOME=str(lab.folder), **(env or {})))
    assert done.returncode == 0, f"{words[0]}: code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def on_terminal(lab, *words) -> None:
    """A program that wants a terminal; what it draws is read and thrown away."""
    master, slave = pty.openpty()
    process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, cwd=lab.folder, start_new_session=True,
                               env=dict(os.environ, HOME=str(lab.folder), TERM="xterm"))
    os.close(slave)
    drawn, deadline = b"", time.monotonic() + 60
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"{words[0]} does not end; it shows {drawn[-1500:]!r}")
        if select.select([master], [], [], 0.2)[0]:
            try:
                drawn += os.read(master, 65536)
            except OSError:
                break
    os.close(master)
    assert process.wait() == 0, drawn[-1500:]


def secret_file(lab, name: str, text: str) -> str:
    path = lab.folder / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def ids(lab, user: str, subject: str) -> list:
    with lab.imap(user) as imap:
        imap.select("INBOX")
        return imap.search(None, "SUBJECT", f'"{subject}"')[1][0].split()


class Terminal:
    """A program on a terminal that is answered as a person would: wait for words, then type."""

    def __init__(self, lab, *words, env: dict):
        master, slave = pty.openpty()
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, cwd=lab.folder, start_new_session=True,
                                        env=dict(os.environ, HOME=str(lab.folder), TERM="vt100", **env))
        os.close(slave)
        self.master, self.name, self.drawn = master, words[0], b""

    def wait(self, words: bytes, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.drawn:
            assert time.monotonic() < deadline, f"{self.name} does not show {words!r} but {self.drawn[-1500:]!r}"
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.drawn += os.read(self.master, 65536).replace(b"\0", b"")
                except OSError:
                    raise AssertionError(f"{self.name} ended: {self.drawn[-1500:]!r}") from None

    def type(self, keys: str) -> None:
        self.drawn = b""
        os.write(self.master, keys.encode())

    def end(self) -> None:
        deadline = time.monotonic() + 30
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"{self.name} does not end; it shows {self.drawn[-1500:]!r}")
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.drawn += os.read(self.master, 65536).replace(b"\0", b"")
                except OSError:
                    self.process.wait(timeout=30)
        os.close(self.master)
