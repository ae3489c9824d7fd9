"""The same as inbound, with mail whose SPF, DKIM and DMARC pass, and checked on both sides against one name server.

Ours as always, but with DNS. Theirs: Postfix with policyd-spf, opendkim and opendmarc as Debian has them. Each message that
the first user got must say spf=pass, dkim=pass and dmarc=pass in the name of the side that stored it, else nothing counts.
"""
import email
import email.policy
import imaplib
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys

import dkim

from corpus import write_corpus
from figures import ROUNDS, Figures
from inbound import Platform, PostfixWithDovecot, better, in_turn
from local.platform import free_port
from sides import DOMAIN, PASSWORD, temporary_folder, wait_until
from zones import SOA, DnsLab, dkim_key

SENDER = "load.example"  # what smtp_load says in EHLO and MAIL
# name: kind of messages, sessions, messages of ours, messages of theirs, ratio that is the goal
FIGURES = {"4k.s20": ("4k", 20, 4000, 200, 10.0), "4k.s100": ("4k", 100, 4000, 300, 15.0), "mixed.s20": ("mixed", 20, 800, 200, 3.0)}
PEER = "postfix.test"
NOBODY = "192.0.2.99"  # whom the milters need not look at; without it they leave out 127.0.0.1
# Not of 127.0.0.0/8, where opendkim's libunbound asks nobody; it also answers for test. by itself.
NAME_SERVER = "192.0.2.53"


class CheckingPostfix(PostfixWithDovecot):
    def __init__(self, store: str):
        self.dkim_port, self.dmarc_port = free_port(), free_port()
        self.milters = []
        self.checks = temporary_folder()
        super().__init__(store, {
            # No exception for our own networks: each recipient is checked.
            "smtpd_recipient_restrictions": "reject_unauth_destination, check_policy_service unix:private/policyd-spf",
            "policyd-spf_time_limit": "3600", "milter_default_action": "tempfail", "milter_protocol": "6",
            "smtpd_milters": f"inet:127.0.0.1:{self.dkim_port}, inet:127.0.0.1:{self.dmarc_port}"},
            services=[f"policyd-spf unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd-spf {self.checks}/spf.conf"])
        (self.checks / "nobody").write_text(f"{NOBODY}\n")
        (self.checks / "spf.conf").write_text(
            "debugLevel = 0\nTestOnly = 1\nHELO_reject = Fail\nMail_From_reject = Fail\nPermError_reject = False\nTempError_Defer = False\n"
            f"Header_Type = AR\nAuthserv_Id = {PEER}\nskip_addresses = {NOBODY}/32\n")
        (self.checks / "dkim.conf").write_text(
            f"Mode v\nSocket inet:{self.dkim_port}@127.0.0.1\nUserID opendkim\nBackground no\nSyslog no\nAuthservID {PEER}\n"
            f"Nameservers {NAME_SERVER}\nInternalHosts csl:{NOBODY}\n")
        (self.checks / "dmarc.conf").write_text(
            f"Socket inet:{self.dmarc_port}@127.0.0.1\nUserID opendmarc\nBackground false\nSyslog false\nAuthservID {PEER}\n"
            f"TrustedAuthservIDs {PEER}\nIgnoreHosts {self.checks}/nobody\nRejectFailures true\n"
            "PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat\n")

    def start(self) -> None:
        log = open(self.checks / "milters.log", "wb")
        for words in (["opendkim", "-f", "-x", self.checks / "dkim.conf"], ["opendmarc", "-f", "-c", self.checks / "dmarc.conf"]):
            self.milters.append(subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True))
        log.close()
        wait_until(lambda: all(self._listens(port) for port in (self.dkim_port, self.dmarc_port)), 20, "the start of the milters")
        super().start()

    def _listens(self, port: int) -> bool:
        if any(milter.poll() is not None for milter in self.milters):
            raise SystemExit(f"bench: a milter does not start: {(self.checks / 'milters.log').read_text()}")
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def stop(self) -> None:
        super().stop()
        for milter in self.milters:
            milter.send_signal(signal.SIGTERM)
            milter.wait(timeout=20)
        shutil.rmtree(self.checks, ignore_errors=True)

    def verify(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # made by Dovecot's own start
        all_pass("the peer", PEER, self.dovecot.imaps_port, context)


def all_pass(side: str, name: str, port: int, context: ssl.SSLContext) -> None:
    """Whether every message of the first user says so; only fields in the name of the side itself count."""
    with imaplib.IMAP4_SSL("127.0.0.1" if context.check_hostname is False else "localhost", port, ssl_context=context) as imap:
        imap.login(f"user0@{DOMAIN}", PASSWORD)
        imap.select("INBOX", readonly=True)
        heads = [part[1] for part in imap.fetch("1:*", "(BODY.PEEK[HEADER])")[1] if isinstance(part, tuple)]
    if not heads:
        raise SystemExit(f"bench: {side} has stored nothing")
    for head in heads:
        fields = email.message_from_bytes(head, policy=email.policy.compat32).get_all("Authentication-Results", [])
        said = " ".join(" ".join(field.split()) for field in fields if field.split(";")[0].strip() == name)
        if missing := [word for word in ("spf=pass", "dkim=pass", "dmarc=pass") if word not in said]:
            raise SystemExit(f"bench: {side} stored a message without {', '.join(missing)}: {fields}")


class CheckingPlatform(Platform):
    def __init__(self, dns: DnsLab):
        super().__init__(overlay={"resolver": dns.resolver()})

    def verify(self) -> None:
        all_pass("our side", self.lab.platform.config["common"]["hostname"], self.lab.ports["imaps"], self.lab.tls)


def zones(record: str) -> dict:
    spf = '"v=spf1 ip4:127.0.0.1 -all"'
    sender = (f"@ 60 IN A 127.0.0.1\n@ 60 IN MX 10 {SENDER}.\n@ 60 IN TXT {spf}\n_dmarc 60 IN TXT \"v=DMARC1; p=reject\"\n"
              f"sel._domainkey 60 IN TXT {record}\n")
    # DMARC asks up to the top-level domain, iprev for names of addresses.
    return {SENDER: SOA + sender, "_dmarc.example": SOA, "in-addr.arpa": SOA + f"1.0.0.127 60 IN PTR {SENDER}.\n"}


def signed(folder: pathlib.Path, mails: list, private: str) -> pathlib.Path:
    folder.mkdir()
    for number, mail in enumerate(mails):
        # Message-ID comes from the load and is in no signature; the rest is as it is signed everywhere.
        field = dkim.sign(mail, b"sel", SENDER.encode(), private.encode(), canonicalize=(b"relaxed", b"relaxed"),
                          include_headers=[b"from", b"to", b"subject", b"date", b"mime-version", b"content-type"])
        (folder / f"{number:03}.eml").write_bytes(field + mail)
    return folder


def plain(number: int, size: int = 4096 - 600) -> bytes:
    """With its signature about 4 KiB."""
    head = (f"From: load@{SENDER}\r\nTo: you@{DOMAIN}\r\nSubject: load {number}\r\nDate: Mon, 01 Jun 2026 10:00:00 +0000\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n").encode()
    return head + (b"x" * 76 + b"\r\n") * ((size - len(head)) // 78)


def run(figures: Figures) -> None:
    """In a network and with a /etc/resolv.conf of its own: some programs know no other way to a name server."""
    if os.geteuid() != 0:
        print("# with SPF, DKIM and DMARC on both sides: left out, only root can give programs another name server", flush=True)
        return
    folder = temporary_folder()
    try:
        (folder / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
        inside = (f"ip link set lo up && ip address add {NAME_SERVER}/32 dev lo && mount --bind {folder}/resolv.conf /etc/resolv.conf && "
                  f'exec "$@"')
        done = subprocess.run(["unshare", "--net", "--mount", "--fork", "--kill-child", "sh", "-c", inside, "sh", sys.executable, __file__,
                               folder / "figures.json"])
        if done.returncode != 0:
            raise SystemExit("bench: the part with checks failed")
        figures.rows += json.loads((folder / "figures.json").read_text())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(figures: Figures) -> None:
    print("# SPF, DKIM and DMARC checked on both sides, one name server; medians of", ROUNDS, "rounds", flush=True)
    folder, started = temporary_folder(), []
    private, record = dkim_key()
    with DnsLab({}, zones(record), NAME_SERVER) as dns:
        ours, peers = CheckingPlatform(dns), [CheckingPostfix("maildir"), CheckingPostfix("mdbox")]
        try:
            kinds = {"4k": signed(folder / "4k", [plain(i) for i in range(20)], private),
                     "mixed": signed(folder / "mixed", [path.read_bytes() for path in sorted(write_corpus(folder / "corpus").iterdir())], private)}
            for side in (ours, *peers):
                started.append(side)
                side.start()
                side.round(kinds["4k"], 1, 1)
                side.verify()
            for name, (kind, sessions, our_count, their_count, goal) in FIGURES.items():
                what = kinds[kind]
                seen = in_turn([lambda: ours.round(what, sessions, our_count)] +
                               [lambda p=p: p.round(what, sessions, their_count) for p in peers])
                p99 = [round(statistics.median(slowest), 1) for _, slowest in seen]
                figures.rate(f"inbound.checks.{name}", seen[0][0], better(seen[1:])[0], goal, p99_ms=p99[0])
            for side in started:
                side.verify()
        finally:
            for side in started:
                side.stop()
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    found = Figures()
    measure(found)
    found.write(pathlib.Path(sys.argv[1]))
