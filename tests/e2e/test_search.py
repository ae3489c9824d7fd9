"""SEARCH with its index: exact whatever is indexed, also while it is being indexed and after a kill in the middle of that."""
import random
import re
import time

import yaml

from harness import Lab, main, message, wait_for, wire

USER = "bob@example.test"
MESSAGES = 2000
FAST = {"mailbox": {"testing_search_index_ms": 20}}
WORDS = ["invoice", "meeting", "Straße", "naïve", "café", "budget", "会议", "京都", "メール", "книга", "quarterly", "R&D", "x=1",
         "100%", "urgent", "Zürich", "e\u0301te", "holiday", "contract", "résumé"]


def make(number: int, source: random.Random) -> tuple:
    """The message, and what of it can be found: its subject and its text."""
    subject = f"number {number} {source.choice(WORDS)}"
    text = " ".join(source.choice(WORDS) for _ in range(source.randint(3, 60))) + f" serial{number}end"
    if number % 97 == 0:
        text = " ".join(source.choice(WORDS) for _ in range(6000)) + f" serial{number}end"  # several blocks
    mail = message("x@remote.test", USER, subject=subject, body=text + "\n")
    if number % 3 == 0:
        mail.set_content(text + "\n", cte="base64")
    if number % 5 == 0:
        mail.add_alternative(f"<p>{text.replace('&', '&amp;')}</p> html{number}", subtype="html")
    return wire(mail), subject, text + (f" html{number}" if number % 5 == 0 else "")


def fill(imap, count: int) -> list:
    source, made = random.Random(7), []
    for number in range(1, count + 1):
        raw, subject, text = make(number, source)
        assert imap.append("INBOX", "", None, raw)[0] == "OK"
        made.append((subject, text))
    return made


def search(imap, key: str, *texts: str) -> set:
    """Each {} of the key is a text, sent as a literal."""
    parts, command = key.split("{}"), b""
    for part, text in zip(parts, [*texts, None]):
        command += part.encode()
        if text is not None:
            raw = text.encode()
            command += b"{%d+}\r\n%s" % (len(raw), raw)
    tag = imap._new_tag()
    imap.send(tag + b" UID SEARCH CHARSET UTF-8 " + command + b"\r\n")
    found = None
    while True:
        line = imap.readline()
        if line.startswith(b"* SEARCH"):
            found = {int(uid) for uid in line.split()[2:]}
        if line.startswith(tag + b" "):
            assert line.split()[1] == b"OK", line
            return found


def indexed(lab) -> int:
    return int(lab.platform.postgres.sql("SELECT count(DISTINCT (account_id, email_id)) FROM mailbox_search"))


def check_all(imap, made: list, words: list) -> None:
    """The same as looking through all that was sent."""
    def where(test) -> set:
        return {uid for uid, (subject, text) in enumerate(made, 1) if test(subject, text)}

    def says(text: str, word: str) -> bool:
        return word.casefold() in text.casefold()

    for word in words + ["serial77end", "html15", "STRASSE", "nothing of this", "e", "R&"]:
        assert search(imap, "BODY {}", word) == where(lambda _, text: says(text, word)), f"BODY {word}"
        assert search(imap, "SUBJECT {}", word) == where(lambda subject, _: says(subject, word)), f"SUBJECT {word}"
    both = where(lambda _, text: says(text, "会议") and not says(text, "budget"))
    assert search(imap, "BODY {} NOT BODY {}", "会议", "BUDGET") == both
    either = where(lambda subject, text: says(text, "serial5end") or says(subject, "number 12 "))
    assert search(imap, "OR TEXT {} SUBJECT {}", "SERIAL5END", "number 12 ") == either
    assert search(imap, "TEXT {}", "x@remote.test") == where(lambda *_: True)


def test_exact_while_indexed_and_after_a_kill():
    with Lab("services", overlay={"mailbox": {"search_index": False}}) as lab:
        imap = lab.imap(USER)
        made = fill(imap, MESSAGES)
        imap.select("INBOX")
        assert indexed(lab) == 0
        check_all(imap, made, WORDS[::5])  # by reading every message
        # From here on it is indexed: killed in the middle, twice, and then left to finish.
        for _ in range(2):
            before = indexed(lab)
            restart(lab, {"search_index": True, "testing_search_index_ms": 400})
            wait_for(lambda: indexed(lab) > before, 30, "some are indexed")
            kill(lab)
            assert 0 < indexed(lab) < MESSAGES, indexed(lab)
            # Who dies at it leaves the turn to others after some minutes, which are over here.
            lab.platform.postgres.sql("UPDATE mailbox_search_accounts SET busy_until = now()")
        restart(lab, {"search_index": False})
        imap = lab.imap(USER)
        imap.select("INBOX")
        check_all(imap, made, WORDS[1::3])  # half of them indexed
        kill(lab)
        restart(lab, {"search_index": True, "testing_search_index_ms": 20})
        wait_for(lambda: indexed(lab) == MESSAGES, 60, "all are indexed")
        imap = lab.imap(USER)
        imap.select("INBOX")
        check_all(imap, made, WORDS)
        print(f"    {MESSAGES} messages indexed; one search takes {timed(imap, 'serial1940end'):.1f} ms", flush=True)


def timed(imap, word: str) -> float:
    begin = time.monotonic()
    search(imap, "TEXT {}", word)
    return (time.monotonic() - begin) * 1000


def kill(lab) -> None:
    process = lab.platform.processes["mailbox"]
    process.kill()
    process.wait()


def restart(lab, settings: dict) -> None:
    """The process of mailbox with other settings; access goes on meanwhile."""
    process = lab.platform.processes["mailbox"]
    if process.poll() is None:
        kill(lab)
    config = yaml.safe_load(lab.platform.config_file.read_text())
    config["mailbox"].update(settings)
    lab.platform.config_file.write_text(yaml.safe_dump(config, sort_keys=False))
    lab.platform.start_process("mailbox")
    lab.platform.wait_ready("mailbox")


def test_new_mail_flags_and_expunge():
    with Lab(overlay=FAST) as lab:
        imap = lab.imap(USER)
        made = fill(imap, 30)
        imap.select("INBOX")
        assert search(imap, "BODY {}", "serial7end") == {7}, "whether it is indexed yet or not"
        wait_for(lambda: indexed(lab) == len(made), what="all are indexed")
        assert search(imap, "BODY {}", "serial7end") == {7}
        imap.uid("copy", "7", "Archive")
        imap.uid("store", "1:30", "+FLAGS.SILENT", r"(\Seen)")
        imap.select("Archive")
        assert search(imap, "BODY {}", "serial7end") == {1}
        assert search(imap, "BODY {}", "serial8end") == set()
        imap.select("INBOX")
        assert search(imap, "SEEN BODY {}", "serial8end") == {8}
        imap.uid("store", "8", "+FLAGS.SILENT", r"(\Deleted)")
        imap.expunge()
        assert search(imap, "BODY {}", "serial8end") == set()
        # SORT and THREAD search alike.
        assert imap.sort("REVERSE SUBJECT", "UTF-8", '(BODY "serial9end")')[1][0].split() == [b"8"]
        # By the operator.
        assert "1 account is indexed anew" in lab.cli("mailbox", "reindex", USER)
        assert search(imap, "BODY {}", "serial9end") == {9}
        # An expunged message that can be restored stays indexed; a copy is the same.
        wait_for(lambda: indexed(lab) == 29, what="indexed anew")
        assert re.search(r"\d+ accounts are indexed anew", lab.cli("mailbox", "reindex", "--all"))
        wait_for(lambda: indexed(lab) == 29, what="indexed anew")
        assert lab.cli_json("mailbox", "reindex", USER) == {"accounts": 1}
        assert "needs ACCOUNT or --all" in lab.cli("mailbox", "reindex", code=2)
        lab.cli("mailbox", "reindex", "nobody@example.test", code=3)


def test_fuzzy():
    with Lab(overlay=FAST) as lab:
        imap = lab.imap(USER)
        assert b"SEARCH=FUZZY" in imap.capability()[1][0]
        mails = [("Running late", "the bus did not come"), ("Minutes", "we run, they were running; all runs"), ("Trunk", "brunch"),
                 ("北京会议", "明天下午的会议取消了"), ("東京", "新しいメールが届きました"), ("Das Haus", "alte Häuser in Zürich"),
                 ("Café", "two ponies"), ("книга", "много книг")]
        for subject, text in mails:
            assert imap.append("INBOX", "", None, wire(message("x@remote.test", USER, subject, text + "\n")))[0] == "OK"
        for _ in range(8):  # enough to ask the index
            imap.append("INBOX", "", None, wire(message("y@remote.test", USER, "other", "nothing\n")))
        imap.select("INBOX")

        def check():
            for word, uids in (("run", {1, 2}), ("RUNNING", {1, 2}), ("会议", {4}), ("会議", set()), ("メール", {5}), ("東京", {5}),
                               ("haus", {6}), ("häusern", {6}), ("zurich", {6}), ("cafe", {7}), ("pony", {7}), ("книги", {8}),
                               ("late bus", {1}), ("run trunk", set())):
                assert search(imap, "FUZZY TEXT {}", word) == uids, word
            assert search(imap, "FUZZY SUBJECT {}", "run") == {1}
            assert search(imap, "TEXT {}", "running") == {1, 2}
            assert search(imap, "FUZZY TEXT {} NOT FUZZY SUBJECT {}", "run", "late") == {2}

        check()
        wait_for(lambda: indexed(lab) == len(mails) + 8, what="all are indexed")
        check()
        imap.send(b'r1 SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT "run"\r\n')
        line = imap.readline()
        scores = re.fullmatch(rb'\* ESEARCH \(TAG "r1"\) ALL 1:2 RELEVANCY \((\d+) (\d+)\)\r\n', line)
        assert scores and 100 >= int(scores[1]) > int(scores[2]) >= 1, line
        assert imap.readline().startswith(b"r1 OK")
        assert imap.sort("RELEVANCY", "UTF-8", 'FUZZY TEXT "run"')[1][0].split() == [b"1", b"2"]
        assert imap.sort("REVERSE RELEVANCY", "UTF-8", 'FUZZY TEXT "run"')[1][0].split() == [b"2", b"1"]
        imap.send(b'r2 SEARCH RETURN (RELEVANCY) TEXT "run"\r\n')
        assert b"BAD" in imap.readline()


if __name__ == "__main__":
    main(globals())
