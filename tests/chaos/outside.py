"""The mail server and the SMS gateway of somebody else: they take what comes, hang, or are not there."""

import contextlib
import json
import socketserver
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler

TAKEN, HANGS = "taken", "hangs"


class Gateway:
    """One server on one port. `taken` are the keys and texts of what it said yes to, in order, twice what came twice."""

    def __init__(self, handler):
        self.handler, self.port, self.does, self.taken, self.server = handler, 0, TAKEN, [], None
        self.back = threading.Event()
        self.listen()

    def listen(self):
        """Take what comes, on the same port as before."""
        self.does = TAKEN
        self.back.set()
        if self.server is None:
            kind = type(
                "Server", (socketserver.ThreadingTCPServer,), {"allow_reuse_address": True, "daemon_threads": True}
            )
            self.server = kind(("127.0.0.1", self.port), self.handler)
            self.server.gateway, self.port = self, self.server.server_address[1]
            threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hang(self):
        """Take the connection and say nothing."""
        self.back.clear()
        self.does = HANGS

    def cut(self):
        """Nobody listens."""
        self.back.set()
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def took(self, words):
        return any(words in text for _key, text in list(self.taken))

    @property
    def keys(self):
        return [key for key, _text in self.taken]


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand over a message."""

    def handle(self):
        gateway = self.server.gateway
        if gateway.does == HANGS:
            gateway.back.wait(60)
            return
        with contextlib.suppress(OSError):
            self.say("220 here")
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    self.say("354 go on")
                    self.take(gateway)
                elif word == b"QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 yes")

    def take(self, gateway):
        raw = b""
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return  # whoever spoke died in the middle of it
            raw += line
        message = message_from_bytes(raw, policy=policy.default)
        text = message["Subject"] + message.get_content()
        gateway.taken.append((message["Message-ID"].strip("<>").partition("@")[0], text))
        self.say("250 taken")

    def say(self, words):
        self.wfile.write(f"{words}\r\n".encode())


class Texts(BaseHTTPRequestHandler):
    """An SMS gateway that is told the key with each message, and so can tell a second try from a second message."""

    def do_POST(self):
        gateway = self.server.gateway
        if gateway.does == HANGS:
            gateway.back.wait(60)
            return
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        gateway.taken.append((said["id"], said["text"]))
        with contextlib.suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_):
        pass
