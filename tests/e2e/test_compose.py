"""docker-compose.yml from nothing to the first mail, on an engine of its own: images, health, hardening, mutual TLS, restart,
data kept over down and up, everything gone after down -v. Skipped where no engine can run (engine.py says why)."""
import imaplib
import json
import pathlib
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import yaml

from engine import Engine, why_not
from harness import BUILD, ROOT, body_of, message, wait_for, wire

from local.platform import SERVICES

SKIPPED = 77  # tools/test.sh counts it apart
PROJECT = "pptest"
CACHE = ROOT / "build" / "docker"
EDGES = ("ingress", "access", "web")
PORTS = {"smtp": 2525, "submission": 2587, "imaps": 2993, "http": 8080}


class Stack:
    """The composition on its default ports, which are nobody else's in the engine's network."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.environment = {
            "PP_BASE_IMAGE": "pptest-base", "PP_BINARIES": "pptest-binaries", "PP_POSTGRES_IMAGE": "pptest-postgres",
            "PP_REDIS_IMAGE": "pptest-redis", "PP_HEALTH_INTERVAL": "2s"}

    def compose(self, *words, **options) -> str:
        words = ["docker-compose", "--project-name", PROJECT, "--project-directory", ROOT, "-f", ROOT / "docker-compose.yml", *words]
        return self.engine.run(*words, env=self.environment, **options)

    def once(self, service: str, *words) -> str:
        """What a one-shot prints. Its log is read when it has ended: on a busy machine the words of a program as short as
        these can be over before `run` listens."""
        name = self.compose("run", "--detach", service, *words).split()[-1]
        code = int(self.engine.run("docker", "wait", name))
        shown = [self.engine.run("docker", "logs", name, both=both) for both in (False, True)]
        self.engine.run("docker", "rm", name)
        assert code == 0 and shown[0], f"{service} {words}: code {code}: {shown[1]!r}"
        return shown[0]

    def cli(self, *words) -> str:
        return self.once("pennypost", *words)

    def containers(self) -> dict:
        """Service -> id, of those that run."""
        ids = self.engine.run("docker", "ps", "-q", "--filter", f"label=com.docker.compose.project={PROJECT}").split()
        return {self.engine.inspect(i)["Config"]["Labels"]["com.docker.compose.service"]: i for i in ids}

    def wait_healthy(self, names: list) -> None:
        def healthy() -> bool:
            found = self.containers()
            states = {name: self.engine.inspect(found[name])["State"]["Health"] for name in names if name in found}
            return len(states) == len(names) and all(s["Status"] == "healthy" for s in states.values())

        wait_for(healthy, 90, f"health of {names}")

    def up(self, *names) -> None:
        self.compose("up", "-d", *names)
        self.wait_healthy([*(names or SERVICES), "postgres", "redis"])

    def login(self) -> None:
        """What a person does: the passwords from the log of the first start, the certificate from setup."""
        lines = re.findall(r"(\w+@example\.test) (\S+)", self.compose("logs", "--no-color", "setup"))
        self.passwords = dict(lines)
        assert set(self.passwords) == {"alice@example.test", "bob@example.test"}, lines
        assert len(lines) == 2 and len(set(self.passwords.values())) == 2, "random, and shown once"
        self.tls = ssl.create_default_context(cadata=self.once("setup", "ca"))

    def send(self, recipient: str):
        mail = message("alice@example.test", recipient)
        with smtplib.SMTP("localhost", PORTS["submission"], local_hostname="client.test", timeout=30) as smtp:
            smtp.starttls(context=self.tls)
            smtp.login("alice@example.test", self.passwords["alice@example.test"])
            smtp.send_message(mail)
        return mail

    def read(self, message_id: str) -> bytes:
        """The whole message as bob gets it over IMAPS, as soon as it is there."""
        deadline = time.monotonic() + 15
        with imaplib.IMAP4_SSL("localhost", PORTS["imaps"], ssl_context=self.tls, timeout=30) as imap:
            imap.login("bob@example.test", self.passwords["bob@example.test"])
            while True:
                assert imap.select("INBOX")[0] == "OK"
                found = imap.search(None, "HEADER", "Message-ID", f'"{message_id}"')[1][0].split()
                if found:
                    return imap.fetch(found[-1], "(BODY.PEEK[])")[1][0][1]
                assert time.monotonic() < deadline, f"{message_id} did not arrive"
                time.sleep(0.1)

    def exchange(self) -> str:
        mail = self.send("bob@example.test")
        assert body_of(self.read(mail["Message-ID"])) == wire(mail).split(b"\r\n\r\n", 1)[1]
        return mail["Message-ID"]


# Steps, in this order ---------------------------------------------------------------------------------------------------


def listed_libraries(stack: Stack) -> None:
    """The Dockerfile installs what the programs link, no more and no less."""
    text = (ROOT / "deploy/docker/Dockerfile").read_text()
    stage = text[text.index(" AS rootfs"):]
    listed = set(re.search(r"install .*?recommends \\\n(.*?)&&", stage, re.S)[1].replace("\\", " ").split())
    needed = set()
    for program in sorted((BUILD / "bin").glob("pennypost*")):
        dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
        names = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
        paths = dict(re.findall(r"^\t(\S+) => (\S+)", subprocess.run(["ldd", program], capture_output=True, text=True).stdout, re.M))
        needed |= {str(pathlib.Path(paths[name]).resolve()) for name in names if name in paths}
    owners = subprocess.run(["dpkg-query", "-S", *[p for path in needed for p in (path, path.removeprefix("/usr"))]],
                            capture_output=True, text=True).stdout
    packages = {line.split(":")[0] for line in owners.splitlines()}
    assert listed == packages - {"libc6"} | {"ca-certificates"}, (
        f"missing: {packages - {'libc6'} - listed}; not needed: {listed - packages - {'ca-certificates'}}")


def guide(stack: Stack) -> None:
    """The file of the guide that lets mail out is one that Compose takes, and does that."""
    guide = (ROOT / "docs/operations/containers.md").read_text()
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as override:
        override.write(re.search(r"```yaml\n(.*?)```", guide, re.S)[1])
        override.flush()
        for sending in (False, True):
            services = yaml.safe_load(stack.compose(*(["-f", override.name] if sending else []), "config"))["services"]
            assert ("outside" in services["relay"]["networks"]) == ("outside" in services["resolver"]["networks"]) == sending
            assert {"inner", "data"} <= set(services["relay"]["networks"])
            assert services["relay"]["environment"].get("PENNYPOST_RELAY_DEFAULT_ROUTE") == ("mx" if sending else None)


def images(stack: Stack) -> None:
    """The base by debootstrap (kept in build/docker), the programs from this build, the rest by Dockerfile."""
    engine = stack.engine
    engine.run(ROOT / "deploy/docker/base_image.sh", "pptest-base", timeout=500)
    with tempfile.TemporaryDirectory() as folder:
        engine.run(ROOT / "deploy/docker/compile.sh", f"{folder}/out", BUILD)
        engine.run("tar", "-C", folder, "-cf", f"{folder}/out.tar", "out")
        engine.run("docker", "import", f"{folder}/out.tar", "pptest-binaries")
    stack.compose("build", "--quiet", timeout=500)
    for target in ("postgres", "redis"):
        engine.run("docker", "build", "--quiet", "--target", target, "--tag", f"pptest-{target}", "--file",
                   ROOT / "deploy/docker/Dockerfile", "--build-arg", "BASE=pptest-base", "--build-arg",
                   "BINARIES=pptest-binaries", ROOT, timeout=500)


def first_mail(stack: Stack) -> None:
    stack.engine.cut_off()
    stack.engine.enter_network()
    stack.up()
    stack.login()
    stack.exchange()
    # From another server: no name server answers in here, and that must not keep mail out.
    mail = message("friend@far.example", "bob@example.test")
    with smtplib.SMTP("127.0.0.1", PORTS["smtp"], local_hostname="far.example", timeout=60) as smtp:
        smtp.send_message(mail)
    assert b"spf=temperror" in stack.read(mail["Message-ID"])
    # Redis is optional, so that mail alone does not tell whether it is found and let in.
    asked = stack.compose("exec", "-T", "redis", "sh", "-c",
                          "REDISCLI_AUTH=$(cat /run/pennypost/cache/password) redis-cli dbsize").strip()
    assert int(asked) > 0 and "redis.away" not in stack.compose("logs", "filter", "relay"), asked


def command_line(stack: Stack) -> None:
    stack.compose("run", "--rm", "-T", "pennypost", "version")
    status = json.loads(stack.cli("--output", "json", "status"))
    assert status["services"] == {name: "ready" for name in SERVICES}, status
    assert "good" in stack.cli("config", "check")
    stack.cli("domain", "create", "example.org")
    assert "example.org" in stack.cli("domain", "list")
    assert "CREATE TABLE" in stack.compose("exec", "-T", "postgres", "pg_dump", "-U", "postgres", "--schema-only", "pennypost")
    with socket.create_connection(("127.0.0.1", PORTS["http"]), timeout=10) as http:
        http.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b" 200 " in http.makefile("rb").readline(), "the status page"


def nothing_leaves(stack: Stack) -> None:
    stack.send("friend@far.example")
    row = wait_for(lambda: next(iter(json.loads(stack.cli("--output", "json", "queue", "list"))["deliveries"]), None), 20, "queue")
    assert row["recipient"] == "friend@far.example" and row["last_reply"], row
    wait_for(lambda: "held" in stack.cli("queue", "list"), 20, "held")
    found = stack.containers()
    for name, container in found.items():
        published = stack.engine.inspect(container)["NetworkSettings"]["Ports"]
        bindings = [b["HostIp"] for port in published.values() for b in port or []]
        assert set(bindings) <= {"127.0.0.1"} and bool(bindings) == (name in EDGES), f"{name}: {published}"
    # Not by configuration alone: a host outside that any other container reaches is out of reach.
    world = stack.engine.add_world()
    found["other"] = stack.engine.run("docker", "run", "--detach", "--rm", "pptest-base", "sleep", "60").strip()
    attempts = {name: stack.engine.connects_from(container, world) for name, container in found.items()}
    reached = [name for name, attempt in attempts.items() if attempt.wait() == 0]
    assert reached == ["other"], f"these reach the world outside: {reached}"
    stack.engine.run("docker", "kill", found["other"])


def hardened(stack: Stack) -> None:
    """As the kernel sees the processes, not as the file words it."""
    found = stack.containers()
    assert set(found) == {*SERVICES, "postgres", "redis"}, found
    for name, container in found.items():
        process = stack.engine.process(container)
        status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
        assert all(int(uid) >= 10000 for uid in status["Uid"].split() + status["Gid"].split()), f"{name}: {status['Uid']}"
        assert {status[k].strip("0\n\t ") for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {""}, f"{name}: {status}"
        assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2", name
        mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
        root = next(m for m in mounts if m[4] == "/")
        assert "ro" in root[5].split(","), f"{name}: the root is writable: {root}"
        assert not any("docker.sock" in m[4] for m in mounts), name
        if name in SERVICES:
            shells = [p for p in ("bin/sh", "usr/bin/sh", "bin/bash") if (process / "root" / p).exists()]
            assert not shells, f"{name}: {shells}"
    assert not (stack.engine.process(found["ingress"]) / "root/run/pennypost/database/dsn").exists(), "the password of the database"
    for name in SERVICES:
        assert not list((stack.engine.process(found[name]) / "root/run/pennypost").rglob("ca.key")), name


def mutual_tls(stack: Stack) -> None:
    """Who has no certificate of the authority gets no word out of a service."""
    container = stack.engine.inspect(stack.containers()["mailbox"])
    address = container["NetworkSettings"]["Networks"][f"{PROJECT}_inner"]["IPAddress"]
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
    with socket.create_connection((address, 7000), timeout=10) as plain:
        plain.sendall(preface)
        assert plain.recv(100)[:1] in (b"", b"\x15"), "plain text: closed, or a TLS alert"
    anonymous = ssl.create_default_context(cadata=stack.once("setup", "ca"))
    anonymous.set_alpn_protocols(["h2"])
    try:
        with anonymous.wrap_socket(socket.create_connection((address, 7000), timeout=10), server_hostname="mailbox") as tls:
            tls.sendall(preface)
            answer = tls.recv(100)
        assert answer == b"", f"an answer without a certificate: {answer}"
    except (ssl.SSLError, ConnectionError) as error:
        assert "certificate required" in str(error).lower() or isinstance(error, ConnectionError), error


def health_and_restart(stack: Stack) -> None:
    check = ("docker", "exec", stack.containers()["directory"], "/usr/bin/pennypost-service", "healthcheck")
    assert stack.engine.run(*check).strip() == "directory ready"
    stack.compose("stop", "postgres")
    try:
        stack.send("bob@example.test")
        raise AssertionError("accepted without a database")
    except smtplib.SMTPResponseException as error:
        assert 400 <= error.smtp_code < 500, error
    wait_for(lambda: "not reachable" in stack.engine.run(*check, code=None, both=True), 20, "not ready")
    assert stack.engine.run(*check, code=1) == ""
    stack.compose("start", "postgres")
    wait_for(lambda: stack.engine.run(*check, code=None).strip() == "directory ready", 30, "ready again")
    stack.compose("restart", "mailbox", "ingress")
    stack.wait_healthy(SERVICES)
    stack.exchange()
    for name in ("mailbox", "ingress"):
        log = stack.compose("logs", "--no-color", "--no-log-prefix", name)
        assert "process.ended" in log, f"{name} did not drain:\n{log[-2000:]}"


def data_is_kept(stack: Stack) -> None:
    kept = stack.exchange()
    stack.compose("down", timeout=120)
    assert not stack.containers()
    stack.up()
    # The passwords are not shown a second time, and still hold.
    assert "example.test" not in stack.compose("logs", "--no-color", "setup")
    shown = dict(line.split() for line in stack.once("setup", "passwords").splitlines())
    assert shown == stack.passwords
    stack.read(kept)
    stack.exchange()


def in_one_process(stack: Stack) -> None:
    kept = stack.exchange()
    stack.compose("down", timeout=120)
    stack.up("standalone")
    stack.read(kept)
    stack.exchange()
    assert "unreachable" not in stack.cli("status")


def all_gone(stack: Stack) -> None:
    stack.compose("down", "--volumes", timeout=120)
    for what in ("container", "volume", "network"):
        words = ("docker", what, "ls", "-q", "--filter", f"label=com.docker.compose.project={PROJECT}")
        assert not stack.engine.run(*words, *(["--all"] if what == "container" else [])).strip(), what


STEPS = [listed_libraries, guide, images, first_mail, command_line, nothing_leaves, hardened, mutual_tls, health_and_restart,
         data_is_kept, in_one_process, all_gone]


def main() -> int:
    reason = why_not()
    if reason:
        print(f"skipped: {reason}")
        return SKIPPED
    with Engine(CACHE / "engine") as engine:
        stack = Stack(engine)
        # What a run that was killed may have left in the engine's data.
        stack.compose("down", "--volumes", "--remove-orphans")
        try:
            for step in STEPS:
                begin = time.monotonic()
                step(stack)
                print(f"  {step.__name__} ok ({time.monotonic() - begin:.1f} s)", flush=True)
        except BaseException as error:
            print(stack.compose("ps", code=None), stack.compose("logs", "--no-color", "--tail=20", code=None), sep="\n")
            # Once more at the end: of a long output the last lines are seen.
            print(f"  {step.__name__} failed after {time.monotonic() - begin:.1f} s: {error!r:.2000}")
            raise
        finally:
            stack.compose("down", "--volumes", code=None)
            engine.run("docker", "image", "prune", "--force", code=None)
    return 0


sys.exit(main())
