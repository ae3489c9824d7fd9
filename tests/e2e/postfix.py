"""A Postfix of Debian's, configured and run in a folder of its own, as the other side of SMTP."""
import grp
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

from local.platform import free_port


class Postfix:
    """Takes mail for `domains` into Maildirs under the folder, and sends to `next_hop` (host, port).

    `services`: lines for master.cf."""

    def __init__(self, folder: pathlib.Path, domains: list, next_hop: tuple, extra: dict = None, services: list = None):
        self.services = services or []
        self.folder, self.domains, self.next_hop, self.extra = folder, domains, next_hop, extra or {}
        self.port = free_port()
        self.config, self.queue, self.data, self.mail = (folder / n for n in ("etc", "spool", "data", "mail"))
        self.process = None

    def start(self) -> None:
        for path in (self.folder, self.config, self.queue, self.data, self.mail):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
        postfix = pwd.getpwnam("postfix")
        nobody = pwd.getpwnam("nobody")
        os.chown(self.data, postfix.pw_uid, -1)
        os.chown(self.mail, nobody.pw_uid, nobody.pw_gid)
        shutil.copy("/etc/postfix/postfix-files", self.config)
        for name in ("dynamicmaps.cf",):
            if pathlib.Path("/etc/postfix", name).exists():
                shutil.copy(f"/etc/postfix/{name}", self.config)
        settings = {
            "compatibility_level": "3.6", "queue_directory": self.queue, "data_directory": self.data, "mail_owner": "postfix",
            "setgid_group": "postdrop", "command_directory": "/usr/sbin", "daemon_directory": "/usr/lib/postfix/sbin",
            "myhostname": "postfix.test", "mydestination": "", "mynetworks": "127.0.0.0/8", "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4", "virtual_mailbox_domains": ", ".join(self.domains), "virtual_mailbox_base": self.mail,
            "virtual_mailbox_maps": "static:box/", "virtual_uid_maps": f"static:{nobody.pw_uid}", "virtual_gid_maps": f"static:{nobody.pw_gid}",
            "virtual_minimum_uid": 1, "virtual_transport": "virtual", "maillog_file": self.folder / "postfix.log",
            "maillog_file_prefixes": self.folder, "relayhost": f"[{self.next_hop[0]}]:{self.next_hop[1]}",
            "smtp_tls_security_level": "may", "smtputf8_enable": "yes", "message_size_limit": 50000000,
            "strict_smtputf8": "no", "smtp_host_lookup": "native", "disable_dns_lookups": "yes", **self.extra,
        }
        (self.config / "main.cf").write_text("".join(f"{k} = {v}\n" for k, v in settings.items()))
        master = pathlib.Path("/etc/postfix/master.cf")
        lines = (master if master.exists() else pathlib.Path("/usr/share/postfix/master.cf.dist")).read_text().splitlines()
        kept = [line for line in lines if not line.startswith(("smtp      inet", "#"))]
        # No chroot: the folder holds no copies of libraries.
        kept = [" ".join(w if i != 4 else "n" for i, w in enumerate(line.split())) if line[:1] not in (" ", "\t") and len(line.split()) >= 8 else line
                for line in kept]
        self.master = [f"127.0.0.1:{self.port} inet n - n - - smtpd"] + kept + self.services
        if not any(line.startswith("postlog") for line in kept):
            self.master.append("postlog unix-dgram n - n - 1 postlogd")
        (self.config / "master.cf").write_text("\n".join(self.master) + "\n")
        self._command("set-permissions", check=False)
        self._command("check", check=False)
        with open(self.folder / "start.log", "wb") as log:
            self.process = subprocess.Popen(["/usr/lib/postfix/sbin/master", "-c", self.config, "-d"], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, self.log()
            time.sleep(0.1)
        raise AssertionError("Postfix does not listen: " + self.log())

    def _command(self, word: str, check: bool = True) -> None:
        done = subprocess.run(["postfix", "-c", self.config, word], capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, done.stderr

    def log(self) -> str:
        return "\n".join(p.read_text(errors="replace")[-3000:] for p in (self.folder / "start.log", self.folder / "postfix.log") if p.exists())

    def messages(self) -> list:
        return [p.read_bytes() for p in sorted((self.mail / "box").glob("new/*"))]

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
