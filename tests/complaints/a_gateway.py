"""A little HTTP server that answers as it is told and remembers what it was asked."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Gateway:
    url: str = ""
    status: int = 200
    text: str = '{"code": 0}'
    headers: dict = field(default_factory=dict)
    behaviour: str = "answer"
    """answer, cut (takes it and hangs up without a word), slow (never comes to an end)."""
    asked: list = field(default_factory=list)
    before_answer: object = None


@contextmanager
def a_gateway():
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            gateway.asked.append((self.command, self.path, dict(self.headers), body))
            if gateway.before_answer:
                gateway.before_answer()
            if gateway.behaviour == "cut":
                self.connection.close()
                return
            self.send_response(gateway.status)
            for name, value in gateway.headers.items():
                self.send_header(name, value)
            data = gateway.text.encode()
            self.send_header("Content-Length", str(len(data) + (100 if gateway.behaviour == "slow" else 0)))
            self.end_headers()
            self.wfile.write(data)
            while gateway.behaviour == "slow":
                try:
                    self.wfile.write(b".")
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.1)

        do_GET = do_POST = do_PUT = answer

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gateway.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
