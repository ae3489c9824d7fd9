"""Messages in the proportions of ordinary mail: most are short texts, few carry megabytes."""
import email.message
import email.policy
import pathlib
import random

# share of messages, bytes at least and at most, kind
KINDS = [(50, 2 << 10, 6 << 10, "text"), (30, 6 << 10, 60 << 10, "html"), (14, 30 << 10, 400 << 10, "attachment"),
         (5, 400 << 10, 2 << 20, "attachment"), (1, 4 << 20, 5 << 20, "attachment")]
WORDS = "the a mail of and to invoice meeting please find attached regards project schedule customer delivery answer tomorrow".split()


def _text(random_source: random.Random, size: int) -> str:
    lines, length = [], 0
    while length < size:
        line = " ".join(random_source.choices(WORDS, k=10))
        lines.append(line)
        length += len(line) + 2
    return "\n".join(lines) + "\n"


def _message(random_source: random.Random, number: int, size: int, kind: str) -> bytes:
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Sender <load@load.example>"
    message["To"] = "you@example.test"
    message["Subject"] = f"{' '.join(random_source.choices(WORDS, k=4))} {number}"
    message["Date"] = "Mon, 01 Jun 2026 10:00:00 +0000"
    if kind == "text":
        message.set_content(_text(random_source, size))
    else:
        text = _text(random_source, min(size // 3, 4000))
        message.set_content(text)
        rest = size - 2 * len(text)
        if kind == "html":
            message.add_alternative("<html><body><p>" + _text(random_source, max(rest, 500)) + "</p></body></html>", subtype="html")
        else:
            message.add_alternative("<html><body><p>" + text + "</p></body></html>", subtype="html")
            message.add_attachment(random_source.randbytes(rest * 3 // 4), maintype="application", subtype="pdf", filename=f"{number}.pdf")
    return message.as_bytes()


def write_corpus(folder: pathlib.Path) -> pathlib.Path:
    """100 files, the same in each run, mixed; their lines end with CRLF."""
    random_source = random.Random(1)
    folder.mkdir(parents=True)
    kinds = [kind for kind in KINDS for _ in range(kind[0])]
    random_source.shuffle(kinds)
    for number, (_, least, most, kind) in enumerate(kinds):
        (folder / f"{number:03}.eml").write_bytes(_message(random_source, number, random_source.randint(least, most), kind))
    return folder
