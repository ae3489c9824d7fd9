"""A program of Node.js that does one step after the other, as a scenario tells it: what it needs of npm is in build/e2e/npm."""
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time

from harness import ROOT

MODULES = ROOT / "build" / "e2e" / "npm" / "node_modules"


class Node:
    """with Node("x.js", settings) as node: node.step("name", argument) == what that function of x.js returns."""

    def __init__(self, script: str, settings: dict, seconds: float = 120):
        self.script, self.settings, self.seconds = pathlib.Path(__file__).parent / "npm" / script, settings, seconds

    def __enter__(self):
        assert MODULES.is_dir(), f"{MODULES} is not there; run tools/setup.sh test"
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["node", self.script, json.dumps(self.settings)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, env=dict(os.environ, NODE_PATH=str(MODULES)))
        self.answers = b""
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def step(self, name: str, *arguments):
        self.process.stdin.write(json.dumps([name, *arguments]).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self._line(name))
        assert "error" not in answer, f"{name}: {answer['error']}"
        return answer.get("value")

    def _line(self, name: str) -> bytes:
        deadline = time.monotonic() + self.seconds
        while b"\n" not in self.answers:
            left = deadline - time.monotonic()
            assert left > 0, f"{name} has no end after {self.seconds} s\n{self._words()}"
            if select.select([self.process.stdout], [], [], left)[0]:
                piece = os.read(self.process.stdout.fileno(), 65536)
                assert piece, f"{self.script.name} ended in {name}\n{self._words()}"
                self.answers += piece
        line, self.answers = self.answers.split(b"\n", 1)
        return line

    def _words(self) -> str:
        self.errors.seek(0)
        return self.errors.read()[-3000:].decode(errors="replace")
