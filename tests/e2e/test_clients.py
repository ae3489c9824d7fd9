"""Real clients from Debian against the running binaries, TLS on."""
import os
import pathlib
import pty
import select
import subprocess
import time

from harness import Lab, body_of, main, message, wait_for, wire

BODY = "line one\n.dotted\nlast line \u00e4\u00f6\u00fc\n"


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


def test_clients():
    with Lab() as lab:
        for client in (swaks, curl, msmtp, mbsync, mutt, fetchmail, offlineimap, getmail, snail, alpine):
            client(lab)
            print(f"    {client.__name__}", flush=True)


def swaks(lab):
    common = ["--server", f"localhost:{lab.ports['submission']}", "--from", "alice@example.test", "--tls",
              "--tls-verify", "--tls-ca-path", lab.end["ca_file"], "--auth-user", "alice@example.test",
              "--auth-password", "alice-secret", "--hide-all"]
    for mechanism in ("PLAIN", "LOGIN"):
        run(lab, "swaks", *common, "--auth", mechanism, "--to", "bob@example.test,carol@other.test", "--header",
            f"Subject: swaks {mechanism}", "--body", "hi")
        assert ids(lab, "bob@example.test", f"swaks {mechanism}") and ids(lab, "carol@other.test", f"swaks {mechanism}")
    bad = subprocess.run(["swaks", *common[:-3], "--auth-password", "wrong", "--to", "bob@example.test"],
                         capture_output=True, text=True, timeout=60)
    assert bad.returncode != 0 and "535" in bad.stdout, bad.stdout


def curl(lab):
    mail = message("alice@example.test", "bob@example.test", subject="curl", body=BODY)
    data = wire(mail)
    path = secret_file(lab, "curl.eml", "")
    pathlib.Path(path).write_bytes(data)
    tls = ["--cacert", lab.end["ca_file"], "--silent", "--show-error", "--user"]
    run(lab, "curl", *tls, "alice@example.test:alice-secret", f"smtps://localhost:{lab.ports['submissions']}", "--mail-from",
        "alice@example.test", "--mail-rcpt", "bob@example.test", "--upload-file", path)
    uid = ids(lab, "bob@example.test", "curl")[-1].decode()
    for url in (f"imaps://localhost:{lab.ports['imaps']}/INBOX;MAILINDEX={uid}",
                f"pop3s://localhost:{lab.ports['pop3s']}/{uid}"):
        got = subprocess.run(["curl", *tls, "bob@example.test:bob-secret", url], capture_output=True, timeout=60)
        assert got.returncode == 0, got.stderr
        assert body_of(got.stdout).rstrip() == body_of(data).rstrip(), (url, got.stdout)
    listing = run(lab, "curl", *tls, "bob@example.test:bob-secret", "--ssl-reqd", f"pop3://localhost:{lab.ports['pop3']}/")
    assert listing.startswith("1 "), listing


def msmtp(lab):
    password = secret_file(lab, "msmtp.pw", "alice-secret")
    config = secret_file(lab, "msmtprc", f"""account default
host localhost
port {lab.ports['submission']}
tls on
tls_trust_file {lab.end['ca_file']}
auth on
user alice@example.test
passwordeval cat {password}
from alice@example.test
""")
    run(lab, "msmtp", "-C", config, "bob@example.test",
        stdin="From: alice@example.test\nTo: bob@example.test\nSubject: msmtp\n\nhello\n")
    assert ids(lab, "bob@example.test", "msmtp")


def mbsync(lab):
    """Both ways: what is on the server comes here, what is made here goes there, deletions too."""
    config = secret_file(lab, "mbsyncrc", f"""IMAPAccount bob
Host localhost
Port {lab.ports['imaps']}
User bob@example.test
PassCmd "echo bob-secret"
SSLType IMAPS
CertificateFile {lab.end['ca_file']}

IMAPStore far
Account bob

MaildirStore near
Path {lab.folder}/maildir/
Inbox {lab.folder}/maildir/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
""")
    (lab.folder / "maildir").mkdir()
    run(lab, "mbsync", "-c", config, "all")
    here = lab.folder / "maildir" / "INBOX"
    files = sorted(list((here / "new").iterdir()) + list((here / "cur").iterdir()))
    with lab.imap("bob@example.test") as imap:
        count = int(imap.select("INBOX")[1][0])
    assert len(files) == count > 0, (len(files), count)
    made = message("bob@example.test", "alice@example.test", subject="made by mbsync")
    (here / "cur" / "1.made.host:2,S").write_bytes(made.as_bytes())
    files[0].unlink()
    run(lab, "mbsync", "-c", config, "all")
    run(lab, "mbsync", "-c", config, "all")
    with lab.imap("bob@example.test") as imap:
        assert int(imap.select("INBOX")[1][0]) == count, "one more, one less"
        found = imap.search(None, "SUBJECT", '"made by mbsync"')[1][0].split()
        assert len(found) == 1 and b"\\Seen" in imap.fetch(found[0], "(FLAGS)")[1][0]


def mutt(lab):
    """Sends by SMTP, files a copy by IMAP, reads and saves by IMAP."""
    config = secret_file(lab, "muttrc", f"""set ssl_ca_certificates_file={lab.end['ca_file']}
set ssl_starttls=yes
set ssl_force_tls=yes
set certificate_file={lab.end['ca_file']}
set from=alice@example.test
set realname=Alice
set smtp_url=smtp://alice@example.test@localhost:{lab.ports['submission']}/
set smtp_pass=alice-secret
set imap_user=alice@example.test
set imap_pass=alice-secret
set folder=imaps://localhost:{lab.ports['imaps']}/
set spoolfile=+INBOX
set record=+Sent
set copy=yes
set move=no
set quit=yes
set confirmappend=no
set delete=yes
""")
    run(lab, "mutt", "-F", config, "-s", "from mutt", "bob@example.test", stdin="typed in mutt\n")
    assert ids(lab, "bob@example.test", "from mutt")
    with lab.imap("alice@example.test") as imap:
        imap.select("Sent")
        assert imap.search(None, "SUBJECT", '"from mutt"')[1][0].split()
    mail = message("x@remote.test", "alice@example.test", subject="for mutt")
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    lab.fetch_by_id("alice@example.test", mail["Message-ID"])
    on_terminal(lab, "mutt", "-F", config, "-e",
                'push "<tag-pattern>~s mutt<enter><tag-prefix><save-message>=Archive<enter><sync-mailbox><quit>"')
    with lab.imap("alice@example.test") as imap:
        imap.select("Archive")
        assert imap.search(None, "SUBJECT", '"for mutt"')[1][0].split(), "saved to Archive"


def fetchmail(lab):
    out = lab.folder / "fetched"
    for protocol, port in (("imap", "imaps"), ("pop3", "pop3s")):
        mail = message("x@remote.test", "carol@other.test", subject=f"fetchmail {protocol}", body=BODY)
        with lab.smtp() as smtp:
            smtp.send_message(mail)
        lab.fetch_by_id("carol@other.test", mail["Message-ID"])
        config = secret_file(lab, "fetchmailrc", f"""poll localhost protocol {protocol} port {lab.ports[port]}
  user "carol@other.test" password "carol-secret" ssl sslproto "TLS1.2+" sslcertck sslcertfile "{lab.end['ca_file']}"
  mda "cat >> {out}"
""")
        run(lab, "fetchmail", "-f", config, "--nodetach", "--nosyslog", "--silent", "--pidfile", f"{lab.folder}/fetchmail.pid")
        assert f"fetchmail {protocol}" in out.read_text(), protocol
        with lab.imap("carol@other.test") as imap:
            assert int(imap.select("INBOX")[1][0]) == 0, "fetched mail is deleted on the server"


def offlineimap(lab):
    """Both ways, with flags and deletions, as for mbsync."""
    config = secret_file(lab, "offlineimaprc", f"""[general]
accounts = bob
metadata = {lab.folder}/offlineimap
ui = quiet
[Account bob]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = {lab.folder}/offline
[Repository far]
type = IMAP
remotehost = localhost
remoteport = {lab.ports['imaps']}
remoteuser = bob@example.test
remotepass = bob-secret
ssl = yes
sslcacertfile = {lab.end['ca_file']}
folderfilter = lambda name: name in ["INBOX", "Archive"]
""")
    run(lab, "offlineimap", "-c", config, "-o")
    here = lab.folder / "offline" / "INBOX"
    files = sorted(list((here / "new").iterdir()) + list((here / "cur").iterdir()))
    with lab.imap("bob@example.test") as imap:
        count = int(imap.select("INBOX")[1][0])
        there = imap.fetch(b"1", "(BODY.PEEK[])")[1][0][1]
    assert len(files) == count > 0, (len(files), count)
    wanted = there.replace(b"\r\n", b"\n")
    assert any(f.read_bytes().replace(b"\r\n", b"\n") == wanted for f in files), "the bytes of a message"
    made = message("bob@example.test", "alice@example.test", subject="made by offlineimap")
    (lab.folder / "offline" / "Archive" / "cur" / "1.made.host:2,FS").write_bytes(made.as_bytes())
    files[0].unlink()
    run(lab, "offlineimap", "-c", config, "-o")
    run(lab, "offlineimap", "-c", config, "-o")
    with lab.imap("bob@example.test") as imap:
        assert int(imap.select("INBOX")[1][0]) == count - 1, "deleted here, deleted there"
        imap.select("Archive")
        found = imap.search(None, "SUBJECT", '"made by offlineimap"')[1][0].split()
        flags = imap.fetch(found[0], "(FLAGS)")[1][0]
        assert len(found) == 1 and b"\\Seen" in flags and b"\\Flagged" in flags, flags


def getmail(lab):
    """By POP3 and by IMAP; it deletes what it has."""
    for kind, port in (("POP3SSL", "pop3s"), ("IMAPSSL", "imaps")):
        mail = message("x@remote.test", "carol@other.test", subject=f"getmail {kind}", body=BODY)
        with lab.smtp() as smtp:
            smtp.send_message(mail)
        lab.fetch_by_id("carol@other.test", mail["Message-ID"])
        out = lab.folder / f"getmail-{kind}"
        (lab.folder / f"getmail-state-{kind}").mkdir()
        config = secret_file(lab, f"getmailrc-{kind}", f"""[retriever]
type = Simple{kind}Retriever
server = localhost
port = {lab.ports[port]}
username = carol@other.test
password = carol-secret
ca_certs = {lab.end['ca_file']}
[destination]
type = MDA_external
path = /bin/dd
arguments = ("of={out}", "oflag=append", "conv=notrunc", "status=none")
allow_root_commands = true
[options]
delete = true
verbose = 0
""")
        run(lab, "getmail", "--rcfile", config, "--getmaildir", f"{lab.folder}/getmail-state-{kind}")
        got = out.read_bytes()
        assert f"Subject: getmail {kind}".encode() in got, got[-500:]
        assert wire_lines(mail) in got.replace(b"\r\n", b"\n"), got[-1000:]
        with lab.imap("carol@other.test") as imap:
            assert int(imap.select("INBOX")[1][0]) == 0, "deleted on the server"


def wire_lines(mail) -> bytes:
    """What of a sent message nobody may change: its body, with line ends of this system."""
    return wire(mail).split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n")


def snail(lab):
    """Sends by SMTP with STARTTLS, then reads, flags, copies and deletes by IMAP."""
    config = secret_file(lab, "mailrc", f"""set v15-compat
set tls-ca-file={lab.end['ca_file']} tls-ca-no-defaults tls-verify=strict
set smtp-use-starttls smtp-auth=plain from=alice@example.test
set mta=smtp://alice%40example.test:alice-secret@localhost:{lab.ports['submission']}
set sendwait quiet
""")
    environment = {"MAILRC": config}
    run(lab, "s-nail", "-:u", "-s", "from s-nail", "bob@example.test", stdin="typed in s-nail\n", env=environment)
    assert ids(lab, "bob@example.test", "from s-nail")
    box = f"imaps://bob%40example.test:bob-secret@localhost:{lab.ports['imaps']}/INBOX"
    out = run(lab, "s-nail", "-:u", "-#", "-R", "-f", box, env=environment, stdin="type /s-nail\nxit\n")
    assert "typed in s-nail" in out, out
    archive = box.replace("INBOX", "Archive")
    run(lab, "s-nail", "-:u", "-#", "-f", box, env=environment,
        stdin=f"flag /s-nail\ncopy /s-nail {archive}\ndelete /s-nail\nquit\n")
    assert not ids(lab, "bob@example.test", "from s-nail")
    with lab.imap("bob@example.test") as imap:
        imap.select("Archive")
        assert imap.search(None, "SUBJECT", '"from s-nail"')[1][0].split(), "copied"


class Terminal:
    """A program on a terminal that is answered as a person would: wait for words, then type."""

    def __init__(self, lab, *words, env: dict):
        master, slave = pty.openpty()
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, cwd=lab.folder, start_new_session=True,
                                        env=dict(os.environ, HOME=str(lab.folder), TERM="vt100", **env))
        os.close(slave)
        self.master, self.name, self.drawn = master, words[0], b""

    def wait(self, words: bytes, seconds: float = 20) -> None:
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


def alpine(lab):
    """Reads a message, saves it to another folder and expunges it."""
    mail = message("x@remote.test", "bob@example.test", subject="for alpine", body="words for alpine\n")
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    lab.fetch_by_id("bob@example.test", mail["Message-ID"])
    server = f"{{localhost:{lab.ports['imaps']}/ssl/user=bob@example.test}}"
    config = secret_file(lab, "pinerc", f"""inbox-path={server}INBOX
folder-collections=far {server}[]
feature-list=quit-without-confirm,expunge-without-confirm,expunge-without-confirm-everywhere,
    enable-incoming-folders
last-version-used=99.99
sort-key=Arrival/Reverse
""")
    screen = Terminal(lab, "alpine", "-p", config, "-i", env={"SSL_CERT_FILE": lab.end["ca_file"]})
    screen.wait(b"PASSWORD")
    screen.type("bob-secret\r")
    screen.wait(b"Preserve password")
    screen.type("n")
    screen.wait(b"for alpine")
    screen.type("\r")  # the newest comes first
    screen.wait(b"words for alpine")
    screen.type("s")
    screen.wait(b"SAVE")
    screen.type("\x15Archive\r")
    screen.wait(b"DEL")
    screen.type("q")
    screen.end()
    assert not ids(lab, "bob@example.test", "for alpine"), "expunged"
    with lab.imap("bob@example.test") as imap:
        imap.select("Archive")
        assert imap.search(None, "SUBJECT", '"for alpine"')[1][0].split(), "saved"


main(globals())
