"""The first mail, in one process and in eight: submission with TLS in, IMAP out, visible well under a second."""
import time

from harness import Lab, body_of, main, message


def exchange(mode: str) -> None:
    with Lab(mode) as lab:
        mail = message("alice@example.test", "bob@example.test", body="gr\u00fc\u00df dich\n.leading dot\n")
        with lab.submission("alice@example.test") as smtp:
            smtp.send_message(mail)
            begin = time.monotonic()
        raw = lab.fetch_by_id("bob@example.test", mail["Message-ID"])
        assert time.monotonic() - begin < 1.5, "delivery was slow"
        assert body_of(raw) == mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")).split(b"\r\n\r\n", 1)[1]
        head = raw.split(b"\r\n\r\n", 1)[0].decode()
        assert head.startswith("Return-Path: <alice@example.test>\r\n"), head
        assert "Received: from client.test" in head and "with ESMTPSA" in head, head
        status = lab.cli("status")
        assert "ready" in status and "unreachable" not in status, status


def test_standalone():
    exchange("standalone")


def test_services_over_mutual_tls():
    exchange("services")


main(globals())
