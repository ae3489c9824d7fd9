#!/usr/bin/env python3
"""Runs a command with a PostgreSQL and a Redis of its own, which are gone afterwards.

usage: with_data.py COMMAND [ARGUMENT ...]

The command finds them in PENNYPOST_TEST_DSN and PENNYPOST_TEST_REDIS.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from local.data import Postgres, Redis, StartError


def main() -> int:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pp-test-"))
    folder.chmod(0o755)
    postgres, redis = Postgres(folder / "pg"), Redis(folder / "redis")
    try:
        postgres.start()
        redis.start()
        environment = dict(os.environ, PENNYPOST_TEST_DSN=postgres.dsn, PENNYPOST_TEST_REDIS=f"unix:{redis.socket}")
        return subprocess.run(sys.argv[1:], env=environment).returncode
    except StartError as error:
        print(f"with_data: {error}", file=sys.stderr)
        return 1
    finally:
        postgres.stop()
        redis.stop()
        shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
