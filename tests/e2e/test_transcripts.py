"""The transcripts of the pure sessions (libs/testing/transcript.h), played against running binaries.

What a file scripts ("!", an answer of the policy, a password, a drop of messages) cannot be had from a real server: a
session is played up to there. Each session goes in as it is and, unless it says split=no, byte by byte.
"""
import base64
import collections
import dataclasses
import fnmatch
import re
import socket
import ssl

import yaml

from harness import ROOT, Lab, main
from local.platform import merge

# Who exists: what the transcripts expect to be accepted.
ACCOUNTS = ["c@d", "e@f", "x@y", "bob@example.org", "r1@x", "r2@x", "r3@x", "r4@x", "r5@x"]
OVERLAY = {
    "common": {"hostname": "mx.example.org"},
    "directory": {"domains": ["example.org", "d", "f", "x", "y"],
                  "users": [{"address": a, "password": "u-password"} for a in ACCOUNTS] + [{"address": "u@example.org", "password": "p"}]},
    "filter": {f"check_{check}": False for check in ("spf", "dkim", "arc", "dmarc", "iprev")},
    "resolver": {"upstream": ["127.0.0.1@9"], "timeout_ms": 500},
    "relay": {"default_route": "hold"},
}
# Only a script knows what these answer.
SCRIPTED = ("check-password", "fetch-scram-keys", "scram-keys", "run", "open", "read", "delete", "have-space", "put", "check", "list",
            "activate", "get", "rename")
KNOWN_OPTIONS = {"smtp": {"host", "tls", "auth", "size", "errors", "recipients", "tried", "mode", "split"},
                 "imap": {"tls", "login", "message", "split"}, "pop3": {"tls", "login", "split"},
                 "managesieve": {"tls", "login", "split"}}
LOGIN = {"imap": b"x LOGIN u@example.org p\r\n", "pop3": b"USER u@example.org\r\nPASS p\r\n",
         "managesieve": b'AUTHENTICATE "PLAIN" "' + base64.b64encode(b"\0u@example.org\0p") + b'"\r\n'}


@dataclasses.dataclass
class Exchange:
    line: int
    data: bytes = b""
    output: list = dataclasses.field(default_factory=list)  # (line, skip to it, pattern)
    scripted: str = ""  # why a real server cannot follow


@dataclasses.dataclass
class Session:
    file: str
    line: int
    protocol: str
    options: dict
    exchanges: list


def unescaped(text: str) -> bytes:
    out, data, at = bytearray(), text.encode(), 0
    while at < len(data):
        if data[at:at + 2] == b"\\x":
            out.append(int(data[at + 2:at + 4], 16))
            at += 4
        elif data[at:at + 1] == b"\\" and at + 1 < len(data):
            letter = data[at + 1:at + 2]
            out += {b"r": b"\r", b"n": b"\n", b"t": b"\t"}.get(letter, letter)
            at += 2
        else:
            out.append(data[at])
            at += 1
    return bytes(out)


def parse(path) -> list:
    sessions, sending = [], False
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        kind, rest = (line[:2], line[2:]) if line[0] in "CS" else (line[0], line[1:])
        rest = rest.removeprefix(" ")
        if kind == "@":
            words = rest.split()
            options = dict(word.split("=", 1) for word in words[1:] if "=" in word)
            sessions.append(Session(str(path.relative_to(ROOT)), number, words[0], options, [Exchange(number)]))
            sending = False
            continue
        if sessions[-1].options.get("role") == "client":
            continue
        exchanges = sessions[-1].exchanges
        if kind in ("C:", "C-"):
            if not sending:
                exchanges.append(Exchange(number))
            exchanges[-1].data += rest.encode() + b"\r\n" if kind == "C:" else unescaped(rest)
            sending = True
            continue
        sending = False
        last = exchanges[-1]
        if kind in ("S:", "S+"):
            last.output.append((number, kind == "S+", rest))
        elif kind == "?":
            word, _, about = rest.partition(" ")
            if word in SCRIPTED:
                last.scripted = last.scripted or f"? {word}"
            elif word == "check-recipient" and about.split(" ")[0] not in ACCOUNTS + ["*"]:
                last.scripted = last.scripted or "? check-recipient of somebody we cannot create"
        elif kind == "!" and rest != "accept":
            last.scripted = last.scripted or "! " + rest.split(" ")[0]
        else:
            assert kind == "!", f"{path}:{number}: {line}"
    return sessions


def why_not(session) -> str:
    """Why a session is not played at all; empty if it is."""
    if session.options.get("role") == "client":
        return "role=client"
    unknown = set(session.options) - KNOWN_OPTIONS[session.protocol]
    if unknown:
        return "no setting for " + ", ".join(sorted(unknown)) + "="
    if session.protocol == "smtp":
        if "tried" in session.options and int(session.options["tried"]) != 2 * int(session.options.get("recipients", 1000)):
            return "no setting for tried="
        if session.options.get("tls") == "active" and session.options.get("mode") != "submission":
            # Port 465 is the listener that begins with TLS, and it wants a login before mail.
            if any(b"MAIL " in e.data for e in session.exchanges[:2]):
                return "tls=active without submission"
    return ""


def playable(session, mechanisms: str) -> tuple:
    """The exchanges a real server can follow, and why it ends there."""
    out = []
    offered = session.options.get("auth")
    for exchange in session.exchanges:
        if exchange.scripted:
            return out, exchange.scripted
        if session.protocol == "smtp" and offered and offered.replace(",", " ") != mechanisms:
            if any("AUTH " in pattern for _, _, pattern in exchange.output) or b"AUTH " in exchange.data:
                return out, f"auth={offered}, while we offer {mechanisms}"
        out.append(exchange)
    return out, ""


def settings(session) -> dict:
    """Configuration that stands for the words behind the @."""
    options = session.options
    if session.protocol == "imap":
        return {"common": {"hostname": "imap.example"}, "access": {"max_append_bytes": int(options.get("message", 1000))}}
    if session.protocol in ("pop3", "managesieve"):
        return {}
    out = {"common": {"hostname": options.get("host", "mx.example.org")},
           "ingress": {"max_message_bytes": int(options.get("size", 1000)), "max_errors": int(options.get("errors", 20)),
                       "max_recipients": int(options.get("recipients", 1000))}}
    if options.get("tls", "none") == "none":
        out["common"]["tls"] = {"certificate_file": "", "key_file": ""}
    return out


def port_name(session) -> tuple:
    """The listener, and whether TLS begins at once."""
    tls = session.options.get("tls")
    if session.protocol == "imap":
        return ("imap", False) if tls == "no" else ("imaps", True)
    if session.protocol == "pop3":
        return ("pop3", False) if tls == "no" else ("pop3s", True)
    if session.protocol == "managesieve":
        return "sieve", False
    if session.options.get("mode") == "lmtp":
        return "lmtp", False
    if tls == "active":
        return "submissions", True
    return ("submission" if session.options.get("mode") == "submission" else "smtp"), False


class Player:
    """One session over one connection."""

    def __init__(self, lab, session, exchanges, bytewise: bool):
        self.lab, self.session, self.exchanges, self.bytewise = lab, session, exchanges, bytewise
        name, tls = port_name(session)
        self.connection = socket.create_connection(("127.0.0.1", lab.ports[name]), timeout=10)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        if session.protocol == "managesieve" and session.options.get("tls") != "no":
            # It has no port that begins with TLS.
            self.read_to_ok()
            self.send(b"STARTTLS\r\n")
            self.read_to_ok()
            tls = True
        if tls:
            self.start_tls()

    def read_to_ok(self):
        while not (line := self.line()).startswith("OK"):
            if line.startswith("["):
                self.fail(self.session.line, "OK", line)

    def start_tls(self):
        self.connection = self.lab.tls.wrap_socket(self.connection, server_hostname="localhost")

    def line(self) -> str:
        """The next line without its end; "[closed]" at the end of the connection."""
        while b"\n" not in self.buffer:
            try:
                piece = self.connection.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError):
                piece = b""
            except TimeoutError:
                return "[nothing came]" + self.buffer.decode(errors="replace")
            if not piece:
                return "[closed]" + self.buffer.decode(errors="replace")
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.removesuffix(b"\r").decode(errors="replace")

    def send(self, data: bytes):
        pieces = [data[i:i + 1] for i in range(len(data))] if self.bytewise else [data] if data else []
        try:
            for piece in pieces:
                self.connection.sendall(piece)
        except OSError:
            pass  # closed by an answer that is checked next

    def fail(self, line, wanted, got):
        raise AssertionError(f"{self.session.file}:{line}{' byte by byte' if self.bytewise else ''}: wanted {wanted!r}, got {got!r}")

    def play(self):
        if self.session.options.get("login") == "yes":
            self.send(LOGIN[self.session.protocol])
        for exchange in self.exchanges:
            self.send(exchange.data)
            for number, skip, pattern in exchange.output:
                self.expect(number, skip, pattern, exchange)
        if self.buffer:
            self.fail(self.exchanges[-1].line, "nothing more", self.buffer)

    def expect(self, number, skip, pattern, exchange):
        if pattern == "[starttls]":
            return self.start_tls()
        if pattern.startswith("[close"):
            got = self.line()
            return None if got == "[closed]" else self.fail(number, pattern, got)
        while True:
            got = self.line()
            if matches(pattern, got):
                return None
            if not skip or got.startswith(("[closed]", "[nothing")):
                return self.fail(number, pattern, got)

    def close(self):
        self.connection.close()


def matches(pattern: str, got: str) -> bool:
    if fnmatch.fnmatchcase(got, re.sub(r"([\[\]?])", r"[\1]", pattern)):
        return True
    # The policy's own words for what it takes.
    return pattern in ("250 2.0.0 ok", "250 2.1.0 ok", "250 2.1.5 ok") and got.startswith(pattern.rsplit(" ", 1)[0])


def mechanisms_of(lab) -> str:
    import smtplib
    with smtplib.SMTP_SSL("localhost", lab.ports["submissions"], context=lab.tls, timeout=20) as smtp:
        smtp.ehlo()
        return smtp.esmtp_features["auth"].strip()


def test_transcripts():
    sessions = [s for folder in ("smtp", "imap", "pop3", "managesieve") for path in sorted((ROOT / "libs" / folder / "testdata").rglob(f"*.{folder}"))
                for s in parse(path)]
    assert len(sessions) > 50, len(sessions)
    left_out, cut, whole, failures = collections.Counter(), collections.Counter(), 0, []
    with Lab(overlay=OVERLAY) as lab:
        base, running = lab.platform.config, None
        mechanisms = mechanisms_of(lab)
        groups = collections.defaultdict(list)
        for session in sessions:
            reason = why_not(session)
            exchanges, end = ([], "") if reason else playable(session, mechanisms)
            if not reason and len(exchanges) < 2:
                reason = f"scripted from the start: {end}"
            if reason:
                left_out[reason] += 1
                continue
            if end:
                cut[end] += 1
            else:
                whole += 1
            groups[yaml.safe_dump(settings(session))].append((session, exchanges))
        for text, group in groups.items():
            restart(lab, merge(base, yaml.safe_load(text)))
            for session, exchanges in group:
                for bytewise in (False, True)[:1 if session.options.get("split") == "no" else 2]:
                    player = Player(lab, session, exchanges, bytewise)
                    try:
                        player.play()
                    except AssertionError as error:
                        failures.append(str(error))
                    finally:
                        player.close()
    print(f"  {len(sessions)} sessions: {whole} played whole, {sum(cut.values())} up to what is scripted, {sum(left_out.values())} left out")
    for name, counter in (("cut", cut), ("left out", left_out)):
        for reason, count in counter.most_common():
            print(f"    {name} {count}: {reason}")
    assert not failures, "\n".join(failures)
    assert whole >= 20, whole


def restart(lab, config):
    process = lab.platform.processes["standalone"]
    process.terminate()
    assert process.wait(timeout=30) == 0
    lab.platform.config_file.write_text(yaml.safe_dump(config, sort_keys=False))
    lab.platform.start_process("standalone")
    lab.platform.wait_ready("standalone")


main(globals())
