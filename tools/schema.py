#!/usr/bin/env python3
"""Writes services/<owner>/sql/schema.sql: the tables that all migrations of an owner make together, to be read, never run.

usage: schema.py [--check] [BUILD]     --check: fails if a file differs

Migrates a database of its own with BUILD/bin/pennypost (build/main) and asks pg_dump.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import yaml

from local.data import Postgres, StartError, postgres_bin

HEAD = "-- Made by tools/schema.py from sql/migrations: what they make together. Not run by anything.\n\n"


def owners() -> list:
    return sorted(path.parents[1].name for path in ROOT.glob("services/*/sql/migrations"))


def dump(postgres: Postgres, owner: str) -> str:
    """What pg_dump says of the owner's tables, without what differs from release to release."""
    done = subprocess.run([postgres_bin("pg_dump"), "-h", postgres.socket, "-U", "postgres", "-d", "pennypost", "--schema-only",
                           "--no-owner", "--no-privileges", "-t", f"{owner}_*"], capture_output=True, text=True, cwd="/")
    if done.returncode != 0:
        raise StartError(done.stderr.strip())
    kept = [line for line in done.stdout.splitlines()
            if not re.match(r"(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict )", line)]
    return HEAD + re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() + "\n"


def main() -> int:
    words = sys.argv[1:]
    check = "--check" in words
    build = pathlib.Path(next((w for w in words if w != "--check"), ROOT / "build/main"))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-schema-"))
    folder.chmod(0o755)
    postgres = Postgres(folder / "pg")
    differs = []
    try:
        postgres.start()
        config = folder / "schema.yaml"
        config.write_text(yaml.safe_dump({"common": {"postgres": {"dsn": postgres.dsn}}}))
        subprocess.run([build / "bin/pennypost", "--config", config, "migrate"], check=True, stdout=subprocess.DEVNULL)
        for owner in owners():
            text, file = dump(postgres, owner), ROOT / f"services/{owner}/sql/schema.sql"
            if check and (not file.exists() or file.read_text() != text):
                differs.append(str(file.relative_to(ROOT)))
            elif not check:
                file.write_text(text)
    except (StartError, subprocess.CalledProcessError) as error:
        print(f"schema: {error}", file=sys.stderr)
        return 1
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if differs:
        print(f"schema: {', '.join(differs)} is not what the migrations make; run tools/schema.py", file=sys.stderr)
    return 1 if differs else 0


sys.exit(main())
