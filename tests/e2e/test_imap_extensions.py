"""IMAP extensions against running binaries and a real PostgreSQL, over TLS."""
import re
import socket
import zlib

from harness import Lab, main

USER = "alice@example.test"


class Imap:
    """Commands in, lines out; a literal stays in the line that announced it."""

    def __init__(self, lab, user=USER):
        connection = socket.create_connection(("127.0.0.1", lab.ports["imaps"]), timeout=30)
        self.socket = lab.tls.wrap_socket(connection, server_hostname="localhost")
        self.buffer, self.count, self.inflate, self.deflate = b"", 0, None, None
        self.greeting = self.line()
        self.ok(f'LOGIN {user} "{lab.password(user)}"')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def more(self):
        data = self.socket.recv(65536)
        assert data, "closed"
        self.buffer += self.inflate.decompress(data) if self.inflate else data

    def line(self) -> str:
        line = b""
        while True:
            while b"\n" not in self.buffer:
                self.more()
            piece, _, self.buffer = self.buffer.partition(b"\n")
            line += piece.removesuffix(b"\r")
            literal = re.search(rb"\{(\d+)\}$", line)
            if not literal:
                return line.decode()
            while len(self.buffer) < int(literal[1]):
                self.more()
            line += b"\n" + self.buffer[:int(literal[1])]
            self.buffer = self.buffer[int(literal[1]):]

    def send(self, data: bytes):
        if self.deflate:
            data = self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(data)

    def run(self, command) -> tuple:
        """Untagged lines, and the tagged one without its tag."""
        self.count += 1
        tag, lines = f"t{self.count}", []
        self.send(tag.encode() + b" " + (command if isinstance(command, bytes) else command.encode()) + b"\r\n")
        while True:
            line = self.line()
            if line.startswith(tag + " "):
                return lines, line.removeprefix(tag + " ")
            lines.append(line)

    def ok(self, command) -> list:
        lines, result = self.run(command)
        assert result.startswith("OK"), (command, lines, result)
        self.result = result
        return lines


def literals(*messages: bytes) -> bytes:
    return b" ".join(b"{%d+}\r\n%s" % (len(m), m) for m in messages)


def mail(subject: str, number: int, date: str, references: str = "", body: str = "Hello") -> bytes:
    return (f"From: Sender{number} <s{number}@example.org>\r\nSubject: {subject}\r\nDate: {date}\r\n"
            f"Message-ID: <{number}@ext>\r\n{references}\r\n{body} {number}\r\n").encode()


MAILS = [mail("plan", 1, "Mon, 2 Nov 2026 10:00:00 +0000"),
         mail("Re: plan", 2, "Wed, 4 Nov 2026 10:00:00 +0000", "References: <1@ext>\r\n"),
         mail("apples", 3, "Sun, 1 Nov 2026 10:00:00 +0000"),
         mail("Re: plan", 4, "Tue, 3 Nov 2026 10:00:00 +0000", "References: <1@ext> <2@ext>\r\n")]


def fill(imap, folder: str) -> list:
    imap.ok(f"CREATE {folder}")
    assert "[MAILBOXID (" in imap.result, imap.result
    imap.ok(f"APPEND {folder} ".encode() + literals(*MAILS))
    code = re.search(r"\[APPENDUID \d+ 1:4\]", imap.result)
    assert code, imap.result


def test_I15_several_messages_or_none():
    with Lab() as lab, Imap(lab) as imap:
        fill(imap, "Multi")
        lines, result = imap.run(b"APPEND Multi " + literals(b"Subject: a\r\n\r\nx", b""))
        assert result.startswith("NO"), result
        lines, result = imap.run(b"APPEND Nowhere " + literals(b"Subject: a\r\n\r\nx", b"Subject: b\r\n\r\nx"))
        assert result.startswith("NO [TRYCREATE]"), result
        assert imap.ok("STATUS Multi (MESSAGES SIZE)") == [f"* STATUS Multi (MESSAGES 4 SIZE {sum(map(len, MAILS))})"]


def test_sort_thread_and_pieces():
    with Lab() as lab, Imap(lab) as imap:
        fill(imap, "Sorted")
        imap.ok("SELECT Sorted")
        assert imap.ok("SORT (DATE) UTF-8 ALL") == ["* SORT 3 1 4 2"]
        assert imap.ok("UID SORT (SUBJECT REVERSE DATE) UTF-8 ALL") == ["* SORT 3 2 4 1"]
        assert imap.ok("SORT (REVERSE FROM) UTF-8 NOT SUBJECT plan") == ["* SORT 3"]
        assert imap.ok("SORT RETURN (MIN COUNT) (DATE) UTF-8 ALL")[0].endswith(") MIN 3 COUNT 4")
        assert imap.ok("THREAD REFERENCES UTF-8 ALL") == ["* THREAD (3)(1 2 4)"]
        assert imap.ok("THREAD ORDEREDSUBJECT UTF-8 ALL") == ["* THREAD (3)(1 (4)(2))"]
        assert imap.ok("UID SEARCH RETURN (PARTIAL -1:-2) ALL")[0].endswith(" UID PARTIAL (-1:-2 3:4)")
        assert imap.ok("UID FETCH 1:* (UID) (PARTIAL 2:3)") == ["* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)"]


def test_ids_dates_previews():
    with Lab() as lab, Imap(lab) as imap:
        fill(imap, "Ids")
        imap.ok("CREATE Other")
        assert any(line.startswith("* OK [MAILBOXID (F") for line in imap.ok("SELECT Ids"))
        assert imap.ok("FETCH 2 PREVIEW") == ['* 2 FETCH (PREVIEW "Hello 2")']
        lines = imap.ok("FETCH 1:4 (EMAILID THREADID SAVEDATE)")
        emails = [re.search(r"EMAILID \((M[0-9a-f-]+)\)", line)[1] for line in lines]
        threads = [re.search(r"THREADID \((T[0-9a-f-]+)\)", line)[1] for line in lines]
        assert len(set(emails)) == 4 and threads[0] == threads[1] == threads[3] != threads[2], lines
        assert imap.ok(f"SEARCH EMAILID {emails[2]}") == ["* SEARCH 3"]
        assert imap.ok(f"SEARCH THREADID {threads[0]}") == ["* SEARCH 1 2 4"]
        assert imap.ok("SEARCH SAVEDSINCE 1-Jan-2020 NOT SAVEDBEFORE 1-Jan-2020") == ["* SEARCH 1 2 3 4"]
        before = imap.ok("STATUS Ids (MAILBOXID)")[0].split("(MAILBOXID")[1]
        imap.ok("MOVE 3 Other")
        imap.ok("RENAME Ids Renamed")
        assert imap.ok("STATUS Renamed (MAILBOXID)")[0].split("(MAILBOXID")[1] == before
        imap.ok("SELECT Other")
        assert imap.ok("FETCH 1 EMAILID") == [f"* 1 FETCH (EMAILID ({emails[2]}))"], "it stays with the message"


def test_resynchronization():
    with Lab() as lab, Imap(lab) as imap, Imap(lab) as other:
        fill(imap, "Sync")
        lines = imap.ok("SELECT Sync (CONDSTORE)")
        validity = re.search(r"UIDVALIDITY (\d+)", " ".join(lines))[1]
        modseq = re.search(r"HIGHESTMODSEQ (\d+)", " ".join(lines))[1]
        imap.ok("UNSELECT")
        other.ok("SELECT Sync")
        other.ok("STORE 2 +FLAGS (\\Deleted)")
        other.ok("EXPUNGE")
        other.ok("STORE 1 +FLAGS (\\Flagged)")
        imap.ok("ENABLE QRESYNC")
        lines = imap.ok(f"SELECT Sync (QRESYNC ({validity} {modseq} 1:4))")
        assert "* VANISHED (EARLIER) 2" in lines, lines
        changed = [line for line in lines if " FETCH " in line]
        assert len(changed) == 1 and changed[0].startswith("* 1 FETCH (UID 1 FLAGS (\\Flagged) MODSEQ ("), lines
        # While the mailbox is open, what another session does comes as VANISHED.
        other.ok("STORE 3 +FLAGS (\\Deleted)")
        other.ok("EXPUNGE")
        assert "* VANISHED 4" in imap.ok("NOOP")
        imap.ok("UID STORE 3 +FLAGS.SILENT (\\Deleted)")
        assert imap.ok("EXPUNGE") == ["* VANISHED 3"] and "[HIGHESTMODSEQ " in imap.result, imap.result
        lines = imap.ok(f"UID FETCH 1:9 (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
        assert lines[0] == "* VANISHED (EARLIER) 2:4" and lines[1].startswith("* 1 FETCH (UID 1 "), lines


def test_replace():
    with Lab() as lab, Imap(lab) as imap:
        fill(imap, "Drafts2")
        imap.ok("SELECT Drafts2")
        lines = imap.ok(b"REPLACE 2 Drafts2 (\\Draft) " + literals(b"Subject: new\r\n\r\nx"))
        assert re.match(r"\* OK \[APPENDUID \d+ 5\]", lines[0]) and lines[1:] == ["* 2 EXPUNGE", "* 4 EXISTS"], lines
        lines, result = imap.run(b"REPLACE 2 Nowhere " + literals(b"Subject: new\r\n\r\nx"))
        assert result.startswith("NO [TRYCREATE]"), result
        assert imap.ok("UID SEARCH ALL") == ["* SEARCH 1 3 4 5"]


def test_metadata():
    with Lab() as lab, Imap(lab) as imap, Imap(lab) as other:
        imap.ok("CREATE Noted")
        imap.ok('SETMETADATA Noted (/private/comment "mine" /shared/vendor/x/y "z")')
        assert other.ok("GETMETADATA Noted (/private/comment /private/none)") == \
            ['* METADATA Noted (/private/comment "mine" /private/none NIL)']
        assert other.ok("GETMETADATA Noted (DEPTH infinity) /shared/vendor") == ['* METADATA Noted (/shared/vendor/x/y "z")']
        imap.ok("RENAME Noted Renamed")
        assert other.ok("GETMETADATA Renamed /private/comment") == ['* METADATA Renamed (/private/comment "mine")']
        for number in range(98):
            imap.ok(f'SETMETADATA Renamed (/private/n{number} "x")')
        lines, result = imap.run('SETMETADATA Renamed (/private/one "x" /private/more "x")')
        assert result.startswith("NO [METADATA TOOMANY]"), result
        imap.ok("DELETE Renamed")
        imap.ok("CREATE Renamed")
        assert other.ok("GETMETADATA Renamed /private/comment") == ["* METADATA Renamed (/private/comment NIL)"]
        lines, result = imap.run("GETMETADATA Nowhere /private/comment")
        assert result.startswith("NO [NONEXISTENT]"), result


def test_compression():
    with Lab() as lab, Imap(lab) as imap:
        fill(imap, "Small")
        imap.ok("COMPRESS DEFLATE")
        imap.inflate, imap.deflate = zlib.decompressobj(-15), zlib.compressobj(wbits=-15)
        assert "COMPRESS" not in imap.ok("CAPABILITY")[0]
        body = bytes(range(1, 256)) * 8000
        imap.ok(b"APPEND Small " + literals(b"Subject: large\r\n\r\n" + body))
        imap.ok("SELECT Small")
        imap.send(b"f FETCH 5 BODY[TEXT]\r\n")
        while b"f OK" not in imap.buffer:
            imap.more()
        assert body in imap.buffer


def test_uids_only():
    with Lab() as lab, Imap(lab) as imap, Imap(lab) as other:
        fill(imap, "Uids")
        imap.ok("CREATE Elsewhere")
        capabilities = imap.ok("CAPABILITY")[0].split()
        assert {"UIDONLY", "INPROGRESS", "SAVELIMIT=100000"} <= set(capabilities), capabilities
        assert imap.ok("ENABLE UIDONLY") == ["* ENABLED UIDONLY"]
        other.ok("SELECT Uids")
        other.ok("STORE 1 +FLAGS (\\Deleted)")
        other.ok("EXPUNGE")
        imap.ok("SELECT Uids")
        for command in ("FETCH 1 FLAGS", "SEARCH ALL", "UID SEARCH 1:2", "STORE 1 FLAGS (x)", "COPY 1 Elsewhere"):
            lines, result = imap.run(command)
            assert result.startswith("BAD [UIDREQUIRED]"), (command, lines, result)
        assert imap.ok("UID FETCH 1:* (UID RFC822.SIZE)")[0] == f"* 2 UIDFETCH (RFC822.SIZE {len(MAILS[1])})"
        other.ok("STORE 1 +FLAGS (\\Deleted)")
        assert imap.ok("NOOP") == ["* 2 UIDFETCH (FLAGS (\\Deleted))"]
        other.ok("EXPUNGE")
        assert imap.ok("NOOP") == ["* VANISHED 2"]
        assert imap.ok("UID STORE 3 +FLAGS (\\Deleted)") == ["* 3 UIDFETCH (FLAGS (\\Deleted))"]
        assert imap.ok("EXPUNGE") == ["* VANISHED 3"]
        assert imap.ok("UID MOVE 4 Elsewhere")[1:] == ["* VANISHED 4"]


def test_results_kept_up_to_date():
    with Lab() as lab, Imap(lab) as imap, Imap(lab) as other:
        fill(imap, "Live")
        imap.ok("SELECT Live")
        other.ok("SELECT Live")
        imap.ok("UID SEARCH RETURN (UPDATE COUNT) UNFLAGGED SUBJECT plan")
        search = f"t{imap.count}"
        imap.ok("SORT RETURN (UPDATE ALL) (REVERSE DATE) UTF-8 UNFLAGGED")
        order = f"t{imap.count}"
        other.ok("STORE 4 +FLAGS (\\Flagged)")
        assert imap.ok("NOOP") == ["* 4 FETCH (FLAGS (\\Flagged))",
                                   f'* ESEARCH (TAG "{search}") UID REMOVEFROM (0 4)',
                                   f'* ESEARCH (TAG "{order}") REMOVEFROM (2 4)']
        other.ok(b"APPEND Live " + literals(mail("a plan", 5, "Thu, 5 Nov 2026 10:00:00 +0000")))
        other.ok("STORE 1 +FLAGS (\\Deleted)")
        other.ok("EXPUNGE")
        # IDLE hears of all of it, whatever comes first.
        imap.send(b"i IDLE\r\n")
        heard = []
        while not {f'* ESEARCH (TAG "{search}") UID ADDTO (0 5)', "* 1 EXPUNGE"} <= set(heard):
            heard.append(imap.line())
        gone = heard.index(f'* ESEARCH (TAG "{order}") REMOVEFROM (2 1)')
        assert gone < heard.index("* 1 EXPUNGE") < heard.index("* 4 EXISTS"), heard
        imap.send(b"DONE\r\n")
        while not imap.line().startswith("i OK"):
            pass
        imap.ok(f'CANCELUPDATE "{search}" "{order}"')
        other.ok("STORE 1:* +FLAGS (\\Flagged)")
        assert not [line for line in imap.ok("NOOP") if "ESEARCH" in line]


def test_notify():
    with Lab() as lab, Imap(lab) as imap, Imap(lab) as other:
        fill(imap, "Here")
        imap.ok("CREATE Lists")
        imap.ok("CREATE Lists/a")
        imap.ok("SELECT Here")
        lines, result = imap.run("NOTIFY SET (personal (MailboxMetadataChange))")
        assert result.startswith("NO [BADEVENT (MessageNew "), result
        lines = imap.ok("NOTIFY SET STATUS (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (Subject)]) MessageExpunge "
                        "FlagChange)) (subtree Lists (MessageNew MessageExpunge MailboxName))")
        names = [re.match(r"\* STATUS (\S+) \(MESSAGES 0 UIDNEXT 1 UIDVALIDITY \d+\)$", line)[1] for line in lines]
        assert names == ["Lists", "Lists/a"], lines
        other.ok(b"APPEND Lists/a " + literals(MAILS[0]))
        assert re.match(r"\* STATUS Lists/a \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+\)$", imap.line())
        other.ok("SELECT Here")
        other.ok("STORE 1 +FLAGS (\\Flagged)")
        assert imap.line() == "* 1 FETCH (UID 1 FLAGS (\\Flagged))"
        other.ok(b"APPEND Here " + literals(mail("pushed", 5, "Thu, 5 Nov 2026 10:00:00 +0000")))
        assert imap.line() == "* 5 EXISTS"
        assert imap.line() == "* 5 FETCH (UID 5 BODY[HEADER.FIELDS (Subject)] {19}\nSubject: pushed\r\n\r\n)"
        other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
        assert imap.line() == "* 2 FETCH (UID 2 FLAGS (\\Deleted))"
        other.ok("EXPUNGE")
        assert imap.line() == "* 2 EXPUNGE"
        # Names are looked at when mail comes, or within half a minute.
        other.ok("RENAME Lists/a Lists/b")
        other.ok(b"APPEND Lists/b " + literals(MAILS[1]))
        heard = {imap.line(), imap.line()}
        assert '* LIST (\\HasNoChildren) "/" Lists/b ("OLDNAME" (Lists/a))' in heard, heard
        assert any(line.startswith("* STATUS Lists/b (MESSAGES 2 ") for line in heard), heard
        imap.ok("NOTIFY NONE")
        other.ok(b"APPEND Lists/b " + literals(MAILS[1]))
        other.ok("STORE 1 -FLAGS (\\Flagged)")
        assert imap.ok("NOOP") == ["* 1 FETCH (UID 1 FLAGS ())"]


def test_messages_put_together():
    with Lab() as lab, Imap(lab) as imap:
        fill(imap, "Parts")
        large = b"Subject: large\r\n\r\n" + b"0123456789abcde\n" * 100_000
        imap.ok(b"APPEND Parts " + literals(large))
        imap.ok("CREATE Whole")
        validity = re.search(r"UIDVALIDITY (\d+)", " ".join(imap.ok("STATUS Parts (UIDVALIDITY)")))[1]
        imap.ok(b'APPEND Whole (\\Draft) CATENATE (URL "/Parts;UIDVALIDITY=%s/;UID=1/;SECTION=HEADER" TEXT ' % validity.encode()
                + literals(b"above\r\n") + b' URL "/Parts/;UID=5/;SECTION=TEXT" TEXT ' + literals(b"below\r\n") + b")")
        assert re.search(r"\[APPENDUID \d+ 1\]", imap.result), imap.result
        whole = MAILS[0].partition(b"\r\n\r\n")[0] + b"\r\n\r\nabove\r\n" + large.partition(b"\r\n\r\n")[2] + b"below\r\n"
        imap.ok("SELECT Whole")
        assert imap.ok("FETCH 1 (FLAGS RFC822.SIZE)") == [f"* 1 FETCH (FLAGS (\\Draft) RFC822.SIZE {len(whole)})"]
        assert imap.ok("FETCH 1 BODY.PEEK[]")[0].encode().endswith(b"{%d}\n%s)" % (len(whole), whole))
        imap.ok(b"UID REPLACE 1 Whole CATENATE (URL ;UID=1/;SECTION=HEADER TEXT " + literals(b"short\r\n") + b")")
        assert imap.ok("UID SEARCH BODY short") == ["* SEARCH 2"]
        lines, result = imap.run("APPEND Whole CATENATE (URL /Parts/;UID=99)")
        assert result.startswith("NO [BADURL /Parts/;UID=99] "), result
        many = " ".join(["URL /Parts/;UID=5"] * 40)
        lines, result = imap.run(f"APPEND Whole CATENATE ({many})")
        assert result.startswith("NO [TOOBIG] "), result


if __name__ == "__main__":
    main(globals())
