"""mbsync both ways with 10,000 messages, again and again: both sides become the same, and then nothing changes any more."""
import email.utils
import hashlib
import os
import pathlib
import re
import socket
import subprocess
import time

from harness import Lab, main

BOB = "bob@example.test"
EACH = 5000  # so many are there at first on either side
FLAGS = {"D": b"\\Draft", "F": b"\\Flagged", "R": b"\\Answered", "S": b"\\Seen"}


def test_ten_thousand():
    with Lab() as lab:
        stop = lab.platform.postgres.stop
        lab.platform.postgres.stop = lambda: stop("QUIT")  # its data goes with it: no last checkpoint, half a minute on a slow disk
        near = Maildir(lab.folder / "maildir" / "INBOX")
        config = mbsyncrc(lab)
        import_messages(lab)
        for n in range(EACH, 2 * EACH):
            near.add(n, made(n), "S" if n % 3 else "")
        sync(lab, config, "first")
        assert len(same(lab, near)) == 2 * EACH

        change_far(lab)
        change_near(near)
        sync(lab, config, "changes of both sides")
        found = same(lab, near)
        assert_changes(found)

        # Now it is told of nothing and changes nothing: neither there, by MODSEQ and UIDNEXT, nor here, by name and time.
        before = state(lab), near.state()
        sync(lab, config, "nothing to do")
        assert (state(lab), near.state()) == before

        # Once more with a few changes, as on every day.
        near.flag(3, "RS")
        with box(lab) as imap:
            imap.uid("STORE", uid_of(imap, 4), "+FLAGS.SILENT", "(\\Deleted)")
            imap.expunge()
        near.add(30000, made(30000), "")
        sync(lab, config, "three changes")
        after = same(lab, near)
        changed = {n for n in found.keys() | after.keys() if found.get(n) != after.get(n)}
        assert changed == {3, 4, 30000} and after[3][0] == {b"\\Answered", b"\\Seen"} and 4 not in after, changed


# The two sides ----------------------------------------------------------------------------------------------------


def made(n: int) -> bytes:
    """Small and large ones, with dots, 8 bits and long lines; line ends of this system, as a Maildir has them."""
    body = f"message {n} of äöü\n.\n..dots\n" + ("w" * (n % 900) + "\n") * (1 + n % 7)
    date = email.utils.formatdate(1_700_000_000 + n)
    return (f"From: a{n}@remote.test\nTo: {BOB}\nSubject: number {n}\nDate: {date}\nMessage-ID: <{n}@mbsync.test>\nMIME-Version: 1.0\n"
            f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}").encode()


def number(data: bytes) -> int:
    return int(re.search(rb"^Message-ID: <(\d+)@mbsync.test>", data, re.MULTILINE | re.IGNORECASE)[1])


class Maildir:
    def __init__(self, path: pathlib.Path):
        self.path = path
        for name in ("new", "cur", "tmp"):
            (path / name).mkdir(parents=True)

    def add(self, n: int, data: bytes, flags: str) -> None:
        (self.path / "cur" / f"{1_700_000_000 + n}.{n}.host:2,{flags}").write_bytes(data)

    def files(self) -> list:
        return [entry for name in ("new", "cur") for entry in os.scandir(self.path / name)]

    def messages(self) -> dict:
        """number -> (flags, what a sum of its bytes is); what mbsync adds to a message to know it again does not count."""
        out = {}
        for entry in self.files():
            data = pathlib.Path(entry.path).read_bytes()
            flags = entry.name.partition(":2,")[2]
            n = number(data)
            assert n not in out, f"{n} is there twice"
            out[n] = ({FLAGS[flag] for flag in flags if flag in FLAGS}, checksum(data))
        return out

    def find(self, n: int) -> pathlib.Path:
        return next(pathlib.Path(entry.path) for entry in self.files() if number(pathlib.Path(entry.path).read_bytes()) == n)

    def flag(self, n: int, flags: str) -> None:
        path = self.find(n)
        path.rename(self.path / "cur" / f"{path.name.partition(':2,')[0]}:2,{flags}")

    def state(self) -> list:
        return sorted((entry.name, entry.stat().st_mtime_ns, entry.inode()) for entry in self.files())


def checksum(data: bytes) -> bytes:
    data = re.sub(rb"^X-TUID: .*\n", b"", data.replace(b"\r\n", b"\n"), count=1, flags=re.MULTILINE)
    return hashlib.sha256(data).digest()


def box(lab):
    imap = lab.imap(BOB)
    assert imap.select("INBOX")[0] == "OK"
    return imap


def uid_of(imap, n: int) -> bytes:
    [uid] = imap.uid("SEARCH", "HEADER", "Message-ID", f'"<{n}@mbsync.test>"')[1][0].split()
    return uid


def far_messages(lab) -> dict:
    out = {}
    with box(lab) as imap:
        for part in imap.fetch("1:*", "(FLAGS BODY.PEEK[])")[1]:
            if isinstance(part, tuple):
                n = number(part[1])
                assert n not in out, f"{n} is on the server twice"
                out[n] = (set(part[0].split(b"FLAGS (")[1].split(b")")[0].split()), checksum(part[1]))
    return out


def same(lab, near: Maildir) -> dict:
    """What both sides have."""
    here, there = near.messages(), far_messages(lab)
    assert here.keys() == there.keys(), (sorted(here.keys() ^ there.keys())[:10], len(here), len(there))
    wrong = [n for n in here if here[n] != there[n]]
    assert not wrong, [(n, here[n][0], there[n][0]) for n in wrong[:10]]
    return here


def state(lab) -> bytes:
    with lab.imap(BOB) as imap:
        return imap.status("INBOX", "(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ UNSEEN)")[1][0]


def import_messages(lab) -> None:
    folder = Maildir(lab.folder / "import" / "INBOX")
    for n in range(EACH):
        folder.add(n, made(n), "F" if n % 5 == 0 else "")
    lab.cli("import", "maildir", BOB, str(folder.path), seconds=300)


# What changes -----------------------------------------------------------------------------------------------------


def change_far(lab) -> None:
    """0 to 299 read, 300 to 399 no longer flagged, 400 to 499 and 9,000 to 9,099 gone, 200 new ones."""
    with box(lab) as imap:
        uids = {number(part[1]): part[0].split(b"UID ")[1].split()[0].decode()
                for part in imap.fetch("1:*", "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1] if isinstance(part, tuple)}
        pick = lambda numbers: ",".join(uids[n] for n in numbers)
        assert imap.uid("STORE", pick(range(300)), "+FLAGS.SILENT", "(\\Seen)")[0] == "OK"
        assert imap.uid("STORE", pick(range(300, 400)), "-FLAGS.SILENT", "(\\Flagged)")[0] == "OK"
        for gone in (range(400, 500), range(9000, 9100)):
            assert imap.uid("STORE", pick(gone), "+FLAGS.SILENT", "(\\Deleted)")[0] == "OK"
        imap.expunge()
        imap.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each literal waits 40 ms for a delayed ACK
        for n in range(10000, 10200):
            assert imap.append("INBOX", "(\\Flagged)", None, made(n).replace(b"\n", b"\r\n"))[0] == "OK"


def change_near(near: Maildir) -> None:
    """200 to 299 also answered, 500 to 599 and 9,200 to 9,299 gone, 200 new ones."""
    for entry in near.files():
        path = pathlib.Path(entry.path)
        n = number(path.read_bytes())
        if 200 <= n < 300:
            base, _, flags = path.name.partition(":2,")
            path.rename(near.path / "cur" / f"{base}:2,{''.join(sorted(flags + 'R'))}")
        elif 500 <= n < 600 or 9200 <= n < 9300:
            path.unlink()
    for n in range(20000, 20200):
        near.add(n, made(n), "RS")


def assert_changes(found: dict) -> None:
    flags = {n: names for n, (names, _) in found.items()}
    flagged = lambda n: {b"\\Flagged"} if n % 5 == 0 else set()
    assert all(flags[n] == flagged(n) | {b"\\Seen"} for n in range(200))
    assert all(flags[n] == flagged(n) | {b"\\Seen", b"\\Answered"} for n in range(200, 300)), "changes of both sides to one message"
    assert all(flags[n] == set() for n in range(300, 400))
    assert not [n for n in flags if 400 <= n < 600 or 9000 <= n < 9100 or 9200 <= n < 9300]
    assert all(flags[n] == {b"\\Flagged"} for n in range(10000, 10200))
    assert all(flags[n] == {b"\\Answered", b"\\Seen"} for n in range(20000, 20200))
    assert len(flags) == 2 * EACH - 400 + 400


def mbsyncrc(lab) -> pathlib.Path:
    path = lab.folder / "mbsyncrc"
    path.write_text(f"""FSync no

IMAPAccount bob
Host localhost
Port {lab.ports['imaps']}
User {BOB}
PassCmd "echo {lab.password(BOB)}"
SSLType IMAPS
CertificateFile {lab.end['ca_file']}

IMAPStore far
Account bob

MaildirStore near
Path {lab.folder}/maildir/
Inbox {lab.folder}/maildir/INBOX

Channel inbox
Far :far:
Near :near:
Create Both
Expunge Both
SyncState *
""")
    path.chmod(0o600)
    return path


def sync(lab, config: pathlib.Path, what: str) -> None:
    begin = time.monotonic()
    done = subprocess.run(["mbsync", "-c", config, "inbox"], capture_output=True, text=True, timeout=240,
                          env=dict(os.environ, HOME=str(lab.folder)))
    assert done.returncode == 0, f"{what}: code {done.returncode}\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}"
    print(f"    {what}: {time.monotonic() - begin:.1f} s", flush=True)


main(globals())
