"""ENVELOPE and BODYSTRUCTURE of a generated corpus beside Dovecot's.

Well-formed mail gives what Dovecot gives, but for the differences EXPLAINED below, each counted. Broken mail is never an error.
"""
import collections
import pathlib
import random
import re
import shutil
import sys
import tempfile

from harness import ROOT, Lab, main

sys.path.insert(0, str(ROOT / "tests/bench"))
from sides import PASSWORD, Dovecot
from test_imap_extensions import USER, Imap

WELL_FORMED, BROKEN = 600, 200
ITEMS = "(ENVELOPE BODY BODYSTRUCTURE RFC822.SIZE)"

# The corpus -----------------------------------------------------------------------------------------------------------

WORDS = "alpha beta gamma delta Zeta eta theta iota kappa lambda".split()
ADDRESSES = [
    "ann@example.org", "<bob@example.org>", "Ann Lee <ann@example.org>", '"Lee, Ann" <ann@example.org>',
    '"a \\"b\\" c" <q@example.org>', "=?utf-8?q?J=C3=BCrgen?= <j@example.org>", "x@example.org (comment here)",
    '"quoted local"@example.org', "team: ann@example.org, Bob <bob@example.org>;", "undisclosed-recipients:;",
    "a.b.c@sub.example.org", "Very Long Name Of Somebody With Many Words In It <long@example.org>", "n@[192.0.2.1]",
]
DATES = ["Mon, 2 Nov 2026 10:00:00 +0000", "2 Nov 26 10:00 GMT", "Tue, 3 Nov 2026 10:00:00 -0330 (NST)"]
SUBJECTS = ["plain", "", "=?iso-8859-1?q?gr=FC=DFe?=", 'with "quotes" and \\ backslash', "folded\r\n line", "tabs\tinside",
            "=?utf-8?b?w6TDtsO8?= =?utf-8?q?_x?=", "(parentheses) {5} [x]"]
TYPES = ["text/plain", "text/plain; charset=utf-8", 'text/html; charset="iso-8859-1"', "TEXT/Plain; format=flowed; delsp=yes",
         "image/png; name=a.png", 'application/pdf; name="a b.pdf"', "application/octet-stream",
         "text/plain;\r\n charset=us-ascii;\r\n name*=utf-8''%C3%BC.txt", "audio/basic", "message/delivery-status",
         "message/partial; id=x; number=1", "message/external-body; access-type=URL; URL=\"http://x/\"", "text/x; a=b ;c = \"d e\""]
ENCODINGS = ["7bit", "8BIT", "base64", "Quoted-Printable", "binary"]
DISPOSITIONS = ["inline", "attachment", "attachment; filename=x.txt", 'ATTACHMENT; filename="a b.txt"; size=12']


def text(rng) -> str:
    return "".join(" ".join(rng.choices(WORDS, k=rng.randint(1, 8))) + "\r\n" for _ in range(rng.randint(0, 6)))


def leaf(rng) -> str:
    head = ""
    if rng.random() < 0.9:
        head += f"Content-Type: {rng.choice(TYPES)}\r\n"
    if rng.random() < 0.6:
        head += f"Content-Transfer-Encoding: {rng.choice(ENCODINGS)}\r\n"
    if rng.random() < 0.3:
        head += f"Content-Disposition: {rng.choice(DISPOSITIONS)}\r\n"
    if rng.random() < 0.2:
        head += f"Content-ID: <{rng.randint(1, 99)}@id>\r\n"
    if rng.random() < 0.2:
        head += f"Content-Description: {rng.choice(['a part', '=?utf-8?q?d=C3=A9j=C3=A0?='])}\r\n"
    if rng.random() < 0.1:
        head += "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
    if rng.random() < 0.15:
        head += f"Content-Language: {rng.choice(['de', 'de, en', 'en-GB'])}\r\n"
    if rng.random() < 0.1:
        head += "Content-Location: http://example.org/x\r\n"
    return head + "\r\n" + text(rng)


def part(rng, depth: int) -> str:
    kind = rng.random()
    if depth >= 4 or kind < 0.55:
        return leaf(rng)
    if kind < 0.7:
        return "Content-Type: message/rfc822\r\n\r\n" + message(rng, depth + 1)
    return multipart(rng, depth)


def multipart(rng, depth: int) -> str:
    boundary = f"b{depth}_{rng.randint(0, 10**9)}"
    quoted = f'"{boundary}"' if rng.random() < 0.5 else boundary
    kind = rng.choice(["mixed", "alternative", "related", "digest", "report"])
    head = f"Content-Type: multipart/{kind}; boundary={quoted}\r\n"
    body = "preamble\r\n" if rng.random() < 0.3 else ""
    for _ in range(rng.randint(1, 4)):
        # RFC 2046 5.1.5: in a digest a part without a type is a message.
        inner = "\r\n" + message(rng, depth + 1) if kind == "digest" else part(rng, depth + 1)
        body += f"--{boundary}\r\n{inner}\r\n"
    body += f"--{boundary}--\r\n"
    return head + "\r\n" + body + ("epilogue\r\n" if rng.random() < 0.3 else "")


def message(rng, depth: int = 0) -> str:
    head = ""
    for name, chance in (("From", 0.95), ("Sender", 0.2), ("Reply-To", 0.2), ("To", 0.9), ("Cc", 0.4), ("Bcc", 0.1)):
        if rng.random() < chance:
            head += f"{name}: {', '.join(rng.sample(ADDRESSES, rng.randint(1, 3)))}\r\n"
    if rng.random() < 0.95:
        head += f"Date: {rng.choice(DATES)}\r\n"
    if rng.random() < 0.95:
        head += f"Subject: {rng.choice(SUBJECTS)}\r\n"
    if rng.random() < 0.9:
        head += f"Message-ID: <{rng.randint(1, 10**9)}@example.org>\r\n"
    if rng.random() < 0.3:
        head += f"In-Reply-To: <{rng.randint(1, 10**9)}@example.org>\r\n"
    head += "MIME-Version: 1.0\r\n"
    return head + part(rng, depth)


def broken(rng) -> bytes:
    data = bytearray(message(rng).encode())
    for _ in range(rng.randint(1, 12)):
        at, kind = rng.randrange(len(data)), rng.random()
        if kind < 0.4:
            data[at] = rng.choice(b'"<>(),;:@\\=?-\t\x80\xff')
        elif kind < 0.7:
            del data[at:at + rng.randint(1, 20)]
        else:
            data[at:at] = rng.choice([b"--", b"\r\n", b'"', b"=?utf-8?q?", b"Content-Type: ;\r\n", b"\n", b"(" * 50])
    return bytes(data) or b"x"


# Answers as trees -------------------------------------------------------------------------------------------------------

TOKEN = re.compile(rb'\(|\)|"((?:[^"\\]|\\.)*)"|\{(\d+)\}\n|[^\s()"{]+', re.S)


def tree(data: bytes) -> list:
    """What stands in "* n FETCH (...)"."""
    stack, at = [[]], 0
    while at < len(data):
        if data[at:at + 1] in b" \t":
            at += 1
            continue
        found = TOKEN.match(data, at)
        assert found, data[at:at + 50]
        at = found.end()
        if found[0] == b"(":
            stack.append([])
        elif found[0] == b")":
            done = stack.pop()
            stack[-1].append(done)
        elif found[2] is not None:
            size = int(found[2])
            stack[-1].append(data[at:at + size].decode("latin-1"))
            at += size
        elif found[0][:1] == b'"':
            stack[-1].append(re.sub(r"\\(.)", r"\1", found[1].decode("latin-1"), flags=re.S))
        else:
            word = found[0].decode("latin-1")
            stack[-1].append(None if word == "NIL" else int(word) if word.isdigit() else ("atom", word))
    return stack[0]


def fetch_all(imap, count: int) -> list:
    answers = []
    for begin in range(1, count + 1, 50):
        lines = imap.ok(f"FETCH {begin}:{min(begin + 49, count)} {ITEMS}")
        for line in lines:
            found = re.match(r"\* \d+ FETCH ", line)
            if not found:
                continue
            items = tree(line[found.end():].encode("latin-1"))[0]
            answers.append({items[i][1]: items[i + 1] for i in range(0, len(items), 2)})
    assert len(answers) == count, (len(answers), count)
    return answers


class Plain(Imap):
    """The same client at Dovecot's; bytes are kept as they are."""

    def __init__(self, port: int, login: str, context):
        import socket
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=60), server_hostname="localhost")
        self.buffer, self.count, self.inflate, self.deflate = b"", 0, None, None
        self.line()
        self.ok(login)

    def line(self) -> str:
        line = b""
        while True:
            while b"\n" not in self.buffer:
                self.more()
            piece, _, self.buffer = self.buffer.partition(b"\n")
            line += piece.removesuffix(b"\r")
            literal = re.search(rb"\{(\d+)\}$", line)
            if not literal:
                return line.decode("latin-1")
            while len(self.buffer) < int(literal[1]):
                self.more()
            line += b"\n" + self.buffer[:int(literal[1])]
            self.buffer = self.buffer[int(literal[1]):]


def append_all(imap, mails: list) -> None:
    imap.ok("CREATE Corpus")
    for mail in mails:
        imap.ok(b"APPEND Corpus {%d+}\r\n%s" % (len(mail), mail))
    imap.ok("SELECT Corpus")


# The comparison ---------------------------------------------------------------------------------------------------------

def lower(node, depth: int = 0):
    """Types, encodings and parameter names have no case (RFC 2045 5.1)."""
    return [lower(n) for n in node] if isinstance(node, list) else node.lower() if isinstance(node, str) else node


EXPLAINED = {
    # RFC 9051 7.5.2 gives fields unfolded and otherwise as written; Dovecot turns tabs into spaces.
    "tab": lambda a, b: isinstance(a, str) and isinstance(b, str) and a.replace("\t", " ") == b,
}


def differs(ours, theirs) -> list:
    """Names of explained differences; "?" for one that is not."""
    reasons = []

    def walk(a, b, path):
        if a == b:
            return
        if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for i, (x, y) in enumerate(zip(a, b)):
                walk(x, y, path + [i])
            return
        for name, rule in EXPLAINED.items():
            if rule(a, b):
                reasons.append(name)
                return
        reasons.append(f"? at {path}: {a!r} beside {b!r}")

    walk(ours, theirs, [])
    return reasons


def test_beside_dovecot():
    import ssl
    rng = random.Random(20261126)
    mails = [message(rng).encode() for _ in range(WELL_FORMED)]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-structure-"))
    folder.chmod(0o755)
    dovecot = Dovecot(folder / "dovecot", "mdbox")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        dovecot.start()
        with Lab() as lab, Plain(dovecot.imaps_port, f"LOGIN one@x {PASSWORD}", context) as theirs, \
                Plain(lab.ports["imaps"], f'LOGIN {USER} "{lab.password(USER)}"', context) as ours:
            append_all(theirs, mails)
            append_all(ours, mails)
            counts, unknown = collections.Counter(), []
            for number, (a, b) in enumerate(zip(fetch_all(ours, WELL_FORMED), fetch_all(theirs, WELL_FORMED)), 1):
                for item in ("ENVELOPE", "BODY", "BODYSTRUCTURE", "RFC822.SIZE"):
                    x, y = (a[item], b[item]) if item == "ENVELOPE" else (lower(a[item]), lower(b[item]))
                    reasons = differs(x, y)
                    counts.update(r for r in reasons if not r.startswith("?"))
                    counts["equal" if not reasons else "differ"] += 1
                    if any(r.startswith("?") for r in reasons):
                        unknown.append(f"{number} {item} {reasons[:2]}")
            print(f"  {WELL_FORMED} messages: {dict(counts)}")
            assert not unknown, f"{len(unknown)} differences nobody explained:\n" + "\n".join(unknown[:40])
    finally:
        dovecot.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_broken_mail():
    rng = random.Random(7)
    with Lab() as lab, Imap(lab) as imap:
        imap.ok("CREATE Broken")
        for _ in range(BROKEN):
            mail = broken(rng)
            imap.ok(b"APPEND Broken {%d+}\r\n%s" % (len(mail), mail))
        imap.ok("SELECT Broken")
        imap.send(f"f FETCH 1:* {ITEMS}\r\n".encode())
        while b"\r\nf OK" not in imap.buffer:
            assert b"\r\nf NO" not in imap.buffer and b"\r\nf BAD" not in imap.buffer
            imap.more()
        assert imap.buffer.count(b" FETCH (ENVELOPE (") == BROKEN


if __name__ == "__main__":
    main(globals())
