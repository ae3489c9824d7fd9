"""The command line, as an operator uses it."""
import imaplib
import json
import os
import pty
import subprocess

from harness import Lab, main, message, wait_for


def test_cli():
    with Lab() as lab:
        assert lab.cli("version").startswith("pennypost ")
        domains_and_accounts(lab)
        passwords(lab)
        imports(lab)
        queue_and_trace(lab)
        dns(lab)
        mistakes(lab)


def domains_and_accounts(lab):
    assert "new.test" in lab.cli("domain", "create", "New.Test")
    keys = lab.cli_json("domain", "get", "new.test")["keys"]
    assert {k["algorithm"] for k in keys} == {"rsa", "ed25519"}
    lab.cli("account", "create", "dora@new.test", "--password-file", "-", stdin="dora-secret\n")
    csv = "address,password,name\neve@new.test,eve-secret,\"Eve, the second\"\nbroken,x\ndora@new.test,y\n"
    text = lab.cli("account", "import", "-", stdin=csv, code=1)
    assert "1 created, 2 failed" in text and "stdin: line 4: dora@new.test: the account" in text, text
    assert lab.cli_json("account", "get", "eve@new.test")["display_name"] == "Eve, the second"
    lab.cli("alias", "create", "all@new.test", "dora@new.test", "bob@example.test")
    assert "all@new.test" in lab.cli("alias", "list", "--domain", "new.test")
    mail = message("x@remote.test", "all@new.test")
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    lab.fetch_by_id("bob@example.test", mail["Message-ID"])
    secret = lab.cli("app-password", "create", "bob@example.test", "--label", "phone", "--protocol", "imap").strip()
    with lab.imap("bob@example.test") as imap:
        imap.logout()
    with imaplib.IMAP4_SSL("localhost", lab.ports["imaps"], ssl_context=lab.tls, timeout=30) as imap:
        imap.login("bob@example.test", secret)
    row = lab.cli_json("app-password", "list", "bob@example.test")["app_passwords"][0]
    lab.cli("app-password", "delete", "bob@example.test", str(row["id"]))
    lab.cli("account", "update", "eve@new.test", "--enabled", "false")
    with lab.smtp() as smtp:
        smtp.ehlo()
        smtp.mail("x@remote.test")
        assert smtp.rcpt("eve@new.test")[0] == 550
    lab.cli("account", "delete", "eve@new.test")
    lab.cli("account", "get", "eve@new.test", code=3)
    lab.cli("domain", "delete", "new.test", code=1)


def may_log_in(lab, user, password):
    with imaplib.IMAP4_SSL("localhost", lab.ports["imaps"], ssl_context=lab.tls, timeout=30) as imap:
        try:
            return imap.login(user, password)[0] == "OK"
        except imaplib.IMAP4.error as error:
            assert "AUTHENTICATIONFAILED" in str(error), error
            return False


def typed(lab, *words, answers):
    """The command on a terminal, where somebody answers its prompts: exit code and what is shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(lab.end["cli"], [lab.end["cli"], *words])
    shown = b""
    try:
        while True:
            shown += os.read(terminal, 1000)
            if answers and shown.endswith(b": "):
                os.write(terminal, answers.pop(0).encode() + b"\n")
    except OSError:  # it has ended
        pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def passwords(lab):
    """From a file, from stdin, from a prompt: each time the old one is worth nothing from then on."""
    create = ("account", "create", "pat@example.test", "--password-file", "-")
    lab.cli(*create, stdin="first\n")
    update = ("account", "update", "pat@example.test")
    file = lab.folder / "password"
    file.write_text("second \u00fc\nnot this line\n")
    assert may_log_in(lab, "pat@example.test", "first")
    row = lab.cli_json(*update, "--password-file", str(file))
    assert row["address"] == "pat@example.test" and "second" not in json.dumps(row)
    assert not may_log_in(lab, "pat@example.test", "first")
    lab.cli(*update, "--password-file", "-", stdin="third\r\n")
    assert may_log_in(lab, "pat@example.test", "third")
    lab.cli(*update, "--password", stdin="fourth\n")
    assert may_log_in(lab, "pat@example.test", "fourth") and not may_log_in(lab, "pat@example.test", "third")
    code, shown = typed(lab, *update, "--password", answers=["fifth", "fifth"])
    assert code == 0 and "fifth" not in shown, (code, shown)
    assert may_log_in(lab, "pat@example.test", "fifth")
    code, shown = typed(lab, *update, "--password", answers=["sixth", "sixht"])
    assert code == 2 and "the two passwords differ" in shown, (code, shown)
    assert "is empty" in lab.cli(*update, "--password-file", "-", stdin="\n", code=2)
    assert "longer than" in lab.cli(*update, "--password-file", "-", stdin="x" * 1025 + "\n", code=2)
    assert "cannot read" in lab.cli(*update, "--password-file", "/nonexistent", code=2)
    assert "say what to change" in lab.cli(*update, code=2)
    assert may_log_in(lab, "pat@example.test", "fifth"), "what failed changed nothing"
    lab.cli("account", "delete", "pat@example.test")


def imports(lab):
    """Columns by name, roles and groups; what is wrong is named by its line, and the rest is done."""
    lab.cli("domain", "create", "import.test")
    lab.cli("group", "create", "team@import.test")
    csv = lab.folder / "people.csv"
    csv.write_text("Address,Name,Password,Role,Groups,Quota\n"
                   "amy@import.test,\"Amy\nof two lines\",x,,,\n"  # refused: a name is one line
                   "ann@import.test,Ann,ann-secret,domain_admin,team@import.test,5000000\n"
                   "no-password@import.test,X\n"
                   "bad-quota@import.test,X,x,,,much\n"
                   "bad-role@import.test,X,x,king\n"
                   "too,many,fields,in,this,line,here\n"
                   "lone@import.test,X,x,,none@import.test\n")
    text = lab.cli("account", "import", str(csv), code=1)
    for line in ("line 2: amy@import.test: the name has a control character", "line 5: no password",
                 "line 6: 'much' is no quota in bytes", "line 7: bad-role@import.test: 'king' is no role",
                 "line 8: 7 fields for 6 columns", "line 9: lone@import.test: created, but not a member of none@import.test",
                 "1 created, 6 failed"):
        assert line in text, (line, text)
    ann = lab.cli_json("account", "get", "ann@import.test")
    assert (ann["role"], ann["quota_bytes"]) == ("domain_admin", "5000000"), ann
    assert lab.cli_json("group", "get", "team@import.test")["members"] == ["ann@import.test"]
    csv.write_text("address,password,colour\n")
    assert "line 1: 'colour' is no column" in lab.cli("account", "import", str(csv), code=2)
    csv.write_text('a@import.test,x\nb@import.test,"x\n')
    assert "line 2: a quoted field has no end" in lab.cli("account", "import", str(csv), code=2)
    csv.write_text("")
    assert "nothing in it" in lab.cli("account", "import", str(csv), code=2)
    done = subprocess.run([lab.end["cli"], "-o", "json", "account", "import", "-"], input="ann@import.test,x\nzoe@import.test,z\n",
                          capture_output=True, text=True, timeout=60)
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and (answer["created"], answer["failed"], answer["errors"][0]["line"]) == (1, 1, 1), answer


def queue_and_trace(lab):
    """Mail to the world is held with a reason: the default local route never sends to the Internet."""
    mail = message("alice@example.test", "friend@far.example")
    with lab.submission("alice@example.test") as smtp:
        smtp.send_message(mail)
    row = wait_for(lambda: next(iter(lab.cli_json("queue", "list", "--state", "held")["deliveries"]), None), 10, "held mail")
    assert row["recipient"] == "friend@far.example" and row["last_reply"], row
    assert "friend@far.example" in lab.cli("queue", "list", "--state", "held")
    assert "1 delivery would change" in lab.cli("queue", "cancel", row["mail_id"], "--dry-run")
    trace = lab.cli("message", "trace", row["mail_id"])
    assert "relay" in trace, trace
    lab.cli("queue", "cancel", row["mail_id"])
    assert not [r for r in lab.cli_json("queue", "list", "--state", "held")["deliveries"]]
    lab.cli("queue", "hold", code=2)


def dns(lab):
    zone = lab.cli("dns", "records", "example.test", "--zone")
    assert "example.test. 3600 IN MX 10 mail.example.test." in zone and "._domainkey.example.test." in zone, zone
    records = json.loads(lab.cli("--output", "json", "dns", "records", "example.test"))
    assert any(r["name"] == "_dmarc.example.test" for r in records)
    lab.cli("dns", "records", "nowhere.test", code=3)


def mistakes(lab):
    for words, code, text in (
            (["nonsense"], 2, "no such command or option: nonsense"),
            (["domain"], 2, "see: pennypost domain --help"),
            (["domain", "list", "--colour", "red"], 2, "no such command or option: --colour"),
            (["domain", "create", "bad_..x"], 2, "bad_..x: malformed domain"),
            (["domain", "create", "x" * 64 + ".test"], 2, "malformed domain"),
            (["domain", "create", "example.test"], 1, "the domain example.test exists already"),
            (["domain", "create", "new2.test", "--alias-of", "none.test"], 3, "no such domain: none.test"),
            (["domain", "create", "new2.test", "--tenant", "none"], 3, "no such tenant: none"),
            (["domain", "update", "example.test"], 2, "say what to change"),
            (["domain", "update", "example.test", "--enabled", "maybe"], 2, "maybe not in {true,false}"),
            (["domain", "delete", "example.test"], 1, "still has accounts"),
            (["account", "get", "nobody@example.test"], 3, "no such account: nobody@example.test"),
            (["account", "get", "no address"], 2, "no address: "),
            (["account", "create", "z@example.test", "--password-file", "/nonexistent"], 2, "cannot read /nonexistent"),
            (["account", "create", "z@example.test", "--role", "king"], 2, "king not in {user,"),
            (["account", "create", "z@example.test", "--quota-mib", "-1"], 2, "not in range"),
            (["account", "list", "--domain", "none.test"], 3, "no such domain: none.test"),
            (["alias", "create", "z@example.test"], 2, "TARGETS is required"),
            (["alias", "create", "z@example.test", "no address"], 2, "no address: "),
            (["alias", "create", "bob@example.test", "x@y.test"], 1, "an account has the address bob@example.test"),
            (["alias", "delete", "z@example.test"], 3, "no such alias: z@example.test"),
            (["group", "create", "z@example.test", "--posting", "nobody"], 2, "nobody not in {anyone,"),
            (["group", "create", "z@example.test", "ghost@example.test"], 3, "no such address: ghost@example.test"),
            (["group", "delete", "z@example.test"], 3, "no such group: z@example.test"),
            (["tenant", "create", "Big Name"], 2, "'Big Name' is no name of a tenant"),
            (["tenant", "delete", "default"], 1, "it stays"),
            (["app-password", "create", "bob@example.test", "--label", "x", "--protocol", "ftp"], 2, "ftp not in {smtp,"),
            (["app-password", "delete", "bob@example.test", "123456"], 3, "no such app password: 123456"),
            (["queue", "hold"], 2, "say which"),
            (["queue", "hold", "nonsense"], 2, "'nonsense' is no mail id"),
            (["queue", "list", "--state", "lost"], 2, "lost not in {queued,"),
            (["message", "trace", "nonsense"], 2, "'nonsense' is no mail id"),
            (["auth-check", "--ip", "here", "--helo", "x.test"], 2, "'here' is no IP address"),
            (["auth-check", "--ip", "192.0.2.1", "--helo", "x.test"], 2, "no message on stdin"),
            (["audit", "list", "--tenant", "none"], 3, "no such tenant: none"),
            (["--as", "ghost@example.test", "account", "list"], 1, "ghost@example.test has no rights here"),
            (["--as", "bob@example.test", "migrate"], 2, "cannot be done with --as")):
        shown = lab.cli(*words, code=code)
        assert text in shown and shown.startswith("pennypost: "), (words, shown)
    bad = lab.folder / "bad.yaml"
    bad.write_text("ingress: {max_erors: 1}\n")
    done = subprocess.run([lab.end["cli"], "--config", str(bad), "config", "check"], capture_output=True, text=True)
    assert done.returncode == 4 and "unknown key ingress.max_erors" in done.stderr, done
    assert "account" in lab.cli("__complete", "--", "")
    group = lab.cli("__complete", "--", "group").split()
    assert {"create", "add-member", "remove-member", "--as"} <= set(group), group
    assert "--posting" in lab.cli("__complete", "--", "--output", "json", "group", "update")
    for shell in ("bash", "zsh", "fish"):
        assert "complete" in lab.cli("completion", shell)
    # Every command has a help text.
    for noun in lab.cli("__complete", "--", "").split():
        if not noun.startswith("--"):
            assert "Usage: pennypost" in lab.cli(noun, "--help"), noun


main(globals())
