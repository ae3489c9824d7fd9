"""Starts the platform on this machine: data services, certificates, configuration, processes, demo users."""
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

import yaml

from . import certs
from .data import Postgres, Redis, StartError
from .passwords import known_password

ROOT = pathlib.Path(__file__).resolve().parents[2]
# In the order they start: owners of data first, edges last.
SERVICES = ["resolver", "filter", "directory", "mailbox", "relay", "ingress", "access", "web"]
DEFAULT_PORTS = {
    "smtp": 2525, "submission": 2587, "submissions": 2465, "lmtp": 2424, "imap": 2143, "imaps": 2993, "pop3": 2110,
    "pop3s": 2995, "sieve": 2419, "http": 8080,
}
ADMIN_BASE = 9100
LISTENERS = {  # port name -> (section, key)
    "smtp": ("ingress", "smtp"), "submission": ("ingress", "submission"), "submissions": ("ingress", "submissions"),
    "lmtp": ("ingress", "lmtp"), "imap": ("access", "imap"), "imaps": ("access", "imaps"), "pop3": ("access", "pop3"),
    "pop3s": ("access", "pop3s"), "sieve": ("access", "sieve"), "http": ("web", "http"),
}
DEMO_DOMAIN = "example.test"
DEMO_USERS = ["alice", "bob"]


_given = set()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, below those the kernel gives to outgoing connections: one of them could take
    it before its server does."""
    for _ in range(1000):
        port = random.randrange(12000, 32000)
        if port in _given:
            continue
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise StartError("no free port between 12000 and 32000")


def merge(base: dict, over: dict) -> dict:
    """`over` on top of `base`: maps are merged, anything else is replaced."""
    out = dict(base)
    for key, value in over.items():
        out[key] = merge(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


class Platform:
    """One run of the platform under `folder`. `overlay` is the user's configuration; `random_ports` serves tests."""

    def __init__(self, folder: pathlib.Path, build: pathlib.Path, mode: str = "standalone", overlay: dict = None,
                 random_ports: bool = False, say=lambda text: None):
        self.folder, self.build, self.mode, self.say = folder.resolve(), build, mode, say
        self.overlay = overlay or {}
        self.random_ports = random_ports
        self.postgres_settings = {}
        self.processes = {}
        self.postgres = self.redis = None
        self.users = []
        self.names = SERVICES if mode == "services" else ["standalone"]

    # Configuration ------------------------------------------------------------------------------------------------

    def _defaults(self) -> dict:
        certs_folder = self.folder / "certs"
        config = {
            "common": {
                "hostname": "localhost", "log": {"format": "json"},
                "tls": {"certificate_file": str(certs_folder / "server.pem"), "key_file": str(certs_folder / "server.key")},
                "postgres": {"dsn": self.postgres.dsn}, "redis": {"address": f"unix:{self.redis.socket}"},
                "rpc": {"ca_file": str(certs_folder / "ca.pem"), "endpoints": {}}, "admin": {}, "drain_seconds": 10,
            },
            "directory": {"domains": [DEMO_DOMAIN]},
            "relay": {"default_route": "hold"},
            "resolver": {}, "filter": {}, "mailbox": {}, "ingress": {}, "access": {}, "web": {},
        }
        for name, (section, key) in LISTENERS.items():
            port = free_port() if self.random_ports else DEFAULT_PORTS[name]
            config[section][key] = f"127.0.0.1:{port}"
        for number, name in enumerate(["standalone"] + SERVICES):
            config["common"]["admin"][name] = f"127.0.0.1:{free_port() if self.random_ports else ADMIN_BASE + number}"
        if "users" not in self.overlay.get("directory", {}):
            config["directory"]["users"] = [
                {"address": f"{user}@{DEMO_DOMAIN}", "password": known_password(self.folder / "passwords.json", user)}
                for user in DEMO_USERS]
        return config

    def _endpoints(self, config: dict) -> None:
        given = config["common"]["rpc"]["endpoints"]
        if self.mode == "services":
            for name in SERVICES:
                given.setdefault(name, f"127.0.0.1:{free_port()}")
        else:
            path = self.folder / "rpc.sock"
            if len(str(path)) > 100:  # unix(7): 107 bytes
                path = pathlib.Path(f"/tmp/pp-rpc-{os.getpid()}-{id(self):x}.sock")
            for name in ["standalone"] + [s for s in SERVICES if s not in ("ingress", "access", "web")]:
                given.setdefault(name, f"unix:{path}")

    def _write_config(self) -> None:
        config = merge(self._defaults(), self.overlay)
        self._endpoints(config)
        self.config = config
        self.users = config["directory"].get("users", [])
        self.config_file = self.folder / "platform.yaml"
        self.config_file.write_text(yaml.safe_dump(config, sort_keys=False))
        self.config_file.chmod(0o600)
        for name in self.names + ["cli"]:
            identity = {"common": {"rpc": {"certificate_file": str(self.folder / "certs" / f"{name}.pem"),
                                           "key_file": str(self.folder / "certs" / f"{name}.key")}}}
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(identity))
        self.cli = self.folder / "pennypost"
        self.cli.write_text(f'#!/bin/sh\nexec "{self.build}/bin/pennypost" --config "{self.config_file}" '
                            f'--config "{self.folder}/cli.yaml" "$@"\n')
        self.cli.chmod(0o755)

    # Processes ----------------------------------------------------------------------------------------------------

    def _check_ports(self) -> None:
        for name, (section, key) in LISTENERS.items():
            address = self.config[section][key]
            if address == "off":
                continue
            host, _, port = address.rpartition(":")
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.socket(family) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    s.bind((host.strip("[]"), int(port)))
                except OSError as error:
                    raise StartError(f"port {port} ({name}) cannot be opened: {error.strerror}. "
                                     f"Choose another one: {section}.{key} in a file given by CONFIG=") from None

    def start_process(self, name: str) -> None:
        binary = self.build / "bin" / f"pennypost-{name}"
        log = open(self.folder / "logs" / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen(
            [binary, "--config", self.config_file, "--config", self.folder / f"{name}.yaml"], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()

    def wait_ready(self, name: str, seconds: float = 30) -> None:
        host, _, port = self.config["common"]["admin"][name].rpartition(":")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                lines = (self.folder / "logs" / f"{name}.log").read_text(errors="replace").strip().splitlines()
                # What a program says to people stands outside its records.
                words = [line for line in lines if not line.startswith("{")] or lines or ["no log"]
                raise StartError(f"pennypost-{name} ended at its start: {words[-1]}")
            if _http_ok(host, int(port), "/readyz"):
                return
            time.sleep(0.03)
        raise StartError(f"pennypost-{name} is not ready after {seconds:.0f} s; see {self.folder}/logs/{name}.log")

    def start(self) -> None:
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.postgres, self.redis = Postgres(self.folder / "pg", self.postgres_settings), Redis(self.folder / "redis")
        try:
            certs.make_all(self.folder / "certs", DEMO_DOMAIN, self.names + ["cli"])
            self._write_config()
            self._check_ports()
            self.say("starting PostgreSQL and Redis")
            self.postgres.start()
            self.redis.start()
            self.say(f"starting the platform ({self.mode})")
            for name in self.names:
                self.start_process(name)
            for name in self.names:
                self.wait_ready(name)
            (self.folder / "endpoints.json").write_text(json.dumps(self.endpoints(), indent=2) + "\n")
            (self.folder / "endpoints.json").chmod(0o600)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Edges first, so that what they hold can still be stored."""
        for name in reversed(self.names):
            process = self.processes.get(name)
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for name in reversed(self.names):
            process = self.processes.get(name)
            if process is None:
                continue
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self.redis:
            self.redis.stop()
        if self.postgres:
            self.postgres.stop()
        (self.folder / "endpoints.json").unlink(missing_ok=True)

    # What scripts need --------------------------------------------------------------------------------------------

    def port(self, name: str) -> int:
        section, key = LISTENERS[name]
        address = self.config[section][key]
        return 0 if address == "off" else int(address.rpartition(":")[2])

    def endpoints(self) -> dict:
        admin = {name: int(self.config["common"]["admin"][name].rpartition(":")[2]) for name in self.names}
        domains = self.config["directory"].get("domains") or [DEMO_DOMAIN]
        return {
            "host": "127.0.0.1", "mode": self.mode,
            "ports": {**{name: self.port(name) for name in LISTENERS if self.port(name)},
                      **{f"admin_{name}": port for name, port in admin.items()}},
            "domain": domains[0],
            "users": [{"address": u["address"], "password": u.get("password", "")} for u in self.users],
            "ca_file": str(self.folder / "certs" / "ca.pem"), "cli": str(self.cli),
            "pids": {**{name: p.pid for name, p in self.processes.items()}, "postgres": self.postgres.process.pid,
                     "redis": self.redis.process.pid},
            "postgres": {"dsn": self.postgres.dsn}, "redis": {"socket": str(self.redis.socket)},
        }


def _http_ok(host: str, port: int, path: str) -> bool:
    import http.client
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
