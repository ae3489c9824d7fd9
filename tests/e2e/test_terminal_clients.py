"""Debian's clients for a terminal against the running binaries, TLS on: mutt, s-nail and alpine, driven as a person would."""
import pathlib

from clients import Terminal, ids, on_terminal, run, secret_file
from harness import Lab, body_of, main, message, wire

ALICE, BOB = "alice@example.test", "bob@example.test"


def test_terminal_clients():
    with Lab() as lab:
        for client in (mutt, snail, alpine):
            client(lab)
            print(f"    {client.__name__}", flush=True)


def deliver(lab, user: str, subject: str, body: str):
    mail = message("x@remote.test", user, subject=subject, body=body)
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    return mail, lab.fetch_by_id(user, mail["Message-ID"])


def flags_of(lab, user: str, folder: str, subject: str):
    """None where there is no such message."""
    with lab.imap(user) as imap:
        imap.select(folder)
        found = imap.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
        return imap.fetch(found[0], "(FLAGS)")[1][0].decode() if found else None


def local_lines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def mutt(lab):
    """Sends by SMTP and files a copy; searches on the server, flags, writes the bytes out, saves and deletes, all by IMAP."""
    common = f"""set ssl_ca_certificates_file={lab.end['ca_file']}
set ssl_starttls=yes
set ssl_force_tls=yes
set certificate_file={lab.end['ca_file']}
set from={ALICE}
set realname=Alice
set smtp_url=smtp://{ALICE}@localhost:{lab.ports['submission']}/
set smtp_pass={lab.password(ALICE)}
set imap_user={ALICE}
set imap_pass={lab.password(ALICE)}
set imap_qresync=yes imap_deflate=yes
set header_cache={lab.folder}/mutt-cache
set folder=imaps://localhost:{lab.ports['imaps']}/
set spoolfile=+INBOX
set record=+Sent
set copy=yes
set move=no
set quit=yes
set confirmappend=no
set delete=yes
set wait_key=no pipe_decode=no
"""
    run(lab, "mutt", "-F", secret_file(lab, "muttrc", common), "-s", "from mutt", BOB, stdin="typed in mutt\n")
    assert ids(lab, BOB, "from mutt") and flags_of(lab, ALICE, "Sent", "from mutt")
    deliver(lab, ALICE, "mutt saves", "nothing special\n")
    _, raw = deliver(lab, ALICE, "mutt searches", "a surprise \u00fc\n.\n..\n")
    deliver(lab, ALICE, "mutt deletes", "nothing special\n")
    for visit in range(2):  # the second with QRESYNC
        out = lab.folder / f"mutt-{visit}"
        keys = f"<limit>=b surprise<enter><flag-message><pipe-message>cat > {out}<enter><limit>all<enter>"
        if visit:
            keys += ("<search>~s 'mutt saves'<enter><save-message>=Archive<enter>"
                     "<search>~s 'mutt deletes'<enter><delete-message>")
        config = secret_file(lab, f"muttrc-{visit}", common + f'push "{keys}<sync-mailbox><quit>"\n')
        on_terminal(lab, "mutt", "-F", config)
        assert local_lines(raw) == out.read_bytes(), "byte for byte"
        # It marks what is marked already: the second visit takes the mark away.
        assert ("\\Flagged" in flags_of(lab, ALICE, "INBOX", "mutt searches")) == (visit == 0)
    assert flags_of(lab, ALICE, "Archive", "mutt saves") and not flags_of(lab, ALICE, "INBOX", "mutt saves")
    assert not flags_of(lab, ALICE, "INBOX", "mutt deletes")


def snail(lab):
    """Sends by SMTP with STARTTLS, then searches, reads, flags, copies, moves and deletes by IMAP."""
    config = secret_file(lab, "mailrc", f"""set v15-compat
set tls-ca-file={lab.end['ca_file']} tls-ca-no-defaults tls-verify=strict
set smtp-use-starttls smtp-auth=plain from={ALICE}
set mta=smtp://alice%40example.test:{lab.password(ALICE)}@localhost:{lab.ports['submission']}
set sendwait quiet
""")
    environment = {"MAILRC": config}
    run(lab, "s-nail", "-:u", "-s", "from s-nail", BOB, stdin="typed in s-nail\n", env=environment)
    assert ids(lab, BOB, "from s-nail")
    mail, _ = deliver(lab, BOB, "s-nail moves", "a surprise\n..\n")
    box = f"imaps://bob%40example.test:{lab.password(BOB)}@localhost:{lab.ports['imaps']}/INBOX"
    saved = lab.folder / "s-nail.mbox"
    out = run(lab, "s-nail", "-:u", "-#", "-R", "-f", box, env=environment,
              stdin=f"""type '(body "typed in s-nail")'\nfrom '(body "surprise")'\ncopy '(body "surprise")' {saved}\nxit\n""")
    assert "typed in s-nail" in out and out.count("s-nail moves") == 1, out
    assert local_lines(body_of(wire(mail))) in saved.read_bytes(), saved.read_bytes()
    archive = box.replace("INBOX", "Archive")
    run(lab, "s-nail", "-:u", "-#", "-f", box, env=environment,
        stdin=f"flag /from s-nail\ncopy /from s-nail {archive}\ndelete /from s-nail\nflag /s-nail moves\nmove /s-nail moves {archive}\nquit\n")
    for subject in ("from s-nail", "s-nail moves"):
        assert not ids(lab, BOB, subject) and flags_of(lab, BOB, "Archive", subject), subject


def alpine(lab):
    """Sends, searches on the server, flags, reads, exports, saves to another folder, deletes and expunges."""
    mail, _ = deliver(lab, BOB, "for alpine", "words for alpine\n..\n")
    deliver(lab, BOB, "alpine deletes", "away with this\n")
    server = f"{{localhost:{lab.ports['imaps']}/ssl/user={BOB}}}"
    config = secret_file(lab, "pinerc", f"""inbox-path={server}INBOX
folder-collections=far {server}[]
smtp-server=localhost:{lab.ports['submissions']}/ssl/user={BOB}
user-domain=example.test
customized-hdrs=From: Bob <{BOB}>
feature-list=quit-without-confirm,expunge-without-confirm,expunge-without-confirm-everywhere,
    enable-incoming-folders,enable-flag-cmd,enable-aggregate-command-set
last-version-used=99.99
sort-key=Arrival/Reverse
""")
    screen = Terminal(lab, "alpine", "-p", config, "-i", env={"SSL_CERT_FILE": lab.end["ca_file"]})
    screen.wait(b"PASSWORD")
    screen.type(f"{lab.password(BOB)}\r")
    screen.wait(b"Preserve password")
    screen.type("n")
    screen.wait(b"alpine deletes")
    screen.type("d")  # the newest comes first
    screen.wait(b"Message 1")
    screen.type(";ta")  # select, by text, in all of it: IMAP SEARCH
    screen.wait(b"TEXT")
    screen.type("words for alpine\r")
    screen.wait(b"matched 1 message")
    screen.type("\r")  # the list shows that one alone
    screen.wait(b"words for alpine")
    screen.type("s")
    screen.wait(b"SAVE")
    screen.type("\x15Archive\r")
    screen.wait(b"DEL")
    screen.type("q")
    screen.end()
    for subject in ("for alpine", "alpine deletes"):
        assert not ids(lab, BOB, subject), "expunged"
    assert flags_of(lab, BOB, "Archive", "for alpine"), "saved"
    assert not flags_of(lab, BOB, "Archive", "alpine deletes")


if __name__ == "__main__":
    main(globals())
