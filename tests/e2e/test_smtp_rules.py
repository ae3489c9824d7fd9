"""What ingress refuses and how it says so, on the running binary."""
import smtplib

from harness import Lab, main, message, wait_for, wire

OVERLAY = {"ingress": {"max_message_bytes": 100000, "max_recipients": 5, "max_hops": 10}}


def count(lab, user):
    with lab.imap(user) as imap:
        return int(imap.select("INBOX")[1][0])


def test_rules():
    with Lab(overlay=OVERLAY) as lab:
        telnet(lab)
        recipients(lab)
        smuggling(lab)
        submission(lab)
        limits(lab)
        lmtp(lab)


def telnet(lab):
    """A person typing."""
    with lab.raw("smtp") as s:
        assert s.reply().startswith("220 mail.example.test ")
        ehlo = s.ask("ehlo me")
        for word in ("PIPELINING", "SIZE 100000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "STARTTLS", "CHUNKING", "DSN", "LIMITS"):
            assert word in ehlo, (word, ehlo)
        assert "AUTH" not in ehlo
        assert s.ask("mail from: <me@remote.test>").startswith("250")
        assert s.ask("rcpt to: <bob@example.test>").startswith("250")
        assert s.ask("data").startswith("354")
        accepted = s.ask("Subject: hi\r\n\r\nhello\r\n.")
        assert accepted.startswith("250 2.0.0 "), accepted
        mail_id = next(word for word in accepted.split() if word.count("-") == 4)
        trace = lab.cli("message", "trace", mail_id)
        assert "stored" in trace and "bob@example.test" in trace, trace
        assert s.ask("quit").startswith("221")


def recipients(lab):
    with lab.raw("smtp") as s:
        s.reply()
        assert s.ask("RCPT TO:<bob@example.test>").startswith("503 5.5.1")
        s.ask("EHLO x")
        assert s.ask("MAIL FROM:<a@remote.test>").startswith("250")
        assert s.ask("RCPT TO:<nobody@example.test>").startswith("550 5.1.1")
        for relay in ("x@remote.test", "x%remote.test@remote2.test", '"x@remote.test"@remote.test'):
            assert s.ask(f"RCPT TO:<{relay}>").startswith("550 5.7.1"), relay
        assert s.ask("RCPT TO:<@example.test:x@remote.test>").startswith("5")
        assert s.ask("RCPT TO:<bob+lists@example.test>").startswith("250")
        assert s.ask("DATA").startswith("354")
        assert s.ask("Subject: plus\r\n\r\n.").startswith("250")
        assert s.ask("VRFY bob").startswith("252")
        assert s.ask("EXPN bob").startswith("502")
        assert s.ask("NONSENSE").startswith("500")
        s.ask("MAIL FROM:<a@remote.test>")
        assert s.ask("RCPT TO:<Nobody@example.test>").startswith("550 5.1.1")
    # "I sent you a mail": what was refused is found by address, once the session is over.
    wait_for(lambda: lab.cli("message", "trace", "--address", "nobody@example.test").count("550 5.1.1 no such user") == 2,
             10, "the refusals in the history")


def smuggling(lab):
    before = count(lab, "bob@example.test")
    for end in (b"\n.\n", b"\n.\r", b"\r.\n", b"\r.\r", b"\n.\r\n", b"\r.\r\n", b"\r\n\0.\r\n"):
        with lab.raw("smtp") as s:
            s.reply()
            s.ask("EHLO x")
            s.ask("MAIL FROM:<a@remote.test>")
            s.ask("RCPT TO:<bob@example.test>")
            assert s.ask("DATA").startswith("354")
            inner = b"MAIL FROM:<evil@remote.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
            s.send(b"Subject: outer\r\n\r\nbody" + end + inner + b"\r\n.\r\n")
            assert s.reply().startswith("550 5.5.2"), end
            assert s.ask("NOOP").startswith("250"), "in step"
    assert count(lab, "bob@example.test") == before
    # STARTTLS with something behind it in the clear: the connection ends.
    with lab.raw("submission") as s:
        s.reply()
        s.ask("EHLO x")
        s.send(b"STARTTLS\r\nNOOP\r\n")
        assert s.reply().startswith("554 5.5.0")
        assert s.reply() == ""


def submission(lab):
    with lab.raw("submission") as s:
        s.reply()
        assert "AUTH" not in s.ask("EHLO x")
        assert s.ask("AUTH PLAIN AGEAYg==").startswith("530 5.7.0")
        assert s.ask("MAIL FROM:<alice@example.test>").startswith("530")
    with lab.submission("alice@example.test") as smtp:
        code, text = smtp.docmd("MAIL FROM:<bob@example.test>")
        assert code == 550 and b"5.7.1" in text, text
        smtp.docmd("RSET")
        mail = message("alice@example.test", "bob@example.test")
        del mail["Date"], mail["Message-ID"]
        mail["Bcc"] = "carol@other.test"
        mail["X-Mark"] = "submitted"
        smtp.sendmail("alice@example.test", ["bob@example.test", "carol@other.test"], wire(mail))
        forged = message("bob@example.test", "bob@example.test")
        try:
            smtp.sendmail("alice@example.test", ["bob@example.test"], wire(forged))
        except smtplib.SMTPDataError as error:
            assert error.smtp_code == 550, error
        else:
            raise AssertionError("a foreign From went through")
    for user in ("bob@example.test", "carol@other.test"):
        with lab.imap(user) as imap:
            imap.select("INBOX")
            found = imap.search(None, "HEADER", "X-Mark", "submitted")[1][0].split()
            assert len(found) == 1, (user, found)
            raw = imap.fetch(found[0], "(BODY.PEEK[HEADER])")[1][0][1].decode()
            assert "\r\nDate: " in raw and "\r\nMessage-ID: <" in raw and "Bcc" not in raw, raw


def limits(lab):
    with lab.raw("smtp") as s:
        s.reply()
        s.ask("EHLO x")
        assert s.ask("MAIL FROM:<a@remote.test> SIZE=200000").startswith("552 5.3.4")
        s.ask("MAIL FROM:<a@remote.test>")
        for _ in range(5):
            assert s.ask("RCPT TO:<bob@example.test>").startswith("250")
        assert s.ask("RCPT TO:<carol@other.test>").startswith("452 4.5.3")
        s.ask("DATA")
        s.send(b"Subject: big\r\n\r\n" + b"x" * 76 + (b"\r\n" + b"y" * 76) * 2000 + b"\r\n.\r\n")
        assert s.reply().startswith("552 5.3.4")
    with lab.raw("smtp") as s:
        s.reply()
        s.ask("EHLO x")
        s.ask("MAIL FROM:<a@remote.test>")
        s.ask("RCPT TO:<bob@example.test>")
        s.ask("DATA")
        assert s.ask("Received: x\r\n" * 12 + "\r\nloop\r\n.").startswith("554 5.4.6")
        assert s.ask("X" * 5000).startswith("500")


def lmtp(lab):
    with lab.raw("lmtp") as s:
        s.reply()
        assert s.ask("LHLO x").startswith("250")
        s.ask("MAIL FROM:<a@remote.test>")
        assert s.ask("RCPT TO:<bob@example.test>").startswith("250")
        assert s.ask("RCPT TO:<nobody@example.test>").startswith("550")
        assert s.ask("RCPT TO:<carol@other.test>").startswith("250")
        s.ask("DATA")
        s.send(b"Subject: lmtp\r\n\r\nx\r\n.\r\n")
        assert s.reply().startswith("250") and s.reply().startswith("250")


main(globals())
