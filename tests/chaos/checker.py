"""Compares what was promised with what is there. Shares nothing with the services but SHA-256.

The names of the checks are those of the invariants (docs/chaos.md): each holds a list of findings, and an empty one is good.
"""
import collections
import hashlib
import re
from dataclasses import dataclass, field

from wire import Imap, Refused

# A second copy of a message at the outside is no fault where the worker that sent the first was disturbed before it can
# have stored the answer; it has this long for that.
STORE_SECONDS = 5

CHECKS = {
    "I-1": "acknowledged and not where it should be",
    "I-2": "where it should not be",
    "I-3": "twice from one acceptance",
    "I-4": "more copies than attempts",
    "I-5": "in some of its mailboxes only",
    "I-6": "bodies or sizes that differ, or cannot be read",
    "I-7": "UID below one seen, UIDVALIDITY changed",
    "I-8": "outbound: neither delivered nor bounced, or both",
    "I-9": "outbound: delivered twice without a reason",
    "I-10": "answers that no fault of ours excuses",
    "I-11": "stuck at the end",
    "I-13": "internal: orphans and leases that nobody holds",
    "I-14": "came back, went away, or lost a flag",
    "I-15": "crashes",
}


@dataclass
class Copy:
    user: str
    folder: str
    uid: int
    flags: str
    id: str
    mail_id: str
    sha: str
    size_differs: bool = False
    unreadable: str = ""  # what the server said instead; `uid` is the sequence number then
    about: str = ""  # of a bounce: the id of what was returned
    failed: list = field(default_factory=list)


@dataclass
class Message:
    sha: str
    kind: str
    attempts: int = 0
    acknowledged: bool = False
    first_try: bool = False  # acknowledged before it was ever tried again
    low: dict = field(default_factory=dict)  # (user, folder) -> copies at least
    high: dict = field(default_factory=dict)
    together: list = field(default_factory=list)  # places that hold exactly one copy among them
    out: list = field(default_factory=list)
    out_acknowledged: set = field(default_factory=set)
    flagged: set = field(default_factory=set)


def read_store(stage, password: str = "chaos-secret") -> list:
    """Every copy of every mailbox, over IMAP."""
    copies = []
    for user in stage.users + stage.imap_users:
        imap = Imap(stage.ports["imaps"], user, password)
        for folder in imap.folders():
            _, exists = imap.select(f'"{folder}"', "EXAMINE")
            for first in range(1, exists + 1, 200):
                copies += read_some(imap, user, folder, first, min(first + 199, exists))
        imap.close()
    return copies


def read_some(imap: Imap, user: str, folder: str, first: int, last: int) -> list:
    try:
        answers = imap.ask(f"FETCH {first}:{last} (UID FLAGS RFC822.SIZE BODY.PEEK[])")
        return [to_copy(user, folder, parts) for parts in answers[:-1] if len(parts) > 1]
    except Refused as refused:
        if first == last:
            return [Copy(user, folder, first, "", "", "", "", unreadable=refused.text)]
        middle = (first + last) // 2
        return read_some(imap, user, folder, first, middle) + read_some(imap, user, folder, middle + 1, last)


def to_copy(user: str, folder: str, parts: list) -> Copy:
    line, content = parts[0], parts[1]
    head, _, body = content.partition(b"\r\n\r\n")
    line += parts[2]
    key = re.search(rb"(?mi)^Message-ID: <([^@>]+)@chaos\.test>", head)
    # The lowest: of who took it from the load. Others add theirs above when they hand it on.
    received = re.findall(rb"(?m)^Received: [^;]*?\bid ([0-9A-Za-z-]+)", head)
    size = int(re.search(rb"RFC822\.SIZE (\d+)", line)[1])
    copy = Copy(user, folder, int(re.search(rb"\bUID (\d+)", line)[1]), re.search(rb"FLAGS \(([^)]*)\)", line)[1].decode(),
                key[1].decode() if key else "", received[-1].decode() if received else "", hashlib.sha256(body).hexdigest(),
                size != len(content))
    if not key and b"multipart/report" in head:
        about = re.search(rb"(?mi)^Message-ID: <([^@>]+)@chaos\.test>", body)
        copy.about = about[1].decode() if about else ""
        blocks = re.findall(rb"(?mi)^Final-Recipient: rfc822; ?(\S+)\r\n(?:[^\r\n]+\r\n)*?Action: failed", body)
        copy.failed = [b.decode() for b in blocks]
    return copy


def internal_state(stage) -> list:
    """What the services' own tables must not hold once all is quiet."""
    sql = stage.platform.postgres.sql
    asked = {
        "emails without content": "SELECT count(*) FROM mailbox_emails e WHERE NOT EXISTS "
                                  "(SELECT 1 FROM mailbox_blobs b WHERE b.blob_id = e.blob_id)",
        "content without emails": "SELECT count(*) FROM mailbox_blobs b WHERE NOT EXISTS "
                                  "(SELECT 1 FROM mailbox_emails e WHERE e.blob_id = b.blob_id) AND NOT EXISTS "
                                 "(SELECT 1 FROM mailbox_loose_blobs l WHERE l.blob_id = b.blob_id)",
        "messages without an email": "SELECT count(*) FROM mailbox_messages m WHERE NOT EXISTS (SELECT 1 FROM mailbox_emails e "
                                     "WHERE e.account_id = m.account_id AND e.email_id = m.email_id)",
        "leases that ran out": "SELECT count(*) FROM relay_deliveries WHERE state = 'leased' AND lease_until < now()",
        "mailboxes that count wrongly": "SELECT count(*) FROM mailbox_mailboxes b WHERE messages <> (SELECT count(*) FROM "
                                        "mailbox_messages m WHERE m.account_id = b.account_id AND m.mailbox_id = b.mailbox_id)",
    }
    return [f"{count} {name}" for name, text in asked.items() if (count := sql(text)) != "0"]


def promises(lines: list) -> dict:
    """What the journals say about each message."""
    messages = {}
    for line in lines:
        event, key = line["e"], line.get("id")
        if event == "try":
            message = messages.setdefault(key, Message(line["sha"], line["k"], out=line["out"]))
            message.attempts += 1
            for place in map(tuple, line["places"]):
                message.high[place] = message.high.get(place, 0) + 1
                message.low.setdefault(place, 0)
        elif event == "ack":
            message = messages[key]
            message.acknowledged, message.first_try = True, message.attempts == 1
            for place in map(tuple, line["places"]):
                message.low[place] = 1
            message.out_acknowledged.update(line["out"])
        elif event in ("copy-try", "copy-ack", "move-try", "move-ack", "gone-try", "gone-ack"):
            change(messages[key], event, tuple(line["from"]), tuple(line.get("to", ())))
        elif event == "flag-ack":
            messages[key].flagged.add(tuple(line["from"]))
    return messages


def change(message: Message, event: str, source: tuple, target: tuple) -> None:
    if event == "copy-try":
        message.high[target] = message.high.get(target, 0) + 1
        message.low.setdefault(target, 0)
    elif event == "copy-ack":
        message.low[target] += 1
    elif event == "move-try":  # until the answer comes: here or there
        message.low[source], message.low[target], message.high[target] = 0, 0, 1
        message.together = [source, target]
    elif event == "move-ack":
        message.high[source], message.low[target], message.together = 0, 1, []
    elif event == "gone-try":
        message.low[source] = 0
    elif event == "gone-ack":
        message.high[source] = 0


class Verdict:
    def __init__(self):
        self.found = {name: [] for name in CHECKS}
        self.numbers = collections.Counter()

    def say(self, check: str, text: str) -> None:
        self.found[check].append(text)


def check(lines: list, copies: list, stuck: dict, internal: list) -> dict:
    verdict = Verdict()
    messages = promises(lines)
    by_id = collections.defaultdict(list)
    for copy in copies:
        if copy.unreadable:
            verdict.say("I-6", f"message {copy.uid} of {copy.user} {copy.folder} cannot be read: {copy.unreadable}")
        else:
            by_id[copy.id].append(copy)
    check_places(verdict, messages, by_id)
    check_bounces(verdict, messages, lines, by_id.pop("", []))
    check_outside(verdict, messages, lines)
    check_lines(verdict, lines)
    verdict.found["I-11"] += [f"{count} {state}" for state, count in stuck.items()]
    verdict.found["I-13"] += internal
    count(verdict, messages, lines, copies)
    return {"checks": verdict.found, "numbers": dict(verdict.numbers)}


def check_places(verdict: Verdict, messages: dict, by_id: dict) -> None:
    for key, copies in by_id.items():
        if key and key not in messages:
            verdict.say("I-2", f"{key} was never sent, and is in {copies[0].user} {copies[0].folder}")
    for key, message in messages.items():
        copies = by_id.get(key, [])
        there = collections.Counter((c.user, c.folder) for c in copies)
        for copy in copies:
            if copy.sha != message.sha:
                verdict.say("I-6", f"{key} in {copy.user} {copy.folder} UID {copy.uid}: the body differs")
            if copy.size_differs:
                verdict.say("I-6", f"{key} in {copy.user} {copy.folder} UID {copy.uid}: RFC822.SIZE is not its size")
        for place in set(there) | set(message.low):
            check_place(verdict, key, message, place, there[place])
        if message.together and sum(there[place] for place in message.together) != 1:
            verdict.say("I-1", f"{key}: a MOVE without an answer left {[there[p] for p in message.together]} copies")
        check_acceptances(verdict, key, message, copies)
        for copy in copies:
            if (copy.user, copy.folder) in message.flagged and "\\Flagged" not in copy.flags:
                verdict.say("I-14", f"{key} in {copy.user} {copy.folder}: \\Flagged is gone")


def check_place(verdict: Verdict, key: str, message: Message, place: tuple, count_there: int) -> None:
    where = " ".join(place)
    if place not in message.low:
        return verdict.say("I-2", f"{key} is in {where}")
    if count_there < message.low[place]:
        return verdict.say("I-1", f"{key} ({message.kind}) is not in {where}")
    if count_there > message.high[place]:
        check_name = "I-14" if message.high[place] == 0 else "I-4"
        return verdict.say(check_name, f"{key} is {count_there} times in {where}, at most {message.high[place]} were asked for")
    if count_there > 1 and message.kind != "append":
        verdict.numbers["doubled by a retry (SMTP allows it)"] += count_there - 1
    return None


def check_acceptances(verdict: Verdict, key: str, message: Message, copies: list) -> None:
    """Each acceptance has an id of its own, in Received: one copy a mailbox, and all of its mailboxes."""
    if message.kind == "append":
        return
    places = {place for place in message.low if place[1] == "INBOX"}
    accepted = collections.defaultdict(collections.Counter)
    for copy in copies:
        accepted[copy.mail_id][(copy.user, copy.folder)] += 1
    for mail_id, there in accepted.items():
        for place, times in there.items():
            if times > 1:
                verdict.say("I-3", f"{key} is {times} times in {' '.join(place)} from the one acceptance {mail_id}")
        if set(there) != places and not set(there) - places:
            missing = sorted(place[0] for place in places - set(there))
            verdict.say("I-5", f"{key}, accepted as {mail_id}, is not with {' '.join(missing)}")


def check_bounces(verdict: Verdict, messages: dict, lines: list, reports: list) -> None:
    bounces = collections.Counter()
    for report in reports:
        if report.about not in messages:
            verdict.say("I-2", f"a message without an id of ours is in {report.user} {report.folder} UID {report.uid}")
        for recipient in report.failed:
            bounces[report.about, recipient] += 1
    taken = collections.Counter((line["id"], line["to"]) for line in lines if line["e"] == "sink")
    for key, message in messages.items():
        for recipient in message.out:
            delivered, bounced = taken[key, recipient], bounces[key, recipient]
            if recipient in message.out_acknowledged and not delivered and not bounced:
                verdict.say("I-8", f"{key} for {recipient}: neither delivered nor bounced")
            if delivered and bounced:
                verdict.say("I-8", f"{key} for {recipient}: delivered and bounced")
            if bounced > message.attempts:
                verdict.say("I-8", f"{key} for {recipient}: {bounced} bounces")
    verdict.numbers["bounces"] = sum(bounces.values())


def check_outside(verdict: Verdict, messages: dict, lines: list) -> None:
    """A second delivery of one acceptance has a reason, or is a fault."""
    deliveries = collections.defaultdict(list)
    for line in lines:
        if line["e"] != "sink":
            continue
        deliveries[line["id"], line["to"], line["mail_id"]].append(line)
        if line["id"] in messages and line["sha"] != messages[line["id"]].sha:
            verdict.say("I-6", f"{line['id']} for {line['to']}: the body differs")
    troubles = spans_of_trouble(lines)
    for (key, recipient, mail_id), taken in deliveries.items():
        verdict.numbers["delivered outside"] += 1
        for first, second in zip(taken, taken[1:]):
            worker = "relay2" if first["helo"].startswith("second") else "relay"
            reasons = [name for name, begin, end in troubles
                       if name in (worker, "all", "postgres", "directory") and begin < first["t"] + STORE_SECONDS and end > first["t"]]
            if first["what"] == "drop" or reasons:
                verdict.numbers["delivered outside again (RFC 1047 allows it)"] += 1
            else:
                verdict.say("I-9", f"{key} for {recipient}, accepted as {mail_id}: again after {second['t'] - first['t']:.1f} s, "
                            f"though {worker} was well and had its answer")


def spans_of_trouble(lines: list) -> list:
    """(target, begin, end) of each fault; the end is when what it held up has had time to pass."""
    spans, open_faults = [], {}
    for line in lines:
        if line["e"] == "fault":
            open_faults[line["fault"], line["target"]] = line["t"]
        elif line["e"] == "heal":
            begin = open_faults.pop((line["fault"], line["target"]), line["t"])
            spans.append((line["target"], begin - 0.1, line["t"] + STORE_SECONDS))
    return spans


def check_lines(verdict: Verdict, lines: list) -> None:
    for line in lines:
        event = line["e"]
        if event == "bad":
            verdict.say("I-10", f"{line['what']}: {line['text']}")
        elif event == "uid-low":
            verdict.say("I-7", f"{line['user']} {line['folder']}: UIDs {line['uids']} came after {line['seen']} was seen")
        elif event == "validity":
            verdict.say("I-7", f"{line['user']} {line['folder']}: UIDVALIDITY {line['was']} became {line['now']}")
        elif event == "uid-gone":
            verdict.say("I-14", f"{line['user']} {line['folder']}: UIDs {line['uids']} are gone")
        elif event == "died":
            verdict.say("I-15", f"{line['target']} ended by signal {-line['code']}")


def count(verdict: Verdict, messages: dict, lines: list, copies: list) -> None:
    numbers = verdict.numbers
    for message in messages.values():
        state = "acknowledged" if message.acknowledged else "maybe"
        numbers[state] += 1
        numbers[f"{state} {message.kind}"] += 1
    numbers["places acknowledged"] = sum(sum(m.low.values()) + len(m.out_acknowledged) for m in messages.values())
    numbers["copies read"] = len(copies)
    numbers["told to come again"] = sum(line["e"] == "no" for line in lines)
    numbers["looks of the observer"] = sum(line.get("looks", 0) for line in lines)
    for line in lines:
        if line["e"] in ("copy-ack", "move-ack", "gone-ack", "flag-ack"):
            numbers[line["e"][:4] + " acknowledged"] += 1


def report(found: dict) -> bool:
    """Prints it; whether every check held."""
    numbers, faults = found["numbers"], found.get("faults", {})
    by_kind = ", ".join(f"{kind} {numbers.get('acknowledged ' + kind, 0)}" for kind in ("smtp", "lmtp", "submit", "append"))
    print(f"  acknowledged      {numbers.get('acknowledged', 0)} messages for {numbers['places acknowledged']} places ({by_kind}), "
          f"{numbers.get('maybe', 0)} without an answer")
    print("  faults            " + (", ".join(f"{name} {times}" for name, times in sorted(faults.items())) or "none")
          + f" in {found.get('seconds', 0)} s")
    for text in found.get("left_out", []):
        print(f"  left out          {text}")
    shown = {"acknowledged", "maybe", "places acknowledged"}
    for name in sorted(numbers):
        if name not in shown and not name.startswith(("acknowledged ", "maybe ")):
            print(f"  {name:<48}{numbers[name]:>8}")
    failed = {name: texts for name, texts in found["checks"].items() if texts}
    for name, what in CHECKS.items():
        print(f"  {name:<5} {what:<52}{len(found['checks'][name]):>6}")
    for name, texts in failed.items():
        for text in texts[:5]:
            print(f"    {name}: {text}")
    print("chaos: " + ("every check held" if not failed else f"FAILED: {', '.join(failed)}"), flush=True)
    return not failed
