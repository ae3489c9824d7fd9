"""IMAP over TLS with next to no work on the client's side: a command goes out, bytes come in until its tagged answer."""
import multiprocessing
import socket
import ssl
import time

from sides import PASSWORD

# Made once, without the system's authorities: reading those takes longer than a login.
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TLS.check_hostname, TLS.verify_mode = False, ssl.CERT_NONE


class ImapClient:
    def __init__(self, port: int, user: str):
        plain = socket.create_connection(("127.0.0.1", port), timeout=120)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = TLS.wrap_socket(plain)
        self.number = 0
        self._read_until(b"\r\n")
        self.ask(f'LOGIN "{user}" "{PASSWORD}"')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, command: str) -> bytes:
        """The whole answer; one that is not OK ends the run."""
        self.number += 1
        tag = f"a{self.number}"
        self.socket.sendall(f"{tag} {command}\r\n".encode())
        return self._answer(tag)

    def append(self, folder: str, mail: bytes) -> None:
        self.number += 1
        tag = f"a{self.number}"
        # RFC 7888: both sides announce LITERAL+ or take a literal of this size without asking.
        self.socket.sendall(f"{tag} APPEND {folder} {{{len(mail)}+}}\r\n".encode() + mail + b"\r\n")
        self._answer(tag)

    def timed(self, command: str) -> float:
        begin = time.perf_counter()
        self.ask(command)
        return (time.perf_counter() - begin) * 1000

    def _answer(self, tag: str) -> bytes:
        pieces, tail = [], b""
        while True:
            piece = self.socket.recv(1 << 18)
            if not piece:
                raise SystemExit("bench: the IMAP server hung up")
            pieces.append(piece)
            tail = (tail[-1000:] + piece)[-1000:]
            last = tail.rstrip(b"\r\n").rsplit(b"\r\n", 1)[-1]
            if tail.endswith(b"\r\n") and last.startswith(tag.encode() + b" "):
                if last.split(b" ")[1] != b"OK":
                    raise SystemExit(f"bench: {last[:300]!r}")
                return b"".join(pieces)

    def _read_until(self, end: bytes) -> bytes:
        got = b""
        while not got.endswith(end):
            piece = self.socket.recv(4096)
            if not piece:
                raise SystemExit("bench: the IMAP server hung up")
            got += piece
        return got


def _worker(work, arguments, ready, go, results) -> None:
    try:
        prepared = work(*arguments)
        next(prepared)
        ready.release()
        go.wait()
        begin = time.monotonic()
        for _ in prepared:
            pass
        results.put((begin, time.monotonic()))
    except BaseException as error:
        results.put(error)
        ready.release()
        raise


def in_parallel(work, arguments: list) -> float:
    """Seconds from the first begin to the last end of one process for each of `arguments`.

    `work` is a generator: what stands before its first yield is preparation and is not measured.
    """
    context = multiprocessing.get_context("fork")
    ready, go, results = context.Semaphore(0), context.Event(), context.Queue()
    workers = [context.Process(target=_worker, args=(work, a, ready, go, results), daemon=True) for a in arguments]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    go.set()
    spans = [results.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join(30)
    failed = [span for span in spans if isinstance(span, BaseException)]
    if failed:
        raise SystemExit(f"bench: a client failed: {failed[0]!r}")
    return max(end for _, end in spans) - min(begin for begin, _ in spans)
