"""Small answers that unpack to very much: refused in bounded memory and time, in any thread."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

BLOCK = 1 << 20
MOST_MEGABYTES = 256
MOST_SECONDS = 2.0

ASKED = """
import json, resource, sys, threading
from ordermirror.errors import SAPError
from ordermirror.sap import wire
from ordermirror.sap.transport import HttpTransport

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) >> 10 for line in status if line.startswith("VmHWM"))

def ask():
    try:
        wire.decode_set_page(transport.send("GET", url, {"Accept-Encoding": "gzip"}).body)
        refusals.append("")
    except SAPError as exc:
        refusals.append(type(exc).__name__)

url, connections, refusals = sys.argv[1], int(sys.argv[2]), []
transport = HttpTransport(ca_file=None, total_seconds=60, connections=connections)
threads = [threading.Thread(target=ask) for _ in range(connections)]
before = peak()
used = resource.getrusage(resource.RUSAGE_SELF)
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
now = resource.getrusage(resource.RUSAGE_SELF)
seconds = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
print(json.dumps([refusals, peak() - before, seconds]))
"""
"""A process of its own, so that its peak is the answers' alone."""


def bomb(megabytes: int, filling: bytes, beginning: bytes = b"") -> tuple[bytes, bytes, bytes]:
    """Head, a block that is sent once for each megabyte, and tail, of one gzip stream."""
    block = filling * (BLOCK // len(filling))
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(beginning) + packer.flush(zlib.Z_FULL_FLUSH)
    repeated = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    checksum = zlib.crc32(beginning)
    for _ in range(megabytes):
        checksum = zlib.crc32(block, checksum)
    size = (len(beginning) + len(block) * megabytes) % (1 << 32)
    return head, repeated, last + checksum.to_bytes(4, "little") + size.to_bytes(4, "little")


@contextmanager
def serving(megabytes: int, filling: bytes, beginning: bytes = b""):
    head, repeated, tail = bomb(megabytes, filling, beginning)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            try:
                self.wfile.write(head)
                for _ in range(megabytes):
                    self.wfile.write(repeated)
                self.wfile.write(tail)
            except ConnectionError:
                pass  # refused, which is what is wanted

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refused(url: str, *, connections: int = 1) -> list[str]:
    """The errors by which as many answers at once were refused; checks what they cost."""
    command = [sys.executable, "-c", ASKED, url, str(connections)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    refusals, megabytes, seconds = json.loads(done.stdout)
    assert megabytes < MOST_MEGABYTES
    assert seconds < MOST_SECONDS * connections
    return refusals


@pytest.mark.parametrize("megabytes", [250, 4000])
def test_an_answer_that_unpacks_to_too_much_is_given_up_early(megabytes):
    with serving(megabytes, b" ") as url:
        assert refused(url) == ["TooMuchAtOnce"]


BODIES = {
    "blanks": (b"", b" ", "BadAnswer"),
    "nothing but depth": (b'{"value":[', b"[", "BadAnswer"),
    "a text without an end": (b'{"value":["', b"x", "BadAnswer"),
    "tiny rows": (b'{"value":[', b"1,", "TooMuchAtOnce"),
    "empty rows": (b'{"value":[', b"{},", "TooMuchAtOnce"),
    "a bare list of tiny rows": (b"[", b"1,", "TooMuchAtOnce"),
    "blanks before a bare list": (b" " * 2000 + b"[", b"1,", "TooMuchAtOnce"),
}


@pytest.mark.parametrize(("beginning", "filling", "refusal"), BODIES.values(), ids=BODIES.keys())
def test_an_answer_that_just_fits_is_refused_when_it_is_read(beginning, filling, refusal):
    with serving(60, filling, beginning) as url:
        assert refused(url) == [refusal]


def test_answers_at_once_have_no_more_room_together():
    with serving(250, b" ") as url:
        assert refused(url, connections=4) == ["TooMuchAtOnce"] * 4
