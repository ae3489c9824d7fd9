"""What breaks around us is never the sender's fault and loses nothing."""
import os
import signal
import smtplib
import subprocess
import threading
import time

from harness import Lab, body_of, main, message, wait_for
from sink import Sink


def submit(lab, mail) -> int:
    """The final code for one message on port 25; 0 without an answer."""
    try:
        with lab.smtp() as smtp:
            smtp.send_message(mail)
            return 250
    except smtplib.SMTPRecipientsRefused as error:
        return next(iter(error.recipients.values()))[0]
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except (smtplib.SMTPServerDisconnected, OSError):
        return 0


def test_K2_postgresql_stopped_and_back():
    with Lab() as lab:
        mail = message("x@remote.test", "bob@example.test")
        assert submit(lab, mail) == 250
        pids = dict(lab.end["pids"])
        imap = lab.imap("bob@example.test")
        imap.select("INBOX")
        lab.platform.postgres.stop("QUIT")
        for _ in range(3):
            code = submit(lab, message("x@remote.test", "bob@example.test"))
            assert 400 <= code < 500, code
        try:
            lab.imap("bob@example.test")
            raise AssertionError("logged in without a database")
        except Exception as error:
            assert "UNAVAILABLE" in str(error) and "AUTHENTICATIONFAILED" not in str(error), error
        assert imap.noop()[0] in ("OK", "NO")
        lab.platform.postgres.start()
        again = message("x@remote.test", "bob@example.test")
        wait_for(lambda: submit(lab, again) == 250, 20, "recovery of SMTP")
        lab.fetch_by_id("bob@example.test", again["Message-ID"])
        lab.fetch_by_id("bob@example.test", mail["Message-ID"])
        os.kill(pids["standalone"], 0)


def test_K7_redis_gone():
    with Lab() as lab:
        subprocess.run(["redis-cli", "-s", lab.end["redis"]["socket"], "flushall"], check=True, capture_output=True)
        lab.platform.redis.stop()
        for _ in range(3):
            mail = message("x@remote.test", "bob@example.test")
            assert submit(lab, mail) == 250
            lab.fetch_by_id("bob@example.test", mail["Message-ID"])


def test_K7_redis_slow_full_full_of_junk_or_another():
    """What is in Redis are hints: whatever becomes of it, mail arrives and the queue goes on, with no restart of ours."""
    with Sink() as sink:
        route = {"domain": "remote.test", "kind": "smtp", "host": f"127.0.0.1:{sink.port}", "tls": "none"}
        # Two processes on one Redis are what its hints are for.
        with Lab("services", {"relay": {"routes": [route]}}) as lab:
            redis = lab.platform.redis
            pids = {name: process.pid for name, process in lab.platform.processes.items()}

            def command(*words, stdin: str = ""):
                subprocess.run(["redis-cli", "-s", redis.socket, *words], input=stdin, check=True, capture_output=True, text=True, timeout=30)

            def kill():
                redis.process.kill()
                redis.process.wait()

            def stop():
                os.kill(redis.process.pid, signal.SIGSTOP)

            def junk():
                keys = subprocess.run(["redis-cli", "-s", redis.socket, "keys", "*"], capture_output=True, text=True, timeout=30).stdout.split()
                command(stdin="".join(f'SET "{key}" "\\x00\\xff junk"\n' for key in keys))
                channels = subprocess.run(["redis-cli", "-s", redis.socket, "pubsub", "channels"], capture_output=True, text=True, timeout=30)
                assert channels.stdout.split(), "nobody listens to hints"
                for channel in channels.stdout.split():
                    command("publish", channel, "\x01junk")

            faults = {
                "full": (lambda: command("config", "set", "maxmemory", "1"), lambda: command("config", "set", "maxmemory", "0")),
                "junk": (junk, lambda: None),
                "silent": (stop, lambda: os.kill(redis.process.pid, signal.SIGCONT)),
                "gone": (kill, redis.start),
            }
            for name, (begin, end) in faults.items():
                begin()
                try:
                    sent = [message("x@remote.test", "bob@example.test", name) for _ in range(5)]
                    out = [message("alice@example.test", "far@remote.test", name) for _ in range(5)]
                    for mail in sent:
                        assert submit(lab, mail) == 250, name
                    with lab.submission("alice@example.test") as smtp:
                        for mail in out:
                            smtp.send_message(mail)
                    for mail in sent:
                        lab.fetch_by_id("bob@example.test", mail["Message-ID"], 30)
                    for mail in out:
                        wait_for(lambda m=mail: sink.with_id(m["Message-ID"]), 30, f"delivery while Redis is {name}")
                finally:
                    end()
                for mail in out:
                    assert len(sink.with_id(mail["Message-ID"])) == 1, name
            assert pids == {name: process.pid for name, process in lab.platform.processes.items() if process.poll() is None}


def test_killed_after_every_250():
    """SIGKILL in the middle of the load: what got a 250 is there exactly once."""
    with Lab() as lab:
        acknowledged, stop = [], threading.Event()

        def load():
            while not stop.is_set():
                mail = message("x@remote.test", "bob@example.test")
                if submit(lab, mail) == 250:
                    acknowledged.append(mail["Message-ID"])

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            time.sleep(1)
            process = lab.platform.processes["standalone"]
            process.kill()
            process.wait()
            lab.platform.start_process("standalone")
            lab.platform.wait_ready("standalone")
        time.sleep(0.5)
        stop.set()
        for thread in threads:
            thread.join()
        assert len(acknowledged) > 20, len(acknowledged)
        with lab.imap("bob@example.test") as imap:
            imap.select("INBOX")
            data = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]
            stored = [part[1].split(b":", 1)[1].strip().decode() for part in data if isinstance(part, tuple)]
        for message_id in acknowledged:
            assert stored.count(message_id) == 1, (message_id, stored.count(message_id))


def test_drain_on_sigterm():
    with Lab() as lab:
        idle = lab.raw("smtp")
        idle.reply()
        busy = lab.raw("smtp")
        busy.reply()
        for command in ("EHLO x", "MAIL FROM:<a@remote.test>", "RCPT TO:<bob@example.test>"):
            busy.ask(command)
        assert busy.ask("DATA").startswith("354")
        process = lab.platform.processes["standalone"]
        process.send_signal(signal.SIGTERM)
        assert idle.reply().startswith("421 4.3.2")
        accepted = busy.ask("Subject: in the drain\r\n\r\nx\r\n.")
        assert accepted.startswith(("250", "421", "451")) or accepted == "", accepted
        assert process.wait(timeout=30) == 0
        lab.platform.start_process("standalone")
        lab.platform.wait_ready("standalone")
        if accepted.startswith("250"):
            with lab.imap("bob@example.test") as imap:
                imap.select("INBOX")
                assert imap.search(None, "SUBJECT", '"in the drain"')[1][0].split()


main(globals())
