"""Shared mailboxes and rights (RFC 4314), every command of the table against everybody, with running binaries and a real PostgreSQL."""
import re

from harness import ROOT, Lab, main
from test_imap_extensions import Imap, literals

OWNER, FRIEND = "alice@example.test", "bob@example.test"
# Users of another tenant.
STRANGER = "carol@elsewhere.test"
MAILS = [b"Subject: one\r\nMessage-ID: <1@r>\r\n\r\nfirst\r\n", b"Subject: two\r\nMessage-ID: <2@r>\r\n\r\nsecond\r\n"]
NEW = b"Subject: new\r\n\r\nx\r\n"

SITUATIONS = ("own", "read", "write", "none", "stranger")
GRANTS = {"read": "lr", "write": "lrswite"}
ANSWERS = {"ok": "OK", "perm": "NO [NOPERM]", "gone": "NO [NONEXISTENT]", "try": "NO [TRYCREATE]", "bad": "BAD"}

# Command: how it is said of mailbox {m} ({m2}: with that behind its name), and the answer in each situation. Behind ">" it is said with the mailbox selected; where
# that fails there is nothing to say it of.
ROWS = {
    "SELECT": ("SELECT {m}", "ok ok ok gone gone"),
    "EXAMINE": ("EXAMINE {m}", "ok ok ok gone gone"),
    "CREATE": ("CREATE {m/below}", "ok perm perm gone gone"),
    "DELETE": ("DELETE {m}", "ok perm perm gone gone"),
    "RENAME": ("RENAME {m} {m2}", "ok perm perm gone gone"),
    "SUBSCRIBE": ("SUBSCRIBE {m}", "ok ok ok ok ok"),
    "UNSUBSCRIBE": ("UNSUBSCRIBE {m}", "ok ok ok ok ok"),
    "LIST": ("LIST {q} {m}", "ok ok ok ok ok"),
    "LSUB": ("LSUB {q} {m}", "ok ok ok ok ok"),
    "STATUS": ("STATUS {m} (MESSAGES)", "ok ok ok gone gone"),
    "APPEND": ("APPEND {m} {l}", "ok perm ok try try"),
    "GETQUOTAROOT": ("GETQUOTAROOT {m}", "ok ok ok gone gone"),
    "GETMETADATA": ("GETMETADATA {m} /shared/comment", "ok ok ok gone gone"),
    "SETMETADATA": ("SETMETADATA {m} (/shared/comment \"x\")", "ok perm ok gone gone"),
    "SETACL": ("SETACL {m} anyone l", "ok perm perm gone gone"),
    "DELETEACL": ("DELETEACL {m} anyone", "ok perm perm gone gone"),
    "GETACL": ("GETACL {m}", "ok perm perm gone gone"),
    "LISTRIGHTS": ("LISTRIGHTS {m} anyone", "ok perm perm gone gone"),
    "MYRIGHTS": ("MYRIGHTS {m}", "ok ok ok gone gone"),
    "CHECK": (">CHECK", "ok ok ok bad bad"),
    "CLOSE": (">CLOSE", "ok ok ok bad bad"),
    "UNSELECT": (">UNSELECT", "ok ok ok bad bad"),
    "IDLE": (">IDLE", "ok ok ok ok ok"),
    "EXPUNGE": (">EXPUNGE", "ok perm ok bad bad"),
    "UID EXPUNGE": (">UID EXPUNGE 1", "ok perm ok bad bad"),
    "SEARCH": (">SEARCH TEXT first", "ok ok ok bad bad"),
    "UID SEARCH": (">UID SEARCH ALL", "ok ok ok bad bad"),
    "REPLACE": (">REPLACE 1 {m} {l}", "ok perm ok bad bad"),
    "UID REPLACE": (">UID REPLACE 1 {m} {l}", "ok perm ok bad bad"),
    "SORT": (">SORT (SUBJECT) UTF-8 ALL", "ok ok ok bad bad"),
    "UID SORT": (">UID SORT (SUBJECT) UTF-8 ALL", "ok ok ok bad bad"),
    "THREAD": (">THREAD REFERENCES UTF-8 ALL", "ok ok ok bad bad"),
    "UID THREAD": (">UID THREAD REFERENCES UTF-8 ALL", "ok ok ok bad bad"),
    "FETCH": (">FETCH 1:* (FLAGS BODY[])", "ok ok ok bad bad"),
    "UID FETCH": (">UID FETCH 1:* (FLAGS BODY[TEXT])", "ok ok ok bad bad"),
    "STORE": (">STORE 1 +FLAGS (\\Flagged)", "ok perm ok bad bad"),
    "UID STORE": (">UID STORE 1 FLAGS (\\Seen)", "ok perm ok bad bad"),
    "COPY": (">COPY 1 {m}", "ok perm ok bad bad"),
    "UID COPY": (">UID COPY 1 {m}", "ok perm ok bad bad"),
    "MOVE": (">MOVE 1 {m}", "ok perm ok bad bad"),
    "UID MOVE": (">UID MOVE 1 {m}", "ok perm ok bad bad"),
}
# These are about no mailbox of anybody.
WITHOUT_MAILBOX = {"CAPABILITY", "NOOP", "LOGOUT", "ID", "STARTTLS", "AUTHENTICATE", "LOGIN", "ENABLE", "COMPRESS", "NAMESPACE",
                   "GETQUOTA", "NOTIFY", "CANCELUPDATE"}


def add_stranger(lab) -> None:
    lab.cli("tenant", "create", "elsewhere")
    lab.cli("domain", "create", "elsewhere.test", "--tenant", "elsewhere")
    lab.cli("account", "create", STRANGER, "--password-file", "-", stdin="carol-secret\n")
    lab.end["users"].append({"address": STRANGER, "password": "carol-secret"})


def foreign(owner: str, name: str) -> str:
    return f"Other Users/{owner}/{name}"


def quoted(owner: str, name: str) -> str:
    return f'"{foreign(owner, name)}"'


def share(imap, name: str, rights: str) -> None:
    """A mailbox with two messages, one of them to be expunged, and its rights for the friend."""
    imap.ok(f"CREATE {name}")
    imap.ok(f"APPEND {name} (\\Deleted) ".encode() + literals(MAILS[0]) + b" (\\Answered) " + literals(MAILS[1]))
    if rights:
        imap.ok(f"SETACL {name} {FRIEND} {rights}")


def state(imap, name: str) -> list:
    return imap.ok(f"STATUS {name} (MESSAGES UNSEEN DELETED UIDNEXT HIGHESTMODSEQ)")


def say(imap, command: str, mailbox: str) -> str:
    if command == ">IDLE":
        imap.send(b"i IDLE\r\n")
        while not imap.line().startswith("+"):
            pass
        imap.send(b"DONE\r\n")
        while not (line := imap.line()).startswith("i "):
            pass
        return line.removeprefix("i ")
    words = re.sub(r"\{m(.*?)\}", lambda match: f'"{mailbox}{match[1]}"', command.removeprefix(">")).replace("{q}", '""')
    before, literal, after = words.partition("{l}")
    return imap.run(before.encode() + (literals(NEW) if literal else b"") + after.encode())[1]


def test_each_command_for_everybody():
    """Fails where a command of the table has no row."""
    table = re.findall(r'^    \{"([A-Z ]+)", k', (ROOT / "libs/imap/commands.cc").read_text(), re.M)
    assert set(table) == set(ROWS) | WITHOUT_MAILBOX, set(table) ^ (set(ROWS) | WITHOUT_MAILBOX)
    wrong = []
    with Lab() as lab:
        add_stranger(lab)
        with Imap(lab, OWNER) as owner:
            for command, (words, answers) in ROWS.items():
                for situation, answer in zip(SITUATIONS, answers.split()):
                    name = f"{command.replace(' ', '-')}-{situation}"
                    share(owner, name, GRANTS.get(situation, ""))
                    before = state(owner, name)
                    user = {"own": OWNER, "stranger": STRANGER}.get(situation, FRIEND)
                    mailbox = name if situation == "own" else foreign(OWNER, name)
                    with Imap(lab, user) as imap:
                        if words.startswith(">"):
                            imap.run(f'SELECT "{mailbox}"')
                        got = say(imap, words, mailbox)
                    if not got.startswith(ANSWERS[answer]):
                        wrong.append(f"{command}, {situation}: {got}, not {ANSWERS[answer]}")
                    if situation in ("read", "none", "stranger") and state(owner, name) != before:
                        wrong.append(f"{command}, {situation}: changed {before} to {state(owner, name)}")
    assert not wrong, "\n".join(wrong)


def test_shared_mailboxes():
    with Lab() as lab, Imap(lab, OWNER) as owner, Imap(lab, FRIEND) as friend:
        add_stranger(lab)
        assert friend.ok("NAMESPACE") == ['* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL']
        assert {"ACL", "RIGHTS=kxte", "LIST-MYRIGHTS"} <= set(friend.ok("CAPABILITY")[0].split())
        assert owner.ok("MYRIGHTS INBOX") == ['* MYRIGHTS INBOX "lrswipkxteacd"']
        lists_and_rights(owner, friend)
        changes_of_rights(owner, friend)
        flags_as_far_as_they_go(owner, friend)
        inherited_and_made(owner, friend)
        between_accounts(lab, owner, friend)
        both_see_changes(owner, friend)
        taken_away(owner, friend)
        by_the_command_line(lab, friend)
        with Imap(lab, STRANGER) as stranger:
            owner.ok("SETACL INBOX anyone lr")
            lines = stranger.ok('LIST "" *')
            assert not any("Other Users" in line for line in lines), lines
            assert any(f"Other Users/{OWNER}/INBOX" in line for line in friend.ok('LIST "" *')), "of the same tenant"
            for who in (STRANGER, "nobody@example.test", f"-{FRIEND}"):
                lines, result = owner.run(f"SETACL INBOX {who} lr")
                assert result.startswith("NO [NOPERM]"), (who, result)


def lists_and_rights(owner, friend):
    share(owner, "Plan", "lr")
    share(owner, "Hidden", "r")
    lines = friend.ok('LIST "" "Other*" RETURN (MYRIGHTS STATUS (MESSAGES))')
    assert lines == ['* LIST (\\NonExistent \\Noselect \\HasChildren) "/" "Other Users"',
                     f'* LIST (\\NonExistent \\Noselect \\HasChildren) "/" "Other Users/{OWNER}"',
                     f'* LIST (\\HasNoChildren) "/" {quoted(OWNER, "Plan")}',
                     f'* MYRIGHTS {quoted(OWNER, "Plan")} "lr"',
                     f'* STATUS {quoted(OWNER, "Plan")} (MESSAGES 2)'], lines
    # Levels of which one may know, and one's own.
    assert friend.ok('LIST "Other Users/" %') == [f'* LIST (\\Noselect \\HasChildren) "/" "Other Users/{OWNER}"']
    friend.ok(f"SUBSCRIBE {quoted(OWNER, 'Plan')}")
    assert any(quoted(OWNER, "Plan") in line for line in friend.ok('LSUB "" *'))
    lines = friend.ok(f"SELECT {quoted(OWNER, 'Plan')}")
    assert friend.result.startswith("OK [READ-ONLY]"), friend.result
    assert "* OK [PERMANENTFLAGS ()] Flags" in lines and "* 2 EXISTS" in lines, lines
    assert "first" in friend.ok("FETCH 1 BODY[TEXT]")[0]
    assert friend.ok(f'GETQUOTAROOT {quoted(OWNER, "Plan")}') == [f'* QUOTAROOT {quoted(OWNER, "Plan")}']
    # The same id for all who see it.
    shared = friend.ok(f"STATUS {quoted(OWNER, 'Plan')} (MAILBOXID)")[0].split("(MAILBOXID")[1]
    assert owner.ok("STATUS Plan (MAILBOXID)")[0].split("(MAILBOXID")[1] == shared
    friend.ok("UNSELECT")


def changes_of_rights(owner, friend):
    owner.ok(f"SETACL Plan {FRIEND} +sd")
    assert owner.ok("GETACL Plan") == [f'* ACL Plan "{OWNER}" "lrswipkxteacd" "{FRIEND}" "lrsted"']
    owner.ok(f"SETACL Plan {FRIEND.upper()} -d")
    assert owner.ok("GETACL Plan") == [f'* ACL Plan "{OWNER}" "lrswipkxteacd" "{FRIEND}" "lrs"'], "an address has no case"
    assert owner.ok(f"LISTRIGHTS Plan {FRIEND}") == [f'* LISTRIGHTS Plan "{FRIEND}" "" l r s w i p k x t e a c d']
    assert owner.ok(f"LISTRIGHTS Plan {OWNER}") == [f'* LISTRIGHTS Plan "{OWNER}" "lrswipkxteacd"']
    lines, result = owner.run(f"SETACL Plan {FRIEND} lrq")
    assert result.startswith("BAD"), result
    lines, result = owner.run(f"SETACL Plan {OWNER} l")
    assert result.startswith("NO [NOPERM]"), result
    # Who administers it may share it, and not keep its owner out.
    owner.ok(f"SETACL Plan {FRIEND} lra")
    friend.ok(f"SETACL {quoted(OWNER, 'Plan')} anyone l")
    assert owner.ok("GETACL Plan")[0].endswith(f'"anyone" "l" "{FRIEND}" "lra"')
    lines, result = friend.run(f"DELETEACL {quoted(OWNER, 'Plan')} {OWNER}")
    assert result.startswith("NO [NOPERM]"), result
    owner.ok("DELETEACL Plan anyone")


def flags_as_far_as_they_go(owner, friend):
    owner.ok(f"SETACL Plan {FRIEND} lrsi")
    lines = friend.ok(f"SELECT {quoted(OWNER, 'Plan')}")
    assert "* OK [PERMANENTFLAGS (\\Seen)] Flags" in lines and friend.result.startswith("OK [READ-WRITE]"), lines
    assert friend.ok("STORE 2 +FLAGS (\\Seen \\Flagged)") == ["* 2 FETCH (UID 2 FLAGS (\\Answered \\Seen))"]
    assert friend.ok("STORE 2 FLAGS ()") == ["* 2 FETCH (UID 2 FLAGS (\\Answered))"]
    lines, result = friend.run("STORE 2 +FLAGS (\\Flagged)")
    assert result.startswith("NO [NOPERM]"), result
    friend.ok(f"APPEND {quoted(OWNER, 'Plan')} (\\Seen \\Draft \\Deleted) ".encode() + literals(NEW))
    assert friend.ok("FETCH 3 FLAGS") == ["* 3 FETCH (FLAGS (\\Seen))"]
    friend.ok("CLOSE")
    assert owner.ok("STATUS Plan (MESSAGES)") == ["* STATUS Plan (MESSAGES 3)"], "nothing was expunged"


def inherited_and_made(owner, friend):
    owner.ok(f"SETACL Plan {FRIEND} lrikx")
    friend.ok(f"CREATE {quoted(OWNER, 'Plan/2026')}")
    assert friend.ok(f"MYRIGHTS {quoted(OWNER, 'Plan/2026')}")[0].endswith('"lrikxc"')
    assert owner.ok("GETACL Plan/2026")[0].endswith(f'"{FRIEND}" "lrikxc"')
    lines, result = friend.run(f"CREATE {quoted(OWNER, 'Plan/Sent')} (USE (\\Sent))")
    assert result.startswith("NO [USEATTR]"), result
    friend.ok(f"RENAME {quoted(OWNER, 'Plan/2026')} {quoted(OWNER, 'Plan/2027')}")
    lines, result = friend.run(f"RENAME {quoted(OWNER, 'Plan/2027')} Mine")
    assert result.startswith("NO [CANNOT]"), result
    lines, result = friend.run(f"CREATE {quoted(OWNER, 'Top')}")
    assert result.startswith("NO [NOPERM]"), result
    friend.ok(f"DELETE {quoted(OWNER, 'Plan/2027')}")
    for name in ('"Other Users"', '"Other Users/x"', quoted("nobody@example.test", "x")):
        lines, result = friend.run(f"CREATE {name}")
        assert result.startswith("NO [NONEXISTENT]"), (name, result)


def between_accounts(lab, owner, friend):
    owner.ok(f"SETACL Plan {FRIEND} lrswite")
    friend.ok("CREATE Mine")
    friend.ok(f"SELECT {quoted(OWNER, 'Plan')}")
    friend.ok("COPY 1:2 Mine")
    assert re.search(r"\[COPYUID \d+ 1:2 1:2\]", friend.result), friend.result
    lines = friend.ok("MOVE 2 Mine")
    assert re.match(r"\* OK \[COPYUID \d+ 2 3\]", lines[0]) and lines[1] == "* 2 EXPUNGE", lines
    assert owner.ok("STATUS Plan (MESSAGES)") == ["* STATUS Plan (MESSAGES 2)"]
    friend.ok("SELECT Mine")
    assert "first" in friend.ok("FETCH 1 BODY.PEEK[TEXT]")[0] and "second" in friend.ok("FETCH 3 BODY.PEEK[TEXT]")[0]
    friend.ok(f"MOVE 3 {quoted(OWNER, 'Plan')}")
    assert owner.ok("STATUS Plan (MESSAGES)") == ["* STATUS Plan (MESSAGES 3)"]
    assert friend.ok("SEARCH TEXT second") == ["* SEARCH 2"]
    # What another took away the owner can have back.
    deleted = lab.cli_json("message", "deleted", OWNER)["messages"]
    assert [m["mailbox"] for m in deleted if m["subject"] == "two"] == ["Plan"], deleted
    # Put together from what another shares.
    friend.ok(f'APPEND Mine CATENATE (URL "/Other%20Users/{OWNER}/Plan/;UID=1/;SECTION=HEADER" TEXT '.encode() + literals(b"forward") + b")")
    friend.ok("SELECT Mine")
    assert "Subject: one" in (text := friend.ok("FETCH * BODY.PEEK[]")[0]) and text.endswith("forward)"), text
    lines, result = friend.run(f'APPEND Mine CATENATE (URL "/Other%20Users/{OWNER}/Hidden2/;UID=1")')
    assert result.startswith("NO [BADURL"), result
    lab.cli("account", "update", FRIEND, "--quota-mib", "1")
    with Imap(lab, FRIEND) as full:
        owner.ok("APPEND Plan ".encode() + literals(b"Subject: large\r\n\r\n" + b"x" * (1100 << 10)))
        full.ok(f"SELECT {quoted(OWNER, 'Plan')}")
        for command in ("COPY * Mine", "MOVE * Mine"):
            lines, result = full.run(command)
            assert result.startswith("NO [OVERQUOTA]"), (command, result)
    lab.cli("account", "update", FRIEND, "--quota-mib", "0")


def both_see_changes(owner, friend):
    friend.ok(f"SELECT {quoted(OWNER, 'Plan')}")
    friend.send(b"i IDLE\r\n")
    assert friend.line().startswith("+")
    owner.ok("APPEND Plan ".encode() + literals(NEW))
    assert friend.line() == "* 5 EXISTS"
    friend.send(b"DONE\r\n")
    assert friend.line().startswith("i OK")
    owner.ok("SELECT Plan")
    friend.ok("STORE 5 +FLAGS (\\Flagged)")
    assert any("\\Flagged" in line for line in owner.ok("NOOP"))
    owner.ok("UNSELECT")


def taken_away(owner, friend):
    """While the mailbox is open: the next command tells."""
    friend.ok(f"SELECT {quoted(OWNER, 'Plan')}")
    owner.ok(f"SETACL Plan {FRIEND} l")
    lines, result = friend.run("FETCH 1 BODY.PEEK[]")
    assert result.startswith("NO [NOPERM]"), result
    owner.ok(f"DELETEACL Plan {FRIEND}")
    lines, result = friend.run("FETCH 1 BODY.PEEK[]")
    assert result.startswith("NO [NONEXISTENT]"), result
    friend.ok("UNSELECT")
    assert not any("Plan" in line for line in friend.ok('LIST "" *'))


def by_the_command_line(lab, friend):
    words = ("mailbox", "rights", "set", OWNER, "Plan")
    assert re.search(rf"{OWNER} +lrswipkxtea \(owner\)\n{FRIEND} +lr\n", lab.cli(*words, FRIEND, "lr"))
    assert f"MYRIGHTS {quoted(OWNER, 'Plan')} \"lrs\"" in (lab.cli(*words, FRIEND, "+s"), friend.ok(f"MYRIGHTS {quoted(OWNER, 'Plan')}")[0])[1]
    lab.cli(*words, "anyone", "l")
    grants = lab.cli_json("mailbox", "rights", "list", OWNER, "Plan")["grants"]
    assert [grant["rights"] for grant in grants] == ["l", "lrs"], grants
    assert FRIEND not in lab.cli(*words, FRIEND, "none")
    assert "of another tenant" in lab.cli(*words, STRANGER, "lr", code=1)
    assert "letters of lrswipkxtea" in lab.cli(*words, FRIEND, "lq", code=2)
    assert "The owner has all rights" in lab.cli(*words, OWNER, "lr", code=1)
    lab.cli(*words, "nobody@example.test", "lr", code=3)
    lab.cli("mailbox", "rights", "list", OWNER, "Nowhere", code=3)


if __name__ == "__main__":
    main(globals())
