"""Each check of the checker fires on the fault it is for, and none fires without one."""
from checker import CHECKS, Copy, check, to_copy
from nemesis import Goal
from observer import Watch

INBOX = ["u0", "INBOX"]
WORK, COPIES, MOVED = ["i0", "Work"], ["i0", "Copies"], ["i0", "Moved"]


def sent(key: str, *places, out=(), acknowledged=True, kind="smtp", t=1.0) -> list:
    lines = [{"t": t, "e": "try", "id": key, "k": kind, "places": list(places), "out": list(out), "sha": "s", "size": 1}]
    return lines + [{"t": t, "e": "ack", "id": key, "places": list(places), "out": list(out)}] * acknowledged


def copy(key: str, place=INBOX, mail_id="m1", sha="s", flags="", **more) -> Copy:
    return Copy(place[0], place[1], 1, flags, key, mail_id, sha, **more)


def event(kind: str, key: str = "a", **more) -> dict:
    return {"t": 2.0, "e": kind, "id": key, **more}


def outside(t: float, what="250", helo="mail") -> dict:
    return {"t": t, "e": "sink", "id": "a", "to": "r@x", "mail_id": "m1", "what": what, "helo": helo, "sha": "s"}


def finds(lines, copies, stuck=None, internal=()) -> dict:
    found = check(sorted(lines, key=lambda line: line["t"]), copies, stuck or {}, list(internal))["checks"]
    return {name: len(texts) for name, texts in found.items() if texts}


def expect(wanted: dict, *arguments, **more) -> None:
    assert finds(*arguments, **more) == wanted, (finds(*arguments, **more), wanted)


def test_mail_in():
    two = (INBOX, ["u1", "INBOX"])
    expect({}, sent("a", *two), [copy("a", p) for p in two])
    expect({"I-1": 1, "I-5": 1}, sent("a", *two), [copy("a")])
    expect({"I-1": 1}, sent("a", INBOX), [])
    expect({}, sent("a", INBOX, acknowledged=False), [])
    expect({}, sent("a", *two, acknowledged=False), [copy("a", p) for p in two])
    expect({"I-5": 1}, sent("a", *two, acknowledged=False), [copy("a")])
    expect({"I-2": 1}, sent("a", INBOX), [copy("a"), copy("a", ["u9", "INBOX"])])
    expect({"I-2": 1}, sent("a", INBOX), [copy("a"), copy("b")])
    expect({"I-3": 1, "I-4": 1}, sent("a", INBOX), [copy("a"), copy("a")])
    retried = sent("a", INBOX, acknowledged=False) + sent("a", INBOX, t=2.0)
    expect({}, retried, [copy("a"), copy("a", mail_id="m2")])
    expect({"I-3": 1}, retried, [copy("a"), copy("a")])
    expect({"I-4": 1}, retried, [copy("a"), copy("a", mail_id="m2"), copy("a", mail_id="m3")])
    expect({"I-6": 1}, sent("a", INBOX), [copy("a", sha="other")])
    expect({"I-6": 1}, sent("a", INBOX), [copy("a", size_differs=True)])
    expect({"I-1": 1, "I-6": 1}, sent("a", INBOX), [copy("a", unreadable="NO [SERVERBUG]")])


def test_changes_over_imap():
    stored = sent("a", WORK, kind="append")
    there = {"from": WORK, "to": COPIES}
    copied = stored + [event("copy-try", **there)]
    expect({}, copied, [copy("a", WORK)])
    expect({}, copied, [copy("a", WORK), copy("a", COPIES)])
    expect({"I-1": 1}, copied + [event("copy-ack", **there)], [copy("a", WORK)])
    move = {"from": WORK, "to": MOVED}
    moving = stored + [event("move-try", **move)]
    expect({}, moving, [copy("a", WORK)])
    expect({}, moving, [copy("a", MOVED)])
    expect({"I-1": 1}, moving, [])
    expect({"I-1": 1}, moving, [copy("a", WORK), copy("a", MOVED)])
    moved = moving + [event("move-ack", **move)]
    expect({}, moved, [copy("a", MOVED)])
    expect({"I-14": 1}, moved, [copy("a", WORK), copy("a", MOVED)])
    gone = stored + [event("gone-try", **{"from": WORK})]
    expect({}, gone, [])
    expect({}, gone, [copy("a", WORK)])
    expect({"I-14": 1}, gone + [event("gone-ack", **{"from": WORK})], [copy("a", WORK)])
    flagged = stored + [event("flag-ack", **{"from": WORK})]
    expect({}, flagged, [copy("a", WORK, flags="\\Flagged")])
    expect({"I-14": 1}, flagged, [copy("a", WORK)])


def test_mail_out():
    queued = sent("a", out=["r@x"], kind="submit")
    bounce = Copy("u0", "INBOX", 1, "", "", "", "", about="a", failed=["r@x"])
    expect({}, queued + [outside(2.0)], [])
    expect({}, queued, [bounce])
    expect({"I-8": 1}, queued, [])
    expect({"I-8": 1}, queued + [outside(2.0)], [bounce])
    expect({"I-8": 1}, queued, [bounce, bounce])
    expect({}, sent("a", out=["r@x"], kind="submit", acknowledged=False), [])
    expect({"I-6": 1}, queued + [{**outside(2.0), "sha": "other"}], [])
    expect({"I-9": 1}, queued + [outside(2.0), outside(12.0)], [])
    expect({}, queued + [outside(2.0, what="drop"), outside(12.0)], [])
    trouble = [{"t": 1.5, "e": "fault", "fault": "kill", "target": "relay"}, {"t": 3.0, "e": "heal", "fault": "kill", "target": "relay"}]
    expect({}, queued + trouble + [outside(2.0), outside(12.0)], [])
    # The trouble of the other worker is no excuse.
    expect({"I-9": 1}, queued + trouble + [outside(2.0, helo="second"), outside(12.0)], [])
    expect({"I-9": 1}, queued + trouble + [outside(40.0), outside(50.0)], [])
    expect({"I-2": 1}, queued + [outside(2.0)], [copy("", WORK)])


def test_what_is_written_down():
    assert set(finds([event("bad", what="smtp", text="550"), event("uid-low", user="u", folder="f", uids=[1], seen=2),
                      event("validity", user="u", folder="f", was=1, now=2), event("uid-gone", user="u", folder="f", uids=[1]),
                      event("died", target="relay", code=-11)], [], {"queued": 1}, ["1 orphan"])) == {
                          "I-7", "I-10", "I-11", "I-13", "I-14", "I-15"}
    assert set(CHECKS) == set(check([], [], {}, [])["checks"])


def test_observer():
    class Lines(list):
        def write(self, kind, **fields):
            self.append((kind, fields))

    lines = Lines()
    watch = Watch("u", "INBOX", lines)
    for seen in ([], [(1, 3)], [(1, 3), (5, 6)], [(1, 3), (5, 9)]):
        watch.compare(seen)
    assert not lines
    watch.compare([(1, 9)])
    assert [kind for kind, _ in lines] == ["uid-low"] and lines[0][1]["uids"] == [4], lines
    watch.compare([(1, 8), (10, 10)])
    assert [kind for kind, _ in lines] == ["uid-low", "uid-gone"] and lines[1][1]["uids"] == [9], lines


def test_parsing():
    mail = (b"Return-Path: <x@remote.test>\r\nReceived: from load.test ([127.0.0.1])\r\n\tby mail with ESMTP id "
            b"0190a000-0000-7000-8000-000000000000;\r\n\tdate\r\nMessage-ID: <smtp1-2@chaos.test>\r\n\r\nbody\r\n")
    got = to_copy("u", "f", [b"* 1 FETCH (UID 7 FLAGS (\\Seen \\Flagged) RFC822.SIZE %d BODY[] {%d}" % (len(mail), len(mail)), mail, b")"])
    assert (got.uid, got.flags, got.id, got.size_differs) == (7, "\\Seen \\Flagged", "smtp1-2", False), got
    assert got.mail_id == "0190a000-0000-7000-8000-000000000000", got


def test_goal():
    goal = Goal(messages=10, kills=3, stops=2)
    assert goal.missing(9, {"kill": 2, "power-cut": 1, "stop": 5}) == "9 messages of 10"
    assert goal.missing(10, {"kill": 2, "cut": 9, "redis-stop": 1}) == "2 kills of 3, 1 stops of 2"
    assert not goal.missing(10, {"pg-kill": 3, "pg-stop": 2}) and not Goal().missing(0, {})


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"  {name} ok")
