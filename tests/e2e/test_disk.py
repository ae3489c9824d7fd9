"""ROBUSTNESS K6: the disk of the database is full. New mail is told to come again, old mail is read, nothing is lost."""
import contextlib
import pathlib
import shutil
import smtplib
import subprocess
import threading
import time

from harness import Lab, SmallDisk, main, message, wait_for

SMALL = {"max_wal_size": "48MB", "min_wal_size": "32MB", "shared_buffers": "32MB"}
# No checkpoint makes room by giving old segments another turn, however slowly they fill.
ONLY_GROWS = {**SMALL, "max_wal_size": "4GB"}
BODY = "x" * 70 + "\n"


@contextlib.contextmanager
def small_lab(part: str, mib: int, settings: dict):
    """A lab and the small disk below that folder of it; (None, None) where no disk can be mounted."""
    lab = Lab()
    lab.platform.postgres_settings = settings
    try:
        with SmallDisk(lab.folder / part, mib) as disk:
            if disk.mounted:
                with lab:
                    yield lab, disk
            else:
                print(f"    skipped: {disk.why}")
                yield None, None
    finally:
        shutil.rmtree(lab.folder, ignore_errors=True)


def send(lab, mail, port: str = "smtp") -> tuple:
    """The command that decided, and the final answer: ("dot", 250, "2.0.0 ...")."""
    with lab.raw(port, timeout=60) as raw:
        raw.reply()
        raw.ask("LHLO x" if port == "lmtp" else "EHLO x")
        for name, command in (("mail", "MAIL FROM:<x@remote.test>"), ("rcpt", f"RCPT TO:<{mail['To']}>"), ("data", "DATA")):
            answer = raw.ask(command)
            if answer[:1] not in "23":
                return name, answer
        raw.send(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")) + b"\r\n.\r\n")
        return "dot", raw.reply()


class Load:
    """Sends mail from several threads and remembers every answer."""

    def __init__(self, lab, lines: int):
        self.lab, self.lines = lab, lines
        self.acknowledged, self.refused, self.stop = [], [], threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(3)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        while not self.stop.is_set():
            mail = message("x@remote.test", "bob@example.test", body=BODY * self.lines)
            try:
                stage, answer = send(self.lab, mail)
            except OSError:
                continue
            if answer.startswith("250"):
                self.acknowledged.append(mail["Message-ID"])
            elif answer:
                self.refused.append((stage, answer))
                time.sleep(0.05)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def ids_of(lab) -> list:
    """Message-IDs of all that bob has, one an entry."""
    with lab.imap("bob@example.test") as imap:
        imap.select("INBOX", readonly=True)
        data = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]
        return [part[1].split(b":", 1)[1].strip().decode() for part in data if isinstance(part, tuple)]


def check_nothing_lost(lab, load) -> None:
    stored = ids_of(lab)
    for message_id in load.acknowledged:
        assert stored.count(message_id) == 1, (message_id, stored.count(message_id))


def read_only_work(lab) -> None:
    """What a user does on a full disk: logs in, reads, is told about APPEND and COPY, makes room."""
    with lab.imap("bob@example.test") as imap:
        assert imap.select("INBOX")[0] == "OK"
        uids = imap.uid("SEARCH", "ALL")[1][0].split()
        assert len(uids) > 5
        text = imap.uid("FETCH", uids[-1], "(BODY.PEEK[])")[1][0][1]
        assert BODY.strip().encode() in text
        for kind, data in (imap.append("INBOX", None, None, b"Subject: x\r\n\r\n" + BODY.encode() * 500),
                           imap.uid("COPY", uids[0], "Trash")):
            assert kind == "NO" and b"[UNAVAILABLE]" in data[0], (kind, data)
        assert imap.uid("STORE", uids[-1], "+FLAGS.SILENT", "(\\Deleted)")[0] == "OK"
        answer = imap.expunge()
        assert answer[0] == "OK", answer
        assert len(imap.uid("SEARCH", "ALL")[1][0].split()) == len(uids) - 1


def move_wal(server, where: pathlib.Path) -> None:
    """The WAL to another disk, as big servers have it."""
    server.stop()
    wal = server.data / "pg_wal"
    subprocess.run(["cp", "-a", wal, where], check=True)
    shutil.rmtree(wal)
    wal.symlink_to(where)
    server.start()


def test_K6_full_disk_of_the_data():
    """The WAL stands elsewhere: PostgreSQL goes on and says 53100."""
    with small_lab("pg", 140, SMALL) as (lab, disk):
        if not lab:
            return
        move_wal(lab.platform.postgres, lab.folder / "wal")
        pids = dict(lab.end["pids"])
        wait_for(lambda: send(lab, message("x@remote.test", "bob@example.test"))[1].startswith("250"), 20)
        disk.fill(rest=4096)
        load = Load(lab, lines=700)  # 50 KiB
        wait_for(lambda: any(stage == "dot" for stage, _ in load.refused), 60, "a refusal")
        wait_for(lambda: load.refused[-1][0] == "mail", 10, "a refusal at MAIL")
        time.sleep(8)  # some probes, all in vain
        load.end()
        for stage, answer in load.refused:
            assert answer.startswith("452 4.3.1 "), (stage, answer)
        assert send(lab, message("x@remote.test", "bob@example.test"), "lmtp")[1].startswith("452 4.3.1 ")
        with lab.submission("alice@example.test") as smtp:
            try:
                smtp.sendmail("alice@example.test", ["far@remote.test"], "From: alice@example.test\r\nSubject: x\r\n\r\nx\r\n")
                raise AssertionError("queued on a full disk")
            except smtplib.SMTPResponseException as error:
                assert (error.smtp_code, error.smtp_error[:6]) == (452, b"4.3.1 "), error
        read_only_work(lab)
        disk.empty()
        again = message("x@remote.test", "bob@example.test")
        begin = time.monotonic()
        wait_for(lambda: send(lab, again)[1].startswith("250"), 30, "mail after room was made")
        print(f"    {len(load.acknowledged)} stored, {len(load.refused)} told to come again; "
              f"back {time.monotonic() - begin:.1f} s after room was made")
        lab.fetch_by_id("bob@example.test", again["Message-ID"])
        # read_only_work removed the last one.
        stored = ids_of(lab)
        missing = [m for m in load.acknowledged if stored.count(m) != 1]
        assert len(missing) == 1 and stored.count(missing[0]) == 0, missing
        with lab.submission("alice@example.test") as smtp:
            smtp.sendmail("alice@example.test", ["far@remote.test"], "From: alice@example.test\r\nSubject: x\r\n\r\nx\r\n")
        assert lab.end["pids"]["standalone"] == pids["standalone"]
        assert lab.platform.processes["standalone"].poll() is None


def test_K6_full_disk_of_the_wal():
    """No room for a WAL segment: PostgreSQL panics, and may not come up before there is room. We do, by ourselves."""
    with small_lab("wal", 64, ONLY_GROWS) as (lab, disk):
        if not lab:
            return
        server = lab.platform.postgres
        move_wal(server, lab.folder / "wal/pg_wal")
        wait_for(lambda: send(lab, message("x@remote.test", "bob@example.test"))[1].startswith("250"), 20)
        disk.fill(rest=1024)
        load = Load(lab, lines=700)
        wait_for(lambda: "No space left on device" in server.log.read_text(errors="replace"), 90, "a full WAL")
        time.sleep(5)
        disk.empty()
        time.sleep(1)
        came_back = server.process.poll() is None
        if not came_back:
            server.start()
        count = len(load.acknowledged)
        wait_for(lambda: len(load.acknowledged) > count + 10, 30, "mail after room was made")
        load.end()
        assert load.refused
        for stage, answer in load.refused:
            assert answer.startswith(("451 4.", "452 4.")), (stage, answer)
        check_nothing_lost(lab, load)
        assert lab.platform.processes["standalone"].poll() is None
        print(f"    {len(load.acknowledged)} stored, {len(load.refused)} told to come again; "
              f"PostgreSQL {'recovered' if came_back else 'had to be started again'}")


main(globals())
