"""A real Postfix as the other side: mail goes to it and comes from it, and is compared byte by byte."""
import email
import pathlib
import re
import shutil
import smtplib
import tempfile

from harness import Lab, body_of, main, message, wait_for
from local.platform import free_port
from postfix import Postfix

BODIES = ["plain\n", ".\n..\n.x\n", "x" * 990 + "\n", "gr\u00fc\u00df \u2709\n", "\n\n\n", "no end of line", "tab\t \ttrailing  \n" * 50,
          "line\n" * 20000]


def test_both_ways():
    # Each side needs the other's port before it starts.
    smtp_port = free_port()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-postfix-"))
    folder.chmod(0o755)
    postfix = Postfix(folder, ["postfix.test"], ("127.0.0.1", smtp_port))
    overlay = {"ingress": {"smtp": f"127.0.0.1:{smtp_port}"}}
    postfix.start()
    try:
        overlay["relay"] = {"routes": [{"domain": "postfix.test", "kind": "smtp", "host": f"127.0.0.1:{postfix.port}"}],
                            "retry_seconds": [1]}
        with Lab(overlay=overlay) as lab:
            try:
                outbound(lab, postfix)
                inbound(lab, postfix)
                bounce(lab, postfix)
            except BaseException:
                print(postfix.log())
                raise
    finally:
        postfix.stop()
        shutil.rmtree(folder, ignore_errors=True)


def stored(postfix, message_id):
    return next((m for m in postfix.messages() if message_id.encode() in m), None)


def outbound(lab, postfix):
    for number, body in enumerate(BODIES):
        mail = message("alice@example.test", "peer@postfix.test", f"out {number}", body)
        data = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
        with lab.submission("alice@example.test") as smtp:
            smtp.sendmail("alice@example.test", ["peer@postfix.test", "bob@example.test"], data, mail_options=["BODY=8BITMIME"])
        arrived = wait_for(lambda: stored(postfix, mail["Message-ID"]), 30, f"message {number} at Postfix")
        # Postfix stores with LF.
        assert body_of(arrived.replace(b"\n", b"\r\n")).rstrip(b"\r\n") == body_of(data).rstrip(b"\r\n"), number
        signatures = email.message_from_bytes(arrived).get_all("DKIM-Signature")
        assert signatures and any("d=example.test" in s for s in signatures), arrived[:2000]
        assert body_of(lab.fetch_by_id("bob@example.test", mail["Message-ID"])) == body_of(data), number


def inbound(lab, postfix):
    for number, body in enumerate(BODIES):
        mail = message("peer@postfix.test", "bob@example.test", f"in {number}", body)
        data = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as smtp:
            smtp.sendmail("peer@postfix.test", ["bob@example.test"], data)
        raw = lab.fetch_by_id("bob@example.test", mail["Message-ID"], seconds=30)
        assert body_of(raw).rstrip(b"\r\n") == body_of(data).rstrip(b"\r\n"), number
        assert re.search(rb"Received: from postfix\.test", raw)


def bounce(lab, postfix):
    """A refusal of the other side comes back as one DSN; an unknown user here makes Postfix write one."""
    mail = message("alice@example.test", "peer@nowhere.postfix.test", "bounces")
    with lab.submission("alice@example.test") as smtp:
        smtp.sendmail("alice@example.test", ["toolong" + "x" * 50 + "@postfix.test"],
                      mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))
    wait_for(lambda: stored(postfix, mail["Message-ID"]), 30, "a valid odd address")
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as smtp:
        smtp.sendmail("peer@postfix.test", ["nobody@example.test"], message("peer@postfix.test", "nobody@example.test", "to nobody").as_bytes())
    wait_for(lambda: any(b"5.1.1" in m and b"nobody@example.test" in m for m in postfix.messages()), 30, "the bounce by Postfix")


main(globals())
