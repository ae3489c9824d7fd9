"""An SMTP server for scenarios: keeps what it is given, byte by byte, and misbehaves when told to."""
import dataclasses
import select
import socket
import threading
import time


@dataclasses.dataclass
class Mail:
    helo: str
    sender: str
    recipients: list
    data: bytes  # dots unstuffed, CRLF line ends
    parameters: str = ""  # of MAIL FROM

    def header(self, name: str) -> list:
        """Values of all fields of that name, unfolded."""
        head = self.data.split(b"\r\n\r\n", 1)[0].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").decode(errors="replace")
        return [line.partition(":")[2].strip() for line in head.split("\r\n") if line.lower().startswith(name.lower() + ":")]


class Sink:
    """with Sink() as sink: ... sink.mails

    script[stage] holds the answers still to give, first one first, for the stages connect, helo, mail, rcpt, data and dot: a
    reply line, or "drop" to end the connection. Where it is empty the answer is 250, 354 or 220. always[stage] is for
    every time. `delay` seconds pass before the answer to the dot; who is gone by then has not delivered (`lost`).
    """

    def __init__(self, address: str = "127.0.0.1", port: int = 0):
        self.mails, self.lost, self.connections, self.commands = [], [], 0, []
        self.script, self.always, self.delay = {}, {}, 0.0
        self._lock, self._open = threading.Lock(), set()
        self._listener = socket.create_server((address, port))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """Nothing listens any more, nobody is connected."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self._thread.join(10)
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def to(self, recipient: str) -> list:
        with self._lock:
            return [mail for mail in self.mails if recipient in mail.recipients]

    def with_id(self, message_id: str) -> list:
        with self._lock:
            return [mail for mail in self.mails if message_id in mail.header("Message-ID")]

    def _answer(self, stage: str, usual: str) -> str:
        with self._lock:
            waiting = self.script.get(stage)
            return waiting.pop(0) if waiting else self.always.get(stage, usual)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as lines:
                connection.settimeout(60)
                self._talk(connection, lines)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(connection)

    def _talk(self, connection, lines) -> None:
        def say(stage: str, usual: str) -> str:
            """The first digit of the answer; empty once the connection is to end."""
            answer = self._answer(stage, usual)
            if answer == "drop":
                return ""
            connection.sendall(answer.encode() + b"\r\n")
            return answer[0]

        if say("connect", "220 sink.test ESMTP") != "2":
            return
        mail, helo = None, ""
        while line := lines.readline():
            text = line.decode(errors="replace").rstrip("\r\n")
            with self._lock:
                self.commands.append(text)
            verb = text.upper().split(" ")[0]
            digit = "2"
            if verb in ("EHLO", "HELO"):
                helo = text.partition(" ")[2]
                digit = say("helo", "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 100000000")
            elif verb == "MAIL":
                address, _, parameters = text[text.index("<") + 1:].partition(">")
                digit = say("mail", "250 2.1.0 ok")
                mail = Mail(helo, address, [], b"", parameters.strip()) if digit == "2" else None
            elif verb == "RCPT":
                digit = say("rcpt", "250 2.1.5 ok")
                if digit == "2" and mail:
                    mail.recipients.append(text[text.index("<") + 1:text.index(">")])
            elif verb == "DATA":
                if mail is None or not mail.recipients:
                    connection.sendall(b"554 5.5.1 no valid recipients\r\n")
                    continue
                digit = say("data", "354 go on")
                if digit == "3":
                    if not self._take(connection, lines, mail):
                        return
                    mail = None
            elif verb == "RSET":
                mail = None
                connection.sendall(b"250 2.0.0 ok\r\n")
            elif verb == "NOOP":
                connection.sendall(b"250 2.0.0 ok\r\n")
            elif verb == "QUIT":
                connection.sendall(b"221 2.0.0 bye\r\n")
                return
            else:
                connection.sendall(b"500 5.5.1 unknown\r\n")
            if digit == "":
                return

    def _take(self, connection, lines, mail: Mail) -> bool:
        """The content and the answer to its dot; False at the end of the connection."""
        content = []
        while (line := lines.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                return False
            content.append(line[1:] if line.startswith(b".") else line)
        mail.data = b"".join(content)
        answer = self._answer("dot", "250 2.0.0 kept")
        deadline = time.monotonic() + self.delay
        gone = answer == "drop"
        while not gone and (left := deadline - time.monotonic()) > 0:
            # Readable without a command is the end: a client waits for this answer.
            if select.select([connection], [], [], left)[0]:
                gone = not connection.recv(1, socket.MSG_PEEK)
                if not gone:
                    time.sleep(0.05)
        with self._lock:
            (self.lost if gone else self.mails if answer[0] == "2" else []).append(mail)
        if gone:
            return False
        connection.sendall(answer.encode() + b"\r\n")
        return True
