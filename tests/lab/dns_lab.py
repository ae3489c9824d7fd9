#!/usr/bin/env python3
"""A DNS server for tests: real nsd with signed and plain zones on a free loopback port.

usage: dns_lab.py DIR [ADDRESS]

Each DIR/signed/NAME.zone is signed with a fresh key, each DIR/plain/NAME.zone is served as it is. Behind the signature,
each "corrupt-me" in a text becomes "corrupted.", so that its record is bogus. Prints "PORT n" and "ANCHOR file" (a trust
anchor for all signed zones), then serves until its standard input ends. With ADDRESS, one of this machine,
it serves port 53 of that as well (root alone may): for programs that know /etc/resolv.conf and nothing else.
"""

import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time


def free_port() -> int:
    """A port that is free for UDP and TCP alike."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM
        ) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def sign(zone_file: pathlib.Path, work: pathlib.Path, anchor) -> pathlib.Path:
    origin = zone_file.stem
    key = subprocess.run(
        ["ldns-keygen", "-r", "/dev/urandom", "-a", "ECDSAP256SHA256", "-k", origin],
        cwd=work, check=True, capture_output=True, text=True,
    ).stdout.strip()
    signed = work / f"{origin}.signed"
    subprocess.run(["ldns-signzone", "-o", origin, "-f", signed, zone_file, key], cwd=work, check=True)
    anchor.write((work / f"{key}.ds").read_text())
    signed.write_text(signed.read_text().replace("corrupt-me", "corrupted."))
    return signed


def answers(port: int, origin: str) -> bool:
    """Whether the server knows the zone: an SOA question by UDP, without waiting long for one that is not up yet."""
    name = b"".join(bytes([len(label)]) + label for label in origin.encode().split(b".")) + b"\0"
    question = struct.pack("!6H", 1, 0, 1, 0, 0, 0) + name + struct.pack("!2H", 6, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(0.2)
        try:
            udp.connect(("127.0.0.1", port))
            udp.send(question)
            return udp.recv(4096)[3] & 15 == 0
        except OSError:
            return False


def main() -> int:
    folder = pathlib.Path(sys.argv[1]).resolve()
    work = folder / "work"
    work.mkdir(exist_ok=True)
    zones = {path.stem: path for path in sorted(folder.glob("plain/*.zone"))}
    with open(work / "anchor", "w", encoding="ascii") as anchor:
        for path in sorted(folder.glob("signed/*.zone")):
            zones[path.stem] = sign(path, work, anchor)

    port = free_port()
    lines = [
        "server:", f"  ip-address: 127.0.0.1@{port}", "  do-ip6: no", '  username: ""', '  database: ""',
        "  server-count: 1", "  hide-version: yes", f'  zonesdir: "{work}"', f'  pidfile: "{work}/pid"',
        f'  xfrdfile: "{work}/xfrd"', f'  zonelistfile: "{work}/zones"', f'  logfile: "{work}/log"',
        "remote-control:", "  control-enable: no",
    ]
    if len(sys.argv) > 2:
        lines.insert(1, f"  ip-address: {sys.argv[2]}@53")
    for origin, path in zones.items():
        lines += ["zone:", f'  name: "{origin}"', f'  zonefile: "{path}"']
    (work / "nsd.conf").write_text("\n".join(lines) + "\n")

    nsd = subprocess.Popen(["/usr/sbin/nsd", "-d", "-c", work / "nsd.conf"], stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not all(answers(port, origin) for origin in zones):
            if nsd.poll() is not None or time.monotonic() > deadline:
                print((work / "log").read_text(), file=sys.stderr)
                return 1
            time.sleep(0.05)
        print(f"PORT {port}\nANCHOR {work / 'anchor'}", flush=True)
        sys.stdin.read()
    finally:
        nsd.send_signal(signal.SIGTERM)
        nsd.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
