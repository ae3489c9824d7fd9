"""What docker-compose.yml needs before its services start: certificates, passwords, one small configuration each.

usage: setup.py             makes what is not there yet; passwords are shown when they are made
       setup.py ca          prints the certificate of the authority, for mail programs
       setup.py passwords   prints the first passwords of the demo accounts again

Each folder below is a volume that only those containers see who need it; the authority's key stays in `authority`.
"""
import os
import pathlib
import secrets
import shutil
import sys

import yaml

from local import certs
from local.data import StartError
from local.passwords import known_password
from local.platform import DEMO_DOMAIN, DEMO_USERS, SERVICES

RUN = pathlib.Path(os.environ.get("PENNYPOST_RUN", "/run/pennypost"))
AUTHORITY, IDENTITY, DATABASE, CACHE, ACCOUNTS = (
    RUN / name for name in ("authority", "identity", "database", "cache", "accounts"))
PASSWORDS = ACCOUNTS / "passwords.json"
NAMES = SERVICES + ["standalone", "cli"]
WITH_DATABASE = {"directory", "mailbox", "relay", "standalone", "cli"}
WITH_REDIS = {"filter", "relay", "standalone"}
WITH_ACCOUNTS = {"directory", "standalone"}


def write(path: pathlib.Path, text: str, mode: int) -> None:
    """Whole or not at all, and only if it changes: services read these files while this runs at a later start."""
    if path.exists() and path.read_text() == text:
        return
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
    new.replace(path)


def make_identities() -> None:
    certs.make_all(AUTHORITY, DEMO_DOMAIN, NAMES)
    for path in sorted(AUTHORITY.glob("*.pem")) + sorted(AUTHORITY.glob("*.key")):
        if path.name != "ca.key":
            write(IDENTITY / path.name, path.read_text(), 0o600 if path.suffix == ".key" else 0o644)


def make_data_passwords() -> None:
    """The data services run as users of their own, who must read them: what protects them is who mounts the volume."""
    if not (DATABASE / "password").exists():
        write(DATABASE / "password", secrets.token_urlsafe(24), 0o644)
    password = (DATABASE / "password").read_text()
    write(DATABASE / "dsn", f"host=postgres user=postgres dbname=pennypost password={password}", 0o644)
    if not (CACHE / "password").exists():
        write(CACHE / "password", secrets.token_urlsafe(24), 0o644)
    # Nothing in Redis matters after a restart.
    write(CACHE / "redis.conf", f"requirepass {(CACHE / 'password').read_text()}\n"
          'save ""\nappendonly no\ndir /tmp\nmaxmemory 128mb\nmaxmemory-policy allkeys-lru\n', 0o644)


def make_accounts() -> list:
    """The demo users as the configuration names them."""
    first = not PASSWORDS.exists()
    users = []
    for user in DEMO_USERS:
        file = ACCOUNTS / user
        write(file, known_password(PASSWORDS, user), 0o600)
        users.append({"address": f"{user}@{DEMO_DOMAIN}", "password_file": str(file)})
    if first:
        print("setup: the demo accounts and their passwords; `setup passwords` shows them again")
        print_passwords()
    return users


def make_configurations(users: list) -> None:
    for name in NAMES:
        common = {"rpc": {"certificate_file": str(IDENTITY / f"{name}.pem"), "key_file": str(IDENTITY / f"{name}.key")}}
        if name in WITH_DATABASE:
            common["postgres"] = {"dsn_file": str(DATABASE / "dsn")}
        if name in WITH_REDIS:
            common["redis"] = {"password_file": str(CACHE / "password")}
        config = {"common": common}
        if name in WITH_ACCOUNTS:
            config["directory"] = {"domains": [DEMO_DOMAIN], "users": users}
        write(IDENTITY / f"{name}.yaml", yaml.safe_dump(config), 0o644)


def print_passwords() -> None:
    for user in DEMO_USERS:
        print(f"{user}@{DEMO_DOMAIN} {known_password(PASSWORDS, user)}")


def main() -> int:
    command = sys.argv[1] if len(sys.argv) > 1 else "make"
    try:
        if command == "make":
            make_identities()
            make_data_passwords()
            make_configurations(make_accounts())
        elif command not in ("ca", "passwords"):
            print(__doc__, file=sys.stderr)
            return 2
        elif not PASSWORDS.exists():
            raise StartError("nothing is made yet; start the composition first")
        elif command == "ca":
            print((IDENTITY / "ca.pem").read_text(), end="")
        else:
            print_passwords()
    except (StartError, OSError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
