"""HTTP: what sets mail programs up, the MTA-STS policy, the health ports, and the status page in a real browser."""
import html
import http.client
import json
import os
import pathlib
import plistlib
import re
import signal
import socket
import subprocess
import tempfile
import xml.etree.ElementTree as xml

from harness import Lab, main, message, wait_for

BROWSER = ["/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=6000"]


def ask(port, path, host="localhost", method="GET", body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request(method, path, body=body, headers={"Host": host, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
    finally:
        connection.close()


def raw(port, data: bytes, half_close=False) -> bytes:
    """All that comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        out = b""
        try:
            while piece := connection.recv(65536):
                out += piece
        except ConnectionResetError:
            pass
        return out


def test_http():
    with Lab(overlay={"web": {"public_host": "mail.example.test"}}) as lab:
        thunderbird(lab)
        outlook(lab)
        apple(lab)
        mta_sts(lab)
        status(lab)
        for port in (lab.ports["http"], lab.ports["admin_standalone"]):
            malformed(port)
        health(lab)


def test_status_networks():
    with Lab(overlay={"web": {"status_networks": ["192.0.2.0/24"], "mta_sts_mode": "none"}}) as lab:
        port = lab.ports["http"]
        for path in ("/", "/status", "/status.json", "/status.js"):
            assert ask(port, path)[0] == 403, path
        assert ask(port, "/.well-known/mta-sts.txt", "mta-sts.example.test")[0] == 404
        assert ask(port, "/mail/config-v1.1.xml?emailaddress=alice@example.test")[0] == 200


def test_services_away():
    """Eight processes: what is killed shows as away, and nothing else does."""
    with Lab(mode="services") as lab:
        port = lab.ports["http"]
        services = lambda: json.loads(ask(port, "/status.json")[2])["services"]
        wait_for(lambda: set(services().values()) == {"ready"}, 15, "all ready")
        process = lab.platform.processes["filter"]
        process.kill()
        process.wait()
        state = wait_for(lambda: (s := services())["filter"] == "away" and s, 15, "away")
        assert [name for name, health in state.items() if health != "ready"] == ["filter"], state
        page = dump(port)
        assert "1 not ready" in page and "filter: away" in page, page
        lab.platform.start_process("filter")
        lab.platform.wait_ready("filter")
        wait_for(lambda: services()["filter"] == "ready", 30, "ready again")


def thunderbird(lab):
    port = lab.ports["http"]
    for path, host in (("/mail/config-v1.1.xml?emailaddress=alice%40example.test", "autoconfig.example.test"),
                       ("/mail/config-v1.1.xml", "autoconfig.example.test"), ("/mail/config-v1.1.xml", f"autoconfig.other.test:{port}"),
                       ("/.well-known/autoconfig/mail/config-v1.1.xml", "example.test"),
                       ("/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=alice@example.test", "Example.TEST")):
        code, headers, body = ask(port, path, host)
        assert code == 200 and headers["content-type"].startswith("text/xml"), (path, host, code, body)
        provider = xml.fromstring(body).find("emailProvider")
        assert provider.findtext("domain") == ("other.test" if "other" in host else "example.test")
        servers = {s.get("type"): s for s in provider if s.tag.endswith("Server")}
        assert {t: s.findtext("port") for t, s in servers.items()} == {"imap": "993", "pop3": "995", "smtp": "465"}
        for server in servers.values():
            assert server.findtext("hostname") == "mail.example.test" and server.findtext("socketType") == "SSL"
            assert server.findtext("username") == "%EMAILADDRESS%" and server.findtext("authentication") == "password-cleartext"
    for path, host in (("/mail/config-v1.1.xml", "autoconfig.foreign.test"), ("/mail/config-v1.1.xml?emailaddress=x@foreign.test", "autoconfig.example.test"),
                       ("/mail/config-v1.1.xml?emailaddress=nonsense", "autoconfig.example.test"),
                       ("/.well-known/autoconfig/mail/config-v1.1.xml", "foreign.test"), ("/mail/config-v1.1.xml", "..")):
        assert ask(port, path, host)[0] == 404, (path, host)


def outlook(lab):
    def request(address):
        return ('<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
                f'requestschema/2006"><Request><EMailAddress>{address}</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/'
                "exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>").encode()

    port = lab.ports["http"]
    for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.XML"):
        code, headers, body = ask(port, path, "autodiscover.example.test", "POST", request("alice@example.test"), {"Content-Type": "text/xml"})
        assert code == 200 and headers["content-type"].startswith("text/xml"), (path, code, body)
        name = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
        found = {p.findtext(name + "Type"): p for p in xml.fromstring(body).iter(name + "Protocol")}
        assert {t: p.findtext(name + "Port") for t, p in found.items()} == {"IMAP": "993", "POP3": "995", "SMTP": "465"}
        assert all(p.findtext(name + "LoginName") == "alice@example.test" and p.findtext(name + "Server") == "mail.example.test"
                   and p.findtext(name + "SSL") == "on" for p in found.values())
    assert ask(port, path, "x", "POST", request("x@foreign.test"))[0] == 404
    for body in (b"", b"<EMailAddress>", request(""), request("no address"), b"\0\xff" * 100):
        assert ask(port, path, "x", "POST", body)[0] == 400, body[:50]
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {3 << 20}\r\n\r\n".encode()
    assert raw(port, head).startswith(b"HTTP/1.1 413"), "refused by its length, before it is sent"
    evil = ask(port, path, "x", "POST", request("&quot;a&amp;b@example.test"))
    assert evil[0] in (200, 400) and (evil[0] == 400 or xml.fromstring(evil[2]) is not None)


def apple(lab):
    port = lab.ports["http"]
    for path in ("/apple.mobileconfig", "/.well-known/apple/mail.mobileconfig"):
        code, headers, body = ask(port, path + "?email=alice%40example.test")
        assert code == 200 and headers["content-type"] == "application/x-apple-aspen-config" and "attachment" in headers["content-disposition"]
        profile = plistlib.loads(body)
        account = profile["PayloadContent"][0]
        assert profile["PayloadType"] == "Configuration" and account["PayloadType"] == "com.apple.mail.managed"
        assert account["IncomingMailServerHostName"] == account["OutgoingMailServerHostName"] == "mail.example.test"
        assert (account["IncomingMailServerPortNumber"], account["OutgoingMailServerPortNumber"]) == (993, 465)
        assert account["IncomingMailServerUseSSL"] and account["OutgoingMailServerUseSSL"] and account["EmailAddress"] == "alice@example.test"
        assert plistlib.loads(ask(port, path + "?email=alice%40example.test")[2]) == profile, "the same ids each time"
        assert ask(port, path)[0] == 400
        assert ask(port, path + "?email=x@foreign.test")[0] == 404


def mta_sts(lab):
    """RFC 8461 3.2."""
    port = lab.ports["http"]
    code, headers, body = ask(port, "/.well-known/mta-sts.txt", "mta-sts.example.test")
    assert code == 200 and headers["content-type"].startswith("text/plain"), (code, headers)
    policy = dict(line.split(": ", 1) for line in body.decode().splitlines())
    assert policy == {"version": "STSv1", "mode": "testing", "mx": "mail.example.test", "max_age": "604800"}, policy
    assert body.startswith(b"version: STSv1")
    assert ask(port, "/.well-known/mta-sts.txt", f"MTA-STS.other.test:{port}")[0] == 200
    for host in ("mta-sts.foreign.test", "foreign.test", "", "[::1]", "x" * 300, "mta-sts.example.test.evil.test"):
        assert ask(port, "/.well-known/mta-sts.txt", host)[0] in (400, 404), host


def status(lab):
    port = lab.ports["http"]
    mail = message("x@remote.test", "bob@example.test", "seen")
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    out = message("alice@example.test", "friend@far.example")
    with lab.submission("alice@example.test") as smtp:
        smtp.send_message(out)
    found = wait_for(lambda: (s := json.loads(ask(port, "/status.json")[2]))["recent"] and s["queue"]["held"] == 1 and s, 15, "status")
    assert set(found["services"].values()) == {"ready"}, found
    assert {"directory", "filter", "mailbox", "relay", "resolver"} <= set(found["services"])
    assert found["recent"][0]["sender"] == "x@remote.test" and found["recent"][0]["recipient"] == "bob@example.test", found
    code, headers, _ = ask(port, "/")
    assert code == 200 and "default-src 'none'" in headers["content-security-policy"], headers
    assert headers.get("x-content-type-options") == "nosniff", headers
    for path in ("/nothing", "/../status.css", "/%2e%2e/etc/passwd", "/status%00"):
        assert ask(port, path)[0] in (400, 404), path
    assert ask(port, "/", method="HEAD")[2] == b""
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        assert ask(port, "/", method=method)[0] == 405, method
    assert ask(port, "/", method="POST", body=b"x")[0] == 405
    page = dump(port)
    assert "All services are ready" in page and "bob@example.test" in page and "x@remote.test" in page, page
    assert re.search(r"<dt>Held</dt><dd>1</dd>", page), page
    screenshot(port)


def browse(port, *options: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="pp-browser-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen([*BROWSER, f"--user-data-dir={folder}", *options, f"http://127.0.0.1:{port}/"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            return process.communicate(timeout=60)[0]
        finally:
            # The group is the browser's own: it leaves helpers behind when it is cut short.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def dump(port) -> str:
    """The page as the browser shows it after its script ran."""
    return html.unescape(browse(port, "--dump-dom").decode())


def screenshot(port):
    keep = os.environ.get("SCREENSHOT")  # to look at it
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(keep or folder + "/status.png")
        browse(port, f"--screenshot={path}", "--window-size=900,700")
        assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 5000, "no picture"


def malformed(port):
    def code(answer: bytes) -> str:
        return answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/1.") else repr(answer[:80])

    assert code(raw(port, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 40000 + b"\r\n\r\n")) == "431"
    assert code(raw(port, b"GET /" + b"y" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")) in ("414", "431")
    for bad in (b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                b"EHLO x\r\nMAIL FROM:<a@b>\r\n"):
        answer = raw(port, bad, half_close=True)
        assert code(answer) in ("400", "505"), (bad, answer[:200])
    # Two lengths, and a length beside chunks: RFC 9112 6.3, the ways requests are smuggled.
    for bad in (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n"):
        answer = raw(port, bad, half_close=True)
        assert code(answer) in ("400", "405", "404") and answer.count(b"HTTP/1.1 ") == 1, (bad, answer)
    # An unfinished request and an empty connection leave the server well.
    raw(port, b"GET / HT", half_close=True)
    assert raw(port, b"", half_close=True) == b""
    # Requests of one connection, one after the other and all at once.
    answer = raw(port, b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 404") == 4, answer
    assert code(raw(port, b"GET /nothing HTTP/1.0\r\n\r\n")) == "404"


def health(lab):
    port = lab.ports["admin_standalone"]
    for path in ("/livez", "/readyz", "/startupz"):
        code, _, body = ask(port, path)
        assert code == 200, (path, code, body)
    version = ask(port, "/version")
    assert version[0] == 200 and lab.cli("version").split()[1] in version[2].decode(), version
    code, headers, body = ask(port, "/metrics")
    assert code == 200 and headers["content-type"].startswith("text/plain")
    names = metrics(body.decode())
    assert any(n.startswith("pennypost_") for n in names) and len(names) > 5, sorted(names)
    assert ask(port, "/nothing")[0] == 404
    # Without its database it is alive but not ready; the status page names what is away.
    lab.platform.postgres.stop("QUIT")
    wait_for(lambda: ask(port, "/readyz")[0] == 503, 20, "not ready")
    assert ask(port, "/livez")[0] == 200
    services = json.loads(ask(lab.ports["http"], "/status.json")[2])["services"]
    assert services["mailbox"] == "away" and services["relay"] == "away" and services["resolver"] == "ready", services
    assert ask(lab.ports["http"], "/mail/config-v1.1.xml", "autoconfig.example.test")[0] in (200, 503)
    lab.platform.postgres.start()
    # Asking the services is what makes them connect again.
    wait_for(lambda: ask(lab.ports["http"], "/status.json") and ask(port, "/readyz")[0] == 200, 30, "ready again")


def metrics(text: str) -> set:
    """Names of all series; every line must have the form of the exposition format."""
    names, typed = set(), set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in typed, f"{name} twice"
            typed.add(name)
        elif not line.startswith("#") and line:
            match = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*"(?:,[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*")*\})? (\S+)', line)
            assert match, line
            float(match[3])
            names.add(match[1])
            assert re.sub(r"_(bucket|sum|count)$", "", match[1]) in typed or match[1] in typed, line
    return names


main(globals())
