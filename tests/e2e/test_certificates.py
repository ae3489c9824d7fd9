"""Wrong certificates: a clear line, no lost mail, and all is well again once the right ones are back, without a restart."""
import datetime
import pathlib
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time

from harness import BUILD, Lab, main, message, wait_for
from local import certs
from sink import Sink


def authority(folder: pathlib.Path, name: str) -> pathlib.Path:
    certs.make_authority(folder, name)
    return folder


def certificate(folder: pathlib.Path, ca: pathlib.Path, name: str, alt: list, days: tuple = ()) -> tuple:
    """(certificate, key) in `folder`, signed by `ca`; `days` (from, to) relative to today, else valid now."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("ca.pem", "ca.key"):
        if ca != folder:
            shutil.copy(ca / part, folder / part)
    certs.make_certificate(folder, name, alt)
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    if days:
        dates = [(datetime.datetime.utcnow() + datetime.timedelta(days=d)).strftime("%Y%m%d%H%M%SZ") for d in days]
        (folder / "index.txt").write_text("")
        (folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=x\n[x]\ndatabase={folder}/index.txt\nnew_certs_dir={folder}\nrand_serial=yes\n"
            "default_md=sha256\npolicy=p\ncopy_extensions=copy\nunique_subject=no\n[p]\ncommonName=supplied\n")
        request = ["openssl", "req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", folder / "x.csr",
                   "-addext", f"subjectAltName={','.join(alt)}"]
        subprocess.run(request, check=True, capture_output=True)
        subprocess.run(["openssl", "ca", "-batch", "-config", folder / "ca.cnf", "-in", folder / "x.csr", "-cert", folder / "ca.pem",
                        "-keyfile", folder / "ca.key", "-startdate", dates[0], "-enddate", dates[1], "-notext", "-out", pem],
                       check=True, capture_output=True)
    return pem, key


def log_of(lab, name: str) -> str:
    return (lab.folder / "logs" / f"{name}.log").read_text(errors="replace")


def send(lab, mail) -> int:
    try:
        with lab.smtp() as smtp:
            smtp.send_message(mail)
            return 250
    except smtplib.SMTPRecipientsRefused as error:
        return next(iter(error.recipients.values()))[0]
    except smtplib.SMTPResponseException as error:
        return error.smtp_code


def test_service_with_a_wrong_certificate():
    """mailbox comes up with a certificate of another CA, with an expired one, with that of another service (as when its
    address went to another pod), then with its own."""
    with Lab(mode="services") as lab:
        own = lab.folder / "certs"
        right = {kind: (own / f"mailbox.{kind}").read_bytes() for kind in ("pem", "key")}
        foreign = certificate(authority(lab.folder / "foreign", "Another CA"), lab.folder / "foreign", "mailbox", ["DNS:mailbox"])
        expired = certificate(lab.folder / "expired", own, "mailbox", ["DNS:mailbox"], days=(-20, -10))
        ingress = lab.platform.processes["ingress"].pid
        first = message("x@remote.test", "bob@example.test")
        assert send(lab, first) == 250

        def restart_mailbox():
            process = lab.platform.processes["mailbox"]
            process.terminate()
            process.wait(30)
            lab.platform.start_process("mailbox")

        other = (own / "directory.pem", own / "directory.key")
        refused = "certificate verify failed"
        for (pem, key), why in ((foreign, refused), (expired, refused), (other, "is of \\\"directory\\\", not of mailbox")):
            (own / "mailbox.pem").write_bytes(pem.read_bytes())
            (own / "mailbox.key").write_bytes(key.read_bytes())
            before = len(log_of(lab, "ingress"))
            restart_mailbox()
            lab.platform.wait_ready("mailbox")
            for _ in range(2):
                code = send(lab, message("x@remote.test", "bob@example.test"))
                assert code == 451, code
            fresh = log_of(lab, "ingress")[before:]
            assert why in fresh, fresh[-2000:]
        assert '"event":"rpc.unavailable"' in log_of(lab, "ingress")
        for kind, content in right.items():
            (own / f"mailbox.{kind}").write_bytes(content)
        # Nobody is restarted: mailbox looks at its files every ten seconds.
        mail = message("x@remote.test", "bob@example.test")
        wait_for(lambda: send(lab, mail) == 250, 60, "mail with the right certificate")
        for message_id in (first["Message-ID"], mail["Message-ID"]):
            lab.fetch_by_id("bob@example.test", message_id)
        assert lab.platform.processes["ingress"].pid == ingress and lab.platform.processes["ingress"].poll() is None


def check(folder: pathlib.Path, tls: dict, *words) -> str:
    """What pennypost-standalone says to a configuration with these files; it must not start."""
    config = folder / "x.yaml"
    config.write_text(f"common: {{tls: {{certificate_file: {tls['pem']}, key_file: {tls['key']}}}, postgres: {{dsn: x}}}}\n")
    done = subprocess.run([BUILD / "bin/pennypost-standalone", "--config", config, *words], capture_output=True, text=True, timeout=30)
    assert done.returncode == 78, (done.returncode, done.stdout, done.stderr)
    return done.stderr


def test_unusable_files_stop_the_start():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-certs-"))
    try:
        certs.make_authority(folder, "CA")
        for name in ("one", "two"):
            certs.make_certificate(folder, name, ["DNS:localhost"])
        garbage = folder / "garbage"
        garbage.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
        for words in ((), ("--check-config",)):
            text = check(folder, {"pem": folder / "one.pem", "key": folder / "two.key"}, *words)
            assert text == f"the key {folder}/two.key does not belong to the certificate {folder}/one.pem\n", text
            text = check(folder, {"pem": folder / "none.pem", "key": folder / "none.key"}, *words)
            assert text.splitlines() == [f"cannot use the certificate {folder}/none.pem: No such file or directory",
                                         f"cannot use the key {folder}/none.key: No such file or directory"], text
            text = check(folder, {"pem": garbage, "key": garbage}, *words)
            lines = text.splitlines()
            assert len(lines) == 2 and all(f"{garbage}: not good PEM (" in line for line in lines), text
            assert lines[0].startswith("cannot use the certificate") and lines[1].startswith("cannot use the key"), text
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class TlsSink(Sink):
    """A Sink that offers STARTTLS with this certificate, takes AUTH PLAIN, and notes what came in clear."""

    def __init__(self, pem: pathlib.Path, key: pathlib.Path):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem, key)
        self.clear, self.logins, self.failed = [], [], 0
        super().__init__()

    def _talk(self, connection, lines) -> None:
        connection.sendall(b"220 tls.test ESMTP\r\n")
        while line := lines.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb in (b"EHLO", b"HELO"):
                connection.sendall(b"250-tls.test\r\n250 STARTTLS\r\n")
            elif verb == b"STARTTLS":
                connection.sendall(b"220 go\r\n")
                try:
                    with self.context.wrap_socket(connection, server_side=True) as secure, secure.makefile("rb") as inner:
                        self._inside(secure, inner)
                except OSError:
                    self.failed += 1
                return
            else:
                self.clear.append(line)
                connection.sendall(b"530 5.7.0 STARTTLS first\r\n" if verb != b"QUIT" else b"221 bye\r\n")
                if verb == b"QUIT":
                    return

    def _inside(self, connection, lines) -> None:
        """After the handshake: EHLO, AUTH, then as ever."""
        class Skip:
            """Sink greets first; here the client speaks first."""
            def __init__(self, owner): self.greeted = False
            def sendall(self, data):
                if not self.greeted:
                    self.greeted = True
                    return
                connection.sendall(data.replace(b"250-PIPELINING", b"250-AUTH PLAIN\r\n250-PIPELINING"))
            def __getattr__(self, name): return getattr(connection, name)

        sink = self

        class Lines:
            def readline(self):
                line = lines.readline()
                if line.upper().startswith(b"AUTH PLAIN"):
                    sink.logins.append(line.split()[2])
                    connection.sendall(b"235 2.7.0 welcome\r\n")
                    return self.readline()
                return line

        super()._talk(Skip(self), Lines())


def test_relay_and_the_certificates_of_others():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-certs-"))
    folder.chmod(0o755)
    ca = authority(folder / "ca", "Trusted CA")
    other = authority(folder / "other", "Unknown CA")
    names = ["DNS:localhost", "IP:127.0.0.1"]
    servers = {
        "good": certificate(folder / "good", ca, "good", names),
        "unknown": certificate(folder / "unknown", other, "unknown", names),
        "expired": certificate(folder / "expired", ca, "expired", names, days=(-20, -10)),
        "name": certificate(folder / "name", ca, "name", ["DNS:else.test", "IP:127.0.0.9"]),
    }
    why = {"unknown": "unable to get local issuer certificate", "expired": "certificate has expired", "name": "IP address mismatch"}
    sinks = {name: TlsSink(*files) for name, files in servers.items()}
    try:
        routes = []
        for name, sink in sinks.items():
            host = f"127.0.0.1:{sink.port}"
            routes += [{"domain": f"{name}.must.test", "host": host, "tls": "required", "user": "me", "password": "secret"},
                       {"domain": f"{name}.may.test", "host": host, "tls": "opportunistic"}]
        overlay = {"relay": {"routes": routes, "ca_file": str(ca / "ca.pem"), "retry_seconds": [1], "default_route": "hold"}}
        with Lab(overlay=overlay) as lab:
            sent = {}
            with lab.submission("alice@example.test") as smtp:
                for name in sinks:
                    for kind in ("must", "may"):
                        mail = message("alice@example.test", f"x@{name}.{kind}.test")
                        smtp.send_message(mail)
                        sent[name, kind] = mail["Message-ID"]
            for name, sink in sinks.items():
                wait_for(lambda: sink.with_id(sent[name, "may"]), 20, f"opportunistic delivery to {name}")
                if name != "good":
                    assert f'"problem":"{why[name]}"' in log_of(lab, "standalone"), name
            # With a good certificate: STARTTLS, AUTH, mail.
            wait_for(lambda: sinks["good"].with_id(sent["good", "must"]), 20, "delivery with a checked certificate")
            assert sinks["good"].logins == [b"AG1lAHNlY3JldA=="], sinks["good"].logins
            for name, words in why.items():
                def reply():
                    rows = lab.cli_json("queue", "list", "--recipient", f"x@{name}.must.test")["deliveries"]
                    return rows and rows[0]["last_reply"]
                expected = f"127.0.0.1: 451 4.7.5 TLS is required here, and failed: certificate of the server: {words}"
                wait_for(lambda: reply() == expected, 20, f"{name}: {reply()}")
                assert not sinks[name].with_id(sent[name, "must"]), name
                assert sinks[name].logins == [] and sinks[name].clear == [], (sinks[name].logins, sinks[name].clear)
            assert "relay.tls.failed" in log_of(lab, "standalone")
    finally:
        for sink in sinks.values():
            sink.close()
        shutil.rmtree(folder, ignore_errors=True)


def served_by(lab, port: str) -> bytes:
    with socket.create_connection(("127.0.0.1", lab.ports[port]), timeout=10) as plain:
        context = ssl.create_default_context(cafile=lab.end["ca_file"])
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            return secure.getpeercert(binary_form=True)


def test_renewed_certificate_is_used_at_once():
    """T9: sessions stay, new handshakes see the new certificate; a broken pair is refused and the old one stays."""
    with Lab() as lab:
        folder = lab.folder / "certs"
        old = served_by(lab, "imaps")
        sessions = [lab.imap("bob@example.test") for _ in range(5)]
        (folder / "server.key").rename(folder / "old.key")
        (folder / "server.pem").write_text("garbage")
        time.sleep(2.1)
        assert served_by(lab, "imaps") == old
        wait_for(lambda: "tls.certificate.refused" in log_of(lab, "standalone") or served_by(lab, "imaps") is None, 5, "a line in the log")
        (folder / "server.pem").unlink()
        certs.make_certificate(folder, "server", ["DNS:localhost", "IP:127.0.0.1"])
        wait_for(lambda: served_by(lab, "imaps") != old, 5, "the new certificate")
        for port in ("submissions", "pop3s"):
            wait_for(lambda: served_by(lab, port) != old, 5, port)
        assert "tls.certificate.reloaded" in log_of(lab, "standalone")
        for imap in sessions:
            assert imap.noop()[0] == "OK"
            imap.logout()


def test_alpn():
    """T7: a client that asks for another protocol is refused with an alert; one that asks for ours, or for none, is served."""
    with Lab() as lab:
        for port, own in (("imaps", "imap"), ("pop3s", "pop3"), ("submissions", None)):
            for offer in ("h2", "http/1.1", "imap", "pop3"):
                context = ssl.create_default_context(cafile=lab.end["ca_file"])
                context.set_alpn_protocols([offer])
                with socket.create_connection(("127.0.0.1", lab.ports[port]), timeout=10) as plain:
                    try:
                        with context.wrap_socket(plain, server_hostname="localhost") as secure:
                            assert offer == own and secure.selected_alpn_protocol() == own, (port, offer)
                    except ssl.SSLError as error:
                        assert offer != own and "no application protocol" in str(error), (port, offer, error)
            served_by(lab, port)


def test_http_on_mail_ports():
    """T7: one answer that repeats nothing of what was said, then the end."""
    with Lab() as lab:
        for port in ("smtp", "submission", "imap", "pop3"):
            if port not in lab.ports:
                continue
            with lab.raw(port) as raw:
                raw.send(b"GET /<script> HTTP/1.1\r\nHost: evil.test\r\nX: y\r\n\r\nMAIL FROM:<a@b>\r\n")
                text = raw.file.read().decode()
            lines = text.splitlines()
            # SMTP may cut off who speaks before the greeting.
            assert 1 <= len(lines) <= 2 and "script" not in text and "evil" not in text, (port, text)


main(globals())
