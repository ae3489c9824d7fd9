"""A Docker engine of its own for a scenario, in namespaces of its own: its bridges, firewall rules, mounts and processes are
gone with it, and a Docker that runs on this machine is not touched."""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from harness import wait_for

TOOLS = ["dockerd", "docker-compose", "debootstrap", "slirp4netns", "unshare", "ip"]
# Debian's own, which belongs to its dockerd; another may come first in PATH.
DOCKER = "/usr/bin/docker"
CLONE_NEWNET = 0x40000000


def why_not() -> str:
    """What keeps an engine from running here; empty if nothing does."""
    if os.geteuid() != 0:
        return "a Docker engine needs root"
    missing = [tool for tool in TOOLS if not shutil.which(tool)] + ([] if os.path.exists(DOCKER) else [DOCKER])
    if missing:
        return f"not installed: {', '.join(missing)} (tools/setup.sh test)"
    allowed = subprocess.run(["unshare", "--net", "--pid", "--fork", "--mount", "--mount-proc", "true"], capture_output=True)
    return "" if allowed.returncode == 0 else "this machine allows no new namespaces"


class Engine:
    """with Engine(data) as engine: engine.run("docker", "ps"). Images and their layers stay in `data` for the next time.

    The network reaches out (for package mirrors) until cut_off() is called."""

    def __init__(self, data: pathlib.Path):
        self.data = data
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-engine-"))
        self.socket = self.folder / "docker.sock"
        self.group = f"/{self.folder.name}"
        self.engine = self.uplink = self.world = None
        self.environment = dict(os.environ, DOCKER_HOST=f"unix://{self.socket}", DOCKER_CONFIG=str(self.folder / "config"),
                                DOCKER_BUILDKIT="0", COMPOSE_DOCKER_CLI_BUILD="0", HOME=str(self.folder),
                                PATH=f"/usr/bin:/usr/sbin:{os.environ['PATH']}")

    def __enter__(self):
        # Never in the way of the end: `timeout` and Ctrl-C stop the engine too.
        signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit(1)))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        # The resolver of the uplink below; what the machine uses may be a loopback address, which is another one in here.
        (self.folder / "resolv.conf").write_text("nameserver 10.0.2.3\n")
        begin = "ip link set lo up && mount --bind \"$0\" /etc/resolv.conf && exec \"$@\""
        log = open(self.folder / "dockerd.log", "ab")
        self.engine = subprocess.Popen(
            ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "sh", "-c", begin,
             self.folder / "resolv.conf", "dockerd", "--data-root", self.data, "--exec-root", self.folder / "exec",
             "--host", f"unix://{self.socket}", "--pidfile", self.folder / "pid", "--cgroup-parent", self.group,
             "--exec-opt", "native.cgroupdriver=cgroupfs"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()

        def up() -> bool:
            assert self.engine.poll() is None, f"dockerd ended at its start:\n{self.log()}"
            return subprocess.run([DOCKER, "info"], capture_output=True, env=self.environment).returncode == 0

        try:
            wait_for(up, 60, "dockerd")
        except AssertionError:
            print(self.log())
            raise
        self.uplink = subprocess.Popen(["slirp4netns", "--configure", "--mtu=65520", str(self.pid()), "tap0"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def pid(self) -> int:
        """Of dockerd itself, the one child of unshare."""
        return int(pathlib.Path(f"/proc/{self.engine.pid}/task/{self.engine.pid}/children").read_text().split()[0])

    def log(self) -> str:
        lines = (self.folder / "dockerd.log").read_text(errors="replace").splitlines()
        return "\n".join(line[:300] for line in lines[-25:])

    def cut_off(self) -> None:
        """From here on nothing in the engine reaches the world outside."""
        if self.uplink:
            self.uplink.terminate()
            self.uplink.wait()
            self.uplink = None

    def enter_network(self) -> None:
        """This process sees the engine's network: the ports published on 127.0.0.1 are there."""
        with open(f"/proc/{self.pid()}/ns/net") as namespace:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def add_world(self) -> tuple:
        """A host outside, in a network of its own, that listens; its address and port. It has no way back to private
        networks, as the Internet has none. Needs enter_network()."""
        begin = "ip link set lo up && read _ && ip link set world up && ip address add 198.51.100.2/24 dev world && exec \"$@\""
        serve = "import socket\ns = socket.create_server(('198.51.100.2', 25))\nprint(flush=True)\nwhile True: s.accept()[0].close()"
        self.world = subprocess.Popen(["unshare", "--net", "sh", "-c", begin, "sh", sys.executable, "-c", serve],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        own = os.stat("/proc/self/ns/net").st_ino
        wait_for(lambda: os.stat(f"/proc/{self.world.pid}/ns/net").st_ino != own, 10, "a network for the world")
        for words in (f"link add way-out type veth peer name world netns {self.world.pid}",
                      "address add 198.51.100.1/24 dev way-out", "link set way-out up"):
            subprocess.run(["ip", *words.split()], check=True)
        self.world.stdin.write(b"\n")
        self.world.stdin.flush()
        assert self.world.stdout.readline() == b"\n", "the world does not listen"
        return "198.51.100.2", 25

    def connects_from(self, container: str, address: tuple) -> subprocess.Popen:
        """Tries to connect out of a container's network; ends with 0 if that works."""
        attempt = f"import socket; socket.create_connection({address!r}, timeout=3)"
        return subprocess.Popen(["nsenter", f"--net={self.process(container) / 'ns/net'}", sys.executable, "-c", attempt],
                                stderr=subprocess.DEVNULL)

    def run(self, *words, code: int = 0, timeout: float = 300, env: dict = None, both: bool = False) -> str:
        """Standard output of a command that talks to this engine, with `both` its errors too."""
        words = [DOCKER if word == "docker" else str(word) for word in words]
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
                              env={**self.environment, **(env or {})})
        assert code is None or done.returncode == code, (
            f"{' '.join(words)}: code {done.returncode}, not {code}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout + (done.stderr if both else "")

    def inspect(self, container: str) -> dict:
        return json.loads(self.run("docker", "inspect", container))[0]

    def process(self, container: str) -> pathlib.Path:
        """/proc/PID, as this machine sees it, of a container's first process."""
        inner = self.inspect(container)["State"]["Pid"]
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                names = [line.split()[1:] for line in status.read_text().splitlines() if line.startswith("NSpid:")][0]
            except OSError:
                continue
            # Here, in the namespace of the engine, in the one of the container.
            if len(names) == 3 and names[1:] == [str(inner), "1"]:
                return status.parent
        raise AssertionError(f"{container}: process {inner} of the engine is not to be seen")

    def __exit__(self, *_):
        self.cut_off()
        if self.world:
            self.world.kill()
            self.world.wait()
        if self.engine and self.engine.poll() is None:
            try:
                os.kill(self.pid(), signal.SIGTERM)
                self.engine.wait(timeout=60)
            except (OSError, IndexError, subprocess.TimeoutExpired):
                self.engine.kill()
                self.engine.wait()
        # The processes and mounts went with the namespaces; what is left are control groups without members, and files.
        for top in [*pathlib.Path("/sys/fs/cgroup").glob(f"*{self.group}"), pathlib.Path(f"/sys/fs/cgroup{self.group}")]:
            for folder in [*sorted((p for p in top.rglob("*") if p.is_dir()), reverse=True), top]:
                if folder.is_dir():
                    folder.rmdir()
        shutil.rmtree(self.folder, ignore_errors=True)
