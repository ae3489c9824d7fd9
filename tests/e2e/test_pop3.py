"""POP3 against running binaries: what RFC 1939 and 2449 promise, over TLS."""
import poplib
import socket

from harness import Lab, body_of, main, message, wait_for, wire

USER = "carol@other.test"


def pop(lab) -> poplib.POP3_SSL:
    return poplib.POP3_SSL("localhost", lab.ports["pop3s"], context=lab.tls, timeout=20)


def login(lab) -> poplib.POP3_SSL:
    session = pop(lab)
    session.user(USER)
    session.pass_(lab.password(USER))
    return session


def refusal(lab) -> str:
    session = pop(lab)
    session.user(USER)
    try:
        session.pass_(lab.password(USER))
    except poplib.error_proto as error:
        return error.args[0].decode()
    finally:
        session.close()
    return ""


def deliver(lab, subject: str):
    mail = message("x@remote.test", USER, subject=subject, body=".dot\nline\n..dots\n")
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    lab.fetch_by_id(USER, mail["Message-ID"])
    return mail


def test_one_session_and_its_end():
    with Lab() as lab:
        mails = [deliver(lab, f"number {number}") for number in range(3)]
        first = login(lab)
        assert refusal(lab).startswith("-ERR [IN-USE]")
        # IMAP is another matter (RFC 1939 says nothing of it), and so is another user.
        with lab.imap(USER) as imap:
            assert imap.select("INBOX")[1][0] == b"3"
        ids = first.uidl()[1]
        lines = first.retr(1)[1]
        assert b"\r\n".join(lines + [b""]).endswith(body_of(wire(mails[0]))), lines
        assert first.top(2, 1)[1][-1] == b".dot"
        first.dele(1)
        # A connection that breaks off deletes nothing and gives the maildrop back.
        first.sock.shutdown(socket.SHUT_RDWR)
        first.close()
        second = wait_for(lambda: refusal(lab) == "" and login(lab), what="the end of the broken session")
        assert second.uidl()[1] == ids, "unique ids stay"
        second.dele(1)
        second.dele(3)
        second.quit()
        third = login(lab)
        assert [line.split()[1] for line in third.uidl()[1]] == [ids[1].split()[1]]
        third.quit()


def test_capabilities_and_pipelining():
    with Lab() as lab:
        deliver(lab, "only")
        session = pop(lab)
        capabilities = session.capa()
        for name in ("TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8", "USER", "SASL", "EXPIRE", "LOGIN-DELAY",
                     "IMPLEMENTATION"):
            assert name in capabilities, (name, capabilities)
        assert "STLS" not in capabilities and capabilities["EXPIRE"] == ["NEVER"], capabilities
        session.sock.sendall(f"USER {USER}\r\nPASS {lab.password(USER)}\r\nSTAT\r\nNOOP\r\nDELE 1\r\nRSET\r\nQUIT\r\n".encode())
        answers = [session.file.readline() for _ in range(7)]
        assert all(a.startswith(b"+OK") for a in answers) and answers[2].startswith(b"+OK 1 "), answers
        with lab.imap(USER) as imap:
            assert imap.select("INBOX")[1][0] == b"1"


if __name__ == "__main__":
    main(globals())
