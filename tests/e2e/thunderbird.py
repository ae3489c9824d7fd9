"""Debian's Thunderbird, driven through Marionette: scripts of ours run inside it with all its rights."""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time

from local.platform import free_port

# Nothing of it may go to the Internet or ask a person anything.
PREFERENCES = {
    "app.donation.eoy.version.viewed": 999, "app.normandy.enabled": False, "app.update.enabled": False,
    "browser.safebrowsing.enabled": False, "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.healthreport.uploadEnabled": False, "extensions.update.enabled": False,
    "extensions.getAddons.cache.enabled": False, "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1, "mail.shell.checkDefaultClient": False, "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True, "mailnews.start_page.enabled": False, "mailnews.start_page_override.mstone": "ignore",
    "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,", "toolkit.telemetry.enabled": False, "toolkit.telemetry.server": "",
    "mail.inappnotifications.enabled": False,
}


class Thunderbird:
    """with Thunderbird(folder, preferences) as bird: bird.run("return 1 + 1") == {"value": 2}."""

    def __init__(self, folder: pathlib.Path, preferences: dict):
        self.folder, self.port = folder, free_port()
        self.preferences = {**PREFERENCES, **preferences, "marionette.port": self.port}
        self.next_id = 0

    def __enter__(self):
        profile = self.folder / "profile"
        profile.mkdir(parents=True)
        (profile / "user.js").write_text("".join(
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in self.preferences.items()))
        self.log = open(self.folder / "thunderbird.log", "wb")
        self.process = subprocess.Popen(
            ["thunderbird", "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", profile],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True,
            env=dict(os.environ, HOME=str(self.folder), MOZ_CRASHREPORTER_DISABLE="1",
                     MOZ_LOG="IMAP:4,sync", MOZ_LOG_FILE=str(self.folder / "imap.log")))
        try:
            self._connect()
        except BaseException:
            self.__exit__(None)
            raise
        return self

    def _connect(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, self.words()
                time.sleep(0.1)
        self.file = self.socket.makefile("rb")
        self._receive()  # its greeting
        self.call("WebDriver:NewSession", {})
        self.call("Marionette:SetContext", {"value": "chrome"})
        self.call("WebDriver:SetTimeouts", {"script": 30000})

    def __exit__(self, kind, *_):
        """Thunderbird ends its children with itself; what does not end by itself is ended."""
        try:
            self.call("Marionette:Quit", {"flags": ["eForceQuit"]})
            self.process.wait(timeout=15)
        except (AttributeError, OSError, AssertionError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.log.close()
        if kind:
            print(self.words())

    def imap_log(self) -> str:
        """What it and the server said so far."""
        return (self.folder / "imap.log.moz_log").read_text(errors="replace")

    def words(self) -> str:
        lines = (self.folder / "thunderbird.log").read_text(errors="replace").splitlines()
        return "\n".join(["--- thunderbird", *[line for line in lines if line and "gtk" not in line.lower()][-25:]])

    def _receive(self):
        size = b""
        while not size.endswith(b":"):
            byte = self.file.read(1)
            if not byte:
                raise ConnectionError("Thunderbird closed the connection")
            size += byte
        return json.loads(self.file.read(int(size[:-1])))

    def call(self, command: str, parameters: dict):
        self.next_id += 1
        data = json.dumps([0, self.next_id, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(data), data))
        _, number, error, value = self._receive()
        assert number == self.next_id, (number, self.next_id)
        assert error is None, f"{command}: {error['error']}: {error['message']}\n{error.get('stacktrace', '')[:800]}"
        return value

    def confirm(self, words: str) -> None:
        """Says yes to the question that Thunderbird asks; `words` are in it."""
        for _ in range(100):
            with contextlib.suppress(AssertionError):
                text = self.call("WebDriver:GetAlertText", {})["value"]
                break
            time.sleep(0.05)
        else:
            raise AssertionError(f"no question about {words}")
        assert words.lower() in text.lower(), text
        self.call("WebDriver:AcceptAlert", {})

    def run(self, script: str, *arguments):
        """What the body of an async function returns in Thunderbird; `arguments` and what tb.js defines are there."""
        prelude = (pathlib.Path(__file__).parent / "thunderbird.js").read_text()
        return self.call("WebDriver:ExecuteAsyncScript", {"args": list(arguments), "newSandbox": True, "sandbox": "system", "script": f"""
            const done = arguments[arguments.length - 1];
            (async (...args) => {{ {prelude}
{script} }})(...Array.from(arguments).slice(0, -1)).then(
                value => done({{value}}), error => done({{error: String(error) + "\\n" + (error && error.stack)}}));"""})["value"]
