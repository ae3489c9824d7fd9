"""The outside world: an SMTP server that takes mail for remote.test and writes down what it did with it.

What it does stands in the address (load.py): ok-, late- (451 the first time), bounce- (550), drop- (takes it the first time
and hangs up instead of a 250), slow- (two seconds before the 250).
"""
import hashlib
import re
import socket
import threading
import time

from journal import Journal


class Outside:
    def __init__(self, stage: dict, listener: socket.socket):
        self.listener = listener
        self.journal = Journal(stage["journal"], "sink")
        self.stall = stage.get("stall", 0)  # seconds before each answer to RCPT
        self.once, self.lock = set(), threading.Lock()

    def _first(self, what: tuple) -> bool:
        with self.lock:
            known = what in self.once
            self.once.add(what)
            return not known

    def serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self._session, args=(connection,), daemon=True).start()

    def _session(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as lines:
                connection.settimeout(300)
                self._talk(connection, lines)
        except OSError:
            pass

    def _talk(self, connection, lines) -> None:
        def say(reply: str) -> None:
            connection.sendall(reply.encode() + b"\r\n")

        say("220 sink.test ESMTP")
        helo, recipients = "", []
        while line := lines.readline():
            text = line.decode(errors="replace").rstrip("\r\n")
            verb = text[:4].upper()
            if verb in ("EHLO", "HELO"):
                helo = text[5:]
                say("250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 100000000")
            elif verb == "RCPT":
                address = text[text.index("<") + 1:text.index(">")]
                time.sleep(self.stall)
                if address.startswith("bounce-"):
                    say("550 5.1.1 no such user")
                elif address.startswith("late-") and self._first(("late", address)):
                    say("451 4.2.0 come again")
                else:
                    recipients.append(address)
                    say("250 2.1.5 ok")
            elif verb == "DATA":
                if not recipients:
                    say("554 5.5.1 no valid recipients")
                    continue
                say("354 go on")
                content = self._content(lines)
                if content is None or not self._take(content, recipients, helo):
                    return
                recipients = []
                say("250 2.0.0 kept")
            elif verb == "QUIT":
                say("221 2.0.0 bye")
                return
            else:
                recipients = [] if verb in ("MAIL", "RSET") else recipients
                say("250 2.0.0 ok")

    def _content(self, lines) -> bytes:
        content = []
        while (line := lines.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                return None
            content.append(line[1:] if line.startswith(b".") else line)
        return b"".join(content)

    def _take(self, content: bytes, recipients: list, helo: str) -> bool:
        """Whether a 250 follows."""
        head, _, body = content.partition(b"\r\n\r\n")
        key = re.search(rb"(?mi)^Message-ID: <([^@>]+)@", head)
        mail_id = re.search(rb"\bid ([0-9a-f-]{36})\b", head)
        drops = any(r.startswith("drop-") for r in recipients) and self._first(("drop", tuple(recipients)))
        if any(r.startswith("slow-") for r in recipients):
            time.sleep(2)
        for recipient in recipients:
            self.journal.write("sink", id=key[1].decode() if key else "", to=recipient, helo=helo,
                               mail_id=mail_id[1].decode() if mail_id else "", what="drop" if drops else "250",
                               sha=hashlib.sha256(body).hexdigest())
        return not drops


def run(stage: dict, listener: socket.socket) -> None:
    Outside(stage, listener).serve()
