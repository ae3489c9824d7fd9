"""A private PostgreSQL and a private Redis: own folders, unix sockets, no system service touched."""
import errno
import glob
import os
import pathlib
import pwd
import shutil
import subprocess
import time


class StartError(Exception):
    """One clear line for people."""


def postgres_bin(name: str) -> str:
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda p: float(p.split("/")[4]))
    if not found:
        raise StartError("PostgreSQL is not installed; run tools/setup.sh run")
    return found[-1]


def _as_user() -> list:
    """PostgreSQL refuses to run as root: as root it runs as the user its package made."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]


def _reachable(path: pathlib.Path) -> bool:
    """Whether every folder above lets other users through."""
    return all(p.stat().st_mode & 0o001 for p in path.resolve().parents)


def _tail(path: pathlib.Path, lines: int = 3) -> str:
    try:
        return " | ".join(path.read_text(errors="replace").strip().splitlines()[-lines:])
    except OSError:
        return "no log"


def _in_words(text: str, folder: pathlib.Path) -> str:
    """What a failed program said, in one line; a full disk by its name."""
    if os.strerror(errno.ENOSPC) in text:
        return f"the disk of {folder} is full"
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


# A server process gives the memory of each statement back to the kernel and takes it again with the next one, page by page: a sixth of
# what a delivery costs it. This much it may keep.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(8 << 20), "MALLOC_TRIM_THRESHOLD_": str(16 << 20), "MALLOC_TOP_PAD_": str(1 << 20)}


class Postgres:
    """One server in `folder`; `socket` is where libpq finds it. Data of an earlier start is kept."""

    def __init__(self, folder: pathlib.Path, settings: dict = None):
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings or {}
        if os.geteuid() == 0 and not _reachable(folder / "x"):
            # The user `postgres` cannot get there (a clone below /root, say): the data stands beside, a link shows where.
            other = pathlib.Path("/var/tmp") / ("pennypost-" + str(folder).strip("/").replace("/", "-"))
            other.mkdir(exist_ok=True)
            link = folder / "elsewhere"
            if not link.is_symlink():
                link.symlink_to(other)
            folder = other
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "postgres.log"
        self.process = None
        # A unix socket's path has 107 bytes at most (unix(7)).
        self.socket = folder if len(str(folder)) < 80 else pathlib.Path("/tmp") / f"pp-{os.getpid()}-{id(self):x}"
        if os.geteuid() == 0:
            uid = pwd.getpwnam("postgres").pw_uid
            os.chown(folder, uid, -1)
        self.socket.mkdir(exist_ok=True, mode=0o755)

    @property
    def dsn(self) -> str:
        return f"host={self.socket} port=5432 user=postgres dbname=pennypost"

    def start(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            shutil.rmtree(self.data, ignore_errors=True)
            made = subprocess.run(
                _as_user() + [postgres_bin("initdb"), "-D", self.data, "-U", "postgres", "--auth=trust", "-E", "UTF8",
                              "--locale=C.UTF-8", "--data-checksums", "--no-instructions"],
                capture_output=True, text=True, cwd="/")
            if made.returncode != 0:
                raise StartError(f"PostgreSQL cannot make its data folder {self.data}: {_in_words(made.stderr, self.data)}")
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.socket), "unix_socket_permissions": "0777",
                    "max_connections": "100", "shared_buffers": "128MB", "wal_compression": "lz4",
                    "max_wal_size": "2GB", "checkpoint_timeout": "10min", "jit": "off", "logging_collector": "off",
                    "log_checkpoints": "off", **self.settings}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        (self.data / "postmaster.pid").unlink(missing_ok=True) if not self._alive() else None
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                _as_user() + [postgres_bin("postgres"), "-D", self.data] + options, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, cwd="/", start_new_session=True, env={**os.environ, **_MALLOC})
        self.wait_ready()
        self._create_database()

    def _alive(self) -> bool:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
            return True
        except (OSError, ValueError, IndexError):
            return False

    def _psql(self, database: str, sql: str) -> subprocess.CompletedProcess:
        return subprocess.run([postgres_bin("psql"), "-h", self.socket, "-U", "postgres", "-d", database, "-Atqc", sql],
                              capture_output=True, text=True, cwd="/")

    def sql(self, sql: str) -> str:
        done = self._psql("pennypost", sql)
        if done.returncode != 0:
            raise StartError(done.stderr.strip())
        return done.stdout.strip()

    def wait_ready(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._psql("postgres", "SELECT 1").returncode == 0:
                return
            if self.process.poll() is not None:
                raise StartError(f"PostgreSQL ended at its start: {_in_words(_tail(self.log), self.data)}")
            time.sleep(0.05)
        raise StartError(f"PostgreSQL is not ready after 60 s: {_tail(self.log)}")

    def _create_database(self) -> None:
        if self._psql("postgres", "SELECT 1 FROM pg_database WHERE datname = 'pennypost'").stdout.strip() != "1":
            made = self._psql("postgres", "CREATE DATABASE pennypost")
            if made.returncode != 0:
                raise StartError(f"PostgreSQL cannot make the database: {_in_words(made.stderr, self.data)}")

    def stop(self, how: str = "INT") -> None:
        """INT: fast shutdown; QUIT: at once, as in a crash."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(__import__("signal").Signals[f"SIG{how}"])
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.socket.name.startswith("pp-"):
            shutil.rmtree(self.socket, ignore_errors=True)


class Redis:
    """One server in `folder`, on a unix socket, without persistence: nothing in it matters after a restart."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "redis.log"
        self.socket = self.folder / "redis.sock"
        if len(str(self.socket)) > 100:
            self.socket = pathlib.Path(f"/tmp/pp-redis-{os.getpid()}-{id(self):x}.sock")
        self.process = None

    def start(self) -> None:
        binary = shutil.which("redis-server") or "/usr/bin/redis-server"
        if not os.path.exists(binary):
            raise StartError("Redis is not installed; run tools/setup.sh run")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [binary, "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700", "--save", "",
                 "--appendonly", "no", "--dir", self.folder],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            done = subprocess.run(["redis-cli", "-s", self.socket, "ping"], capture_output=True, text=True)
            if done.stdout.strip() == "PONG":
                return
            if self.process.poll() is not None:
                raise StartError(f"Redis ended at its start: {_tail(self.log)}")
            time.sleep(0.05)
        raise StartError(f"Redis is not ready after 20 s: {_tail(self.log)}")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.socket.unlink(missing_ok=True)
