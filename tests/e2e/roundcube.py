"""Debian's Roundcube on PHP's own web server: one folder holds its configuration and its database, requests are those of its pages."""
import html.parser
import http.cookiejar
import json
import os
import pathlib
import re
import secrets
import sqlite3
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from local.platform import free_port

PAGES = pathlib.Path("/var/lib/roundcube/public_html")
SETTINGS = pathlib.Path("/etc/roundcube")
TABLES = pathlib.Path("/usr/share/roundcube/SQL/sqlite.initial.sql")


class Roundcube:
    """with Roundcube(lab) as mailer: mailer.log_in(user, password)."""

    def __init__(self, lab):
        self.lab, self.folder, self.port = lab, lab.folder / "roundcube", free_port()

    def __enter__(self):
        for name in ("config", "log", "temp"):
            (self.folder / name).mkdir(parents=True)
        database = sqlite3.connect(self.folder / "database")
        database.executescript(TABLES.read_text())
        database.close()
        for name in ("defaults.inc.php", "mimetypes.php"):
            (self.folder / "config" / name).symlink_to(SETTINGS / name)
        (self.folder / "config" / "config.inc.php").write_text(self._config())
        self.output = open(self.folder / "log" / "php", "wb")
        self.process = subprocess.Popen(
            ["php", "-d", f"sys_temp_dir={self.folder}/temp", "-d", "upload_max_filesize=20M", "-d", "post_max_size=20M",
             "-d", "date.timezone=UTC", "-S", f"127.0.0.1:{self.port}", "-t", PAGES],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            env=dict(os.environ, ROUNDCUBE_CONFIG_DIR=str(self.folder / "config")))
        deadline = time.monotonic() + 60
        while True:
            try:
                Session(self.port).page(_task="login")
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__(AssertionError)
                    raise
                time.sleep(0.1)

    def __exit__(self, kind, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.output.close()
        if kind:
            print("\n".join(["--- roundcube", *(path.read_text(errors="replace")[-3000:] for path in (self.folder / "log").iterdir())]))

    def errors(self) -> str:
        """What it wrote into its own log of errors."""
        path = self.folder / "log" / "errors.log"
        return path.read_text() if path.exists() else ""

    def _config(self) -> str:
        ports = self.lab.ports
        tls = f"['ssl' => ['verify_peer' => true, 'verify_peer_name' => true, 'cafile' => '{self.lab.end['ca_file']}']]"
        return f"""<?php
$config['db_dsnw'] = 'sqlite:///{self.folder}/database?mode=0600';
$config['log_dir'] = '{self.folder}/log/';
$config['temp_dir'] = '{self.folder}/temp/';
$config['des_key'] = '{secrets.token_hex(12)}';
$config['imap_host'] = 'ssl://localhost:{ports['imaps']}';
$config['imap_conn_options'] = {tls};
$config['imap_cache'] = 'db';
$config['messages_cache'] = true;
$config['smtp_host'] = 'tls://localhost:{ports['submission']}';
$config['smtp_conn_options'] = {tls};
$config['managesieve_host'] = 'tls://localhost:{ports['sieve']}';
$config['managesieve_conn_options'] = {tls};
$config['managesieve_vacation'] = 1;
$config['plugins'] = ['managesieve', 'archive', 'markasjunk'];
$config['language'] = 'en_US';
$config['enable_spellcheck'] = false;
"""


class Session:
    """One browser: cookies, the token of its requests, forms that are filled in."""

    def __init__(self, port: int):
        self.base, self.token = f"http://127.0.0.1:{port}/", ""
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                                  urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def _open(self, request) -> bytes:
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as refused:
            if refused.code != 401:  # a wrong password: a page that says so
                raise
            with refused:
                return refused.read()

    def _url(self, words: dict) -> str:
        return f"{self.base}?{urllib.parse.urlencode(words)}"

    def bytes(self, **words) -> bytes:
        return self._open(self._url(words))

    def page(self, **words) -> str:
        return self.bytes(**words).decode()

    def log_in(self, user: str, password: str) -> str:
        form = Form(self.page(_task="login"), "_user")
        form.fill(_user=user, _pass=password)
        page = self.submit(form, _task="login")
        found = re.search(r'"request_token":"(\w+)"', page)
        self.token = found[1] if found else ""
        return page

    def submit(self, form: "Form", **words) -> str:
        """Sends a form to the page that `words` name."""
        return self._open(urllib.request.Request(self._url(words), data=urllib.parse.urlencode(form.fields).encode())).decode()

    def upload(self, name: str, data: bytes, **words) -> str:
        border = uuid.uuid4().hex
        head = f'--{border}\r\nContent-Disposition: form-data; name="_attachments[]"; filename="{name}"\r\n' \
               "Content-Type: application/octet-stream\r\n\r\n"
        return self._ajax(words, head.encode() + data + f"\r\n--{border}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={border}"})

    def get(self, **words) -> str:
        """What the scripts of a page ask for; the answer is what they are told to do."""
        return self._ajax(words, None, {})

    def post(self, fields: dict, **words) -> str:
        return self._ajax(words, urllib.parse.urlencode({**fields, "_remote": 1}, doseq=True).encode(), {})

    def _ajax(self, words: dict, data, headers: dict) -> str:
        request = urllib.request.Request(self._url({**words, "_remote": 1}), data=data, headers={**headers, "X-Roundcube-Request": self.token})
        return json.loads(self._open(request)).get("exec", "")


def calls(script: str, name: str) -> list:
    """The arguments of each this.NAME(...) in it."""
    found, decoder = [], json.JSONDecoder()
    for match in re.finditer(rf"this\.{name}\(", script):
        at, words = match.end(), []
        while script[at] != ")":
            value, at = decoder.raw_decode(script, at)
            words.append(value)
            at += script[at] == ","
        found.append(words)
    return found


class Form(html.parser.HTMLParser):
    """The form of a page that has a field of that name, as a browser would send it."""

    def __init__(self, page: str, having: str):
        super().__init__()
        self.forms, self.select, self.area = [], None, None
        self.feed(page)
        self.fields = next((form for form in self.forms if any(name == having for name, _ in form)), None)
        assert self.fields is not None, f"no form with {having} in {page[:3000]}"

    def fill(self, **values) -> None:
        self.fill_in(values)

    def fill_in(self, values: dict) -> None:
        """Values of fields by name; None takes a field out."""
        self.fields = [field for field in self.fields if field[0] not in values]
        self.fields += [(name, value) for name, value in values.items() if value is not None]

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        if tag == "form":
            self.forms.append([])
        if not self.forms:
            return
        name = has.get("name")
        if tag == "input" and name and (has.get("type") not in ("checkbox", "radio") or "checked" in has) and has.get("type") not in ("file", "submit", "button"):
            self.forms[-1].append((name, has.get("value", "on" if has.get("type") == "checkbox" else "")))
        elif tag == "textarea" and name:
            self.area = [name, ""]
        elif tag == "select" and name:
            self.select = [name, None]
        elif tag == "option" and self.select and (self.select[1] is None or "selected" in has):
            self.select[1] = has.get("value", "")

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        if tag == "textarea" and self.area:
            self.forms[-1].append(tuple(self.area))
            self.area = None
        elif tag == "select" and self.select:
            self.forms[-1].append((self.select[0], self.select[1] or ""))
            self.select = None
