"""The two clients of the run, with next to no work on their side: SMTP (or LMTP), pipelined, and IMAP over TLS."""
import base64
import re
import socket
import ssl

# Reading the system's authorities takes longer than a login.
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TLS.check_hostname, TLS.verify_mode = False, ssl.CERT_NONE
TIMEOUT = 90


class Refused(Exception):
    """A whole answer that is not the one asked for: `code` 451, or "NO" and "BAD"."""

    def __init__(self, stage: str, code, text: str):
        super().__init__(f"{stage}: {text}")
        self.stage, self.code, self.text = stage, code, text


class Lost(Exception):
    """The connection went, or nothing came for long: nobody knows what happened to the last command."""


class Stream:
    def __init__(self, port: int, tls: bool):
        self.buffer = b""
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                self.secure()
        except OSError as error:
            raise Lost(str(error)) from None

    def secure(self) -> None:
        try:
            self.socket = TLS.wrap_socket(self.socket)
        except OSError as error:
            raise Lost(str(error)) from None

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Lost(str(error)) from None

    def _more(self) -> None:
        try:
            piece = self.socket.recv(1 << 17)
        except OSError as error:
            raise Lost(str(error)) from None
        if not piece:
            raise Lost("closed by the server")
        self.buffer += piece

    def line(self) -> bytes:
        while (end := self.buffer.find(b"\r\n")) < 0:
            self._more()
        line, self.buffer = self.buffer[:end], self.buffer[end + 2:]
        return line

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def close(self) -> None:
        self.socket.close()


class Smtp:
    def __init__(self, port: int, lmtp: bool = False, login: tuple = None):
        self.stream = Stream(port, tls=False)
        self.lmtp = lmtp
        hello = "LHLO load.test" if lmtp else "EHLO load.test"
        self._expect("connect", "220")
        self.ask("hello", hello)
        if login:
            self.ask("starttls", "STARTTLS")
            self.stream.secure()
            self.ask("hello", hello)
            token = base64.b64encode(f"\0{login[0]}\0{login[1]}".encode()).decode()
            self.ask("auth", "AUTH PLAIN " + token, "235")

    def _reply(self) -> str:
        lines = []
        while True:
            line = self.stream.line().decode(errors="replace")
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)

    def _expect(self, stage: str, good: str) -> str:
        reply = self._reply()
        if not reply.startswith(good):
            raise Refused(stage, int(reply[:3]), reply)
        return reply

    def ask(self, stage: str, command: str, good: str = "2") -> str:
        self.stream.send(command.encode() + b"\r\n")
        return self._expect(stage, good)

    def deliver(self, sender: str, recipients: list, content: bytes) -> list:
        """Whether each recipient was acknowledged (all the same but for LMTP); Refused before anything was sent."""
        commands = [f"MAIL FROM:<{sender}>"] + [f"RCPT TO:<{r}>" for r in recipients] + ["DATA"]
        self.stream.send("".join(c + "\r\n" for c in commands).encode())
        replies = [self._reply() for _ in commands]
        for command, reply in zip(commands, replies):
            if reply[:1] not in "23":
                # DATA may have been taken for the recipients that are good: the connection's end takes nothing.
                raise Refused(command.split(" ")[0], int(reply[:3]), reply)
        self.stream.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
        answers = [self._reply() for _ in range(len(recipients) if self.lmtp else 1)]
        if not any(a.startswith("2") for a in answers):
            raise Refused("dot", int(answers[0][:3]), answers[0])
        return [a.startswith("2") for a in answers] if self.lmtp else [True] * len(recipients)

    def close(self) -> None:
        self.stream.close()


class Imap:
    def __init__(self, port: int, user: str, password: str):
        self.stream = Stream(port, tls=True)
        self.number = 0
        self.stream.line()
        self.ask(f'LOGIN "{user}" "{password}"')

    def ask(self, command: str, literal: bytes = None) -> list:
        """The untagged answers, each as [line, literal, line, ...], and the tagged one at the end as a string."""
        self.number += 1
        tag = f"a{self.number}"
        wire = f"{tag} {command}".encode()
        wire += b"\r\n" if literal is None else b" {%d+}\r\n%s\r\n" % (len(literal), literal)
        self.stream.send(wire)
        answers = []
        while True:
            parts = [self.stream.line()]
            while parts[-1].endswith(b"}") and (size := re.search(rb"\{(\d+)\}$", parts[-1])):
                parts.append(self.stream.exactly(int(size[1])))
                parts.append(self.stream.line())
            if parts[0].startswith(tag.encode() + b" "):
                text = parts[0].decode(errors="replace").partition(" ")[2]
                if not text.startswith("OK"):
                    raise Refused(command.split(" ")[0], text.split(" ")[0], text)
                return answers + [text]
            if parts[0].startswith(b"* BYE") and not command.startswith("LOGOUT"):
                raise Lost(parts[0].decode(errors="replace"))
            answers.append(parts)

    def append(self, folder: str, content: bytes) -> int:
        """The UID."""
        return int(re.search(r"APPENDUID \d+ (\d+)", self.ask(f"APPEND {folder}", content)[-1])[1])

    def select(self, folder: str, command: str = "SELECT") -> tuple:
        """(UIDVALIDITY, EXISTS)."""
        answers = self.ask(f"{command} {folder}")
        text = b"\n".join(a[0] for a in answers[:-1])
        return int(re.search(rb"UIDVALIDITY (\d+)", text)[1]), int(re.search(rb"(\d+) EXISTS", text)[1])

    def uids(self) -> list:
        """All of the selected folder, as ranges [(first, last), ...] in ascending order."""
        for parts in self.ask("UID SEARCH RETURN (ALL) ALL")[:-1]:
            if parts[0].startswith(b"* ESEARCH"):
                found = re.search(rb" ALL ([\d:,]+)", parts[0])
                return sorted(span(s) for s in found[1].decode().split(",")) if found else []
        return []

    def folders(self) -> list:
        lines = [a[0].decode() for a in self.ask('LIST "" "*"')[:-1]]
        return [line.rsplit(" ", 1)[1].strip('"') for line in lines if "\\Noselect" not in line]

    def close(self) -> None:
        self.stream.close()


def span(text: str) -> tuple:
    first, _, last = text.partition(":")
    a, b = int(first), int(last or first)
    return min(a, b), max(a, b)
