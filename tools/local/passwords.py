"""Random passwords, made once and kept in a file; never a default one."""
import json
import pathlib
import secrets


def known_password(file: pathlib.Path, name: str) -> str:
    known = json.loads(file.read_text()) if file.exists() else {}
    if name not in known:
        known[name] = secrets.token_urlsafe(12)
        file.touch(mode=0o600)
        file.write_text(json.dumps(known))
    return known[name]
