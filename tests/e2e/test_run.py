"""`make run` as a user calls it: start detached, status, second start, data kept, clear errors, stop."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from harness import ROOT, SmallDisk, main

import yaml

from local.data import Postgres, StartError
from local.platform import LISTENERS, SERVICES, free_port


def run(folder: pathlib.Path, *words, code: int = 0) -> str:
    done = subprocess.run([ROOT / "tools/run.py", *words], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, PP_RUN_FOLDER=str(folder / "run")))
    assert done.returncode == code, f"{words}: code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def overlay(folder: pathlib.Path, **more) -> str:
    config = {"common": {"admin": {name: f"127.0.0.1:{free_port()}" for name in ["standalone"] + SERVICES}}}
    for section, key in LISTENERS.values():
        config.setdefault(section, {})[key] = f"127.0.0.1:{free_port()}"
    for section, values in more.items():
        config.setdefault(section, {}).update(values)
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(config))
    return str(path)


def test_start_status_stop():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-run-"))
    folder.chmod(0o755)
    try:
        start = ("start", "--detach", "--config", overlay(folder))
        text = run(folder, *start)
        assert "Hello from Pennypost" in text and "alice@example.test" in text and "password" in text, text
        end = json.loads((folder / "run/endpoints.json").read_text())
        assert end["ports"]["smtp"] and end["users"][0]["password"] and pathlib.Path(end["ca_file"]).exists()
        assert "ready" in run(folder, "status")
        assert "running already" in run(folder, *start, code=1)
        assert "event" in run(folder, "logs")
        assert "stopped" in run(folder, "stop")
        for pid in end["pids"].values():
            assert not pathlib.Path(f"/proc/{pid}").exists(), "everything it started is gone"
        assert "not running" in run(folder, "status", code=3)
        # The second start keeps the data: the first message is still there.
        run(folder, *start)
        end = json.loads((folder / "run/endpoints.json").read_text())
        events = subprocess.run([end["cli"], "-o", "json", "message", "trace", "--address", "bob@example.test"],
                                capture_output=True, text=True, timeout=30).stdout
        stored = [e for e in json.loads(events)["events"] if e["kind"] == "stored"]
        assert len(stored) == 2, stored
        run(folder, "stop")
    finally:
        run(folder, "stop")
        shutil.rmtree(folder, ignore_errors=True)


def test_clear_errors():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-run-"))
    folder.chmod(0o755)
    try:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            text = run(folder, "start", "--detach", "--config", overlay(folder, ingress={"smtp": f"127.0.0.1:{port}"}), code=1)
            assert f"port {port} (smtp) cannot be opened: Address already in use" in text, text
        text = run(folder, "start", "--detach", "--config", overlay(folder, ingress={"max_erors": 3}), code=1)
        assert "unknown key ingress.max_erors" in text, text
        text = run(folder, "start", "--detach", "--config", "/nonexistent.yaml", code=1)
        assert text.strip().endswith("/nonexistent.yaml: No such file or directory"), text
        assert "Traceback" not in text
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_full_disk():
    """One clear line, and nothing is left running. A disk that is full from the start, and one that PostgreSQL fills."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-run-"))
    folder.chmod(0o755)
    try:
        with SmallDisk(folder / "run", 8) as disk:
            if not disk.mounted:
                print(f"    skipped: {disk.why}")
                return
            text = run(folder, "start", "--detach", "--config", overlay(folder), code=1)
            assert len(text.splitlines()) == 1, text
            assert text.startswith("run: the disk of ") and text.endswith("at least 200 MiB are needed\n"), text
            assert "not running" in run(folder, "status", code=3)
        with SmallDisk(folder / "pg", 20) as disk:
            try:
                Postgres(folder / "pg").start()
                raise AssertionError("PostgreSQL started on 20 MiB")
            except StartError as error:
                assert str(error).endswith(f"the disk of {folder}/pg/data is full"), error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main(globals())
