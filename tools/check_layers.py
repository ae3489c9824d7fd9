#!/usr/bin/env python3
"""The architecture test: reads the #include lines and fails on one that goes up or sideways.

Each folder has a layer; it may include its own folder, lower layers, and what ALSO lists. A service never includes
another service; standalone and the services' main.cc include app.h alone.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LAYERS = {
    "base": 0, "mail": 0, "log": 0,
    "proxy": 1, "sasl": 1, "smtp": 1, "imap": 1, "mailfile": 1, "pop3": 1, "managesieve": 1, "sieve": 1, "mime": 1, "search": 1, "mailauth": 1,
    "config": 2, "metrics": 2, "net": 2, "pg": 2, "s3": 2, "redis": 2, "http": 2, "rpc": 2,
    "clients": 4, "runtime": 4,
    "testing": 9,
}
# Same-layer includes that are meant: a library over a smaller one of its layer.
ALSO = {
    "mail": {"base"}, "log": {"base"}, "smtp": {"sasl"}, "imap": {"sasl", "mime"}, "pop3": {"sasl"}, "mailfile": {"imap"}, "managesieve": {"sasl"}, "sieve": {"mime"}, "search": {"mime"}, "mailauth": {"mime"}, "net": {"metrics"},
    "pg": {"metrics"}, "s3": {"metrics"}, "redis": {"net", "metrics"},
    "http": {"net"}, "rpc": {"net"}, "runtime": {"clients"},
}
# What pure code must not include: sockets, clocks, threads, locks.
PURE_FORBIDDEN = re.compile(r"<(boost/asio.*|sys/socket\.h|netinet/.*|thread|mutex|condition_variable|absl/time/clock\.h|libpq.*)>")
ONLY_IN = {"boost/asio": {"net", "redis", "rpc", "runtime", "http"}, "libpq-fe.h": {"pg"}, "curl/": {"s3"}, "hiredis": {"redis"}, "grpcpp": {"rpc"}}
INCLUDE = re.compile(r'^\s*#include\s+([<"])([^>"]+)[>"]')


def is_test(path: pathlib.Path) -> bool:
    return bool(re.search(r"(_test|_fuzz|_benchmark|_contract|fake_\w+)\.(cc|h)$", path.name)) or path.name.startswith("fake_")


def check(path: pathlib.Path) -> list:
    parts = path.relative_to(ROOT).parts
    area, name = parts[0], parts[1]
    problems = []
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        kind, target = match.groups()
        where = f"{path.relative_to(ROOT)}:{number}"
        if kind == "<":
            if area == "libs":
                for prefix, allowed in ONLY_IN.items():
                    if target.startswith(prefix) and name not in allowed and not is_test(path):
                        problems.append(f"{where}: {target} belongs to {', '.join(sorted(allowed))}")
                if LAYERS.get(name) == 1 and not is_test(path) and PURE_FORBIDDEN.match(f"<{target}>"):
                    problems.append(f"{where}: {name} is pure protocol code and must not include <{target}>")
            continue
        first = target.split("/")[0]
        if first == "services":
            other = target.split("/")[1]
            if area == "libs":
                problems.append(f"{where}: a library must not include a service")
            elif other != name and not (name == "standalone" and target.endswith("/app.h")):
                problems.append(f"{where}: service {name} must not include service {other}")
        elif area == "libs" and first in LAYERS and first != name:
            own, theirs = LAYERS.get(name), LAYERS[first]
            if first == "testing" and is_test(path):
                continue
            if own is not None and not (theirs < own or first in ALSO.get(name, ())):
                problems.append(f"{where}: {name} (layer {own}) must not include {first} (layer {theirs})")
        elif area == "libs" and LAYERS.get(name, 9) < 2 and target.endswith(".pb.h"):
            problems.append(f"{where}: {name} is below the generated code")
    return problems


def main() -> int:
    problems = []
    for area in ("libs", "services"):
        for path in sorted((ROOT / area).rglob("*")):
            if path.suffix in (".cc", ".h") and len(path.relative_to(ROOT).parts) > 2:
                problems += check(path)
    for problem in problems:
        print(f"layers: {problem}")
    return 1 if problems else 0


sys.exit(main())
