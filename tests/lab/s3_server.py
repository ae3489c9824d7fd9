#!/usr/bin/env python3
"""A small S3 server for tests: one bucket in memory, signatures checked by code of its own, trouble on demand.

usage: s3_server.py [--port N]     prints "ready PORT"

Knows PUT, GET (with a range), DELETE, ListObjectsV2 and multipart uploads. POST /_trouble {"method": "PUT", "kind": KIND,
"count": N} spoils the next N requests of a method ("*": any); count 0 heals. Kinds: a status ("500", "503"), "cut" (hangs up
in the middle), "slow" (answers after 30 s), "flip" (a stored byte comes out wrong). GET /_keys lists what is stored.
"""
import argparse
import datetime
import email.utils
import hashlib
import hmac
import http.server
import json
import socket
import threading
import time
import urllib.parse
import xml.sax.saxutils

BUCKET, REGION, KEYS = "mail", "test-region", {"test-key": "test-secret"}


class Store:
    def __init__(self):
        self.lock = threading.Lock()
        self.objects, self.uploads, self.trouble, self.requests = {}, {}, [], []

    def next_trouble(self, method: str) -> str:
        with self.lock:
            for entry in self.trouble:
                if entry["method"] in ("*", method) and entry["count"] > 0:
                    entry["count"] -= 1
                    return entry["kind"]
        return ""


STORE = Store()


def quoted(text: str, safe: str = "-_.~") -> str:
    return urllib.parse.quote(text, safe=safe)


def expected_signature(request, body: bytes, secret: str, day: str, signed: list) -> str:
    """RFC-less, but written down: docs.aws.amazon.com, "Signature Version 4 signing process"."""
    path, _, query = request.path.partition("?")
    pairs = sorted((quoted(k), quoted(v)) for k, v in urllib.parse.parse_qsl(query, keep_blank_values=True))
    canonical = "\n".join([
        request.command, quoted(urllib.parse.unquote(path), safe="/-_.~"), "&".join(f"{k}={v}" for k, v in pairs),
        *(f"{name}:{' '.join(request.headers[name].split())}" for name in signed), "", ";".join(signed),
        hashlib.sha256(body).hexdigest()])
    scope = f"{day}/{REGION}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (day, REGION, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code: int, body: bytes = b"", headers: dict = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, code: int, reason: str) -> None:
        self.answer(code, f"<Error><Code>{reason}</Code></Error>".encode())

    def wrong_signature(self, body: bytes) -> str:
        words = dict(part.strip().split("=", 1) for part in
                     self.headers.get("Authorization", "").removeprefix("AWS4-HMAC-SHA256 ").split(",") if "=" in part)
        if self.headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        try:
            access, day, region, service, kind = words["Credential"].split("/")
            signed = words["SignedHeaders"].split(";")
        except (KeyError, ValueError):
            return "AccessDenied"
        if access not in KEYS or (region, service, kind) != (REGION, "s3", "aws4_request"):
            return "InvalidAccessKeyId"
        if "host" not in signed or "x-amz-date" not in signed or not self.headers["x-amz-date"].startswith(day):
            return "SignatureDoesNotMatch"
        sent = datetime.datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs(time.time() - sent.timestamp()) > 900:
            return "RequestTimeTooSkewed"
        right = expected_signature(self, body, KEYS[access], day, signed)
        return "" if hmac.compare_digest(right, words.get("Signature", "")) else "SignatureDoesNotMatch"

    def serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if self.path.startswith("/_"):
            return self.control(self.rfile.read(length))
        kind = STORE.next_trouble(self.command)
        STORE.requests.append(f"{self.command} {kind}".strip())
        if kind == "cut":
            self.rfile.read(length // 2)
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        body = self.rfile.read(length)
        if kind == "slow":
            time.sleep(30)
        if kind.isdigit():
            return self.refuse(int(kind), "SlowDown" if kind == "503" else "InternalError")
        wrong = self.wrong_signature(body)
        if wrong:
            return self.refuse(403, wrong)
        path, _, query = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        bucket, _, key = urllib.parse.unquote(path)[1:].partition("/")
        if bucket != BUCKET:
            return self.refuse(404, "NoSuchBucket")
        with STORE.lock:
            reply = self.object(key, query, body, flip=kind == "flip") if key else self.listing(query)
        self.answer(*reply)

    do_GET = do_PUT = do_POST = do_DELETE = serve

    def control(self, body: bytes) -> None:
        if self.path == "/_trouble":
            entry = json.loads(body)
            with STORE.lock:
                STORE.trouble = [t for t in STORE.trouble if t["method"] != entry["method"]] + [entry]
            return self.answer(200)
        if self.path == "/_requests":
            return self.answer(200, json.dumps(STORE.requests).encode())
        if self.path == "/_age":  # everything becomes a day older
            with STORE.lock:
                for entry in STORE.objects.values():
                    entry["time"] -= 2 * 86400
            return self.answer(200)
        keys = {key: len(entry["data"]) for key, entry in STORE.objects.items()}
        self.answer(200, json.dumps({"objects": keys, "uploads": len(STORE.uploads)}).encode())

    def object(self, key: str, query: dict, body: bytes, flip: bool) -> tuple:
        etag = '"' + hashlib.md5(body).hexdigest() + '"'
        if self.command == "POST" and "uploads" in query:
            upload = f"upload{len(STORE.uploads)}+/"
            STORE.uploads[upload] = {}
            return 200, f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>".encode()
        if "uploadId" in query:
            parts = STORE.uploads.get(query["uploadId"])
            if parts is None:
                return 404, b"<Error><Code>NoSuchUpload</Code></Error>"
            if self.command == "PUT":
                parts[int(query["partNumber"])] = body
                return 200, b"", {"ETag": etag}
            del STORE.uploads[query["uploadId"]]
            if self.command == "DELETE":
                return 204, b""
            named = [int(part.split("</PartNumber>")[0]) for part in body.decode().split("<PartNumber>")[1:]]
            if named != sorted(parts):
                return 400, b"<Error><Code>InvalidPart</Code></Error>"
            body = b"".join(parts[number] for number in named)
            STORE.objects[key] = {"data": body, "time": time.time()}
            return 200, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"
        if self.command == "PUT":
            STORE.objects[key] = {"data": body, "time": time.time()}
            return 200, b"", {"ETag": etag}
        if self.command == "DELETE":
            STORE.objects.pop(key, None)
            return 204, b""
        if key not in STORE.objects:
            return 404, b"<Error><Code>NoSuchKey</Code></Error>"
        data = STORE.objects[key]["data"]
        if flip:
            data = data[:-1] + bytes([data[-1] ^ 1])
        span = self.headers.get("Range")
        if not span:
            return 200, data, {"ETag": etag}
        first, last = (int(n) for n in span.removeprefix("bytes=").split("-"))
        if first >= len(data):
            return 416, b"<Error><Code>InvalidRange</Code></Error>"
        return 206, data[first:last + 1], {"Content-Range": f"bytes {first}-{min(last, len(data) - 1)}/{len(data)}"}

    def listing(self, query: dict) -> tuple:
        keys = sorted(k for k in STORE.objects if k.startswith(query.get("prefix", "")) and k > query.get("start-after", ""))
        count = int(query.get("max-keys", 1000))
        out = f"<ListBucketResult><IsTruncated>{'true' if len(keys) > count else 'false'}</IsTruncated>"
        for key in keys[:count]:
            when = datetime.datetime.utcfromtimestamp(STORE.objects[key]["time"]).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            out += f"<Contents><Key>{xml.sax.saxutils.escape(key)}</Key><LastModified>{when}</LastModified></Contents>"
        return 200, (out + "</ListBucketResult>").encode(), {"Date": email.utils.formatdate(usegmt=True)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Handler)
    server.daemon_threads = True
    print("ready", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
