"""A little virus scanner that speaks ClamAV's protocol over TCP or a unix socket and finds EICAR's test string."""

import socketserver
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass
class Scanner:
    url: str = ""
    limit: int = 25_000_000
    behaviour: str = "scan"
    """scan, mute (takes it and hangs up), babble (answers as no scanner does)."""
    seen: list = field(default_factory=list)
    before_answer: object = None


@contextmanager
def a_scanner(path=None, port=0):
    scanner = Scanner()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            if self.rfile.read(len(b"zINSTREAM\0")) != b"zINSTREAM\0":
                self.wfile.write(b"UNKNOWN COMMAND\0")
                return
            data = b""
            while size := struct.unpack("!I", self.rfile.read(4))[0]:
                data += self.rfile.read(size)
                if len(data) > scanner.limit:
                    self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            scanner.seen.append(data)
            if scanner.before_answer:
                scanner.before_answer()
            if scanner.behaviour == "babble":
                self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n")
            elif scanner.behaviour == "scan":
                self.wfile.write(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0")

    base = socketserver.ThreadingUnixStreamServer if path else socketserver.ThreadingTCPServer

    class Server(base):
        allow_reuse_address, daemon_threads = True, True

    server = Server(str(path) if path else ("127.0.0.1", port), Handler)
    scanner.url = f"unix:{path}" if path else f"tcp://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield scanner
    finally:
        server.shutdown()
        server.server_close()
