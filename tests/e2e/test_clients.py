"""Real clients from Debian against the running binaries, TLS on."""
import os
import pathlib
import subprocess

from harness import Lab, body_of, main, message, wait_for

BODY = "line one\n.dotted\nlast line \u00e4\u00f6\u00fc\n"


def run(lab, *words, stdin: str = "", env: dict = None) -> str:
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=90, cwd=lab.folder,
                          env=dict(os.environ, HOME=str(lab.folder), **(env or {})))
    assert done.returncode == 0, f"{words[0]}: code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


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
        for client in (swaks, curl, msmtp, mbsync, mutt, fetchmail):
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
    data = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
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
    run(lab, "mutt", "-F", config, "-e", 'push "<tag-pattern>~s mutt<enter><tag-prefix><save-message>=Archive<enter><sync-mailbox><quit>"',
        env={"TERM": "xterm"})
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


main(globals())
