"""What the load, the sink, the observer and the nemesis wrote down: lines of JSON, one file for each writer.

A line is written (one write(2), appended) before what it announces is sent, or after the whole answer came, so it outlives
whatever happens to the platform or to the writer. Keys: t (time.monotonic, one clock for the whole machine), e (what).

  try   id k places out sha size   a message goes out: `places` are [user, folder], `out` addresses elsewhere
  ack   id places out              the final answer came and was good, for these
  no    id stage code text         the answer was that it may be tried again
  bad   what text                  an answer that no fault of ours excuses: 5yz, a failed login, an empty folder
  copy-try, copy-ack               id from to: a copy inside an account
  move-try, move-ack               id from to
  gone-try, gone-ack               id from: flagged \\Deleted and expunged
  flag-ack                         id from: \\Flagged is set, and stays
  sink  id to mail_id what helo    what the outside did with one recipient: 250, drop (took it, said nothing), 451, 550
  see, uid-low, uid-gone, validity an observer's summary and its finds
  fault, heal, died                fault target; the nemesis's timeline
"""
import json
import os
import pathlib
import time


class Journal:
    def __init__(self, folder: pathlib.Path, name: str):
        self.file = os.open(pathlib.Path(folder) / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, event: str, **fields) -> None:
        line = json.dumps({"t": round(time.monotonic(), 4), "e": event, **fields}, separators=(",", ":"))
        os.write(self.file, line.encode() + b"\n")


def read(folder: pathlib.Path) -> list:
    """All lines of all writers, by time. A writer that was ended in the middle of one leaves a half: it is no line."""
    lines = []
    for path in sorted(pathlib.Path(folder).glob("*.log")):
        for line in path.read_bytes().split(b"\n")[:-1]:
            lines.append(json.loads(line))
    lines.sort(key=lambda line: line["t"])
    return lines
