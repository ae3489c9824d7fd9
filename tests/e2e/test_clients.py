"""Real clients from Debian against the running binaries, TLS on: those that run and end by themselves."""
import pathlib
import subprocess

from clients import ids, run, secret_file
from harness import Lab, body_of, main, message, wire

BODY = "line one\n.dotted\nlast line \u00e4\u00f6\u00fc\n"


def test_clients():
    with Lab() as lab:
        for client in (swaks, curl, msmtp, mbsync, fetchmail, offlineimap, getmail):
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
    imap = lambda command, box="INBOX": run(lab, "curl", *tls, "bob@example.test:bob-secret", f"imaps://localhost:{lab.ports['imaps']}/{box}",
                                            "--request", command)
    search = lambda what, box="INBOX": imap(f"SEARCH {what}", box).split()[2:]
    assert uid in search("SUBJECT curl") and search("SUBJECT nothing") == [], search("SUBJECT curl")
    assert "\\Flagged" in imap(f"STORE {uid} +FLAGS (\\Flagged)")
    # By curl's own upload into a folder, a move from there, and away.
    run(lab, "curl", *tls, "bob@example.test:bob-secret", "--upload-file", path, f"imaps://localhost:{lab.ports['imaps']}/Drafts")
    imap("MOVE 1 Archive", "Drafts")
    got = subprocess.run(["curl", *tls, "bob@example.test:bob-secret", f"imaps://localhost:{lab.ports['imaps']}/Archive;MAILINDEX=1"],
                         capture_output=True, timeout=60)
    assert got.stdout == data and search("ALL", "Drafts") == [], got
    imap("STORE 1 +FLAGS.SILENT (\\Deleted)", "Archive")
    imap("EXPUNGE", "Archive")
    assert search("ALL", "Archive") == []


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


main(globals())
