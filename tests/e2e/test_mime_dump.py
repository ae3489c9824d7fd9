"""pennypost mime dump: what it says of offsets and digests holds for the bytes. No service runs."""
import email.message
import hashlib
import json
import subprocess

from harness import BUILD, main, wire


def dump(raw: bytes) -> dict:
    done = subprocess.run([BUILD / "bin" / "pennypost", "mime", "dump"], input=raw, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def leaves(part):
    return [leaf for child in part["children"] for leaf in leaves(child)] or [part]


def test_parts():
    inner = email.message.EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("inside\n")
    mail = email.message.EmailMessage()
    mail["Subject"] = "outer"
    mail.set_content("gr\u00fc\u00df\n")
    data = bytes(range(256)) * 10
    mail.add_attachment(data, maintype="application", subtype="octet-stream", filename="\u00e4 b.bin")
    mail.add_attachment(inner)
    raw = wire(mail)
    tree = dump(raw)
    assert tree["type"] == "multipart/mixed" and tree["parameters"]["boundary"] == mail.get_boundary() and not tree["truncated"]
    text, attachment, message = tree["children"]
    assert [p["section"] for p in tree["children"]] == ["1", "2", "3"]
    assert text["charset"] == "utf-8" and text["disposition"] is None and text["file_name"] is None
    assert attachment["file_name"] == "\u00e4 b.bin" and attachment["disposition"] == "attachment"
    assert attachment["decoded_size"] == len(data) and attachment["sha256"] == hashlib.sha256(data).hexdigest()
    assert message["type"] == "message/rfc822" and message["children"][0]["type"] == "text/plain"
    for leaf in leaves(tree):
        body = raw[leaf["body_offset"]:leaf["body_offset"] + leaf["body_size"]]
        assert raw[leaf["header_offset"]:].startswith((b"Content-", b"Subject:")), leaf
        assert leaf["header_offset"] + leaf["header_size"] == leaf["body_offset"]
        if leaf["encoding"] in ("7bit", "8bit"):
            assert hashlib.sha256(body).hexdigest() == leaf["sha256"], leaf


def test_broken_mail_is_no_error():
    for raw in (b"", b"\x00\xff", b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", b"no header at all"):
        tree = dump(raw)
        assert tree["body_offset"] + tree["body_size"] <= len(raw), tree


main(globals())
