"""ROBUSTNESS 3, order proof: strace shows for each message that its 250 is written after a returned fdatasync of the WAL that
began after its INSERT; and shows the contrary where COMMIT does not wait for the disk."""
import pathlib
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))
from harness import Lab, main, message, wait_for
from order import may_trace, prove

MESSAGES = 200


def test_a_250_comes_after_the_fdatasync():
    with Lab() as lab:
        wrong = prove(lab, lab.platform.processes["standalone"].pid, MESSAGES, "bob@example.test")
        assert not wrong, wrong[:5]


def test_the_proof_fails_without_a_synchronous_commit():
    with Lab() as lab:
        with lab.smtp() as smtp:
            smtp.send_message(message("x@remote.test", "bob@example.test"))
        # A new session is not begun with a database like this; one that is open hears of it by a signal to the server.
        lab.platform.postgres.sql("ALTER SYSTEM SET synchronous_commit = off")
        lab.platform.postgres.sql("SELECT pg_reload_conf()")
        wait_for(lambda: lab.platform.postgres.sql("SHOW synchronous_commit") == "off")
        wrong = prove(lab, lab.platform.processes["standalone"].pid, 20, "bob@example.test")
        assert len(wrong) > 10, wrong


if why := may_trace():
    print(f"skipped: {why}")
    sys.exit(77)
main(globals())
