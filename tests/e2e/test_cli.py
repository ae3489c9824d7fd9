"""The command line, as an operator uses it."""
import json

from harness import Lab, main, message


def test_cli():
    with Lab() as lab:
        assert lab.cli("version").startswith("pennypost ")
        domains_and_accounts(lab)
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
    assert "1 created, 2 failed" in text and "dora@new.test" in text, text
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
    import imaplib
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


def queue_and_trace(lab):
    """Mail to the world is held with a reason: the default local route never sends to the Internet."""
    mail = message("alice@example.test", "friend@far.example")
    with lab.submission("alice@example.test") as smtp:
        smtp.send_message(mail)
    rows = [r for r in lab.cli_json("queue", "list")["deliveries"] if r["recipient"] == "friend@far.example"]
    assert len(rows) == 1, rows
    row = rows[0]
    assert row["state"] == "held" and row["last_reply"], row
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
    lab.cli("nonsense", code=2)
    lab.cli("domain", "create", "-bad-..x", code=2)
    lab.cli("account", "get", "nobody@example.test", code=3)
    lab.cli("account", "create", "z@example.test", "--password-file", "/nonexistent", code=2)
    bad = lab.folder / "bad.yaml"
    bad.write_text("ingress: {max_erors: 1}\n")
    import subprocess
    done = subprocess.run([lab.end["cli"], "--config", str(bad), "config", "check"], capture_output=True, text=True)
    assert done.returncode == 4 and "unknown key ingress.max_erors" in done.stderr, done
    assert "account" in lab.cli("__complete", "--", "")
    assert "create" in lab.cli("__complete", "--", "account")
    assert "complete" in lab.cli("completion", "bash")


main(globals())
