#!/usr/bin/env python3
"""Answers for mailauth's differential test: what dkimpy and pyspf think of the same input.

Reads one question a line, words parted by tabs, binary ones in hex; writes one line for each.

  verify MESSAGE NAME TXT         -> pass or fail       (one key in DNS)
  sign MESSAGE CANON PEM          -> the DKIM-Signature field in hex
  arc MESSAGE NAME TXT            -> none, pass or fail
  arc-seal MESSAGE PEM CV         -> the message with the fields on top, in hex
  spf IP HELO FROM [NAME TYPE VALUE]...  -> none, pass, ... (the zone; VALUE of MX is "preference name")
"""
import sys

import dkim
import spf

ZONE = {}


def lookup(name, qtype, *_, **__):
    """What pyspf asks instead of DNS: ((name, type), value) pairs."""
    name = name.lower().rstrip(".")
    found = []
    for value in ZONE.get((name, qtype), []):
        if qtype == "MX":
            preference, exchange = value.split(" ")
            value = (int(preference), exchange)
        elif qtype == "TXT":
            value = (value.encode(),)
        found.append(((name, qtype), value))
    if not found and not any(known == name for known, _ in ZONE):
        return []
    return found


spf.DNSLookup = lookup


def verify(message, name, txt):
    record = bytes.fromhex(txt)
    wanted = bytes.fromhex(name).lower().rstrip(b".")

    def dns(asked, timeout=5):
        return record if asked.lower().rstrip(b".") == wanted else None

    try:
        return "pass" if dkim.DKIM(bytes.fromhex(message), minkey=1024).verify(dnsfunc=dns) else "fail"
    except Exception:  # dkimpy lets what its parts raise through
        return "fail"


def sign(message, canon, pem):
    header, body = canon.split("/")
    field = dkim.DKIM(bytes.fromhex(message)).sign(
        b"sel", b"example.org", bytes.fromhex(pem), canonicalize=(header.encode(), body.encode()))
    return field.hex()


def arc(message, name, txt):
    record = bytes.fromhex(txt)
    wanted = bytes.fromhex(name).lower().rstrip(b".")

    def dns(asked, timeout=5):
        return record if asked.lower().rstrip(b".") == wanted else None

    try:
        cv = dkim.arc_verify(bytes.fromhex(message), dnsfunc=dns)[0]
        return {b"none": "none", b"pass": "pass"}.get(cv, "fail")
    except Exception:
        return "fail"


def arc_seal(message, pem, cv):
    content = f"Authentication-Results: lists.test; arc={cv}; spf=pass\r\n".encode() + bytes.fromhex(message)
    fields = dkim.arc_sign(content, b"sel", b"example.org", bytes.fromhex(pem), b"lists.test",
                           include_headers=[b"from", b"to", b"subject"])
    return (b"".join(f if f.endswith(b"\r\n") else f + b"\r\n" for f in fields) + bytes.fromhex(message)).hex()


def check(ip, helo, sender, *zone):
    ZONE.clear()
    for name, kind, value in zip(zone[::3], zone[1::3], zone[2::3]):
        ZONE.setdefault((name, kind), []).append(value)
    return spf.query(ip, sender, helo, strict=True, querytime=0).check()[0]


QUESTIONS = {"verify": verify, "sign": sign, "arc": arc, "arc-seal": arc_seal, "spf": check}

for line in sys.stdin:
    words = line.rstrip("\n").split("\t")
    print(QUESTIONS[words[0]](*words[1:]), flush=True)
