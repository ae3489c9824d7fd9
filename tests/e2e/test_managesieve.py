"""Scripts come in through ManageSieve (sieve-connect) and the command line, and run at delivery."""
import email
import pathlib
import smtplib
import subprocess
import tempfile
import time

from harness import Lab, Raw, body_of, main, message, wait_for, wire
from sink import Sink

VACATION = 'require "vacation"; vacation :days 1 :subject "Away" "I am on holiday.";\n'
# Compiles; what it includes is not there when it runs.
FAILS = 'require ["include", "fileinto"];\nfileinto "Junk";\ninclude "not-there";\n'


def connect(lab, user, *words, code=0):
    """sieve-connect over STARTTLS; what it said."""
    local, password = tempfile.TemporaryFile(), lab.password(user)
    local.write(password.encode() + b"\n")
    local.seek(0)
    done = subprocess.run(
        ["sieve-connect", "--server", "localhost", "--port", str(lab.ports["sieve"]), "--user", user, "--passwordfd", str(local.fileno()),
         "--tlscafile", lab.end["ca_file"], "--authmech", "PLAIN", "--4", *words],
        pass_fds=[local.fileno()], capture_output=True, text=True, timeout=60)
    local.close()
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def script(lab, name, text):
    path = lab.folder / name
    path.write_text(text)
    return str(path)


def put(lab, user, text, name="main"):
    lab.cli("sieve", "put", user, script(lab, name + ".sieve", text), "--activate")


def deliver(lab, mail, recipient="alice@example.test"):
    with lab.smtp() as smtp:
        smtp.send_message(mail, to_addrs=[recipient])
    return mail["Message-ID"]


def from_outside(subject="test", sender="peer@remote.test", to="alice@example.test"):
    return message(sender, to, subject)


def count(lab, user, folder="INBOX"):
    with lab.imap(user) as imap:
        status, found = imap.select(f'"{folder}"', readonly=True)
        return int(found[0]) if status == "OK" else 0


def remote(sink):
    return {"relay": {"routes": [{"domain": "remote.test", "kind": "smtp", "host": f"127.0.0.1:{sink.port}"}], "retry_seconds": [1]}}


def test_sieve_connect():
    with Lab() as lab:
        good = script(lab, "filing.sieve", 'require ["fileinto", "mailbox"];\nif header :contains "subject" "[list]" '
                      '{ fileinto :create "Lists/news"; }\n')
        bad = script(lab, "broken.sieve", 'require "fileinto";\n\nfileinot "x";\n')
        assert "line 3, column 1: unknown command 'fileinot'" in connect(lab, "alice@example.test", "--checkscript", "--localsieve", bad, code=1)
        refused = connect(lab, "alice@example.test", "--upload", "--localsieve", bad, "--remotesieve", "broken", code=1)
        assert "line 3, column 1" in refused, refused
        connect(lab, "alice@example.test", "--upload", "--localsieve", good, "--remotesieve", "filing")
        connect(lab, "alice@example.test", "--activate", "--remotesieve", "filing")
        listed = connect(lab, "alice@example.test", "--list")
        assert '"filing" ACTIVE' in listed and "broken" not in listed, listed
        copy = lab.folder / "copy.sieve"
        connect(lab, "alice@example.test", "--download", "--remotesieve", "filing", "--localsieve", str(copy))
        assert copy.read_text().replace("\r\n", "\n") == pathlib.Path(good).read_text()
        filed, kept = from_outside("[list] one"), from_outside("two")
        deliver(lab, filed), deliver(lab, kept)
        assert body_of(lab.fetch_by_id("alice@example.test", filed["Message-ID"], folder="Lists/news")) == body_of(wire(filed))
        lab.fetch_by_id("alice@example.test", kept["Message-ID"])
        assert count(lab, "alice@example.test") == 1
        # The same to her by submission, and to one without a script.
        own = message("bob@example.test", "alice@example.test", "[list] three")
        with lab.submission("bob@example.test") as smtp:
            smtp.sendmail("bob@example.test", ["alice@example.test", "bob@example.test"], wire(own))
        lab.fetch_by_id("alice@example.test", own["Message-ID"], folder="Lists/news")
        lab.fetch_by_id("bob@example.test", own["Message-ID"])
        assert "active" in connect(lab, "alice@example.test", "--delete", "--remotesieve", "filing", code=1)
        connect(lab, "alice@example.test", "--deactivate")
        connect(lab, "alice@example.test", "--delete", "--remotesieve", "filing")
        assert "filing" not in connect(lab, "alice@example.test", "--list")
        after = from_outside("[list] four")
        deliver(lab, after)
        lab.fetch_by_id("alice@example.test", after["Message-ID"])


def test_protocol_by_hand():
    """The greeting, TLS before passwords, pipelined commands, a wrong password."""
    with Lab() as lab, Raw(lab.ports["sieve"], 20) as raw:
        lines = []
        while not lines or not lines[-1].startswith("OK"):
            lines.append(raw.file.readline().decode().rstrip("\r\n"))
        assert '"SASL" ""' in lines and '"STARTTLS"' in lines and '"VERSION" "1.0"' in lines, lines
        extensions = next(line for line in lines if line.startswith('"SIEVE"'))
        for name in ("fileinto", "vacation", "imap4flags", "mailbox", "special-use", "include", "duplicate", "editheader"):
            assert name in extensions, extensions
        raw.send(b'AUTHENTICATE "PLAIN" "AGEAYg=="\r\nLISTSCRIPTS\r\nNOOP "x"\r\n')
        assert raw.file.readline() == b'NO (ENCRYPT-NEEDED) "TLS is needed first"\r\n'
        assert raw.file.readline() == b'NO "Log in first"\r\n'
        assert raw.file.readline() == b'OK (TAG "x") "Done"\r\n'
        raw.send(b"LOGOUT\r\n")
        assert raw.file.readline() == b'OK "Bye"\r\n'
        assert raw.file.readline() == b""


def test_command_line():
    with Lab() as lab:
        path = script(lab, "rules.sieve", "keep;\n")
        assert "stored rules" in lab.cli("sieve", "put", "alice@example.test", path)
        assert lab.cli("sieve", "get", "alice@example.test", "rules") == "keep;\n"
        assert lab.cli("sieve", "put", "alice@example.test", "-", "--name", "other", stdin="stop;\n").startswith("stored other")
        lab.cli("sieve", "activate", "alice@example.test", "rules")
        scripts = lab.cli_json("sieve", "list", "alice@example.test")["scripts"]
        assert [(s["name"], s.get("active", False)) for s in scripts] == [("other", False), ("rules", True)], scripts
        broken = script(lab, "broken.sieve", 'keep;\nif true { frobnicate; }\nstopp;\n')
        errors = lab.cli("sieve", "put", "alice@example.test", broken, code=4)
        assert "line 2, column 11: unknown command 'frobnicate'" in errors and "line 3, column 1" in errors, errors
        assert "active" in lab.cli("sieve", "delete", "alice@example.test", "rules", code=1)
        lab.cli("sieve", "deactivate", "alice@example.test")
        lab.cli("sieve", "delete", "alice@example.test", "rules")
        lab.cli("sieve", "get", "alice@example.test", "rules", code=3)
        lab.cli("sieve", "list", "nobody@example.test", code=3)


def test_redirect():
    with Sink() as sink, Lab(overlay=remote(sink)) as lab:
        put(lab, "alice@example.test", 'require "copy"; redirect :copy "bob@example.test"; redirect "peer@remote.test";\n')
        mail = from_outside(sender="someone@remote.test")
        deliver(lab, mail)
        local = lab.fetch_by_id("bob@example.test", mail["Message-ID"], seconds=30)
        assert body_of(local) == body_of(wire(mail))
        assert b"Return-Path: <someone@remote.test>\r\n" in local and b"Delivered-To: alice@example.test\r\n" in local, local
        far = wait_for(lambda: [m for m in sink.mails if m.header("Message-ID") == [mail["Message-ID"]]], 30)[0]
        assert far.sender == "someone@remote.test" and far.recipients == ["peer@remote.test"], far
        assert body_of(far.data) == body_of(wire(mail))
        assert count(lab, "alice@example.test") == 0
        # Two who send everything to each other: it ends, and nothing is lost.
        put(lab, "alice@example.test", 'redirect "bob@example.test";\n')
        put(lab, "bob@example.test", 'redirect "alice@example.test";\n')
        loop = from_outside("round and round")
        deliver(lab, loop)
        lab.fetch_by_id("alice@example.test", loop["Message-ID"], seconds=30)
        time.sleep(2)
        assert count(lab, "alice@example.test") == 1


def answers(sink):
    return [m for m in sink.mails if "auto-replied" in "".join(m.header("Auto-Submitted"))]


def test_one_vacation_answer():
    with Sink() as sink, Lab(overlay=remote(sink)) as lab:
        put(lab, "alice@example.test", VACATION)
        mails = [from_outside(f"number {i}") for i in range(2)]
        for mail in mails:
            deliver(lab, mail)
        for mail in mails:
            lab.fetch_by_id("alice@example.test", mail["Message-ID"])
        answer = wait_for(lambda: answers(sink), 30)[0]
        assert answer.sender == "" and answer.recipients == ["peer@remote.test"], answer
        assert answer.header("Subject") == ["Away"] and b"I am on holiday." in answer.data
        assert answer.header("In-Reply-To") == [mails[0]["Message-ID"]]
        # Not after a restart either.
        lab.platform.processes["standalone"].kill()
        lab.platform.processes["standalone"].wait()
        lab.platform.start_process("standalone")
        wait_for(lambda: code_of(lab, from_outside("after")) == 250, 30)
        time.sleep(3)
        assert len(answers(sink)) == 1


def code_of(lab, mail):
    try:
        with lab.smtp() as smtp:
            smtp.send_message(mail, to_addrs=["alice@example.test"])
            return 250
    except smtplib.SMTPRecipientsRefused as error:
        return next(iter(error.recipients.values()))[0]
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except (smtplib.SMTPServerDisconnected, OSError):
        return 0


def test_database_stopped_while_mail_arrives():
    """What was accepted is answered once and redirected once, however often it had to be tried."""
    with Sink() as sink, Lab(overlay=remote(sink)) as lab:
        put(lab, "alice@example.test", 'require ["vacation", "copy"]; redirect :copy "copy@remote.test";\n' + VACATION.partition(";")[2])
        accepted = []
        for round_no in range(3):
            lab.platform.postgres.stop("QUIT")
            assert 400 <= code_of(lab, from_outside("refused for now")) < 500
            lab.platform.postgres.start()
            mail = from_outside(f"round {round_no}")
            wait_for(lambda: code_of(lab, mail) == 250, 30)
            accepted.append(mail["Message-ID"])
        for message_id in accepted:
            wait_for(lambda: [m for m in sink.mails if m.recipients == ["copy@remote.test"] and m.header("Message-ID") == [message_id]], 60)
        time.sleep(3)
        copies = [m.header("Message-ID")[0] for m in sink.mails if m.recipients == ["copy@remote.test"]]
        assert sorted(copies) == sorted(accepted), (copies, accepted)
        assert len(answers(sink)) == 1, [m.header("In-Reply-To") for m in answers(sink)]


def test_relay_away_as_services():
    """As services of their own: what a script sends waits until relay is back, and goes once."""
    with Sink() as sink, Lab(mode="services", overlay=remote(sink)) as lab:
        put(lab, "alice@example.test", 'require ["reject", "envelope"]; if envelope "from" "bad@remote.test" { reject "No birdseed"; }\n')
        deliver(lab, from_outside("good"))
        relay = lab.platform.processes["relay"]
        relay.kill()
        relay.wait()
        deliver(lab, from_outside("refused", sender="bad@remote.test"))
        time.sleep(1)
        assert not sink.mails
        lab.platform.start_process("relay")
        report = wait_for(lambda: sink.mails, 60)[0]
        assert report.sender == "" and report.recipients == ["bad@remote.test"], report
        parsed = email.message_from_bytes(report.data)
        assert parsed.get_content_type() == "multipart/report" and "No birdseed" in parsed.get_payload(0).get_payload(decode=True).decode()
        time.sleep(6)
        assert len(sink.mails) == 1
        assert count(lab, "alice@example.test") == 1


def test_a_failing_script_keeps_the_mail():
    with Lab() as lab:
        put(lab, "alice@example.test", FAILS)
        mail = from_outside()
        deliver(lab, mail)
        raw = lab.fetch_by_id("alice@example.test", mail["Message-ID"])
        assert count(lab, "alice@example.test", "Junk") == 0
        mail_id = next(word for word in raw.decode().split() if word.count("-") == 4 and len(word.rstrip(";")) == 36).rstrip(";")
        trace = lab.cli("message", "trace", mail_id)
        assert "script 'main' failed: line 3, column 1" in trace and "kept" in trace, trace


def test_the_mailbox_id_of_imap():
    with Lab() as lab:
        with lab.imap("alice@example.test") as imap:
            said = imap.status("Archive", "(MAILBOXID)")[1][0].decode()
        mailbox_id = said.partition("MAILBOXID (")[2].partition(")")[0]
        put(lab, "alice@example.test", f'require ["fileinto", "mailboxid"]; fileinto :mailboxid "{mailbox_id}" "Nowhere";\n')
        mail = from_outside()
        deliver(lab, mail)
        lab.fetch_by_id("alice@example.test", mail["Message-ID"], folder="Archive")


def test_scripts_of_a_domain():
    with Lab() as lab:
        before = script(lab, "before.sieve", 'require "fileinto"; if header :is "X-Spam" "yes" { fileinto "Junk"; }\n')
        lab.cli("sieve", "put", "@example.test", before)
        assert "run as long as they are there" in lab.cli("sieve", "activate", "@example.test", "before", code=2)
        assert [s["name"] for s in lab.cli_json("sieve", "list", "@example.test")["scripts"]] == ["before"]
        spam, other = from_outside("spam"), from_outside("spam", to="carol@other.test")
        for mail in (spam, other):
            mail["X-Spam"] = "yes"
        deliver(lab, spam), deliver(lab, other, "carol@other.test")
        lab.fetch_by_id("alice@example.test", spam["Message-ID"], folder="Junk")
        lab.fetch_by_id("carol@other.test", other["Message-ID"])
        lab.cli("sieve", "delete", "@example.test", "before")
        again = from_outside("spam")
        again["X-Spam"] = "yes"
        deliver(lab, again)
        lab.fetch_by_id("alice@example.test", again["Message-ID"])


main(globals())
