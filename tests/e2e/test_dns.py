"""Mail by MX records of a real, signed zone: which host gets it, what bounces, what waits, what signatures are worth."""
import base64
import contextlib
import email
import email.policy
import json
import subprocess
import time

import yaml

from harness import Lab, body_of, main, message, wait_for, wire
from sink import Sink
from zones import SOA, DnsLab, debian_python, dkim_key, sign

WORLD = SOA + """
mx-best 60 IN A 127.0.0.1
mx-second 60 IN A 127.0.0.3
mx-dead 60 IN A 127.0.0.2
best 60 IN MX 10 mx-best
best 60 IN MX 20 mx-second
fallback 60 IN MX 20 mx-second
fallback 60 IN MX 10 mx-dead
implicit 60 IN A 127.0.0.3
null 60 IN MX 0 .
nohost 60 IN MX 10 missing.world.test.
bogus 60 IN MX 10 corrupt-mex.world.test.
spf-pass 60 IN TXT "v=spf1 ip4:127.0.0.1 -all"
spf-fail 60 IN TXT "v=spf1 ip4:192.0.2.1 -all"
strict 60 IN TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.strict 60 IN TXT "v=DMARC1; p=reject; sp=quarantine"
_dmarc.bogus-policy 60 IN TXT "v=DMARC1; p=rejekt"
"""


def verify(raw: bytes, zone: str) -> list:
    """For each signature, top first: whether it verifies with the keys of the zone text."""
    keys = {}
    for line in zone.splitlines():
        name, _, _, kind, value = line.split(" ", 4)
        if kind == "TXT":
            keys[name.lower()] = "".join(value.split('"')[1::2])
    code = """
import dkim
raw = base64.b64decode(data['raw'])
find = lambda name, timeout=5: data['keys'].get(name.decode().lower(), '').encode() or None
count = sum(1 for name, _ in dkim.rfc822_parse(raw)[0] if name.lower() == b'dkim-signature')
out = [dkim.DKIM(raw, minkey=1024).verify(i, dnsfunc=find) for i in range(count)]
"""
    return debian_python(code, {"raw": base64.b64encode(raw).decode(), "keys": keys})


def submit(lab, recipients, subject="out", body="hello\n"):
    mail = message("alice@example.test", recipients[0], subject, body)
    with lab.submission("alice@example.test") as smtp:
        smtp.sendmail("alice@example.test", recipients, wire(mail))
    return mail["Message-ID"]


def one_copy(sink, message_id, seconds=20):
    mail = wait_for(lambda: sink.with_id(message_id), seconds, f"{message_id} at the sink")[0]
    return mail


def reports(lab, message_id) -> list:
    """Delivery reports in alice's INBOX that return this message."""
    found = []
    with lab.imap("alice@example.test") as imap:
        imap.select("INBOX")
        for number in imap.search(None, "HEADER", "Content-Type", "multipart/report")[1][0].split():
            raw = imap.fetch(number, "(BODY.PEEK[])")[1][0][1]
            if message_id.encode() in raw:
                found.append(email.message_from_bytes(raw, policy=email.policy.default))
    return found


def check_report(report, recipient: str, *codes: str) -> None:
    """RFC 3464, RFC 3834: for programs and for people."""
    assert report["Return-Path"] == "<>", report["Return-Path"]
    assert report["Auto-Submitted"] in ("auto-replied", "auto-generated"), report["Auto-Submitted"]
    assert report.get_content_type() == "multipart/report" and report.get_param("report-type") == "delivery-status"
    people, status, original = report.iter_parts()
    assert recipient in people.get_content(), people.get_content()
    fields = {}
    for block in status.iter_parts() if status.is_multipart() else [status]:
        fields.update({name.lower(): str(value) for name, value in block.items()})
    assert fields["final-recipient"].endswith(recipient), fields
    assert fields["action"] == "failed" and fields["status"] in codes, (fields, codes)
    assert "reporting-mta" in fields
    assert original.get_content_type() in ("message/rfc822", "text/rfc822-headers")


@contextlib.contextmanager
def world(overlay=None):
    private, record = dkim_key()
    zone = WORLD + f"sel._domainkey.spf-pass 60 IN TXT {record}\n"
    # Of our own domain nothing is published yet. DMARC asks up to the top-level domain, iprev for names of addresses.
    with DnsLab({"world.test": zone}, {"example.test": SOA, "_dmarc.test": SOA, "in-addr.arpa": SOA}) as dns, Sink() as best, Sink("127.0.0.3", best.port) as second:
        settings = {"resolver": dns.resolver(),
                    "relay": {"default_route": "mx", "smtp_port": best.port, "allow_private_addresses": True, "retry_seconds": [1],
                              **(overlay or {})}}
        with Lab(overlay=settings) as lab:
            lab.best, lab.second, lab.private = best, second, private
            yield lab


def test_outbound():
    with world() as lab:
        routes(lab)
        temporary_refusals(lab)
        bounces(lab)
        waits(lab)
        signatures(lab)


def routes(lab):
    """RFC 5321 5.1."""
    to_best = submit(lab, ["x@best.world.test"])
    mail = one_copy(lab.best, to_best)
    assert mail.sender == "alice@example.test" and mail.recipients == ["x@best.world.test"], mail
    assert mail.helo == "mail.example.test", mail.helo
    to_second = submit(lab, ["x@fallback.world.test"])
    one_copy(lab.second, to_second)
    to_itself = submit(lab, ["x@implicit.world.test"])
    one_copy(lab.second, to_itself)
    # A literal dot, and two recipients of one domain in one copy.
    body = "one\n.\n..two\n" + "\u00fc" * 40 + "\n"
    both = submit(lab, ["x@best.world.test", "y@best.world.test"], body=body)
    mail = one_copy(lab.best, both)
    assert sorted(mail.recipients) == ["x@best.world.test", "y@best.world.test"], mail.recipients
    time.sleep(2.5)  # a second attempt would have come by now
    for message_id in (to_best, both):
        assert len(lab.best.with_id(message_id)) == 1 and not lab.second.with_id(message_id)
    for message_id in (to_second, to_itself):
        assert len(lab.second.with_id(message_id)) == 1 and not lab.best.with_id(message_id)


def temporary_refusals(lab):
    for stage, answer in (("mail", "450 4.3.2 not now"), ("rcpt", "451 4.7.1 greylisted"), ("data", "452 4.3.1 full"),
                          ("dot", "451 4.3.0 later"), ("connect", "421 4.3.2 busy"), ("rcpt", "drop"), ("dot", "drop")):
        # Both hosts refuse in the greeting; what a dialogue says stands for the domain.
        lab.best.script[stage], lab.second.script[stage] = [answer], [answer]
        message_id = submit(lab, ["x@best.world.test"], f"{stage} {answer}")
        wait_for(lambda: lab.best.with_id(message_id) + lab.second.with_id(message_id), 20, f"delivery after {stage} {answer}")
        time.sleep(1.5)
        copies = len(lab.best.with_id(message_id) + lab.second.with_id(message_id))
        assert copies == 1, (stage, answer, copies)
        assert not reports(lab, message_id), (stage, answer)
        lab.best.script.clear(), lab.second.script.clear()


def bounces(lab):
    lab.best.script["rcpt"] = ["550 5.1.1 nobody of that name"]
    cases = [("x@best.world.test", ("5.1.1",)), ("x@null.world.test", ("5.1.10",)), ("x@nowhere.world.test", ("5.1.2",)),
             ("x@nohost.world.test", ("5.4.4", "5.1.2"))]
    sent = []
    for recipient, codes in cases:
        sent.append((submit(lab, [recipient], "bounces"), recipient, codes))
    for message_id, recipient, codes in sent:
        report = wait_for(lambda: reports(lab, message_id), 15, f"report for {recipient}")[0]
        check_report(report, recipient, *codes)
    assert "nobody of that name" in str(reports(lab, sent[0][0])[0])
    time.sleep(2.5)
    for message_id, recipient, _ in sent:
        assert len(reports(lab, message_id)) == 1, recipient
        assert not lab.best.with_id(message_id)
    # One good and one bad recipient: a report for the bad one alone.
    mixed = submit(lab, ["good@best.world.test", "bad@null.world.test"], "mixed")
    one_copy(lab.best, mixed)
    report = wait_for(lambda: reports(lab, mixed), 15, "report for one of two")[0]
    check_report(report, "bad@null.world.test", "5.1.10")
    assert "good@best.world.test" not in str(next(report.iter_parts()))


def waits(lab):
    """What DNS cannot say now is asked again: nothing is bounced."""
    recipients = ["x@bogus.world.test", "x@dead.test", "x@refused.far.test"]
    sent = [submit(lab, [recipient], "waits") for recipient in recipients]

    def tried_twice():
        rows = {row["recipient"]: row for row in lab.cli_json("queue", "list")["deliveries"]}
        return all(int(rows[r].get("attempts", 0)) >= 2 for r in recipients) and rows

    rows = wait_for(tried_twice, 30, "second attempts")
    for recipient in recipients:
        assert rows[recipient]["state"] in ("queued", "leased") and "4.4.3" in rows[recipient]["last_reply"], rows[recipient]
    for message_id in sent:
        assert not reports(lab, message_id)
    for recipient in recipients:
        lab.cli("queue", "cancel", "--recipient", recipient)


def signatures(lab):
    zone = lab.cli("dns", "records", "example.test", "--zone")
    for body in ("hello\n", "\n\n", "no end", "tab \t x  \n" * 20, "\u00fc\u2709\n", ".\n..\n"):
        message_id = submit(lab, ["x@best.world.test"], "signed \u00fc", body)
        mail = one_copy(lab.best, message_id)
        fields = mail.header("DKIM-Signature")
        assert {"a=rsa-sha256", "a=ed25519-sha256"} == {part.strip() for f in fields for part in f.split(";") if "a=" in part and "sha256" in part}, fields
        assert verify(mail.data, zone) == [True, True], (body, fields, mail.data[:3000])
        assert False in verify(mail.data.replace(b"signed", b"forged").replace(b"Subject: ", b"Subject: x"), zone)


def test_inbound_results():
    with world() as lab:
        for domain, signed, spf, dkim in (("spf-pass.world.test", True, "pass", "pass"), ("spf-pass.world.test", "broken", "pass", "fail"),
                                          ("spf-fail.world.test", False, "fail", "none"), ("best.world.test", False, "none", "none"),
                                          ("dead.test", False, "temperror", "none")):
            mail = message(f"x@{domain}", "bob@example.test", "in")
            raw = wire(mail)
            if signed:
                raw = sign(raw, domain, lab.private)
            if signed == "broken":
                raw = raw.replace(b"hello", b"hullo")
            # A result that the sender wrote in our name is taken out.
            raw = b"Authentication-Results: mail.example.test; spf=pass smtp.mailfrom=forged.test\r\n" + raw
            with lab.smtp() as smtp:
                smtp.sendmail(f"x@{domain}", ["bob@example.test"], raw)
            stored = email.message_from_bytes(lab.fetch_by_id("bob@example.test", mail["Message-ID"]))
            fields = [" ".join(f.split()) for f in stored.get_all("Authentication-Results")]
            assert len(fields) == 1 and fields[0].startswith("mail.example.test"), fields
            assert f"spf={spf}" in fields[0] and f"dkim={dkim}" in fields[0], (domain, signed, fields)
            assert "forged" not in fields[0], fields
            if signed is True:
                assert f"header.d={domain}" in fields[0] and f"smtp.mailfrom={domain}" in fields[0].replace("x@", ""), fields


def test_dmarc():
    """What a domain asks for its failing mail is done; mail that another domain vouches for is none of its own."""
    with world() as lab:
        for author, sender, code, folder, dmarc in (
                ("x@strict.world.test", "x@strict.world.test", 550, "", ""),
                ("x@strict.world.test", "x@spf-pass.world.test", 550, "", ""),  # SPF passes for a stranger
                ("x@news.strict.world.test", "x@news.strict.world.test", 250, "Junk", "fail"),
                ("x@spf-pass.world.test", "x@spf-pass.world.test", 250, "INBOX", "none"),
                ("x@bogus-policy.world.test", "x@bogus-policy.world.test", 250, "INBOX", "permerror")):
            mail = message(author, "bob@example.test", f"{author} {sender}")
            with lab.smtp() as smtp:
                smtp.ehlo("best.world.test")
                smtp.mail(sender)
                smtp.rcpt("bob@example.test")
                answer = smtp.data(wire(mail))
            assert answer[0] == code, (author, sender, answer)
            if code == 550:
                assert b"DMARC policy of strict.world.test" in answer[1], answer
                continue
            stored = email.message_from_bytes(lab.fetch_by_id("bob@example.test", mail["Message-ID"], folder=folder))
            results = " ".join(stored["Authentication-Results"].split())
            assert f"dmarc={dmarc}" in results, (author, results)


def test_auth_check():
    """What the command says of a message is what filter says, with keys and policies of a real zone."""
    with world() as lab:
        private = lab.private
        mail = message("x@spf-pass.world.test", "bob@example.test", "check")
        signed = sign(wire(mail), "spf-pass.world.test", private)
        for raw, sender, ip, spf, dkim, code in (
                (signed, "x@spf-pass.world.test", "127.0.0.1", "pass", "pass", 0),
                (signed.replace(b"\r\n", b"\n"), "x@spf-pass.world.test", "127.0.0.1", "pass", "pass", 0),  # a file of this machine
                (signed.replace(b"hello", b"hullo"), "x@spf-pass.world.test", "192.0.2.9", "fail", "fail", 4),
                (wire(mail), "x@best.world.test", "127.0.0.1", "none", "none", 0),
                (wire(mail), "", "127.0.0.1", "none", "none", 0)):
            words = ["auth-check", "--ip", ip, "--helo", "best.world.test"] + (["--mail-from", sender] if sender else [])
            text = lab.cli(*words, stdin=raw.decode(), code=code)
            rows = {line.split()[0]: line.split()[1] for line in text.splitlines()[1:5]}
            expected = {"spf": spf, "dkim": dkim, "dmarc": "none", "iprev": "permerror"}  # no record, no name
            assert rows == expected, (sender, ip, text)
            assert "Authentication-Results: mail.example.test" in text and f"spf={spf}" in text, text
            answer = subprocess.run([lab.end["cli"], "-o", "json", *words], input=raw, capture_output=True, timeout=60)
            results = {r["method"]: r["result"] for r in json.loads(answer.stdout)["auth_results"]}
            assert answer.returncode == code and results == expected, answer


def test_killed_worker():
    """SIGKILL while the other side thinks about it: delivered after the restart, counted once by who answered."""
    with world({"lease_seconds": 10}) as lab:
        lab.best.delay = 30
        sent = [submit(lab, ["x@best.world.test"], f"number {i}") for i in range(3)]
        wait_for(lambda: sum(c == "DATA" for c in lab.best.commands) >= 1, 15, "DATA at the sink")
        time.sleep(0.5)
        process = lab.platform.processes["standalone"]
        process.kill()
        process.wait()
        assert not lab.best.mails
        lab.best.delay = 0
        lab.platform.start_process("standalone")
        lab.platform.wait_ready("standalone")
        for message_id in sent:
            one_copy(lab.best, message_id, 40)
        time.sleep(12)  # longer than a lease
        for message_id in sent:
            assert len(lab.best.with_id(message_id)) == 1, message_id
            assert not reports(lab, message_id)
        assert not lab.cli_json("queue", "list", "--state", "queued").get("deliveries")


def test_dns_check():
    """Exit code 4 until all is published, and our own filter then verifies our own signatures."""
    with world() as lab:
        text = lab.cli("dns", "check", "example.test", code=4)
        assert "missing" in text, text
        message_id = submit(lab, ["x@best.world.test"], "comes back")
        mail = one_copy(lab.best, message_id)
        zone = SOA + "mail 3600 IN A 127.0.0.1\n" + lab.cli("dns", "records", "example.test", "--zone")
        with DnsLab({"example.test": zone}) as published:
            process = lab.platform.processes["standalone"]
            process.terminate()
            assert process.wait(timeout=30) == 0
            lab.platform.config["resolver"] = published.resolver()
            lab.platform.config_file.write_text(yaml.safe_dump(lab.platform.config, sort_keys=False))
            lab.platform.start_process("standalone")
            lab.platform.wait_ready("standalone")
            text = lab.cli("dns", "check", "example.test")
            assert "missing" not in text and "wrong" not in text and "unknown" not in text and "warning" not in text, text
            with lab.smtp() as smtp:
                smtp.sendmail("alice@example.test", ["bob@example.test"], mail.data)
            stored = email.message_from_bytes(lab.fetch_by_id("bob@example.test", message_id))
            results = " ".join(stored["Authentication-Results"].split())
            assert "spf=pass" in results and results.count("dkim=pass") == 2, results
            assert body_of(mail.data) == body_of(lab.fetch_by_id("bob@example.test", message_id))


main(globals())
