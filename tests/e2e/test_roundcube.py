"""Debian's Roundcube as a foreign webmail: IMAP, submission and ManageSieve with TLS, each step seen from both sides."""
import email
import email.policy
import html
import re
import time

from harness import Lab, body_of, main, message, wait_for, wire
from roundcube import Form, Roundcube, Session, calls

ALICE, BOB = "alice@example.test", "bob@example.test"
ATTACHMENT = bytes(range(256)) * 100


def test_roundcube():
    with Lab() as lab, Roundcube(lab) as mailer:
        lab.cli("account", "update", ALICE, "--quota-mib", "64")
        web = Session(mailer.port)
        for step in (logs_in, lists, reads, marks, searches, makes_folders, moves, sends, replies, drafts, deletes, filters, vacation,
                     logs_out):
            begin = time.monotonic()
            step(lab, web)
            print(f"    {step.__name__} {time.monotonic() - begin:.1f} s", flush=True)
        wrong = [line for line in mailer.errors().splitlines() if re.search("(IMAP|SMTP) Error|sieve", line)]
        expected = ["Login failed for alice@example.test", "5.1.1 no such user here"]
        assert [words for line in wrong for words in expected if words in line] == expected and len(wrong) == 2, wrong


# What is on the server, by IMAP ------------------------------------------------------------------------------------


def selected(lab, name: str, user: str = ALICE):
    imap = lab.imap(user)
    assert imap.select(f'"{name}"')[0] == "OK", name
    return imap


def flags_of(lab, name: str, subject: str):
    """Flags of the one message with that subject; None for none."""
    with selected(lab, name) as imap:
        found = imap.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
        assert len(found) < 2, (name, subject, found)
        return set(imap.fetch(found[0], "(FLAGS)")[1][0].split(b"FLAGS (")[1].split(b")")[0].decode().split()) if found else None


def deliver(lab, subject: str, body: str = "hello\n", attachment: bytes = b"") -> bytes:
    """The message as it lies in the mailbox."""
    mail = message("friend@remote.test", ALICE, subject=subject, body=body)
    if attachment:
        mail.add_attachment(attachment, maintype="application", subtype="octet-stream", filename="Übung.bin")
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    return lab.fetch_by_id(ALICE, mail["Message-ID"])


# What Roundcube shows ----------------------------------------------------------------------------------------------


def rows(web, box: str = "INBOX", **search) -> dict:
    """subject -> (uid, flags) of the list of a folder, or of what a search found."""
    script = web.get(_task="mail", _action="search" if search else "list", _mbox=box, _refresh=1, **search)
    return {html.unescape(columns["subject"]): (uid, flags) for uid, columns, flags, *_ in calls(script, "add_message_row")}


def uid_of(web, subject: str, box: str = "INBOX") -> int:
    return rows(web, box)[subject][0]


def confirmed(script: str) -> None:
    """It says that it worked."""
    assert [words[1] for words in calls(script, "display_message")] == ["confirmation"], script


# Steps -------------------------------------------------------------------------------------------------------------


def logs_in(lab, web):
    assert "Login failed" in Session(int(web.base.split(":")[2].strip("/"))).log_in(ALICE, "wrong")
    page = web.log_in(ALICE, lab.password(ALICE))
    assert web.token and 'id="messagelist"' in page, page[:2000]
    for name in ("INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"):
        assert f'rel="{name}"' in page, name


def lists(lab, web):
    """New mail is in the list, and is told to a page that is open; the quota beside it."""
    assert rows(web) == {}
    deliver(lab, "Grüße ✓", "erste Zeile: ü\n", ATTACHMENT)
    assert set(rows(web)) == {"Grüße ✓"}
    refresh = lambda: web.post({"_mbox": "INBOX", "_list": 1, "_quota": 1}, _task="mail", _action="refresh")
    refresh()  # an open page does so every minute; what it tells is what came since
    deliver(lab, "second <b>")
    told = refresh()
    assert {html.unescape(row[1]["subject"]) for row in calls(told, "add_message_row")} == {"Grüße ✓", "second <b>"}, told
    assert calls(told, "set_quota")[0][0]["total"] == 64 << 10, told  # KiB
    assert set(rows(web)) == {"Grüße ✓", "second <b>"} and not rows(web)["second <b>"][1].get("seen")


def reads(lab, web):
    """The text, the file and the source, byte for byte; reading marks as read."""
    uid = uid_of(web, "Grüße ✓")
    page = web.page(_task="mail", _action="show", _mbox="INBOX", _uid=uid)
    assert "erste Zeile: ü" in html.unescape(page) and "Übung.bin" in page, page
    file = web.bytes(_task="mail", _action="get", _mbox="INBOX", _uid=uid, _part=2, _download=1, _token=web.token)
    assert file == ATTACHMENT, (len(file), file[:300])
    raw = web.bytes(_task="mail", _action="viewsource", _mbox="INBOX", _uid=uid, _save=1, _token=web.token)
    with selected(lab, "INBOX") as imap:
        assert raw == imap.uid("FETCH", str(uid), "(BODY.PEEK[])")[1][0][1]
    assert "\\Seen" in flags_of_uid(lab, uid)
    assert "\\Seen" not in flags_of(lab, "INBOX", "second")


def flags_of_uid(lab, uid: int) -> set:
    with selected(lab, "INBOX") as imap:
        return set(imap.uid("FETCH", str(uid), "(FLAGS)")[1][0].split(b"FLAGS (")[1].split(b")")[0].decode().split())


def marks(lab, web):
    """Star and unread go up; what another program marks comes down."""
    uid = uid_of(web, "second <b>")
    for flag, name, there in (("flagged", "\\Flagged", True), ("read", "\\Seen", True), ("unread", "\\Seen", False), ("unflagged", "\\Flagged", False)):
        web.post({"_uid": uid, "_flag": flag, "_mbox": "INBOX"}, _task="mail", _action="mark")
        assert (name in flags_of_uid(lab, uid)) == there, flag
    with selected(lab, "INBOX") as imap:
        imap.uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Flagged \\Answered)")
    wait_for(lambda: {"flagged", "answered"} <= {name for name, on in rows(web)["second <b>"][1].items() if on}, 10, "flags of another program")


def searches(lab, web):
    """In subjects, senders and bodies, with words that are not ASCII, and by flag."""
    for n, body in enumerate(("nothing special\n", "the word Überraschung is here\n", "the word surprise is here\n")):
        deliver(lab, f"to search {n}", body)
    all_of_them = {f"to search {n}" for n in range(3)}
    for words, found in (({"_q": "search", "_headers": "subject"}, all_of_them), ({"_q": "surprise", "_headers": "text"}, {"to search 2"}),
                         ({"_q": "überraschung", "_headers": "body"}, {"to search 1"}), ({"_q": "nobody", "_headers": "from"}, set()),
                         ({"_q": "grüße", "_headers": "subject,from"}, {"Grüße ✓"}), ({"_q": "", "_filter": "FLAGGED"}, {"second <b>"}),
                         ({"_q": "surprise", "_headers": "text", "_scope": "all"}, {"to search 2"})):
        assert set(rows(web, **words)) == found, (words, rows(web, **words))


def makes_folders(lab, web):
    """One with a name that is not ASCII, one in it, another name, away."""
    for parent, name in (("", "Grüße & Küsse"), ("Gr&APwA3w-e &- K&APw-sse", "Unten")):
        form = Form(web.page(_task="settings", _action="edit-folder", _mbox="", _framed=1), "_name")
        form.fill(_name=name, _parent=parent)
        assert "confirmation" in web.submit(form, _task="settings", _action="save-folder", _framed=1)
    with lab.imap(ALICE) as imap:
        names = b" ".join(imap.lsub()[1])
    assert b'"Gr&APwA3w-e &- K&APw-sse"' in names and b'"Gr&APwA3w-e &- K&APw-sse/Unten"' in names, names
    form = Form(web.page(_task="settings", _action="edit-folder", _mbox="Gr&APwA3w-e &- K&APw-sse/Unten", _framed=1), "_name")
    form.fill(_name="Oben", _parent="")
    web.submit(form, _task="settings", _action="save-folder", _framed=1)
    with lab.imap(ALICE) as imap:
        assert imap.select("Oben")[0] == "OK"
    web.post({"_mbox": "Oben"}, _task="settings", _action="folder-delete")
    with lab.imap(ALICE) as imap:
        assert imap.select("Oben")[0] == "NO"


def moves(lab, web):
    """A move, a copy, and the archive's button; the place they leave and the place they come to."""
    target = "Gr&APwA3w-e &- K&APw-sse"
    confirmed(web.post({"_uid": uid_of(web, "to search 0"), "_mbox": "INBOX", "_target_mbox": target}, _task="mail", _action="move"))
    confirmed(web.post({"_uid": uid_of(web, "to search 1"), "_mbox": "INBOX", "_target_mbox": target}, _task="mail", _action="copy"))
    assert set(rows(web, target)) == {"to search 0", "to search 1"}
    where = {name: [flags_of(lab, name, f"to search {n}") is not None for n in (0, 1)] for name in ("INBOX", target)}
    assert where == {"INBOX": [False, True], target: [True, True]} and "to search 0" not in rows(web), where


def compose(web, **words) -> tuple:
    page = web.page(_task="mail", _action="compose", **words)
    form = Form(page, "_message")
    return form, dict(form.fields)["_id"]


def sends(lab, web):
    """With a file, to two; the copy in Sent is what went out."""
    form, number = compose(web)
    web.upload("Übung.bin", ATTACHMENT, _task="mail", _action="upload", _id=number, _uploadid="upload1")
    form.fill(_to=f"Bob <{BOB}>", _cc="carol@other.test", _subject="Von Roundcube ✓", _message="Grüße\n.\n..dots\nend")
    assert "sent_successfully" in web.submit(form, _task="mail", _action="send", _framed=1)
    with selected(lab, "Sent") as imap:
        assert imap.search(None, "ALL")[1][0] == b"1"
        copy = imap.fetch("1", "(FLAGS BODY.PEEK[])")[1][0]
    assert b"\\Seen" in copy[0], copy[0]
    sent = email.message_from_bytes(copy[1], policy=email.policy.default)
    for user in (BOB, "carol@other.test"):
        raw = lab.fetch_by_id(user, sent["Message-ID"])
        assert body_of(raw) == body_of(copy[1]), user
        came = email.message_from_bytes(raw, policy=email.policy.default)
        assert "ESMTPSA" in came["Received"] and came["Subject"] == "Von Roundcube ✓", came["Received"]
        assert came.get_body().get_content().split() == ["Grüße", ".", "..dots", "end"]
        [file] = came.iter_attachments()
        assert (file.get_filename(), file.get_content()) == ("Übung.bin", ATTACHMENT)
    # Refused as a whole: nothing is filed as sent.
    form, _ = compose(web)
    form.fill(_to="nobody@example.test", _subject="to nobody", _message="x")
    answer = web.submit(form, _task="mail", _action="send", _framed=1)
    assert "550" in answer and "sent_successfully" not in answer and flags_of(lab, "Sent", "to nobody") is None, answer


def replies(lab, web):
    uid = uid_of(web, "to search 2")
    form, _ = compose(web, _reply_uid=uid, _mbox="INBOX")
    fields = dict(form.fields)
    assert fields["_subject"] == "Re: to search 2" and "> the word surprise is here" in fields["_message"], fields
    form.fill(_to=BOB)
    assert "sent_successfully" in web.submit(form, _task="mail", _action="send", _framed=1)
    assert "\\Answered" in flags_of(lab, "INBOX", "to search 2")
    with selected(lab, "INBOX") as imap:
        original = email.message_from_bytes(imap.uid("FETCH", str(uid), "(BODY.PEEK[HEADER])")[1][0][1])["Message-ID"]
    with selected(lab, "Sent") as imap:
        found = imap.search(None, "HEADER", "In-Reply-To", f'"{original}"')[1][0].split()
    assert len(found) == 1, found


def drafts(lab, web):
    """Saved twice there is one, the newer; sent there is none."""
    form, _ = compose(web)
    for text in ("unfinis", "unfinished"):
        form.fill(_to=BOB, _subject="a draft", _message=text, _draft="1")
        answer = web.submit(form, _task="mail", _action="send", _framed=1)
        form.fill(_draft_saveid=str(calls(answer.replace("parent.rcmail.", "this."), "set_draft_id")[0][0]))
    assert "\\Seen" in flags_of(lab, "Drafts", "a draft"), flags_of(lab, "Drafts", "a draft")
    with selected(lab, "Drafts") as imap:
        assert imap.fetch("1", "(BODY.PEEK[TEXT])")[1][0][1].strip() == b"unfinished"
    form.fill(_draft="")
    assert "sent_successfully" in web.submit(form, _task="mail", _action="send", _framed=1)
    assert flags_of(lab, "Drafts", "a draft") is None and flags_of(lab, "Sent", "a draft") is not None


def deletes(lab, web):
    """To Trash, there for good, and the rest of Trash with one click."""
    for subject in ("to search 1", "second <b>"):
        confirmed(web.post({"_uid": uid_of(web, subject), "_mbox": "INBOX", "_target_mbox": "Trash"}, _task="mail", _action="move"))
    assert flags_of(lab, "INBOX", "second") is None and set(rows(web, "Trash")) == {"to search 1", "second <b>"}
    confirmed(web.post({"_uid": uid_of(web, "to search 1", "Trash"), "_mbox": "Trash"}, _task="mail", _action="delete"))
    assert flags_of(lab, "Trash", "to search 1") is None and flags_of(lab, "Trash", "second") is not None
    web.post({"_mbox": "Trash"}, _task="mail", _action="purge")
    with selected(lab, "Trash") as imap:
        assert imap.search(None, "ALL")[1][0] == b""


def filters(lab, web):
    """A filter of its form, by ManageSieve, and what it does to mail; changed, switched off, deleted."""
    page = web.page(_task="settings", _action="plugin.managesieve")
    assert "filterconnerror" not in page, page
    make_filter(web, "lists", _enabled="1", _join="allof")
    text = active_script(lab)
    assert "# rule:[lists]" in text and 'fileinto "Archive"' in text, text
    raw = deliver_to(lab, "[list] filed", "Archive")
    assert b"[list] filed" in raw and flags_of(lab, "INBOX", "[list] filed") is None
    deliver(lab, "not of a list")
    web.post({"_fid": 0, "_act": "act"}, _task="settings", _action="plugin.managesieve-action")
    deliver(lab, "[list] off")
    web.post({"_fid": 0, "_act": "delete"}, _task="settings", _action="plugin.managesieve-action")
    assert "[lists]" not in active_script(lab)


def active_script(lab) -> str:
    [name] = [script["name"] for script in lab.cli_json("sieve", "list", ALICE)["scripts"] if script.get("active")]
    return lab.cli("sieve", "get", ALICE, name)


def make_filter(web, name: str, **more):
    form = Form(web.page(_task="settings", _action="plugin.managesieve-action", _framed=1, _nav="hide"), "_rule_op[0]")
    form.fill_in({"_name": name, "_header[0]": "subject", "_rule_op[0]": "contains", "_rule_target[0][]": "[list]", "_rule_target[0]": None,
                  "_action_type[0]": "fileinto", "_action_mailbox[0]": "Archive", **more})
    answer = web.submit(form, _task="settings", _action="plugin.managesieve-save", _framed=1)
    assert "managesieve_updatelist" in answer and "Filter saved" in answer, answer


def deliver_to(lab, subject: str, folder: str) -> bytes:
    mail = message("friend@remote.test", ALICE, subject=subject)
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    raw = lab.fetch_by_id(ALICE, mail["Message-ID"], folder=folder)
    assert body_of(raw) == body_of(wire(mail))
    return raw


def vacation(lab, web):
    """The form for one who is away; a friend here hears of it once."""
    form = Form(web.page(_task="settings", _action="plugin.managesieve-vacation"), "vacation_reason")
    form.fill(vacation_reason="Ich bin im Urlaub: äöü", vacation_subject="Weg ✓", vacation_status="on", vacation_interval="1",
              vacation_addresses=None)  # a list that the page's script makes of it
    confirmed(web.post(dict(form.fields), _task="settings", _action="plugin.managesieve-vacation"))
    for n in range(2):
        mail = message(BOB, ALICE, subject=f"are you there {n}")
        with lab.submission(BOB) as smtp:
            smtp.send_message(mail)
        lab.fetch_by_id(ALICE, mail["Message-ID"])

    def answers():
        with selected(lab, "INBOX", BOB) as imap:
            return imap.search(None, "FROM", ALICE, "HEADER", "Auto-Submitted", "auto-replied")[1][0].split()
    wait_for(answers, 60, "the answer")
    assert len(answers()) == 1


def logs_out(lab, web):
    web.page(_task="logout", _token=web.token)
    assert 'name="_user"' in web.page(_task="mail", _mbox="INBOX")


main(globals())
