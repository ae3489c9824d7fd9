#!/usr/bin/python3
"""Shows that the chaos run can fail: each deliberate fault of libs/base/mutant.h is built and must be found.

usage: mutants.py [--control] [--built] [M1 ...]     all of them without a name

--control plays the scenarios on the true build, where nothing may be found; --built takes what an earlier run built. Each has
the shortest scenario that brings it out. Ends with 0 if each was found by a check that is named for it.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import actors
import order
from stage import BUILD, ROOT, Stage, isolate

from local.data import StartError

BUILD_FOLDER = ROOT / "build/mutant"
MANY = {"smtp": 8, "lmtp": 2, "imap": 1}


def calm(seconds: float):
    return lambda nemesis: nemesis.rest(seconds)


def again_and_again(fault: str, target: str, times: int, pause: float = 1.0):
    def script(nemesis):
        for _ in range(times):
            nemesis.rest(pause)
            nemesis.strike(fault, target)
        nemesis.rest(pause)
    return script


def sleep_over_the_lease(nemesis):
    """Both workers wait for the outside when one of them falls asleep; the other takes over what it held."""
    nemesis.rest(4)
    for target in ("relay", "relay2"):
        nemesis.stop_for(target, 15)
        nemesis.rest(4)


@dataclass
class Mutant:
    what: str
    services: list  # that have it
    script: object
    finds: set  # one of these checks must fail
    sessions: dict = field(default_factory=lambda: MANY)
    plan: dict = field(default_factory=dict)
    postgres: dict = field(default_factory=dict)
    messages: int = 1_000_000
    order: bool = False  # the order proof of strace must fail as well


MUTANTS = {
    "M1": Mutant("250 before COMMIT", ["ingress"], again_and_again("kill", "mailbox", 5), {"I-1"}, order=True),
    "M2": Mutant("synchronous_commit=off", ["directory", "mailbox", "relay"], again_and_again("pg-kill", None, 3, 3), {"I-1"},
                 postgres={"synchronous_commit": "off", "wal_writer_delay": "10s"}, order=True),
    "M2b": Mutant("fsync=off", ["directory", "mailbox", "relay"], again_and_again("power-cut", None, 2, 4), {"I-1", "start"},
                  postgres={"fsync": "off"}, order=True),
    "M3": Mutant("no reconciler", ["relay"], again_and_again("kill", "relay", 4), {"I-11"}, {"submit": 4}),
    "M4": Mutant("a repeated delivery is not recognized", ["mailbox"], again_and_again("kill", "mailbox", 8), {"I-3"}, {"submit": 8},
                 {"local": 1}),
    "M5": Mutant("UIDs as from a SEQUENCE", ["mailbox"], calm(15), {"I-7"}, {"smtp": 12, "lmtp": 8},
                 {"users": ["u0@example.test"], "watched": ["u0@example.test"] * 4, "look_seconds": 0.01}),
    "M6": Mutant("no check of the lease", ["relay"], sleep_over_the_lease, {"I-9"}, {"submit": 2}, {"stall": 3, "pause": 0.5}),
    "M7": Mutant("a directory that is away means 550", ["ingress"], again_and_again("kill", "directory", 4), {"I-10"}),
    "M8": Mutant("a flipped byte in some bodies", ["ingress"], calm(15), {"I-6"}),
    "M9": Mutant("content goes with its first reference", ["mailbox"], calm(10), {"I-1", "I-6", "I-13"}),
    "M10": Mutant("the hint before COMMIT, and trusted", ["relay"], calm(5), {"I-11"}, {"submit": 1},
                  {"size": 1_000_000}, messages=1),  # the next one would bring it along
}


def build(services: list, mutant: str = "", failpoints: str = "OFF") -> dict:
    """Only what has the fault: the rest is the true build's."""
    targets = [f"pennypost-{service}" for service in services]
    for command in (["cmake", "-S", ROOT, "-B", BUILD_FOLDER, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                     f"-DPP_MUTANT={mutant}", f"-DPP_FAILPOINTS={failpoints}"],
                    ["cmake", "--build", BUILD_FOLDER, "--target", *targets]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{mutant or 'failpoints'}: cannot be built: {done.stdout[-3000:]}{done.stderr[-1000:]}")
    return {service: BUILD_FOLDER / "bin" / target for service, target in zip(services, targets)}


def build_all(names: list) -> None:
    """Each in a folder of its own."""
    for name in names:
        keep(name, build(MUTANTS[name].services, "k" + name.rstrip("b")))


def keep(name: str, binaries: dict) -> None:
    folder = BUILD_FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in binaries.values():
        shutil.copy2(path, folder)


def kept(name: str, services: list) -> dict:
    return {service: BUILD_FOLDER / name / f"pennypost-{service}" for service in services}


def refused_in_release() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DPP_MUTANT=kM1"], capture_output=True, text=True)
    return done.returncode != 0 and "no Release build has one" in done.stderr


def find(name: str, binaries: dict, postgres: dict) -> dict:
    """Checks that failed, with how often."""
    mutant = MUTANTS[name]
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"pp-chaos-{name}-"))
    options = argparse.Namespace(seed=1, duration=0, messages=mutant.messages)
    with Stage(users=12, imap_users=1, binaries=binaries, postgres=postgres) as stage:
        proof = []
        if mutant.order and not order.may_trace():
            proof = order.prove(stage, stage.platform.processes["ingress"].pid, 20, stage.reaper)
        try:
            found = actors.play(stage, folder, options, {}, mutant.sessions, mutant.script, settle=30, **mutant.plan)
        except StartError as error:
            found = {"checks": {"start": [str(error)] if "PostgreSQL" in str(error) else []}}
    found["checks"]["order"] = proof
    shutil.rmtree(folder)
    return {check: len(texts) for check, texts in found["checks"].items() if texts}


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("  ")[0])
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--built", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    isolate()
    names = options.names or list(MUTANTS)
    bad = []
    if not options.control and not refused_in_release():
        bad.append("a Release build takes a mutant")
    if not options.control and not options.built:
        build_all(names)
    for name in names:
        mutant = MUTANTS[name]
        binaries = {} if options.control else kept(name, mutant.services)
        begin = time.monotonic()
        found = find(name, binaries, {} if options.control else mutant.postgres)
        words = ", ".join(f"{check} ({times})" for check, times in found.items()) or "nothing"
        caught = not found if options.control else bool(mutant.finds & found.keys()) and (not mutant.order or "order" in found)
        print(f"{'ok  ' if caught else 'FAIL'} {name:<4} {mutant.what:<40} found: {words} [{time.monotonic() - begin:.0f} s]", flush=True)
        if not caught:
            bad.append(name)
    print(f"{len(names) - len(bad)} passed, {len(bad)} failed" if not bad else f"mutants: not as it should be: {', '.join(bad)}")
    return 1 if bad else 0


if __name__ == "__main__":
    assert BUILD.exists(), "build/main is needed: cmake --build build/main"
    sys.exit(main())
