"""pennypost import and export: Maildir, mbox and a running Dovecot, there and back byte for byte, interrupted and repeated."""
import collections
import hashlib
import imaplib
import json
import os
import pathlib
import pwd
import random
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time

from harness import ROOT, Lab, main, message, wait_for

sys.path.insert(0, str(ROOT / "tests/bench"))
from sides import PASSWORD, Dovecot

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@other.test"
# A folder at the source, its mailbox here.
FOLDERS = {"": "INBOX", ".Sent Items": "Sent", ".Projekte": "Projekte", ".Projekte.2026": "Projekte/2026",
           ".Entw&APw-rfe": "Entwürfe", ".R&D": "R&D"}
KEYWORDS = ["$Label1", "NonJunk", "work"]
LETTERS = {"D": "\\Draft", "F": "\\Flagged", "P": "$Forwarded", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted",
           **dict(zip("abc", KEYWORDS))}

Mail = collections.namedtuple("Mail", "content flags date")


def odd() -> list:
    """What Maildirs hold that no standard allows, and the edges of what it does."""
    head = b"From: a@b.test\nSubject: odd\n\n"
    return [b"", b"\n", b"no header at all\n", b"Subject: no end", head, head + b"no end", head + b"From here on\n>From there\n>>>From x\n\n\n",
            head + b"8 bit: \xe4\xf6\xfc \xff\xfe\n", b"Subject: Gr\xc3\xbc\xc3\x9fe \xff\n\nx\n", head + b"bare \r CR\n", head + b"x" * 100_000 + b"\n",
            head + os.urandom(1000).replace(b"\r", b"r").replace(b"\0", b"0") + b"\n", b" begins with a space\n\nx\n", b"From x@y Thu Nov 26 05:22:05 2026\nA: b\n\nc\n",
            head + b"nul \0 nul\n", head + b"large\n" * 500_000, head + b"same\n", head + b"same\n"]


def ordinary(rng, n: int) -> bytes:
    mail = message(f"s{n}@remote.test", ALICE, subject=f"message {n}", body="".join(f"line {rng.random()}\n" for _ in range(rng.randrange(40))))
    return mail.as_bytes()


def make_maildir(root: pathlib.Path, count: int, with_odd: bool = True) -> dict:
    """What is in it: mailbox here to its messages."""
    rng, made = random.Random(7), {}
    for directory, mailbox in FOLDERS.items():
        folder = root / directory
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)
        (folder / "dovecot-keywords").write_text("".join(f"{n} {word}\n" for n, word in enumerate(KEYWORDS)))
        (folder / "tmp" / "1.unfinished.host").write_bytes(b"not delivered yet")
        (folder / "cur" / ".hidden").write_bytes(b"no mail")
        contents = [ordinary(rng, n) for n in range(count)] + (odd() if with_odd and mailbox in ("INBOX", "Projekte/2026") else [])
        made[mailbox] = []
        for n, content in enumerate(contents):
            letters = "".join(sorted(letter for letter in LETTERS if rng.random() < 0.25))
            date = 1_000_000_000 + rng.randrange(700_000_000)
            is_new = n % 10 == 3
            path = folder / ("new" if is_new else "cur") / (f"{date}.M{n}P1.host" + ("" if is_new else f",S={len(content)}:2,{letters}"))
            path.write_bytes(content)
            os.utime(path, (date, date))
            made[mailbox].append(Mail(content, frozenset() if is_new else frozenset(LETTERS[x] for x in letters), date))
    return made


def read_maildir(root: pathlib.Path) -> dict:
    """The same of an exported one."""
    made = {}
    for directory in [root, *[p for p in root.iterdir() if p.name.startswith(".")]]:
        keywords = {}
        if (directory / "dovecot-keywords").exists():
            for line in (directory / "dovecot-keywords").read_text().splitlines():
                number, word = line.split(" ")
                keywords["abcdefghijklmnopqrstuvwxyz"[int(number)]] = word
        name = {"": "INBOX", ".Sent": "Sent", ".R&-D": "R&D"}.get(directory.name if directory != root else "", None)
        name = name or FOLDERS.get(directory.name) or directory.name[1:].replace(".", "/")
        made[name] = []
        for path in (directory / "cur").iterdir():
            flags = frozenset({**LETTERS, "a": "", "b": "", "c": "", **keywords}[x] for x in path.name.split(":2,")[1])
            assert f",S={path.stat().st_size}:" in path.name, path
            made[name].append(Mail(path.read_bytes(), flags, int(path.stat().st_mtime)))
        assert not list((directory / "tmp").iterdir()) and not list((directory / "new").iterdir())
    return {name: mails for name, mails in made.items() if mails}


def same(a: dict, b: dict) -> None:
    assert set(a) == set(b), (sorted(a), sorted(b))
    for name in a:
        first, second = collections.Counter(a[name]), collections.Counter(b[name])
        show = lambda mails: [(sorted(m.flags), m.date, len(m.content), m.content[:60]) for m in list(mails)[:5]]
        assert first == second, (name, show(first - second), show(second - first))


def over_imap(imap, name: str) -> list:
    """As another program sees a mailbox, in its order."""
    assert imap.select(f'"{name}"', readonly=True)[0] == "OK", name
    count, mails = int(imap.untagged_responses["EXISTS"][-1]), []
    answer = imap.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1] if count else []
    for head, *content in (part for part in answer if isinstance(part, tuple)):
        flags = re.search(rb"FLAGS \(([^)]*)\)", head)[1].decode().split()
        date = time.mktime(imaplib.Internaldate2tuple(head))
        mails.append(Mail(content[0], frozenset(flags) - {"\\Recent"}, int(date)))
    assert len(mails) == count, (len(mails), count)
    return mails


def crlf(mails: list) -> list:
    return [mail._replace(content=mail.content.replace(b"\n", b"\r\n")) for mail in mails]


def total(made: dict) -> int:
    return sum(len(mails) for mails in made.values())


def counts(lab, *words, code: int = 0, stdin: str = "") -> dict:
    done = subprocess.run([lab.end["cli"], "--output", "json", *words], capture_output=True, text=True, timeout=300, input=stdin)
    assert done.returncode == code, (words, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return json.loads(done.stdout)


def three(result: dict, verb: str = "imported") -> tuple:
    assert result[verb] == sum(f[verb] for f in result["folders"])
    return result[verb], result["already_there"], result["failed"]


def test_transfer():
    with Lab() as lab:
        made = make_maildir(lab.folder / "Maildir", 60)
        for step in (maildir_in, maildir_out, mbox_both_ways, mbox_of_others, killed, from_dovecot, to_dovecot, mistakes):
            begin = time.monotonic()
            step(lab, made)
            print(f"    {step.__name__} {time.monotonic() - begin:.1f} s", flush=True)


def maildir_in(lab, made):
    root = lab.folder / "Maildir"
    (root / "subscriptions").write_text("V\t2\n\nProjekte\nProjekte\t2026\n")
    n = total(made)
    assert three(counts(lab, "import", "maildir", ALICE, str(root), "--dry-run"), "new") == (n, 0, 0)
    assert three(counts(lab, "import", "maildir", ALICE, str(root))) == (n, 0, 0)
    assert three(counts(lab, "import", "maildir", ALICE, str(root))) == (0, n, 0)
    with lab.imap(ALICE) as imap:
        for name, mails in made.items():
            # IMAP carries no NUL.
            got = {name: [m for m in over_imap(imap, utf7(name)) if b"nul " not in m.content]}
            same({name: crlf([m for m in mails if b"\0" not in m.content])}, got)
        subscribed = {line.decode().split(' "/" ')[1].strip('"') for line in imap.lsub()[1]}
        assert {"Projekte", "Projekte/2026"} <= subscribed and "Entw&APw-rfe" not in subscribed, subscribed
    # What was read on the way stays one message; what is removed here does not come back; what is new comes.
    old = next(p for p in (root / "new").iterdir())
    old.rename(root / "cur" / (old.name + ":2,S"))
    with lab.imap(ALICE) as imap:
        imap.select('"R&-D"')
        imap.store("1", "+FLAGS", "\\Deleted")
        imap.expunge()
    (root / ".R&D" / "new" / "1700000000.later.host").write_bytes(b"Subject: later\n\nx\n")
    assert three(counts(lab, "import", "maildir", ALICE, str(root))) == (1, n, 0)
    text = lab.cli("import", "maildir", ALICE, str(root), "--only", "R&D", "--rename", "R&D=Research")
    assert "61 imported, 0 already there, 0 failed" in text, text
    with lab.imap(ALICE) as imap:
        assert len(over_imap(imap, "Research")) == 61
        for gone in ("R&-D", "Research"):
            imap.delete(f'"{gone}"')
    shutil.rmtree(root / ".R&D")
    made.pop("R&D")


def utf7(name: str) -> str:
    return name.replace("&", "&-").replace("ü", "&APw-")


def maildir_out(lab, made):
    """What came in goes out the same; and into another account, and out again."""
    for user, out in ((ALICE, lab.folder / "out"), (CAROL, lab.folder / "again")):
        if user == CAROL:
            assert three(counts(lab, "import", "maildir", CAROL, str(lab.folder / "out"))) == (total(made), 0, 0)
        result = counts(lab, "export", "maildir", user, str(out))
        assert three(result, "exported") == (total(made), 0, 0)
        same(made, read_maildir(out))
        lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
        assert len(lines) == total(made)
        for line in lines:
            data = (out / line["file"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == line["sha256"] and len(data) == line["size"], line
    out = lab.folder / "out"
    with lab.imap(ALICE) as imap:
        imap.select("INBOX")
        imap.store("1", "FLAGS", "(\\Flagged later)")
    next((out / "cur").iterdir()).unlink()
    assert three(counts(lab, "export", "maildir", ALICE, str(out)), "exported") == (1, total(made) - 1, 0)
    with lab.imap(ALICE) as imap:
        same({"INBOX": [m for m in over_imap(imap, "INBOX") if b"nul " not in m.content]},
             {"INBOX": crlf([m for m in read_maildir(out)["INBOX"] if b"\0" not in m.content])})
    result = counts(lab, "export", "maildir", ALICE, str(lab.folder / "crlf"), "--crlf", "--only", "INBOX")
    assert three(result, "exported")[0] == len(made["INBOX"])
    wanted = sorted(m.content.replace(b"\n", b"\r\n") for m in made["INBOX"])
    assert sorted(p.read_bytes() for p in (lab.folder / "crlf" / "cur").iterdir()) == wanted


def mbox_both_ways(lab, made):
    out = lab.folder / "mbox"
    assert three(counts(lab, "export", "mbox", CAROL, str(out)), "exported") == (total(made), 0, 0)
    assert (out / "Projekte" / "2026.mbox").exists() and not list(out.rglob("*.partial"))
    lab.cli("account", "create", "mbox@example.test", "--password-file", "-", stdin="mbox-secret\n")
    lab.end["users"].append({"address": "mbox@example.test", "password": "mbox-secret"})
    assert three(counts(lab, "import", "mbox", "mbox@example.test", str(out))) == (total(made), 0, 0)
    assert three(counts(lab, "import", "mbox", "mbox@example.test", str(out))) == (0, total(made), 0)
    counts(lab, "export", "maildir", "mbox@example.test", str(lab.folder / "mbox-out"))
    # An mbox ends each message with a line end, and has no place for the flags of one that begins with white space.
    def as_mbox(mail):
        content = mail.content if mail.content.endswith(b"\n") or not mail.content else mail.content + b"\n"
        return Mail(content, frozenset() if content.startswith(b" ") else mail.flags, mail.date)
    same({name: [as_mbox(m) for m in mails] for name, mails in made.items()}, read_maildir(lab.folder / "mbox-out"))


def mbox_of_others(lab, made):
    """Thunderbird's profile and Dovecot's mbox, with CRLF, deleted messages and pseudo messages."""
    root = lab.folder / "ThunderbirdMail"
    (root / "Inbox.sbd").mkdir(parents=True)
    (root / "Inbox").write_bytes(b"From - Thu Nov 26 05:22:05 2026\r\nX-Mozilla-Status: 0001\r\nSubject: read\r\n\r\nFrom now on\r\n\r\n"
                                 b"From - Thu Nov 26 05:22:06 2026\r\nX-Mozilla-Status: 0009\r\nSubject: deleted\r\n\r\nx\r\n\r\n")
    (root / "Inbox.msf").write_bytes(b"// no mail")
    (root / "Inbox.sbd" / "Work").write_bytes(b"From MAILER-DAEMON Thu Nov 26 05:22:05 2026\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
                                              b"X-IMAP: 1 2\n\nx\n\nFrom a@b Thu Nov 26 05:22:05 2026\nStatus: RO\nSubject: kept\nX-Keywords: work\n\n>From y\n\n")
    lab.cli("account", "create", "bird@example.test", "--password-file", "-", stdin="bird-secret\n")
    lab.end["users"].append({"address": "bird@example.test", "password": "bird-secret"})
    assert three(counts(lab, "import", "mbox", "bird@example.test", str(root))) == (2, 0, 0)
    assert three(counts(lab, "import", "mbox", "bird@example.test", str(root / "Inbox"), "--mailbox", "Old mail")) == (1, 0, 0)
    with lab.imap("bird@example.test") as imap:
        want = Mail(b"Subject: read\r\n\r\nFrom now on\r\n", frozenset({"\\Seen"}), 1795670525)
        assert over_imap(imap, "INBOX") == [want] == over_imap(imap, "Old mail")
        assert over_imap(imap, "INBOX/Work") == [Mail(b"Subject: kept\r\n\r\nFrom y\r\n", frozenset({"\\Seen", "work"}), 1795670525)]


def killed(lab, made):
    """Killed again and again, in the middle: nothing is lost, nothing is twice, and the end is reached."""
    root = lab.folder / "large"
    wanted = make_maildir(root, 500, with_odd=False)
    wanted["INBOX"] += [Mail(b"Subject: big\n\n" + b"x" * 70 * n * 1000, frozenset(), 1_500_000_000) for n in range(1, 40)]
    for n, mail in enumerate(wanted["INBOX"][-39:]):
        path = root / "cur" / f"1500000000.big{n}.host:2,"
        path.write_bytes(mail.content)
        os.utime(path, (mail.date, mail.date))
    kills, rng = 0, random.Random(3)
    stored = lambda: stored_for(lab, BOB)
    while kills < 6:
        before = stored()
        run = subprocess.Popen([lab.end["cli"], "import", "maildir", BOB, str(root)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while stored() <= before and run.poll() is None:
            time.sleep(0.005)
        time.sleep(rng.random() * 0.05)
        if run.poll() is not None:
            break
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        kills += 1
    assert kills >= 3, f"it was over before it could be killed more than {kills} times"
    partial = settled(lab, BOB)
    assert 0 < partial < total(wanted), (partial, total(wanted))
    assert three(counts(lab, "import", "maildir", BOB, str(root))) == (total(wanted) - partial, partial, 0)
    out = lab.folder / "large-out"
    for _ in range(4):
        run = subprocess.Popen([lab.end["cli"], "export", "maildir", BOB, str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            run.wait(timeout=rng.random() * 0.3 + 0.05)
            break
        except subprocess.TimeoutExpired:
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
    for directory in out.rglob("tmp"):
        for left in directory.iterdir():
            left.unlink()
    new, there, failed = three(counts(lab, "export", "maildir", BOB, str(out)), "exported")
    assert there > 0 and (new + there, failed) == (total(wanted), 0), (new, there, failed)
    assert three(counts(lab, "export", "maildir", BOB, str(out)), "exported") == (0, total(wanted), 0)
    same(wanted, read_maildir(out))


def boxes(lab, user: str) -> list:
    with lab.imap(user) as imap:
        names = [line.decode().split(' "/" ')[1] for line in imap.list()[1]]
        return [{"name": name, "messages": int(re.search(rb"MESSAGES (\d+)", imap.status(name, "(MESSAGES)")[1][0])[1])} for name in names]


def stored_for(lab, user: str) -> int:
    return sum(box["messages"] for box in boxes(lab, user))


def settled(lab, user: str) -> int:
    """How much is stored once the store is done with what a killed run sent last."""
    before = -1
    while (now := stored_for(lab, user)) != before:
        before = now
        time.sleep(1)
    return now


def dovecot_session(dovecot, user: str):
    tls = ssl.create_default_context(cafile=dovecot.folder / "cert.pem")
    imap = imaplib.IMAP4_SSL("localhost", dovecot.imaps_port, ssl_context=tls, timeout=30)
    imap.login(user, PASSWORD)
    return imap


# As after Courier: all folders below INBOX, and one whose use only the server tells.
NAMESPACE = """namespace inbox {
  inbox = yes
  prefix = INBOX.
  separator = .
  mailbox Gesendet {
    special_use = \\Sent
  }
}"""


def name_there(name: str) -> str:
    return {"INBOX": "INBOX", "Sent": "INBOX.Gesendet"}.get(name, "INBOX." + utf7(name).replace("/", "."))


def from_dovecot(lab, made):
    dovecot = Dovecot(lab.folder / "dovecot", "maildir", NAMESPACE)
    dovecot.start()
    try:
        with dovecot_session(dovecot, "dora") as there:
            for name, mails in made.items():
                there.create(f'"{name_there(name)}"')
                there.subscribe(f'"{name_there(name)}"')
                for mail in mails:
                    if b"\0" in mail.content:
                        continue
                    code, words = there.append(f'"{name_there(name)}"', f"({' '.join(sorted(mail.flags))})",
                                               imaplib.Time2Internaldate(mail.date), mail.content)
                    assert code == "OK" or not mail.content, (mail.content[:80], words)
            source = {name: over_imap(there, name_there(name)) for name in made}
        lab.cli("account", "create", "dora@example.test", "--password-file", "-", stdin="dora-secret\n")
        lab.end["users"].append({"address": "dora@example.test", "password": "dora-secret"})
        words = ["import", "imap", "dora@example.test", "--server", f"localhost:{dovecot.imaps_port}", "--user", "dora", "--password-file", "-"]
        trust = ["--ca-file", str(dovecot.folder / "cert.pem")]
        out = lab.cli(*words, stdin=PASSWORD + "\n", code=1)
        assert "certificate is not trusted: self-signed certificate" in out, out
        out = lab.cli(*words, *trust, stdin="wrong\n", code=1)
        assert "log-in of dora" in out and "wrong" not in out, out
        n = total(source)
        assert three(counts(lab, *words, *trust, "--dry-run", stdin=PASSWORD), "new") == (n, 0, 0)
        run = subprocess.Popen([lab.end["cli"], *words, *trust], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        run.stdin.write(PASSWORD.encode())
        run.stdin.close()
        wait_for(lambda: stored_for(lab, "dora@example.test") > 0, 20, "the first message")
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        partial = settled(lab, "dora@example.test")
        assert three(counts(lab, *words, *trust, stdin=PASSWORD)) == (n - partial, partial, 0)
        assert three(counts(lab, *words, *trust, stdin=PASSWORD)) == (0, n, 0)
        with lab.imap("dora@example.test") as here, dovecot_session(dovecot, "dora") as there:
            for name in made:
                mine = over_imap(here, utf7(name))
                assert mine == source[name] == over_imap(there, name_there(name)), name
            there.append("INBOX", None, None, b"Subject: new\r\n\r\nx\r\n")
        assert three(counts(lab, *words, *trust, stdin=PASSWORD)) == (1, n, 0)
        assert three(counts(lab, *words, *trust, "--only", "Projekte", "--rename", "Projekte=Old", stdin=PASSWORD)) == (len(source["Projekte"]), 0, 0)
    finally:
        dovecot.stop()


def to_dovecot(lab, made):
    """Dovecot reads what we export: folders, flags, keywords, dates and bytes."""
    dovecot = Dovecot(lab.folder / "dovecot2", "maildir")
    dovecot.start()
    try:
        owner = pwd.getpwnam("nobody")
        shutil.copytree(lab.folder / "again", dovecot.mail / "erin")
        for path in [dovecot.mail / "erin", *(dovecot.mail / "erin").rglob("*")]:
            os.chown(path, owner.pw_uid, owner.pw_gid)
        with dovecot_session(dovecot, "erin") as there:
            for name, mails in made.items():
                got = {name: [m for m in over_imap(there, utf7(name).replace("/", ".")) if b"nul " not in m.content]}
                same({name: crlf([m for m in mails if b"\0" not in m.content])}, got)
            subscribed = {line.decode().split(" ")[-1].strip('"') for line in there.lsub()[1]}
            assert "Projekte.2026" in subscribed, subscribed
    finally:
        dovecot.stop()


def mistakes(lab, made):
    """Each failure is named, and the rest is imported."""
    lab.cli("import", "maildir", "nobody@example.test", str(lab.folder), code=3)
    assert "is no Maildir" in lab.cli("import", "maildir", ALICE, str(lab.folder / "mbox"), code=3)
    lab.cli("import", "maildir", ALICE, str(lab.folder / "nowhere"), code=3)
    lab.cli("import", "mbox", ALICE, str(lab.folder / "nowhere"), code=3)
    lab.cli("import", "maildir", ALICE, str(lab.folder / "out"), "--only", "Nothing", code=3)
    lab.cli("import", "maildir", ALICE, str(lab.folder / "out"), "--rename", "x", code=2)
    lab.cli("--as", ALICE, "import", "maildir", ALICE, str(lab.folder / "out"), code=2)
    lab.cli("export", "maildir", ALICE, str(lab.folder / "x"), "--only", "Nothing", code=3)
    lab.cli("import", "imap", ALICE, "--server", "localhost:x", "--user", "u", "--password-file", "-", stdin="x", code=2)
    assert "localhost:1: " in lab.cli("import", "imap", ALICE, "--server", "localhost:1", "--user", "u", "--password-file", "-", stdin="x", code=1)
    text = lab.folder / "text"
    text.write_text("no mbox")
    assert "is no mbox" in lab.cli("import", "mbox", ALICE, str(text), code=1)
    root = lab.folder / "bad"
    (root / "cur").mkdir(parents=True)
    (root / "cur" / "1.zip.host:2,").write_bytes(b"\x1f\x8b\x08 compressed")
    with open(root / "cur" / "2.huge.host:2,", "wb") as huge:
        huge.truncate(65 << 20)
    (root / "cur" / "3.good.host:2,S").write_bytes(b"Subject: good\n\nx\n")
    (root / "cur" / "4.folder.host:2,S").mkdir()
    (root / ".bad*name" / "cur").mkdir(parents=True)
    (root / ".bad*name" / "cur" / "1.x").write_bytes(b"Subject: good\n\nx\n")
    result = counts(lab, "import", "maildir", ALICE, str(root), "--rename", "INBOX=Bad", code=1)
    assert three(result) == (1, 0, 4), result
    words = "\n".join(e["error"] for e in result["errors"])
    for part in ("compressed (gzip)", "65 MiB, over the limit of 64", "no regular file", "character that is not allowed"):
        assert part in words, words
    # A full account: what fits is there, and the end is said once.
    lab.cli("account", "create", "full@example.test", "--quota-mib", "1", "--password-file", "-", stdin="full-secret\n")
    out = lab.cli("import", "maildir", "full@example.test", str(lab.folder / "large"), code=1)
    assert out.count("stopped: the mailbox is full; run the same command again to go on from here") == 1, out[-500:]
    assert int(re.search(r"(\d+) imported", out)[1]) > 0
    assert "stopped" not in lab.cli("import", "maildir", "full@example.test", str(lab.folder / "large"), "--ignore-quota")


main(globals())
