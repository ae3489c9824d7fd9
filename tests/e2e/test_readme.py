"""README.md is true: its make targets exist, its command lines run, its links and those of the other guides lead somewhere."""
import re
import subprocess

from harness import ROOT, Lab, main, message, wait_for

README = (ROOT / "README.md").read_text()
GUIDES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"]


def code(text: str) -> list:
    """What stands in backquotes and in fenced blocks, line by line."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.M | re.S)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", rest)


def test_make_targets():
    commands = set()
    for line in code(README):
        if match := re.match(r"\s*make((?: +[\w./=-]+)*)\s*(?:#|$)", line):
            commands.add(match[1].strip())
    assert {"run", "test", "run DETACH=1", "stop", "status", "logs"} <= commands, commands
    for words in sorted(commands):
        done = subprocess.run(["make", "-n", *words.split()], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stdout.strip(), f"make {words}: {done.stderr}"
        for value in words.split():
            if value.startswith("CONFIG="):
                assert (ROOT / value.removeprefix("CONFIG=")).is_file(), value


def test_command_line():
    lines = [line.split("#")[0].strip() for line in code(README) if line.startswith(".run/pennypost ")]
    assert len(lines) >= 7, lines
    with Lab() as lab:
        people = lab.folder / "people.csv"
        people.write_text("ann@example.org,secret-of-ann\nben@example.org,secret-of-ben,Ben,100000000\n")
        rules = lab.folder / "rules.sieve"
        rules.write_text('require "fileinto";\nif header :contains "list-id" "" { fileinto "Archive"; }\n')
        maildir = lab.folder / "maildir"
        for name in ("cur", "new", "tmp"):
            (maildir / name).mkdir(parents=True)
        (maildir / "cur/1782900000.1.old:2,S").write_bytes(b"Subject: of old\n\nkept\n")
        mail = message("alice@example.test", "friend@far.example")
        with lab.submission("alice@example.test") as smtp:
            smtp.send_message(mail)
        row = wait_for(lambda: next(iter(lab.cli_json("queue", "list")["deliveries"]), None), 10, "queued mail")
        fill = {"MAIL_ID": row["mail_id"], "people.csv": str(people), "rules.sieve": str(rules),
                "/var/vmail/me": str(maildir), "out/": str(lab.folder / "out")}
        for line in lines:
            words = [fill.get(word, word) for word in line.split()[1:]]
            # A password is asked for twice where there is a terminal, and read once where there is none.
            text = lab.cli(*words, stdin="a-long-password\n")
            assert text.strip() or words[0] == "account", line
        # What they claim to have done.
        for address in ("me@example.org", "ann@example.org"):
            assert lab.cli_json("account", "get", address)["address"] == address
        assert lab.cli_json("account", "get", "ben@example.org")["display_name"] == "Ben"
        import imaplib
        with imaplib.IMAP4_SSL("localhost", lab.ports["imaps"], ssl_context=lab.tls, timeout=30) as imap:
            imap.login("me@example.org", "a-long-password")
            assert imap.select("INBOX", readonly=True)[1] == [b"1"]
        assert [p.read_bytes() for p in (lab.folder / "out").glob("cur/*")] == [b"Subject: of old\n\nkept\n"]
        assert "friend@far.example" in lab.cli("queue", "list")
        assert "friend@far.example" in lab.cli("message", "trace", row["mail_id"])


def anchors(text: str) -> set:
    """As GitHub names headings."""
    names = set()
    for heading in re.findall(r"^#+ +(.+)$", text, re.M):
        names.add(re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-"))
    return names


def test_links():
    checked = 0
    for guide in GUIDES:
        text = (ROOT / guide).read_text()
        prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r"^\[[^\]]+\]:\s*(\S+)", prose, re.M):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (ROOT / guide).parent / path if path else ROOT / guide
            assert file.exists(), f"{guide}: {target} does not exist"
            if anchor and file.suffix == ".md":
                assert anchor in anchors(file.read_text()), f"{guide}: {target} has no such heading"
            checked += 1
    assert checked >= 5, checked


def test_named_files():
    """Paths in backquotes that begin with a folder of the repository."""
    missing = []
    for guide in GUIDES:
        for text in code((ROOT / guide).read_text()):
            if re.fullmatch(r"(?:services|libs|tools|tests|docs|proto|deploy|cmake)/[\w./-]*", text) and not (ROOT / text).exists():
                missing.append(f"{guide}: {text}")
    assert not missing, missing


main(globals())
