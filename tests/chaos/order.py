"""The order of things, as the kernel saw them: a 250 is written after an fdatasync of the WAL that began after the INSERT of its
message had come to PostgreSQL, and that had returned.

strace looks at PostgreSQL and at the process that speaks SMTP at once, so its lines have one order.
"""
import pathlib
import re
import shutil
import subprocess
import time

from wire import Smtp

CALLS = "recvfrom,recvmsg,read,sendto,sendmsg,write,writev,fdatasync,fsync"


def children_of(parent: int) -> list:
    return [int(pid) for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children") for pid in task.read_text().split()]


def may_trace() -> str:
    """Empty, or why not."""
    if not shutil.which("strace"):
        return "strace is not installed"
    with subprocess.Popen(["sleep", "0.3"]) as other:
        done = subprocess.run(["strace", "-o", "/dev/null", "-p", str(other.pid)], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"strace may not look at other processes here: {done.stderr.strip()}"


class Tracer:
    def __init__(self, pids: list, log: pathlib.Path):
        self.log = log
        words = ["strace", "-f", "-y", "-s", "8192", "-e", f"trace={CALLS}", "-o", log]
        for pid in pids:
            words += ["-p", str(pid)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in pids:
            line = self.process.stderr.readline()
            assert "attached" in line, f"strace: {line}"

    def stop(self) -> list:
        self.process.terminate()
        self.process.communicate(timeout=30)
        return self.log.read_text(errors="replace").splitlines()


def judge(lines: list, smtp_threads: set, count: int) -> list:
    """The messages whose 250 is not after their fdatasync, and why."""
    inserted, answered, syncs, begun = {}, {}, [], {}
    for number, line in enumerate(lines):
        pid, _, rest = line.partition(" ")
        rest = rest.lstrip()
        if pid not in smtp_threads and (marker := re.search(r"order-(\d+)-body", rest)):
            inserted.setdefault(int(marker[1]), number)
        if rest.startswith("fdatasync(") and "pg_wal" in rest:
            if "<unfinished" in rest:
                begun[pid] = number
            else:
                syncs.append((number, number))
        elif rest.startswith("<... fdatasync resumed") and pid in begun:
            syncs.append((begun.pop(pid), number))
        elif pid in smtp_threads and re.match(r"(sendto|sendmsg|write|writev)\(.*250 2\.0\.0 accepted as", rest):
            answered[len(answered)] = number
    wrong = []
    for i in range(count):
        if i not in answered:
            wrong.append(f"message {i}: strace saw no 250")
        elif i not in inserted or inserted[i] > answered[i]:
            wrong.append(f"message {i}: its 250 was written before PostgreSQL had its INSERT")
        elif not any(inserted[i] < begin and end < answered[i] for begin, end in syncs):
            wrong.append(f"message {i}: its 250 was written without an fdatasync of the WAL between its INSERT and the answer")
    return wrong


def prove(lab, smtp_pid: int, count: int, recipient: str) -> list:
    """One message after the other; what judge() says of them."""
    postmaster = lab.platform.postgres.process.pid
    smtp = Smtp(lab.ports["smtp"])
    # Connections of the pools are there after the first one.
    smtp.deliver("x@remote.test", [recipient], b"Subject: first\r\n\r\nx\r\n")
    tracer = Tracer([smtp_pid, postmaster, *children_of(postmaster)], lab.folder / "order.strace")
    for i in range(count):
        smtp.deliver("x@remote.test", [recipient], b"Subject: order\r\n\r\norder-%d-body\r\n" % i)
    smtp.close()
    time.sleep(0.2)
    threads = {path.name for path in pathlib.Path(f"/proc/{smtp_pid}/task").iterdir()}
    return judge(tracer.stop(), threads, count)
