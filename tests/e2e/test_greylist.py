"""Greylisting on the running binary: a stranger comes twice, then others of his network at once."""
import time

from harness import Lab, main, message, wire


def attempt(lab, sender: str):
    """The reply to RCPT; the mail is sent where it is good."""
    with lab.smtp() as smtp:
        smtp.ehlo("mail.remote.test")
        smtp.mail(sender)
        code, text = smtp.rcpt("bob@example.test")
        if code == 250:
            mail = message(sender, "bob@example.test", f"from {sender}")
            assert smtp.data(wire(mail))[0] == 250
            assert b"hello" in lab.fetch_by_id("bob@example.test", mail["Message-ID"])
        return code, text.decode()


def test_greylisting():
    overlay = {"filter": {"greylisting": True, "greylist_delay_seconds": 3, "greylist_retry_seconds": 60, "greylist_allow_after": 2}}
    with Lab(overlay=overlay) as lab:
        for sender in ("ann@remote.test", "joe@remote.test"):
            code, text = attempt(lab, sender)
            assert code == 450 and text.startswith("4.7.1 greylisted, try again in "), (code, text)
            code, text = attempt(lab, sender)
            assert code == 450, (code, text)  # too early
        time.sleep(4)
        for sender in ("ann@remote.test", "joe@remote.test", "ann@remote.test"):
            assert attempt(lab, sender)[0] == 250, sender
        assert attempt(lab, "kim@remote.test")[0] == 250  # the network is known by now


main(globals())
