"""imapflow and nodemailer (npm), what many web mailers are made of: each step is seen from both sides."""
import base64
import email
import email.policy
import hashlib
import imaplib

from harness import Lab, body_of, main, message, wait_for, wire
from node import Node

ALICE, BOB = "alice@example.test", "bob@example.test"
ATTACHMENT = bytes(range(256)) * 300
# Dots, 8 bits, a line of 990 octets, no empty line at its end.
RAW = (b"From: bob@example.test\r\nTo: alice@example.test\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\nSubject: raw\r\n"
       b"Message-ID: <raw@example.test>\r\nMIME-Version: 1.0\r\n"
       b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
       b".\r\n..two\r\n.\r\nna\xefve\r\n" + b"y" * 988 + b"\r\n\ttab and end \r\n")


def test_nodemailer():
    with Lab() as lab:
        with Node("nodemailer.js", settings(lab, BOB)) as node:
            for kind in ("submission", "submissions"):
                logs_in(node, kind)
                sends(lab, node, kind)
            refusals(node)
            pools(lab, node)


def test_imapflow():
    with Lab() as lab:
        lab.cli("account", "update", ALICE, "--quota-mib", "64")
        with Node("imapflow.js", settings(lab, ALICE)) as node:
            for step in (connects, folders, push, reads, marks, searches, appends, moves, returns, deletes, examines, large, quota):
                step(lab, node)
                print(f"    {step.__name__}", flush=True)
            said = node.step("lines")
            for sign in (" ID (\"name\" \"Tester\"", "COMPRESS DEFLATE", "ENABLE CONDSTORE UTF8=ACCEPT QRESYNC IMAP4REV2", "IDLE", "RETURN (STATUS",
                         "UID MOVE", "(QRESYNC (", "BINARY.PEEK[", "UNCHANGEDSINCE", "CHANGEDSINCE", "s * ESEARCH", "UID EXPUNGE"):
                assert any(sign in line for line in said), sign
            # What it asks for that is not there is NO; nothing it writes is a mistake of grammar.
            bad = [line.split()[1] for line in said if line.startswith("s ") and line.split()[2:3] == ["BAD"]]
            assert [line for line in said if line.startswith("c ") and line.split()[1] in bad and "UNCHANGEDSINCE" not in line] == []
            node.step("logout")


def settings(lab, user: str) -> dict:
    return {"ports": lab.ports, "ca": lab.end["ca_file"], "user": user, "password": lab.password(user)}


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


# nodemailer -------------------------------------------------------------------------------------------------------


def logs_in(node, kind):
    for mechanism in ("PLAIN", "LOGIN"):
        assert node.step("verify", kind, mechanism) is True
    assert node.step("untrusted", kind)["code"] == "ESOCKET"
    wrong = node.step("wrongPassword", kind)
    assert (wrong["code"], wrong["responseCode"]) == ("EAUTH", 535), wrong


def sends(lab, node, kind):
    """Texts in two forms, a picture within, files with names and bytes of all kinds; then a message byte for byte."""
    files = [{"filename": "Grüße & ‘mehr’.bin", "contentType": "application/octet-stream", "bytes": encoded(ATTACHMENT)},
             {"filename": "dot.gif", "cid": "dot@example.test", "bytes": encoded(b"GIF89a" + ATTACHMENT[:60])},
             {"filename": "empty.txt", "bytes": ""}]
    text = "Grüße\n.\n..dots\n" + "a long line " * 200 + "\nend\n"
    sent = node.step("send", kind, {
        "from": f"Bob Ü <{BOB}>", "to": [ALICE, "carol@other.test", "nobody@example.test"], "cc": f"Älter <{BOB}>", "bcc": "admin@example.test",
        "subject": "Über nodemailer ✓", "text": text, "html": "<p>Grüße <img src='cid:dot@example.test'></p>", "attachments": files})
    assert sent["accepted"] == [ALICE, "carol@other.test", BOB, "admin@example.test"], sent
    assert sent["rejected"] == ["nobody@example.test"] and sent["response"].startswith("250 2.0.0"), sent
    copies = [lab.fetch_by_id(user, sent["messageId"]) for user in (ALICE, BOB, "carol@other.test", "admin@example.test")]
    assert len({body_of(copy) for copy in copies}) == 1
    mail = email.message_from_bytes(copies[0], policy=email.policy.default)
    assert "ESMTPSA" in mail["Received"] and mail["Subject"] == "Über nodemailer ✓" and "bcc" not in mail, mail["Received"]
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == text
    parts = {part.get_filename(): part.get_payload(decode=True) for part in mail.walk() if part.get_filename()}
    assert parts == {file["filename"]: base64.b64decode(file["bytes"]) for file in files}, parts.keys()
    node.step("sendRaw", kind, {"from": BOB, "to": ALICE}, encoded(RAW))
    with lab.imap(ALICE) as imap:
        imap.select("INBOX")
        found = wait_for(lambda: imap.noop() and imap.search(None, "SUBJECT", "raw")[1][0].split())
        stored = imap.fetch(found[-1], "(BODY.PEEK[])")[1][0][1]
    assert stored.endswith(RAW), (stored[:1500])


def refusals(node):
    """What the server refuses reaches the caller with the code and the words of the server."""
    none = node.step("refused", "submission", {"from": BOB, "to": "nobody@example.test", "text": "x"})
    assert (none["code"], none["responseCode"], none["rejected"]) == ("EENVELOPE", 550, ["nobody@example.test"]), none
    other = node.step("refused", "submissions", {"from": ALICE, "to": BOB, "text": "x"})
    assert (other["code"], other["responseCode"]) == ("EENVELOPE", 550) and "not yours" in other["message"], other


def pools(lab, node):
    """Thirty messages over two connections that stay."""
    made = node.step("pool", "submissions", [{"from": BOB, "to": "admin@example.test", "subject": f"pool {n}", "text": f"{n}"} for n in range(30)])
    with lab.imap("admin@example.test") as imap:
        imap.select("INBOX")
        wait_for(lambda: imap.noop() and len(imap.search(None, "SUBJECT", "pool")[1][0].split()) == 30, what="thirty messages")
        got = b"".join(part[1] for part in imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1] if isinstance(part, tuple))
    assert all(message_id.encode() in got for message_id in made)


# imapflow ---------------------------------------------------------------------------------------------------------


def connects(lab, node):
    assert node.step("untrusted")["code"] == "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
    assert node.step("wrongPassword") == {"authenticationFailed": True, "response": "AUTHENTICATIONFAILED"}
    assert node.step("startTls") == {"secure": True, "folders": 6}
    found = node.step("connect")
    assert found["server"] == {"name": "Pennypost"} and found["authenticated"], found
    assert set(found["enabled"]) >= {"CONDSTORE", "QRESYNC", "IMAP4REV2"}, found


def folders(lab, node):
    """Each with its use and its figures in one LIST; names that are not ASCII, subfolders, a new name, subscriptions."""
    seen = {entry["path"]: entry for entry in node.step("list")}
    assert {path: entry.get("specialUse") for path, entry in seen.items()} == {
        "INBOX": "\\Inbox", "Drafts": "\\Drafts", "Sent": "\\Sent", "Archive": "\\Archive", "Junk": "\\Junk", "Trash": "\\Trash"}, seen
    assert all(entry["specialUseSource"] == "extension" for path, entry in seen.items() if path != "INBOX"), seen
    figures = seen["INBOX"]["status"]
    assert figures["messages"] == 0 and figures["uidNext"] == 1 and figures["uidValidity"] and "size" in figures, figures
    made = node.step("create", ["Projekte", "Grüße & Küsse"])
    assert made["created"] and made["mailboxId"], made
    node.step("create", "Leer")
    assert node.step("rename", "Leer", "Projekte/Voll 満")["newPath"] == "Projekte/Voll 満"
    node.step("unsubscribe", "Projekte/Voll 満")
    seen = {entry["path"]: entry.get("subscribed") for entry in node.step("list")}
    assert seen["Projekte/Grüße & Küsse"] and not seen["Projekte/Voll 満"] and "Leer" not in seen, seen
    with lab.imap(ALICE) as imap:
        assert imap.select('"Projekte/Gr&APwA3w-e &- K&APw-sse"')[0] == "OK"
    node.step("remove", "Projekte/Voll 満")
    assert len(node.step("list")) == len(seen) - 1


def deliver(lab, subject: str, body: str = "hello\n"):
    mail = message("friend@remote.test", ALICE, subject=subject, body=body)
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    return mail


def box_of(lab, name: str = "INBOX") -> imaplib.IMAP4:
    imap = lab.imap(ALICE)
    assert imap.select(f'"{name}"')[0] == "OK", name
    return imap


def uids_of(lab, name: str, *criteria: str) -> list:
    with box_of(lab, name) as imap:
        return [int(uid) for uid in imap.uid("SEARCH", *(criteria or ("ALL",)))[1][0].split()]


def flags_of(lab, uid: int, name: str = "INBOX") -> set:
    with box_of(lab, name) as imap:
        return set(imap.uid("FETCH", str(uid), "(FLAGS)")[1][0].split(b"FLAGS (")[1].split(b")")[0].decode().split())


def push(lab, node):
    """A new message, flags and a removal, made elsewhere while it idles."""
    box = node.step("open", "INBOX")
    assert box["exists"] == 0 and box["highestModseq"] and box["mailboxId"] and not box["readOnly"], box
    node.step("idle")
    mail = deliver(lab, "Grüße per push", "erste Zeile: ü\n")
    assert node.step("told", "exists", "count", 1)["prevCount"] == 0
    lab.fetch_by_id(ALICE, mail["Message-ID"])
    deliver(lab, "goes again")
    node.step("told", "exists", "count", 2)
    node.step("idle")
    with box_of(lab) as imap:
        imap.uid("STORE", "1", "+FLAGS.SILENT", "(\\Flagged $label1)")
        assert set(node.step("told", "flags", "uid", 1)["flags"]) == {"\\Flagged", "$label1"}
        imap.uid("STORE", "2", "+FLAGS.SILENT", "(\\Deleted)")
        imap.uid("EXPUNGE", "2")
        assert node.step("told", "expunge", "uid", 2)["vanished"]


def reads(lab, node):
    """Envelope, structure, one field, the whole and each part, in pieces, as nodemailer made it."""
    with Node("nodemailer.js", settings(lab, BOB)) as sender:
        sent = sender.step("send", "submissions", {
            "from": f"Bob Ü <{BOB}>", "to": f"Alice <{ALICE}>", "subject": "Teile ✓", "text": "Grüße\n", "html": "<p>Grüße</p>",
            "inReplyTo": "<before@example.test>", "attachments": [{"filename": "Übung.bin", "bytes": encoded(ATTACHMENT)}]})
    raw = lab.fetch_by_id(ALICE, sent["messageId"])
    [uid] = node.step("search", {"header": {"message-id": sent["messageId"]}})
    got = node.step("read", uid)
    assert base64.b64decode(got["source"]) == raw and got["size"] == len(raw) and got["flags"] == [], got["flags"]
    assert got["emailId"] and got["threadId"] and got["modseq"] and got["internalDate"], got
    assert got["headers"].lower().startswith("subject: ") and "x-none" not in got["headers"].lower(), got["headers"]
    envelope = got["envelope"]
    assert (envelope["subject"], envelope["messageId"], envelope["inReplyTo"]) == ("Teile ✓", sent["messageId"], "<before@example.test>")
    assert envelope["from"] == [{"name": "Bob Ü", "address": BOB}] and envelope["to"] == [{"name": "Alice", "address": ALICE}], envelope
    texts, file = got["bodyStructure"]["childNodes"]
    assert [part["type"] for part in texts["childNodes"]] == ["text/plain", "text/html"], got["bodyStructure"]
    assert file["part"] == "2" and file["disposition"] == "attachment", file
    for chunk, binary in ((64 * 1024, False), (3000, False), (5000, True)):  # decoded here, decoded by the server
        got = node.step("download", uid, "2", chunk, binary)
        assert base64.b64decode(got["bytes"]) == ATTACHMENT and got["meta"]["filename"] == "Übung.bin", got["meta"]
        assert base64.b64decode(node.step("download", uid, None, chunk)["bytes"]) == raw
    assert base64.b64decode(node.step("download", uid, "1.1", 1000)["bytes"]).decode().strip() == "Grüße"
    many = node.step("downloadMany", uid, ["1.1", "1.2", "2"])
    assert base64.b64decode(many["2"]) == ATTACHMENT and "<p>Grüße</p>" in base64.b64decode(many["1.2"]).decode(), many.keys()
    assert flags_of(lab, uid) == set(), "peeking marks nothing"


def marks(lab, node):
    """Add, take, set, colours; what it does with UNCHANGEDSINCE never overwrites."""
    modseq = node.step("status", "INBOX")["highestModseq"]
    assert node.step("add", 1, ["\\Seen", "\\Answered", "wichtig"]) and node.step("take", 1, ["$label1", "\\Flagged"])
    assert flags_of(lab, 1) == {"\\Seen", "\\Answered", "wichtig"}
    [changed] = node.step("changed", modseq)
    assert changed["uid"] == 1 and set(changed["flags"]) == {"\\Seen", "\\Answered", "wichtig"}, changed
    # It writes the modifier behind the flags, where no grammar has it (RFC 7162 7): BAD, for done without it, it would overwrite.
    assert node.step("add", 1, ["\\Deleted"], {"unchangedSince": modseq}) is False
    assert "\\Deleted" not in flags_of(lab, 1)
    assert node.step("set", 1, ["\\Seen"]) and flags_of(lab, 1) == {"\\Seen"}
    assert node.step("colour", 1, "green") and "\\Flagged" in flags_of(lab, 1)
    assert set(node.step("flags", 1)) == flags_of(lab, 1)


def searches(lab, node):
    """In header, body and flags, with words that are not ASCII, NOT and OR, dates, sizes, MODSEQ and ids."""
    for n, body in enumerate(("nothing special\n", "the word Überraschung is here\n", "the word surprise is here\n" + "x\n" * 5000)):
        lab.fetch_by_id(ALICE, deliver(lab, f"to search {n}", body)["Message-ID"])
    first = uids_of(lab, "INBOX", "SUBJECT", '"to search 0"')[0]
    some = [first, first + 1, first + 2]
    node.step("noop")  # it hears of new messages in IDLE and NOOP
    modseq, thread = node.step("read", first)["modseq"], node.step("read", first)["threadId"]
    for query, found in (({"subject": "search"}, some), ({"body": "surprise"}, some[2:]), ({"body": "überraschung"}, some[1:2]),
                         ({"text": "grüße"}, [1, 3]), ({"from": "nobody"}, []), ({"subject": "search", "not": {"body": "word"}}, some[:1]),
                         ({"or": [{"subject": "to search 0"}, {"body": "surprise"}]}, [some[0], some[2]]),
                         ({"subject": "search", "larger": 5000}, some[2:]), ({"modseq": modseq, "subject": "search"}, some),
                         ({"threadId": thread}, some[:1]), ({"seen": False, "subject": "search"}, some), ({"seen": True}, [1]),
                         ({"keyword": "wichtig"}, []), ({"uid": f"{first}:*"}, some), ({"header": {"to": ALICE}, "subject": "search"}, some),
                         ({"since": "2100-01-01"}, []), ({"all": True}, [1, 3, *some])):
        assert node.step("search", query) == found, (query, found, node.step("search", query))
    assert node.step("count", {"subject": "search"}) == some
    assert node.step("searchSince", "2020-01-01T00:00:00Z") == [1, 3, *some]


def appends(lab, node):
    """With flags and a date; the bytes stay as they are, also of one that no grammar knows."""
    for data, flags in ((RAW, ["\\Seen", "$Forwarded"]), (b"no header at all\r\n", []), (wire(message(BOB, ALICE)), ["\\Draft"])):
        made = node.step("append", "Drafts", encoded(data), flags, "2001-02-03T04:05:06Z")
        with box_of(lab, "Drafts") as imap:
            answer = imap.uid("FETCH", str(made["uid"]), "(FLAGS INTERNALDATE BODY.PEEK[])")[1][0]
        assert answer[1] == data and b'" 3-Feb-2001 04:05:06 +0000"' in answer[0].replace(b'"03-', b'" 3-'), answer[0]
        assert all(flag.encode() in answer[0] for flag in flags), answer[0]
    here = node.step("append", "INBOX", encoded(wire(message(BOB, ALICE, subject="appended here"))), [], None)
    assert here["uid"] in uids_of(lab, "INBOX", "SUBJECT", '"appended here"') and here["seq"], here


def moves(lab, node):
    """A copy and a move, each with the new UIDs; the place they leave and the place they come to."""
    first, second = node.step("search", {"subject": "to search"})[:2]
    copied = node.step("copy", first, "Archive")["uidMap"][str(first)]
    moved = node.step("move", second, "Projekte/Grüße & Küsse")["uidMap"][str(second)]
    assert uids_of(lab, "Archive") == [copied] and uids_of(lab, "Projekte/Gr&APwA3w-e &- K&APw-sse") == [moved]
    left = uids_of(lab, "INBOX")
    assert first in left and second not in left, left


def returns(lab, node):
    """QRESYNC: closed, changed by others, opened again; it hears of the changes and of nothing else."""
    box = node.step("open", "INBOX")
    node.step("close")
    first, third = uids_of(lab, "INBOX", "SUBJECT", '"to search"')
    with box_of(lab) as imap:
        imap.uid("STORE", str(first), "+FLAGS.SILENT", "(\\Answered)")
        imap.uid("STORE", str(third), "+FLAGS.SILENT", "(\\Deleted)")
        imap.uid("EXPUNGE", str(third))
    lab.fetch_by_id(ALICE, deliver(lab, "while away")["Message-ID"])
    again = node.step("reopen", "INBOX", box["uidValidity"], box["highestModseq"])
    assert again["box"]["qresync"] and again["box"]["highestModseq"] > box["highestModseq"], again
    assert [(event["uid"], event["earlier"]) for event in again["events"] if event["event"] == "expunge"] == [(third, True)], again
    assert [event["uid"] for event in again["events"] if event["event"] == "flags"] == [first, box["uidNext"]], again
    # Opened with a UIDVALIDITY that never was: everything counts as unknown.
    assert not node.step("reopen", "INBOX", box["uidValidity"] + 1, box["highestModseq"])["box"]["qresync"]


def deletes(lab, node):
    """By UID EXPUNGE: what another program marked stays."""
    with box_of(lab) as imap:
        imap.uid("STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
    [uid] = node.step("search", {"subject": "while away"})
    assert node.step("delete", uid)
    assert uid not in uids_of(lab, "INBOX") and "\\Deleted" in flags_of(lab, 1)


def examines(lab, node):
    assert node.step("examine", "INBOX")["readOnly"]
    assert node.step("delete", 1) is False and 1 in uids_of(lab, "INBOX")
    node.step("open", "INBOX")


def large(lab, node):
    """Sixteen MiB up and down, compressed all the way."""
    made = node.step("appendLarge", "Archive", 16 << 20)
    node.step("open", "Archive")
    assert node.step("sum", made["uid"]) == made["sum"]
    with box_of(lab, "Archive") as imap:
        data = imap.uid("FETCH", str(made["uid"]), "(BODY.PEEK[])")[1][0][1]
    assert len(data) == made["size"] and hashlib.sha256(data).hexdigest() == made["sum"]


def quota(lab, node):
    found = node.step("quota", "INBOX")["storage"]
    assert found["limit"] == 64 << 20 and 16 << 20 < found["usage"] < 20 << 20, found


main(globals())
