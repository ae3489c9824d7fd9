#!/usr/bin/python3
"""Runs the platform on this machine; `make run`, `make stop`, `make status` and `make logs` call it.

usage: run.py start [--mode standalone|services] [--config FILE] [--detach] | stop | status | logs
"""
import argparse
import email.message
import email.utils
import imaplib
import json
import os
import pathlib
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import yaml

from local.data import StartError
from local.platform import ROOT, Platform

# PostgreSQL's empty databases and its first WAL, certificates, logs.
LEAST_FREE_MIB = 200
RUN = pathlib.Path(os.environ.get("PP_RUN_FOLDER", ROOT / ".run")).resolve()


def say(text: str) -> None:
    print(f"run: {text}", flush=True)


def running_pid() -> int:
    """Of the run.py that keeps the platform up; 0 if none does."""
    try:
        pid = int((RUN / "run.pid").read_text())
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        return pid if b"run.py" in command else 0
    except (OSError, ValueError):
        return 0


def first_mail(end: dict) -> None:
    """Alice writes to bob over submission with TLS; bob reads it over IMAP."""
    users = {u["address"].split("@")[0]: u for u in end["users"]}
    if not {"alice", "bob"} <= users.keys():
        return
    alice, bob = users["alice"], users["bob"]
    context = ssl.create_default_context(cafile=end["ca_file"])
    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = alice["address"], bob["address"], "Hello from Pennypost"
    mail["Message-ID"] = email.utils.make_msgid(domain=end["domain"])
    mail.set_content("It works: this went over authenticated submission with TLS.\n")
    with smtplib.SMTP("localhost", end["ports"]["submission"], timeout=20) as smtp:
        smtp.starttls(context=context)
        smtp.login(alice["address"], alice["password"])
        smtp.send_message(mail)
    with imaplib.IMAP4_SSL("localhost", end["ports"]["imaps"], ssl_context=context, timeout=20) as imap:
        imap.login(bob["address"], bob["password"])
        deadline = time.monotonic() + 10
        found = []
        while not found and time.monotonic() < deadline:
            imap.select("INBOX")
            found = imap.search(None, "HEADER", "Message-ID", f'"{mail["Message-ID"]}"')[1][0].split()
        if not found:
            raise StartError("the first message did not arrive")
        text = imap.fetch(found[-1], "(BODY.PEEK[])")[1][0][1].decode()
    say("the first message, as bob reads it over IMAP:")
    print("\n".join("    " + line for line in text.replace("\r\n", "\n").rstrip().split("\n")), flush=True)


def print_table(end: dict) -> None:
    ports = end["ports"]
    print(f"\nPennypost is running ({end['mode']}). All of it listens on 127.0.0.1.\n")
    for name, tls in (("smtp", "STARTTLS"), ("submission", "STARTTLS"), ("submissions", "TLS"), ("lmtp", ""),
                      ("imap", "STARTTLS"), ("imaps", "TLS"), ("pop3", "STLS"), ("pop3s", "TLS"),
                      ("sieve", "STARTTLS"), ("http", "")):
        if name in ports:
            print(f"  {name:<12} {ports[name]:<6} {tls}")
    print(f"\n  status page  http://127.0.0.1:{ports.get('http', '-')}/")
    for user in end["users"]:
        print(f"  {user['address']:<24} password {user['password']}")
    print(f"\n  CA certificate  {end['ca_file']}\n  command line    {end['cli']} --help\n"
          f"  for scripts     {RUN}/endpoints.json\n", flush=True)


def check_disk() -> None:
    """A disk that fills up in the middle of the start shows in many ways; this is one line before it."""
    free = shutil.disk_usage(RUN).free >> 20
    if free < LEAST_FREE_MIB:
        raise StartError(f"the disk of {RUN} has {free} MiB free; at least {LEAST_FREE_MIB} MiB are needed")


def load_overlay(path: str) -> dict:
    try:
        overlay = yaml.safe_load(pathlib.Path(path).read_text()) or {}
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise StartError(f"{path}: not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(overlay, dict):
        raise StartError(f"{path}: must be a map of keys")
    return overlay


def keep_up(arguments, ready_fd: int = -1) -> int:
    """Starts, tells, and stays until SIGTERM or Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    overlay = load_overlay(arguments.config) if arguments.config else {}
    platform = Platform(RUN, pathlib.Path(arguments.build).resolve(), arguments.mode, overlay, say=say)
    RUN.mkdir(exist_ok=True)
    check_disk()
    (RUN / "run.pid").write_text(str(os.getpid()))
    code = 0
    try:
        platform.start()
        end = platform.endpoints()
        first_mail(end)
        print_table(end)
        if ready_fd >= 0:
            sys.stdout.flush()
            # From here on nobody reads: let go of the caller's terminal or pipe.
            log = os.open(RUN / "logs" / "run.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.write(ready_fd, b"ready")
            os.close(ready_fd)
        else:
            say("Ctrl-C stops it")
        while True:
            time.sleep(1)
            for name, process in platform.processes.items():
                if process.poll() is not None:
                    raise StartError(f"pennypost-{name} ended with code {process.returncode}; see {RUN}/logs/{name}.log")
    except KeyboardInterrupt:
        say("stopping")
    except (StartError, smtplib.SMTPException, imaplib.IMAP4.error, OSError) as error:
        print(f"run: {error}", file=sys.stderr, flush=True)
        code = 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        platform.stop()
        (RUN / "run.pid").unlink(missing_ok=True)
    if code == 0:
        say("stopped; the data stays in .run/")
    return code


def start(arguments) -> int:
    if running_pid():
        print("run: it is running already; `make stop` stops it", file=sys.stderr)
        return 1
    if not arguments.detach:
        return keep_up(arguments)
    RUN.mkdir(exist_ok=True)
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.close(read_end)
        sys.exit(keep_up(arguments, write_end))
    os.close(write_end)
    # Ready, or the pipe closes because it failed (and said why).
    return 0 if os.read(read_end, 5) == b"ready" else 1


def stop(_) -> int:
    pid = running_pid()
    if not pid:
        say("it is not running")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while running_pid() and time.monotonic() < deadline:
        time.sleep(0.1)
    if running_pid():
        print("run: it has not stopped after 60 s", file=sys.stderr)
        return 1
    say("stopped; the data stays in .run/")
    return 0


def status(_) -> int:
    if not running_pid() or not (RUN / "endpoints.json").exists():
        say("it is not running")
        return 3
    end = json.loads((RUN / "endpoints.json").read_text())
    for name, pid in end["pids"].items():
        alive = pathlib.Path(f"/proc/{pid}").exists()
        print(f"{name:<12} {'up' if alive else 'DOWN':<6} pid {pid}")
    sys.stdout.flush()
    return subprocess.run([end["cli"], "status"]).returncode


def logs(_) -> int:
    files = sorted((RUN / "logs").glob("*.log"))
    if not files:
        say("there are no logs yet")
        return 0
    return subprocess.run(["tail", "-n", "50", *(["-F"] if sys.stdout.isatty() else []), *files]).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    begin = commands.add_parser("start", help="start and stay until Ctrl-C")
    begin.add_argument("--mode", choices=["standalone", "services"], default="standalone")
    begin.add_argument("--config", default="", help="YAML laid over the defaults")
    begin.add_argument("--detach", action="store_true", help="return when everything is ready")
    begin.add_argument("--build", default=str(ROOT / "build" / "main"))
    for name, text in (("stop", "drain and stop"), ("status", "what is up"), ("logs", "the last lines, following on a terminal")):
        commands.add_parser(name, help=text)
    arguments = parser.parse_args()
    try:
        return {"start": start, "stop": stop, "status": status, "logs": logs}[arguments.command](arguments)
    except (StartError, OSError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1


sys.exit(main())
