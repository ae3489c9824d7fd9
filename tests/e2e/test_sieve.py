"""pennypost sieve: what a script would do, and test files. No service runs."""
import json
import subprocess
import tempfile
from pathlib import Path

from harness import ROOT, main

PENNYPOST = ROOT / "build/main/bin/pennypost"
MAIL = b"From: ann@example.org\nTo: bob+lists@example.net\nSubject: 30% off\n\nBuy.\n"


def sieve(*arguments, stdin=b"", code=0):
    done = subprocess.run([PENNYPOST, *arguments[:1], "sieve", *arguments[1:]] if arguments[0].startswith("-")
                          else [PENNYPOST, "sieve", *arguments], input=stdin, capture_output=True, timeout=60)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout.decode(), done.stderr.decode()


def write(folder, name, text):
    path = Path(folder) / name
    path.write_text(text)
    return path


def test_what_a_script_does():
    with tempfile.TemporaryDirectory() as folder:
        script = write(folder, "a.sieve", 'require ["fileinto", "copy", "envelope", "editheader", "include", "imap4flags"];\n'
                       'include "part";\n'
                       'if envelope "from" "shop@example.org" { addflag "\\\\Seen"; fileinto :copy "Shops/Ads"; }\n'
                       'addheader "X-Read-By" "sieve";\n')
        write(folder, "part.sieve", 'if header :contains "subject" "%" { redirect "ads@example.net"; stop; }\n')
        out, _ = sieve("test", script, stdin=MAIL)
        assert "redirect" in out and "ads@example.net" in out and "implicit" not in out, out
        plain = MAIL.replace(b"30%", b"Nothing")
        out, _ = sieve("test", script, "--from", "shop@example.org", stdin=plain)
        assert "Shops/Ads" in out and "implicit, flags \\Seen" in out and "add header X-Read-By: sieve" in out, out
        out, _ = sieve("--output=json", "test", script, "--from", "shop@example.org", "--to", "bob@example.net", stdin=plain)
        result = json.loads(out)
        assert result["actions"] == [{"action": "fileinto", "mailbox": "Shops/Ads", "flags": ["\\Seen"]}], result
        assert result["implicit_keep"] is True and result["error"] is None and result["steps"] > 0, result


def test_scripts_that_fail():
    with tempfile.TemporaryDirectory() as folder:
        bad = write(folder, "bad.sieve", 'keep;\nfileinto "x";\nfoo;\n')
        _, err = sieve("test", bad, stdin=MAIL, code=4)
        assert "bad.sieve: line 2, column 1: 'fileinto' needs require \"fileinto\"" in err, err
        assert "line 3, column 1: unknown command 'foo'" in err, err
        out, _ = sieve("--output=json", "test", bad, stdin=MAIL, code=4)
        assert json.loads(out)["errors"][1] == {"line": 3, "column": 1, "message": "unknown command 'foo'"}, out
        fails = write(folder, "fails.sieve", 'require ["reject"];\nkeep;\nreject "no";\n')
        out, err = sieve("test", fails, stdin=MAIL, code=1)
        assert "line 3, column 1" in err and "the mail is kept" in err and "implicit" in out, (out, err)
        sieve("test", Path(folder) / "none.sieve", stdin=MAIL, code=3)


def test_testsuite():
    data = ROOT / "libs/sieve/testdata"
    out, _ = sieve("testsuite", data / "base.svtest", data / "extensions.svtest")
    passed, rest = out.split(" passed, ")
    assert int(passed) > 25 and rest == "0 failed\n", out
    with tempfile.TemporaryDirectory() as folder:
        file = write(folder, "x.svtest", 'require "vnd.dovecot.testsuite";\n'
                     'test "one" { if not test_script_compile "s.sieve" { test_fail "no"; } }\n'
                     'test "two" { test_fail "on purpose"; }\n')
        write(folder, "s.sieve", "keep;")
        out, _ = sieve("testsuite", file, code=4)
        assert '"two": line 3: on purpose' in out and out.endswith("1 passed, 1 failed\n"), out
        out, _ = sieve("--output=json", "testsuite", file, code=4)
        assert json.loads(out)["failures"][0]["test"] == "two", out


main(globals())
