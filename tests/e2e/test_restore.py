"""A backup of the database is put back: what was done since is not done again, and no client takes new mail for old."""
import contextlib
import subprocess
import time

from harness import BUILD, Lab, main, message, wait_for
from sink import Sink

ALICE = "alice@example.test"


@contextlib.contextmanager
def stopped(lab):
    """The platform and its database."""
    process = lab.platform.processes["standalone"]
    process.terminate()
    assert process.wait(timeout=30) == 0
    lab.platform.postgres.stop()
    yield
    lab.platform.start_process("standalone")
    lab.platform.wait_ready("standalone")


def copy(what, to) -> None:
    subprocess.run(["rm", "-rf", to], check=True)
    subprocess.run(["cp", "-a", what, to], check=True)


def inbox(lab) -> tuple:
    """UIDVALIDITY, and the subject of each UID."""
    with lab.imap(ALICE) as imap:
        imap.select("INBOX")
        validity = int(imap.untagged_responses["UIDVALIDITY"][0])
        found = imap.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
        parts = [part for part in found if isinstance(part, tuple)]
        return validity, {int(p[0].split(b"UID ")[1].split()[0]): p[1].decode().split(":", 1)[1].strip() for p in parts}


def deliver(lab, subject: str) -> None:
    with lab.smtp() as smtp:
        smtp.send_message(message("x@remote.test", ALICE, subject))
    wait_for(lambda: subject in inbox(lab)[1].values(), 15, subject)


def after_restore(lab) -> None:
    config = ["--config", lab.platform.config_file, "--config", lab.folder / "standalone.yaml"]
    done = subprocess.run([BUILD / "bin/pennypost-standalone", *config, "after-restore"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "prepared" in done.stdout, done


def test_K15_a_backup_put_back():
    with Sink() as sink:
        route = {"domain": "remote.test", "kind": "smtp", "host": f"127.0.0.1:{sink.port}", "tls": "none"}
        with Lab(overlay={"relay": {"routes": [route], "retry_seconds": [1]}}) as lab:
            data, backup = lab.platform.postgres.data, lab.folder / "backup"
            sink.always["rcpt"] = "451 4.7.1 later"
            deliver(lab, "one")
            mail = message(ALICE, "x@remote.test", "only once")
            with lab.submission(ALICE) as smtp:
                smtp.send_message(mail)
            before = inbox(lab)
            with stopped(lab):
                copy(data, backup)
                lab.platform.postgres.start()
            sink.always.clear()
            wait_for(lambda: sink.with_id(mail["Message-ID"]), 20, "delivery outside")
            deliver(lab, "forgotten")
            assert list(inbox(lab)[1].values()) == ["one", "forgotten"]
            with stopped(lab):
                copy(backup, data)
                lab.platform.postgres.start()
                after_restore(lab)
            validity, subjects = inbox(lab)
            assert validity > before[0] and subjects == before[1], (before, validity, subjects)
            deliver(lab, "new")  # under the UID of the one that the database forgot
            assert inbox(lab) == (validity, {**before[1], max(before[1]) + 1: "new"})
            time.sleep(3)  # the queue looks each quarter of a second
            assert len(sink.with_id(mail["Message-ID"])) == 1, "sent again"
            row, = lab.cli_json("queue", "list", "--recipient", "x@remote.test", "--state", "held")["deliveries"]
            assert "backup" in row["last_reply"], row
            # Held, not lost; and mail of now is not held.
            lab.cli("queue", "release", "--recipient", "x@remote.test")
            wait_for(lambda: len(sink.with_id(mail["Message-ID"])) == 2, 20, "delivery after the release")
            now = message(ALICE, "x@remote.test", "of now")
            with lab.submission(ALICE) as smtp:
                smtp.send_message(now)
            wait_for(lambda: sink.with_id(now["Message-ID"]), 20, "mail of now")


main(globals())
