"""A small provider of OpenID Connect on this machine: it really listens, redirects, takes codes once and signs tokens."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwk, jwt

KEY = jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER_KEY = jwk.RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})

CLIENT, SECRET = "redress", "a secret of the client"


class Provider:
    """`person` is who is signed in there; `bend` changes a token before it is signed; `sign` signs it in another way."""

    def __init__(self):
        self.key = KEY
        self.person = {"sub": "7", "email": "", "email_verified": True}
        self.told_besides = {}
        self.bend = {}
        self.sign = None
        self.discovery = {}
        self.codes, self.asked, self.forms = {}, [], []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realm"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def stop(self):
        if not self.thread.is_alive():
            return
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def about(self):
        places = {
            "authorization_endpoint": "auth",
            "token_endpoint": "token",
            "jwks_uri": "keys",
            "userinfo_endpoint": "userinfo",
            "end_session_endpoint": "logout",
        }
        found = {name: f"{self.issuer}/{place}" for name, place in places.items()}
        return {"issuer": self.issuer, **found, **self.discovery}

    def sign_in(self, address):
        """What the browser does there: the person agrees, and is sent back with a code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = {**claims, **self.person, **self.bend}
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.sign:
            return self.sign(claims)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def give(self, form, authorization):
        asked = self.codes.pop(form.get("code"), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        own = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if (
            asked is None
            or authorization != f"Basic {own}"
            or asked["code_challenge_method"] != "S256"
            or asked["code_challenge"] != challenge.decode().rstrip("=")
            or asked["redirect_uri"] != form.get("redirect_uri")
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": self.token(asked)}


def letters(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unsigned(claims):
    return f"{letters(json.dumps({'alg': 'none'}).encode())}.{letters(json.dumps(claims).encode())}."


def with_a_shared(secret, claims):
    """As a library that takes the public key, or the client's secret, for a key of HMAC would accept it."""
    head = json.dumps({"alg": "HS256", "kid": "one"}).encode()
    text = f"{letters(head)}.{letters(json.dumps(claims).encode())}"
    return f"{text}.{letters(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def _handler(provider):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            """The test says what matters."""

        def answer(self, status, found):
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def lead(self, address):
            self.send_response(302)
            self.send_header("Location", address)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self):
            provider.asked.append(self.path)
            if self.path.endswith("/.well-known/openid-configuration"):
                self.answer(200, provider.about())
            elif self.path.endswith("/keys"):
                self.answer(200, {"keys": [provider.key.as_dict(private=False)]})
            elif self.path.endswith("/userinfo") and self.headers["Authorization"] == "Bearer access":
                self.answer(200, provider.told_besides)
            elif "/auth?" in self.path:
                self.lead(provider.sign_in(self.path))
            elif "/logout?" in self.path:
                self.lead(parse_qs(urlsplit(self.path).query)["post_logout_redirect_uri"][0])
            else:
                self.answer(404, {})

        def do_POST(self):
            provider.asked.append(self.path)
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            provider.forms.append(form)
            self.answer(*provider.give(form, self.headers.get("Authorization")))

    return Handler
