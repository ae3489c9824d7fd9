"""Tenants, groups, roles, the audit log and the limits of logins, on the running platform."""
import concurrent.futures
import imaplib
import poplib
import smtplib
import socket

from harness import Lab, main, message, wait_for


def test_tenants_groups_and_roles():
    with Lab() as lab:
        make_tenant(lab)
        suspended_tenant(lab)
        senders_of_another_tenant(lab)
        groups(lab)
        roles(lab)
        audit(lab)


def test_limits_of_logins():
    """ROBUSTNESS P1: ten guesses at a user from an address, over all protocols; a wiped Redis unlocks nobody."""
    with Lab(overlay={"directory": {"login_delays": True}}) as lab:
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            guesses = [pool.submit(guess, lab, n) for n in range(12)]
            assert all(g.result() for g in guesses)
        assert not may_log_in(lab, "bob@example.test", "bob-secret"), "locked out"
        flush_redis(lab)
        assert not may_log_in(lab, "bob@example.test", "bob-secret"), "a flushed Redis unlocks nobody"
        assert may_log_in(lab, "alice@example.test", "alice-secret"), "others at the address are free"
        lab.platform.postgres.sql("DELETE FROM directory_login_failures")
        assert may_log_in(lab, "bob@example.test", "bob-secret")


def guess(lab, n: int) -> bool:
    """True if the guess is refused as one is."""
    if n % 3 == 0:
        with smtplib.SMTP("localhost", lab.ports["submission"], local_hostname="client.test", timeout=40) as smtp:
            smtp.starttls(context=lab.tls)
            try:
                smtp.login("bob@example.test", f"guess{n}")
            except smtplib.SMTPAuthenticationError as error:
                return error.smtp_code == 535
    elif n % 3 == 1:
        pop = poplib.POP3_SSL("localhost", lab.ports["pop3s"], context=lab.tls, timeout=40)
        pop.user("bob@example.test")
        try:
            pop.pass_(f"guess{n}")
        except poplib.error_proto as error:
            return b"[AUTH]" in error.args[0]
        finally:
            pop.close()
    else:
        return not may_log_in(lab, "bob@example.test", f"guess{n}")
    return False


def may_log_in(lab, user: str, password: str) -> bool:
    with imaplib.IMAP4_SSL("localhost", lab.ports["imaps"], ssl_context=lab.tls, timeout=40) as imap:
        try:
            imap.login(user, password)
            return True
        except imaplib.IMAP4.error as error:
            assert "AUTHENTICATIONFAILED" in str(error), error
            return False


def flush_redis(lab) -> None:
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(lab.platform.redis.socket))
        s.sendall(b"FLUSHALL\r\n")
        assert s.recv(100).startswith(b"+OK")


def create(lab, address: str, *words) -> None:
    lab.cli("account", "create", address, "--password-file", "-", *words, stdin=f"{address} secret\n")


def submit_as(lab, user: str) -> smtplib.SMTP:
    smtp = smtplib.SMTP("localhost", lab.ports["submission"], local_hostname="client.test", timeout=30)
    smtp.starttls(context=lab.tls)
    smtp.login(user, f"{user} secret")
    return smtp


def rcpt(smtp: smtplib.SMTP, sender: str, recipient: str) -> tuple:
    smtp.ehlo_or_helo_if_needed()
    smtp.mail(sender)
    code, text = smtp.rcpt(recipient)
    smtp.rset()
    return code, text.decode()


def make_tenant(lab):
    assert "1 of 2" not in lab.cli("tenant", "create", "acme", "--max-domains", "2", "--max-accounts", "3")
    lab.cli("tenant", "create", "acme", code=1)
    lab.cli("domain", "create", "acme.test", "--tenant", "acme")
    lab.cli("domain", "create", "acme2.test", "--alias-of", "acme.test")
    assert "may have 2 domains" in lab.cli("domain", "create", "acme3.test", "--tenant", "acme", code=1)
    for user in ("amy", "ann", "root"):
        create(lab, f"{user}@acme.test")
    assert "may have 3 accounts" in lab.cli("account", "create", "x@acme.test", "--password-file", "-", stdin="x\n", code=1)
    assert [d["name"] for d in lab.cli_json("domain", "list", "--tenant", "acme")["domains"]] == ["acme.test", "acme2.test"]
    row = lab.cli_json("tenant", "get", "acme")
    assert (row["domains"], row["accounts"]) == ("2", "3"), row
    assert "still has domains" in lab.cli("tenant", "delete", "acme", code=1)
    lab.cli("tenant", "create", "empty")
    assert lab.cli("tenant", "delete", "empty") == "deleted empty\n"
    lab.cli("tenant", "get", "empty", code=3)


def suspended_tenant(lab):
    """Its users cannot log in, and mail for it comes later: to itself refused for now, among others kept by relay."""
    lab.cli("alias", "create", "mixed@example.test", "bob@example.test", "ann@acme.test")
    submit_as(lab, "amy@acme.test").quit()
    lab.cli("tenant", "update", "acme", "--enabled", "false")
    for password in ("amy@acme.test secret", "wrong"):
        assert not may_log_in(lab, "amy@acme.test", password)
    with lab.smtp() as smtp:
        for address in ("amy@acme.test", "amy@acme2.test", "nobody@acme.test"):
            code, text = rcpt(smtp, "x@remote.test", address)
            assert code == 450 and "4.2.1" in text, (code, text)
    mail = message("x@remote.test", "mixed@example.test")
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    lab.fetch_by_id("bob@example.test", mail["Message-ID"])
    row = wait_for(lambda: next((d for d in lab.cli_json("queue", "list", "--recipient", "ann@acme.test")["deliveries"]
                                 if d["attempts"]), None), 15, "a first try")
    assert row["state"] == "queued" and "takes no mail for now" in row["last_reply"], row
    lab.cli("tenant", "update", "acme", "--enabled", "true")
    lab.cli("queue", "retry", "--recipient", "ann@acme.test")
    with imaplib.IMAP4_SSL("localhost", lab.ports["imaps"], ssl_context=lab.tls, timeout=30) as imap:
        imap.login("ann@acme.test", "ann@acme.test secret")
        wait_for(lambda: imap.select("INBOX")[1][0] == b"1", 15, "the mail that waited")
        assert imap.search(None, "HEADER", "Message-ID", f'"{mail["Message-ID"]}"')[1][0] == b"1"


def senders_of_another_tenant(lab):
    """ROBUSTNESS S6, whatever the other tenant sets up."""
    lab.cli("alias", "create", "bait@example.test", "amy@acme.test", "--send-as")
    with submit_as(lab, "amy@acme.test") as smtp:
        for sender in ("bob@example.test", "bait@example.test", "amy@example.test", "ann@acme.test"):
            smtp.ehlo_or_helo_if_needed()
            code, text = smtp.mail(sender)
            assert code == 550 and b"not yours" in text, (sender, code, text)
            mail = message(sender, "bob@example.test")
            try:
                smtp.sendmail("amy@acme.test", ["bob@example.test"], mail.as_bytes())
                raise AssertionError(f"sent as {sender}")
            except smtplib.SMTPDataError as error:
                assert error.smtp_code == 550, error
        for sender in ("amy@acme.test", "amy+x@acme2.test"):
            smtp.send_message(message(sender, "ann@acme.test"), sender)


def groups(lab):
    lab.cli("group", "create", "staff@example.test", "alice@example.test", "bob@example.test", "--posting", "domain")
    lab.cli("group", "create", "board@example.test", "bob@example.test", "fan@remote.test", "--posting", "members",
            "--name", "The board")
    lab.cli("group", "create", "all@example.test", "--posting", "anyone")
    with lab.smtp() as smtp:
        assert rcpt(smtp, "x@remote.test", "all@example.test") == (550, "5.2.4 the group has no members")
    lab.cli("group", "add-member", "all@example.test", "staff@example.test", "board@example.test", "bob@example.test",
            "all2@example.test", code=3)
    lab.cli("group", "add-member", "all@example.test", "staff@example.test", "board@example.test", "bob@example.test")
    lab.cli("group", "remove-member", "board@example.test", "fan@remote.test")
    lab.cli("group", "add-member", "board@example.test", "fan@remote.test")
    assert lab.cli_json("group", "get", "board@example.test")["members"] == ["bob@example.test", "fan@remote.test"]
    assert "board@example.test" in lab.cli("group", "list", "--domain", "example.test")

    with lab.smtp() as smtp:
        for sender in ("x@remote.test", "alice@example.test", ""):  # anybody may claim to be alice
            assert rcpt(smtp, sender, "staff@example.test")[0] == 550
            assert rcpt(smtp, sender, "board@example.test") == (550, "5.7.1 only members may send to this group")
        assert rcpt(smtp, "fan@remote.test", "board@example.test")[0] == 250
    with lab.submission("alice@example.test") as smtp:
        assert rcpt(smtp, "alice@example.test", "staff@example.test")[0] == 250
        assert rcpt(smtp, "alice@example.test", "board@example.test")[0] == 550
    with lab.submission("bob@example.test") as smtp:
        assert rcpt(smtp, "bob@example.test", "board@example.test")[0] == 250
    with lab.submission("carol@other.test") as smtp:
        assert rcpt(smtp, "carol@other.test", "staff@example.test")[0] == 550
        lab.cli("group", "update", "staff@example.test", "--posting", "tenant")
        assert rcpt(smtp, "carol@other.test", "staff@example.test")[0] == 250
    with submit_as(lab, "amy@acme.test") as smtp:
        assert rcpt(smtp, "amy@acme.test", "staff@example.test")[0] == 550

    # Bob is a member three times over, and gets it once; the groups inside take what the outer one takes.
    mail = message("x@remote.test", "all@example.test")
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    for user in ("alice@example.test", "bob@example.test"):
        lab.fetch_by_id(user, mail["Message-ID"])
    with lab.imap("bob@example.test") as imap:
        imap.select("INBOX")
        assert len(imap.search(None, "HEADER", "Message-ID", f'"{mail["Message-ID"]}"')[1][0].split()) == 1
    held = lab.cli_json("queue", "list", "--recipient", "fan@remote.test")["deliveries"]
    assert len(held) == 1, held

    lab.cli("group", "update", "board@example.test", "--send-as", "true")
    with lab.submission("bob@example.test") as smtp:
        smtp.ehlo_or_helo_if_needed()
        assert smtp.mail("board@example.test")[0] == 250
    lab.cli("group", "delete", "board@example.test")
    lab.cli("group", "get", "board@example.test", code=3)


def roles(lab):
    """What a person may is what the person's role says, in every command that takes --as."""
    lab.cli("account", "update", "root@acme.test", "--role", "tenant_admin")
    lab.cli("account", "update", "ann@acme.test", "--role", "domain_admin")

    def by(user, *words, code=0, **more):
        return lab.cli("--as", f"{user}@acme.test", *words, code=code, **more)

    assert by("root", "domain", "list").count("acme") >= 2 and "example.test" not in by("root", "domain", "list")
    assert "example.test" not in by("ann", "account", "list")
    assert "no such domain" in by("root", "account", "list", "--domain", "example.test", code=3)
    assert "no such domain" in by("root", "account", "get", "bob@example.test", code=3)
    assert "no such tenant" in by("root", "tenant", "get", "default", code=3)
    assert "may not" in by("amy", "account", "list", code=1)
    assert "may not" in by("amy", "account", "update", "amy@acme.test", "--role", "tenant_admin", code=1)
    assert "may not" in by("ann", "account", "update", "root@acme.test", "--password-file", "-", stdin="x\n", code=1)
    assert "may not" in by("ann", "domain", "create", "more.test", code=1)
    assert "may not" in by("root", "tenant", "update", "acme", "--max-domains", "9", code=1)
    assert "may not" in by("root", "queue", "list", code=1)
    assert "may not" in by("root", "queue", "cancel", "--domain", "remote.test", code=1)
    assert "cannot be done with --as" in by("root", "status", code=2)
    lab.cli("--as", "nobody@acme.test", "account", "list", code=1)

    by("amy", "account", "update", "amy@acme.test", "--password-file", "-", stdin="amy's own\n")
    assert may_log_in(lab, "amy@acme.test", "amy's own")
    by("ann", "group", "create", "team@acme.test", "amy@acme.test")
    by("ann", "account", "update", "amy@acme.test", "--quota-mib", "5")
    assert "team@acme.test" in by("root", "group", "list")
    lab.cli("--as", "admin@example.test", "queue", "cancel", "--domain", "remote.test", "--reason", "enough")
    cancelled = lab.cli_json("queue", "list", "--domain", "remote.test", "--state", "cancelled")["deliveries"]
    assert "enough (by admin@example.test)" in lab.cli("message", "trace", cancelled[0]["mail_id"])


def audit(lab):
    rows = lab.cli_json("audit", "list", "--by", "ann@acme.test")["entries"]
    assert [(r["action"], r["object"]) for r in rows] == [
        ("account.update", "amy@acme.test"), ("group.create", "team@acme.test")], rows
    assert rows[0]["detail"] == "quota_bytes 0 -> 5242880"
    log = lab.cli("audit", "list", "--limit", "1000")
    assert "secret" not in log and "amy's own" not in log, "no password in the log"
    assert "tenant.delete" in log and "domain.create" in log and "account.create" in log
    of_tenant = lab.cli("--as", "root@acme.test", "audit", "list")
    assert "team@acme.test" in of_tenant and "example.test" not in of_tenant, of_tenant
    lab.cli("--as", "ann@acme.test", "audit", "list", code=1)


main(globals())
