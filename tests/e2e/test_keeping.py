"""What mailbox keeps and what it lets go: deleted messages come back, or are gone when their time is over."""
import json
import poplib
import smtplib
import subprocess
import sys
import urllib.request

from harness import ROOT, Lab, main, message, wait_for, wire
from local.data import StartError

USER = "bob@example.test"


def append(imap, folder: str, subject: str, flags: str = "") -> bytes:
    raw = wire(message("x@remote.test", USER, subject=subject, body=f"the body of {subject}\n"))
    assert imap.append(folder, flags, '"17-Jul-1996 02:44:25 +0000"', raw)[0] == "OK"
    return raw


def contents(imap, folder: str) -> dict:
    """Subject to (UID, flags, date, whole message)."""
    assert imap.select(folder)[0] == "OK"
    found = {}
    for uid in imap.uid("search", None, "ALL")[1][0].split():
        head, raw = imap.uid("fetch", uid, "(FLAGS INTERNALDATE BODY.PEEK[])")[1][0]
        subject = next(line[9:] for line in raw.decode().split("\r\n") if line.startswith("Subject: "))
        found[subject] = (int(uid), head.decode(), raw)
    return found


def expunge(imap, folder: str, subject: str) -> None:
    uid = contents(imap, folder)[subject][0]
    imap.uid("store", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
    assert imap.uid("expunge", str(uid))[0] == "OK"


def test_restore():
    with Lab() as lab:
        imap = lab.imap(USER)
        raw = {name: append(imap, "INBOX", name, r"(\Seen work)") for name in ("one", "two", "three", "four")}
        imap.create("Plans")
        raw["plan"] = append(imap, "Plans", "plan")
        used = imap.getquotaroot("INBOX")[1]
        # EXPUNGE, POP3 and with the folder: all of it can be restored; a move is no deletion.
        expunge(imap, "INBOX", "one")
        pop = poplib.POP3_SSL("localhost", lab.ports["pop3s"], context=lab.tls)
        pop.user(USER), pop.pass_(lab.password(USER))
        pop.dele(1), pop.quit()  # "two"
        imap.delete("Plans")
        uid = contents(imap, "INBOX")["four"][0]
        assert imap.uid("move", str(uid), "Archive")[0] == "OK"
        rows = lab.cli_json("message", "deleted", USER)["messages"]
        assert {row["subject"]: row["mailbox"] for row in rows} == {"one": "INBOX", "two": "INBOX", "plan": "Plans"}, rows
        assert rows[0]["subject"] == "plan" and rows[0]["from"] == "x@remote.test", rows[0]
        table = lab.cli("message", "deleted", USER, "--folder", "Plans")
        assert "plan" in table and "two" not in table, table
        assert "two" not in lab.cli("message", "deleted", USER, "--since", "2100-01-01")

        ids = {row["subject"]: row["id"] for row in rows}
        assert lab.cli("message", "restore", USER, ids["one"]) == "1 restored into INBOX\n"
        uid, head, content = contents(imap, "INBOX")["one"]
        assert uid == 5 and content == raw["one"], (uid, content)
        assert r"\Seen" in head and "work" in head and r"\Deleted" not in head and "17-Jul-1996 02:44:25" in head, head
        assert "was already" in lab.cli("message", "restore", USER, ids["one"], code=3)
        assert len(contents(imap, "INBOX")) == 2, "a second time restores nothing"
        assert "1 restored into Plans" in lab.cli("message", "restore", USER, "--folder", "Plans")
        assert contents(imap, "Plans")["plan"][2] == raw["plan"]
        assert "1 restored into Old/Mail" in lab.cli("message", "restore", USER, "--since", "1h", "--into", "Old/Mail")
        assert contents(imap, "Old/Mail")["two"][2] == raw["two"]
        assert "nothing restored" in lab.cli("message", "restore", USER, "--since", "1h")
        trace = lab.cli("message", "trace", rows[0]["email_id"])
        assert "restored" in trace and "into Plans as UID 1, by the operator" in trace, trace
        assert imap.getquotaroot("INBOX")[1] == used
        # Mistakes say what is wrong.
        assert "no id of a deleted message" in lab.cli("message", "restore", USER, "12", code=2)
        assert "give either ids" in lab.cli("message", "restore", USER, code=2)
        assert "--since yesterday" in lab.cli("message", "deleted", USER, "--since", "yesterday", code=2)
        lab.cli("message", "deleted", "nobody@example.test", code=3)


def test_restore_switched_off():
    with Lab(overlay={"mailbox": {"restore_days": 0, "testing_housekeeping_ms": 100}}) as lab:
        imap = lab.imap(USER)
        append(imap, "INBOX", "one")
        expunge(imap, "INBOX", "one")
        wait_for(lambda: not lab.cli_json("message", "deleted", USER).get("messages"), what="the message is gone")
        assert "nothing restored" in lab.cli("message", "restore", USER, "--since", "1h")


def test_retention():
    settings = {"retention": {"trash_days": 30}, "testing_housekeeping_ms": 200}
    with Lab(overlay={"mailbox": settings}) as lab:
        imap = lab.imap(USER)
        imap.list()
        for folder, subject in (("Trash", "old"), ("Trash", "young"), ("Junk", "spam"), ("INBOX", "letter")):
            append(imap, folder, subject)
        imap.select("Trash")
        lab.platform.postgres.sql("UPDATE mailbox_messages SET save_date = save_date - interval '31 days' WHERE (mailbox_id, uid)"
                                  " IN (VALUES (6, 1), (5, 1), (1, 1))")
        # The session that has the folder open hears of it like of any expunge.
        gone = wait_for(lambda: imap.noop()[0] == "OK" and imap.response("EXPUNGE")[1] != [None], what="EXPUNGE")
        assert gone
        assert list(contents(imap, "Trash")) == ["young"]
        assert list(contents(imap, "Junk")) == ["spam"] and list(contents(imap, "INBOX")) == ["letter"]
        assert lab.cli("message", "restore", USER, "--folder", "Trash") == "1 restored into Trash\n"
        assert sorted(contents(imap, "Trash")) == ["old", "young"], "and it is young again"


def test_K14_scrub():
    """A flipped bit: the client is told of trouble of ours, the scrub finds whose it is."""
    with Lab(overlay={"mailbox": {"testing_housekeeping_ms": 100}}) as lab:
        imap = lab.imap(USER)
        for subject in ("one", "two"):
            append(imap, "INBOX", subject)
        wait_for(lambda: lab.cli_json("mailbox", "scrub").get("contents"), what="a first round")
        flip = ("UPDATE mailbox_blobs SET content = set_byte(content, 200, get_byte(content, 200) # 1) WHERE blob_id ="
                " (SELECT max(blob_id::text)::uuid FROM mailbox_blobs)")
        lab.platform.postgres.sql(flip)
        imap.select("INBOX")
        answer = imap.fetch("2", "(BODY.PEEK[])")
        assert answer[0] == "NO" and b"SERVERBUG" in answer[1][0], answer
        assert imap.fetch("1", "(BODY.PEEK[])")[0] == "OK", "the session and other mail go on"
        lab.cli("mailbox", "scrub", "--start", code=0)
        text = wait_for(lambda: (t := scrubbed(lab)) and "CONTENT" in t and t, what="the scrub finds it")
        assert "corrupt         1" in text, text
        with open(next((lab.folder / "logs").glob("*.log"))) as log:
            assert "mailbox.content.corrupt" in log.read()
        lab.platform.postgres.sql(flip)  # mended
        lab.cli("mailbox", "scrub", "--start", code=4)
        wait_for(lambda: "CONTENT" not in scrubbed(lab), what="it is well again")


def scrubbed(lab) -> str:
    done = subprocess.run([lab.end["cli"], "mailbox", "scrub"], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 4), done
    return done.stdout


class Bucket:
    """The S3 server of tests/lab in a process of its own."""

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, ROOT / "tests/lab/s3_server.py"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, what: str, data: dict = None):
        body = json.dumps(data).encode() if data else None
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{what}", data=body, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def trouble(self, kind: str, count: int, method: str = "*") -> None:
        self.ask("_trouble", {"method": method, "kind": kind, "count": count})

    def config(self) -> dict:
        return {"blobs": "s3", "blobs_s3_min_bytes": 50000, "testing_housekeeping_ms": 200, "restore_days": 0,
                "s3": {"endpoint": f"http://127.0.0.1:{self.port}", "bucket": "mail", "region": "test-region",
                       "access_key": "test-key", "secret_key": "test-secret", "timeout_ms": 2000}}


def test_a_content_that_is_gone():
    """FETCH says so at once, after whole answers for the messages before it, whatever their size."""
    with Lab() as lab:
        imap = lab.imap(USER)
        for size in (500, 400_000, 2_000_000):
            for number in range(2):
                raw = wire(message("x@remote.test", USER, subject=f"{size} {number}", body="x" * 70 + "\n"))
                assert imap.append("INBOX", None, None, raw + b"y" * 76 * (size // 76) + b"\r\n")[0] == "OK"
        lab.platform.postgres.sql("DELETE FROM mailbox_blobs WHERE blob_id IN (SELECT e.blob_id FROM mailbox_emails e "
                                  "JOIN mailbox_messages m USING (account_id, email_id) WHERE m.uid % 2 = 0)")
        imap.sock.settimeout(15)
        imap.select("INBOX", readonly=True)
        for first in (1, 3, 5):
            kind, answer = imap.fetch(f"{first}:{first + 1}", "(UID BODY.PEEK[])")
            assert kind == "NO" and answer == [b"[SERVERBUG] Stored data is damaged"], (first, kind, answer)
            _, alone = imap.fetch(str(first), "(UID BODY.PEEK[])")
            assert alone[0][1].rstrip().endswith(b"y")


def test_large_contents_in_s3():
    with Bucket() as bucket, Lab(overlay={"mailbox": bucket.config()}) as lab:
        small, large = message("x@remote.test", USER, "small"), message("x@remote.test", USER, "large", "0123456789" * 7 + "\n")
        large.set_content(("0123456789" * 7 + "\n") * 3000)
        with lab.smtp() as smtp:
            smtp.send_message(small)
            smtp.send_message(large)
        assert lab.fetch_by_id(USER, large["Message-ID"]).count(b"0123456789" * 7) == 3000
        objects = bucket.ask("_keys")["objects"]
        assert len(objects) == 1 and next(iter(objects)).startswith("pennypost/"), objects
        imap = lab.imap(USER)
        imap.select("INBOX")
        part = imap.fetch("2", "(BODY.PEEK[TEXT]<71.70>)")[1][0][1]
        assert len(part) == 70 and b"0123456789" in part, part
        # The bucket is away: large mail is asked to come again, small mail flows, what is here is readable.
        bucket.trouble("503", 10**9)
        with lab.smtp() as smtp:
            try:
                smtp.send_message(large)
                raise AssertionError("accepted without a place for it")
            except smtplib.SMTPDataError as error:
                assert error.smtp_code // 100 == 4, error
        another = message("x@remote.test", USER, "another")
        with lab.smtp() as smtp:
            smtp.send_message(another)
        lab.fetch_by_id(USER, another["Message-ID"])
        answer = imap.fetch("2", "(BODY.PEEK[])")
        assert answer[0] == "NO" and b"UNAVAILABLE" in answer[1][0], answer
        assert imap.fetch("2", "(ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER])")[0] == "OK"
        bucket.trouble("503", 0)
        assert imap.fetch("2", "(BODY.PEEK[])")[0] == "OK"
        # Deleted, expired: the object goes after its time of grace and not before.
        imap.store("2", "+FLAGS.SILENT", r"(\Deleted)")
        imap.expunge()
        rows = "SELECT count(*) FROM mailbox_loose_blobs"
        wait_for(lambda: lab.platform.postgres.sql(rows).strip() == "1", what="the content is loose")
        assert len(bucket.ask("_keys")["objects"]) == 1
        lab.platform.postgres.sql("UPDATE mailbox_loose_blobs SET since = since - interval '2 days'")
        wait_for(lambda: not bucket.ask("_keys")["objects"], what="the object is gone")


def test_K5_fsync_is_not_tried_twice():
    lab = Lab()
    lab.platform.postgres_settings = {"data_sync_retry": "on"}
    try:
        with lab:
            raise AssertionError("started on a server that may acknowledge what it lost")
    except StartError as error:
        assert "data_sync_retry=on" in str(error), error


if __name__ == "__main__":
    main(globals())
