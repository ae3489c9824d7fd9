"""services/*/sql/schema.sql says what the migrations make."""
import subprocess

from harness import ROOT, main


def test_schema_files():
    done = subprocess.run([ROOT / "tools/schema.py", "--check"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


main(globals())
