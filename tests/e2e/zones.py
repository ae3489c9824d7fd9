"""Zones of a real name server, and mail signed with keys that are in them."""
import base64
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from harness import ROOT
from local.platform import free_port

# The dkim module belongs to Debian's Python.
DKIM_PYTHON = "/usr/bin/python3"
SOA = "@ 3600 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 3600 IN NS ns\nns 3600 IN A 127.0.0.1\n"


class DnsLab:
    """tests/lab/dns_lab.py for as long as the block lasts; `address`: of this machine, whose port 53 it serves too."""

    def __init__(self, signed: dict, plain: dict = None, address: str = ""):
        self.address = address
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-dns-"))
        for kind, zones in (("signed", signed), ("plain", plain or {})):
            (self.folder / kind).mkdir()
            for name, text in zones.items():
                (self.folder / kind / f"{name}.zone").write_text(f"$ORIGIN {name}.\n{text}")

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, ROOT / "tests/lab/dns_lab.py", self.folder, *filter(None, [self.address])],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])
        self.anchor = self.process.stdout.readline().split()[1]
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def resolver(self) -> dict:
        # dead.test: a name server that does not answer.
        return {"upstream": [f"127.0.0.1@{self.port}"], "trust_anchor_file": self.anchor, "timeout_ms": 2000,
                "stubs": [{"zone": "dead.test", "server": f"127.0.0.1@{free_port()}"}]}


def dkim_key() -> tuple:
    """A private key in PEM and the TXT record for it as a zone file has it."""
    private = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True, capture_output=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=private, check=True, capture_output=True).stdout
    text = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()
    return private.decode(), " ".join(f'"{text[i:i + 255]}"' for i in range(0, len(text), 255))


def debian_python(code: str, data: dict):
    """Runs code there with `data` and returns what it leaves in `out`."""
    program = f"import sys, json, base64\ndata = json.load(sys.stdin)\n{code}\nprint(json.dumps(out))"
    done = subprocess.run([DKIM_PYTHON, "-c", program], input=json.dumps(data), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sign(raw: bytes, domain: str, private: str) -> bytes:
    out = debian_python("import dkim\nraw = base64.b64decode(data['raw'])\n"
                        "out = base64.b64encode(dkim.sign(raw, b'sel', data['domain'].encode(), data['key'].encode())).decode()",
                        {"raw": base64.b64encode(raw).decode(), "domain": domain, "key": private})
    return base64.b64decode(out) + raw
