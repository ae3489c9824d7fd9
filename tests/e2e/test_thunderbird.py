"""Debian's real Thunderbird against the platform, as a person uses it: each step is seen from both sides."""
import base64
import contextlib
import email
import pathlib
import re
import socket
import ssl
import threading
import time

from harness import Lab, main, message, wait_for
from local.platform import free_port
from thunderbird import Thunderbird

ALICE, BOB = "alice@example.test", "bob@example.test"
ATTACHMENT = bytes(range(256)) * 40


class Proxy:
    """All of Thunderbird that is not for localhost comes here and is refused, but for autoconfig: this is what an operator has
    before `web`, the end of HTTPS with the platform's certificate."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.tls.load_cert_chain(lab.folder / "certs" / "server.pem", lab.folder / "certs" / "server.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=[self.listener.accept()[0]], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            head = read_head(client)
            if not head.startswith(b"CONNECT autoconfig.example.test:443 "):
                client.sendall(b"HTTP/1.1 502 Not here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with self.tls.wrap_socket(client, server_side=True) as inner:
                request = read_head(inner).replace(b"Connection: keep-alive", b"Connection: close")
                with socket.create_connection(("127.0.0.1", self.lab.ports["http"])) as web:
                    web.sendall(request)
                    while piece := web.recv(65536):
                        inner.sendall(piece)


def read_head(stream: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = stream.recv(4096)
        if not piece:
            raise OSError("closed")
        head += piece
    return head


def test_thunderbird():
    ports = {name: free_port() for name in ("imaps", "submissions", "pop3s")}
    overlay = {
        "web": {"public_host": "localhost", **{f"public_{name}_port": port for name, port in ports.items()}},
        "access": {name: f"127.0.0.1:{ports[name]}" for name in ("imaps", "pop3s")},
        "ingress": {"submissions": f"127.0.0.1:{ports['submissions']}"},
    }
    with Lab(overlay=overlay) as lab, contextlib.closing(Proxy(lab)) as proxy:
        route = f'function FindProxyForURL(url, host) {{ return host == "localhost" ? "DIRECT" : "PROXY localhost:{proxy.port}"; }}'
        preferences = {"network.proxy.type": 2, "network.proxy.autoconfig_url": f"data:text/javascript,{route}"}
        with Thunderbird(lab.folder / "thunderbird", preferences) as bird:
            for step in (distrusts, set_up, folders, push, reads, marks, searches, moves, makes_folders, deletes, drafts, sends,
                         offline):
                begin = time.monotonic()
                step(lab, bird)
                print(f"    {step.__name__} {time.monotonic() - begin:.1f} s", flush=True)
            bad = [line for line in bird.imap_log().splitlines() if re.search(r"CreateNewLineFromSocket: \d+ BAD", line)]
            assert not bad, bad


# Steps ------------------------------------------------------------------------------------------------------------


def distrusts(lab, bird):
    """Without our authority there is not even autoconfig: checks of certificates are on."""
    assert "error" in bird.run(AUTOCONFIG, ALICE, "alice-secret"), "an unknown authority was trusted"


def set_up(lab, bird):
    """What File, New, Existing Mail Account does: autoconfig of our web service, a log-in with it, the account."""
    authority = base64.b64encode(ssl.PEM_cert_to_DER_cert(pathlib.Path(lab.end["ca_file"]).read_text())).decode()
    ask(bird, 'Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(args[0], "C,,");', authority)
    found = ask(bird, AUTOCONFIG, ALICE, "alice-secret")
    assert found == {"source": "xml-from-isp-https", "incoming": f"imap localhost:{lab.ports['imaps']}",
                     "outgoing": f"smtp localhost:{lab.ports['submissions']}", "names": [ALICE, ALICE]}, found


AUTOCONFIG = """
    const { FetchConfig } = ChromeUtils.importESModule("resource:///modules/accountcreation/FetchConfig.sys.mjs");
    const { AccountConfig } = ChromeUtils.importESModule("resource:///modules/accountcreation/AccountConfig.sys.mjs");
    const { ConfigVerifier } = ChromeUtils.importESModule("resource:///modules/accountcreation/ConfigVerifier.sys.mjs");
    const { CreateInBackend } = ChromeUtils.importESModule("resource:///modules/accountcreation/CreateInBackend.sys.mjs");
    const stop = new AbortController().signal;
    const config = await FetchConfig.fromISP(args[0].split("@")[1], args[0], stop);
    AccountConfig.replaceVariables(config, "A Person", args[0], args[1]);
    config.rememberPassword = true;
    const window = Cc["@mozilla.org/messenger/msgwindow;1"].createInstance(Ci.nsIMsgWindow);
    const verified = await new ConfigVerifier(window, stop).verifyConfig(config, false);
    await CreateInBackend.createAccountInBackend(verified);
    const { incoming, outgoing } = verified;
    return { source: config.subSource, incoming: `${incoming.type} ${incoming.hostname}:${incoming.port}`,
             outgoing: `${outgoing.type} ${outgoing.hostname}:${outgoing.port}`, names: [incoming.username, outgoing.username] };
"""


def ask(bird, script: str, *arguments):
    answer = bird.run(script, *arguments)
    assert "error" not in answer, answer["error"]
    return answer.get("value")


def selected(lab, name: str):
    imap = lab.imap(ALICE)
    assert imap.select(f'"{name}"')[0] == "OK", name
    return imap


def flags_of(lab, name: str, subject: str):
    """Flags of the one message with that subject; None for none."""
    with selected(lab, name) as imap:
        found = imap.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
        assert len(found) < 2, (name, subject, found)
        return set(imap.fetch(found[0], "(FLAGS)")[1][0].split(b"FLAGS (")[1].split(b")")[0].decode().split()) if found else None


def folders(lab, bird):
    """The folders made with the account, with the meaning that they have, and no others."""
    seen = ask(bird, """
        update(folder("INBOX"));
        await until(() => folder("Trash"), "Trash");
        const flags = Ci.nsMsgFolderFlags;
        return root().subFolders.map(f => [f.name, ["Inbox", "SentMail", "Drafts", "Trash", "Junk", "Archive"].filter(
            name => f.getFlag(flags[name])).join()]).sort();""")
    assert seen == [["Archive", "Archive"], ["Drafts", "Drafts"], ["INBOX", "Inbox"], ["Junk", "Junk"], ["Sent", "SentMail"],
                    ["Trash", "Trash"]], seen
    with lab.imap(ALICE) as imap:
        assert len(imap.list()[1]) == 6


def push(lab, bird):
    """With INBOX open, a new message is there at once: IDLE, for the next look by the clock is ten minutes away."""
    wait_for(lambda: "+ idling" in bird.imap_log(), 15, "IDLE")  # Thunderbird begins it two seconds after its last command
    mail = message("friend@remote.test", ALICE, subject="Grüße per push", body="first line\n")
    mail.add_attachment(ATTACHMENT, maintype="application", subtype="octet-stream", filename="bytes of all kinds.bin")
    with lab.smtp() as smtp:
        smtp.send_message(mail)
    begin = time.monotonic()
    ask(bird, 'await arrived(folder("INBOX"), "Grüße per push", 10);')
    assert time.monotonic() - begin < 1, "that is no push"


def reads(lab, bird):
    got = ask(bird, """
        const hdr = header(folder("INBOX"), "Grüße per push");
        const mime = await parsed(hdr);
        const [file] = mime.allUserAttachments;
        return { from: hdr.author, text: mime.coerceBodyToPlaintext(folder("INBOX")), name: file.name, type: file.contentType,
                 bytes: btoa(await bytesOf(file.url)), read: hdr.isRead };""")
    assert got["from"] == "friend@remote.test" and got["text"].strip() == "first line", got
    assert got["name"] == "bytes of all kinds.bin" and base64.b64decode(got["bytes"]) == ATTACHMENT, got
    assert not got["read"] and "\\Seen" not in flags_of(lab, "INBOX", "push"), "peeking marks nothing"


def marks(lab, bird):
    """Read, star and tag go up and, made elsewhere, come down by IDLE."""
    ask(bird, """
        const inbox = folder("INBOX"), hdr = header(inbox, "Grüße per push");
        inbox.markMessagesRead([hdr], true);
        inbox.markMessagesFlagged([hdr], true);
        inbox.addKeywordsToMessages([hdr], "$label1");""")
    wait_for(lambda: {"\\Seen", "\\Flagged", "$label1"} <= flags_of(lab, "INBOX", "push"), 10, "read, star and tag")
    ask(bird, 'folder("INBOX").removeKeywordsFromMessages([header(folder("INBOX"), "Grüße per push")], "$label1");')
    wait_for(lambda: "$label1" not in flags_of(lab, "INBOX", "push"), 10, "the tag is gone")
    with selected(lab, "INBOX") as imap:
        imap.store("1", "-FLAGS.SILENT", "(\\Seen \\Flagged)")
        imap.store("1", "+FLAGS.SILENT", "($label3 $Forwarded)")
    ask(bird, """
        const hdr = header(folder("INBOX"), "Grüße per push");
        await until(() => !hdr.isRead && !hdr.isFlagged && hdr.getStringProperty("keywords").includes("$label3") &&
                          hdr.flags & Ci.nsMsgMessageFlags.Forwarded, "flags of another program");""")


def searches(lab, bird):
    """On the server, in header and body, with words that are not ASCII."""
    for n, body in enumerate(("nothing special\n", "the word Überraschung is here\n", "the word surprise is here\n")):
        with lab.smtp() as smtp:
            smtp.send_message(message("friend@remote.test", ALICE, subject=f"to search {n}", body=body))
    for attribute, words, found in (("Body", "surprise", ["to search 2"]), ("Body", "überraschung", ["to search 1"]),
                                    ("Subject", "search", ["to search 0", "to search 1", "to search 2"]),
                                    ("Sender", "nobody", []), ("Subject", "grüße", ["Grüße per push"])):
        got = ask(bird, """
            await arrived(folder("INBOX"), "to search 2");
            const session = Cc["@mozilla.org/messenger/searchSession;1"].createInstance(Ci.nsIMsgSearchSession);
            session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folder("INBOX"));
            const term = session.createTerm(), value = term.value;
            value.attrib = Ci.nsMsgSearchAttrib[args[0]];
            value.str = args[1];
            Object.assign(term, { attrib: Ci.nsMsgSearchAttrib[args[0]], op: Ci.nsMsgSearchOp.Contains, value, booleanAnd: true });
            session.appendTerm(term);
            const hits = [];
            await new Promise((resolve, reject) => {
                session.registerListener({
                    onNewSearch() {}, onSearchHit: hdr => hits.push(hdr.mime2DecodedSubject),
                    onSearchDone: status => Components.isSuccessCode(status) ? resolve() : reject(new Error(`search: ${status}`)),
                }, Ci.nsIMsgSearchSession.allNotifications);
                session.search(null);
            });
            return hits.sort();""", attribute, words)
        assert got == found, (attribute, words, got)


def moves(lab, bird):
    """Into Archive and, as a copy, to Junk; the place it leaves and the place it comes to, on both sides."""
    ask(bird, """
        const inbox = folder("INBOX"), archive = folder("Archive"), junk = folder("Junk");
        await copyDone(l => MailServices.copy.copyMessages(inbox, [header(inbox, "to search 0")], archive, true, l, null, false));
        await copyDone(l => MailServices.copy.copyMessages(inbox, [header(inbox, "to search 1")], junk, false, l, null, false));
        update(archive);
        update(junk);
        await arrived(archive, "to search 0");
        await arrived(junk, "to search 1");
        if (header(inbox, "to search 0") || !header(inbox, "to search 1"))
            throw new Error("INBOX shows the wrong ones");""")
    where = {name: [flags_of(lab, name, f"to search {n}") is not None for n in (0, 1)] for name in ("INBOX", "Archive", "Junk")}
    assert where == {"INBOX": [False, True], "Archive": [True, False], "Junk": [False, True]}, where


def makes_folders(lab, bird):
    """Creates, nests, renames (with what is in it) and deletes: a deleted folder goes to Trash, as Thunderbird does it."""
    ask(bird, """
        root().createSubfolder("Projekte & Pläne", null);
        await until(() => folder("Projekte & Pläne"), "the folder");
        folder("Projekte & Pläne").createSubfolder("2026", null);
        await until(() => folder("Projekte & Pläne/2026"), "the folder in it");
        const inbox = folder("INBOX");
        await copyDone(l => MailServices.copy.copyMessages(inbox, [header(inbox, "to search 1")], folder("Projekte & Pläne/2026"),
                                                           true, l, null, false));
        folder("Projekte & Pläne").rename("Plans", null);
        await until(() => folder("Plans/2026") && !folder("Projekte & Pläne"), "the new name");
        update(folder("Plans/2026"));
        await arrived(folder("Plans/2026"), "to search 1");""")
    assert flags_of(lab, "Plans/2026", "to search 1") is not None
    names = lambda: sorted(line.decode().split(' "/" ')[1].strip('"') for line in lab.imap(ALICE).list()[1])
    assert names() == sorted(["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash", "Plans", "Plans/2026"]), names()
    for path, end in (("Plans/2026", 'folder("Trash/2026") && !folder("Plans/2026")'), ("Trash/2026", '!folder("Trash/2026")')):
        ask(bird, "setTimeout(() => folder(args[0]).deleteSelf(null), 0);", path)
        bird.confirm("delete the folder '2026'")
        ask(bird, f"await until(() => {end}, 'the folder deleted');")
    wait_for(lambda: "Trash/2026" not in names() and "Plans" in names(), 10, "gone on the server")


def deletes(lab, bird):
    """To Trash; then from Trash for good: the message goes when the folder is compacted, not before."""
    ask(bird, """
        const inbox = folder("INBOX"), trash = folder("Trash");
        inbox.deleteMessages([header(inbox, "to search 2")], null, false, true, null, false);
        await until(() => !header(inbox, "to search 2"), "gone from INBOX");
        update(trash);
        await arrived(trash, "to search 2");""")
    assert flags_of(lab, "INBOX", "to search 2") is None and flags_of(lab, "Trash", "to search 2") is not None
    ask(bird, """
        const trash = folder("Trash");
        trash.deleteMessages([header(trash, "to search 2")], null, false, true, null, false);
        await until(() => !header(trash, "to search 2"), "gone from Trash");""")
    wait_for(lambda: "\\Deleted" in (flags_of(lab, "Trash", "to search 2") or {"\\Deleted"}), 10, "marked")
    ask(bird, 'await urlDone(l => folder("Trash").compact(l, null));')
    wait_for(lambda: flags_of(lab, "Trash", "to search 2") is None, 10, "expunged")


def drafts(lab, bird):
    ask(bird, """
        await compose("nsMsgSaveAsDraft", "bob@example.test", "a draft", "unfinis");
        update(folder("Drafts"));
        await arrived(folder("Drafts"), "a draft");""")
    assert "\\Draft" in flags_of(lab, "Drafts", "a draft"), flags_of(lab, "Drafts", "a draft")


def sends(lab, bird):
    """Implicit TLS as autoconfig says, then STARTTLS on 587; the copy in Sent is what went out."""
    path = lab.folder / "attached.bin"
    path.write_bytes(ATTACHMENT)
    for subject, socket_type, port in (("sent by TLS", "SSL", "submissions"), ("sent by STARTTLS", "alwaysSTARTTLS", "submission")):
        ask(bird, """
            const server = MailServices.outgoingServer.defaultServer;
            server.QueryInterface(Ci.nsISmtpServer).port = args[2];
            server.socketType = Ci.nsMsgSocketType[args[1]];
            await compose("nsMsgDeliverNow", "bob@example.test", args[0], "Grüße\\n.\\n..dots\\nend", args[3]);
            update(folder("Sent"));
            await arrived(folder("Sent"), args[0]);""", subject, socket_type, lab.ports[port], str(path))
        with selected(lab, "Sent") as imap:
            copy = imap.fetch(imap.search(None, "SUBJECT", f'"{subject}"')[1][0], "(FLAGS BODY.PEEK[])")[1][0]
        assert b"\\Seen" in copy[0], copy[0]
        sent = email.message_from_bytes(copy[1])
        came = email.message_from_bytes(lab.fetch_by_id(BOB, sent["Message-ID"]))
        assert "ESMTPSA" in came["Received"] and came["From"] == sent["From"], came["Received"]
        for part, other in zip(came.walk(), sent.walk(), strict=True):
            assert part.get_payload(decode=True) == other.get_payload(decode=True), part
        text, file = came.get_payload()
        assert text.get_payload(decode=True).decode().split() == ["Grüße", ".", "..dots", "end"], text
        assert file.get_payload(decode=True) == ATTACHMENT


def offline(lab, bird):
    """Marked while offline, on the server once it is online again; and what came meanwhile is there."""
    ask(bird, """
        const inbox = folder("INBOX"), hdr = header(inbox, "Grüße per push");
        inbox.setFlag(Ci.nsMsgFolderFlags.Offline);
        await urlDone(l => inbox.downloadAllForOffline(l, null));
        Services.io.offline = true;
        const mime = await parsed(hdr);
        if (!mime.coerceBodyToPlaintext(inbox).includes("first line"))
            throw new Error("not readable offline");
        inbox.markMessagesFlagged([hdr], true);""")
    assert "\\Flagged" not in flags_of(lab, "INBOX", "push")
    with lab.smtp() as smtp:
        smtp.send_message(message("friend@remote.test", ALICE, subject="while offline"))
    ask(bird, """
        Services.io.offline = false;
        Cc["@mozilla.org/messenger/offline-manager;1"].getService(Ci.nsIMsgOfflineManager).goOnline(true, true, null);
        await arrived(folder("INBOX"), "while offline");""")
    wait_for(lambda: "\\Flagged" in flags_of(lab, "INBOX", "push"), 10, "the star set offline")


main(globals())
