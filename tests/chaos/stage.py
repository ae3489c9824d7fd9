"""What a run plays on: the platform as separate processes, a second worker of the queue, a disk and a network of its own."""
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tools")]
import yaml

from harness import BUILD, Lab
from local.platform import Platform, free_port, merge

DOMAIN = "example.test"
PASSWORD = "chaos-secret"
FAKETIME = next(iter(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
ISOLATED = "PP_CHAOS_ISOLATED"


def isolate() -> None:
    """Starts this program again in namespaces of its own (network, mounts, processes), as far as this machine lets: rules
    of the packet filter and mounts end with the run, and so does every process."""
    up = ["ip", "link", "set", "lo", "up"]
    if os.environ.get(ISOLATED):
        subprocess.run(up, check=True)
        return
    if os.geteuid() != 0:
        return
    into = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run(into + up, capture_output=True).returncode != 0:
        return
    os.execvpe(into[0], into + [sys.executable] + sys.argv, {**os.environ, ISOLATED: "1"})


class ChaosPlatform(Platform):
    """Binaries by name, so that one of them can be another build, and a second relay."""

    def __init__(self, *arguments, binaries: dict = None, **more):
        super().__init__(*arguments, **more)
        self.binaries = binaries or {}
        self.failpoints = {}  # process -> what PP_FAILPOINT says to it at its next start

    def start_process(self, name: str) -> None:
        service = name.rstrip("2")
        binary = self.binaries.get(service, self.build / "bin" / f"pennypost-{service}")
        environment = dict(os.environ)
        if name in self.failpoints:
            environment["PP_FAILPOINT"] = self.failpoints.pop(name)
        with open(self.folder / "logs" / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [binary, "--config", self.config_file, "--config", self.folder / f"{name}.yaml"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True, env=environment)

    def add_second_relay(self) -> None:
        """Another process on the same queue: what it claims is its own. Calls go to the first."""
        admin = f"127.0.0.1:{free_port()}"
        first = yaml.safe_load((self.folder / "relay.yaml").read_text())
        own = {"common": {"hostname": "second.example.test", "admin": {"relay": admin},
                          "rpc": {"listen": f"127.0.0.1:{free_port()}"}}}
        (self.folder / "relay2.yaml").write_text(yaml.safe_dump(merge(first, own)))
        self.config["common"]["admin"]["relay2"] = admin
        self.start_process("relay2")
        self.names = self.names + ["relay2"]
        self.wait_ready("relay2")

    def rpc_port(self, service: str) -> int:
        return int(self.config["common"]["rpc"]["endpoints"][service].rpartition(":")[2])


class Disk:
    """An ext4 in a file, mounted where PostgreSQL's data goes; `mounted` is false where that is not possible."""

    def __init__(self, folder: pathlib.Path, mib: int):
        self.folder, self.image = folder, folder.with_name("disk.img")
        self.filler = folder / "filler"
        folder.mkdir(parents=True, exist_ok=True)
        with open(self.image, "wb") as image:
            image.truncate(mib << 20)
        made = subprocess.run(["mkfs.ext4", "-q", "-m", "0", self.image], capture_output=True)
        mount = ["mount", "-o", "loop", self.image, folder]
        self.mounted = made.returncode == 0 and subprocess.run(mount, capture_output=True).returncode == 0
        if self.mounted:
            folder.chmod(0o755)

    def fill(self) -> None:
        with open(self.filler, "wb") as filler:
            while (free := shutil.disk_usage(self.folder).free) > 0:
                try:
                    os.posix_fallocate(filler.fileno(), os.fstat(filler.fileno()).st_size, max(free // 2, 4096))
                except OSError:
                    return

    def empty(self) -> None:
        self.filler.unlink(missing_ok=True)

    def cut_power(self) -> None:
        """As when the power goes: what was written and not synced is gone, and nothing can be written any more.

        EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, which is there for such tests; mount_again() ends it."""
        folder = os.open(self.folder, os.O_RDONLY)
        fcntl.ioctl(folder, 0x8004587D, struct.pack("I", 2))
        os.close(folder)

    def mount_again(self) -> None:
        """Once nobody has a file open there."""
        for _ in range(100):
            if subprocess.run(["umount", self.folder], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        subprocess.run(["mount", "-o", "loop", self.image, self.folder], check=True)
        self.empty()  # that it was removed may not have come to the disk

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", self.folder], check=False)


class Stage(Lab):
    """with Stage(...) as stage: the platform is up and has its accounts; stage.plan is what the load and the others need."""

    def __init__(self, users: int, imap_users: int, overlay: dict = None, binaries: dict = None, postgres: dict = None,
                 disk_mib: int = 6144, build: pathlib.Path = BUILD):
        self.sink_port = free_port()
        wanted = {
            "directory": {"argon2_memory_kib": 19456},
            # What DNS says of the load's addresses is no part of this, and there is no DNS.
            "filter": {"trusted_networks": ["127.0.0.0/8"]},
            "relay": {"routes": [{"domain": "remote.test", "kind": "smtp", "host": f"127.0.0.1:{self.sink_port}", "tls": "none"}],
                      "retry_seconds": [1, 2, 3], "lease_seconds": 10},
        }
        super().__init__("services", merge(wanted, overlay or {}))
        self.platform = ChaosPlatform(self.folder, build, "services", self.platform.overlay, random_ports=True,
                                      binaries=binaries)
        self.platform.postgres_settings = postgres or {}
        self.isolated = bool(os.environ.get(ISOLATED))
        self.disk = Disk(self.folder / "pg", disk_mib) if self.isolated else None
        self.users = [f"u{i}@{DOMAIN}" for i in range(users)]
        self.imap_users = [f"i{i}@{DOMAIN}" for i in range(imap_users)]
        self.reaper = f"reaper@{DOMAIN}"

    def __enter__(self):
        super().__enter__()
        self.platform.add_second_relay()
        names = self.users + self.imap_users + [self.reaper]
        self.cli("account", "import", "-", stdin="".join(f"{name},{PASSWORD}\n" for name in names))
        return self

    def __exit__(self, *what):
        try:
            super().__exit__(*what)
        finally:
            if self.disk:
                self.disk.close()
                shutil.rmtree(self.folder, ignore_errors=True)

    def plan(self, seed: int, journal: pathlib.Path, **more) -> dict:
        return {"seed": seed, "journal": str(journal), "ports": self.ports, "password": PASSWORD, "users": self.users,
                "imap_users": self.imap_users, "reaper": self.reaper, "watched": self.users} | more
