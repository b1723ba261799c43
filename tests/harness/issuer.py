"""An issuer of tokens for tests: its keys, its key document over HTTP, tokens in any shape."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT = "4k2m9x4a7q"
Claims = Sequence[tuple[str, Any]]
Sign = Callable[[bytes], bytes]


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key that nobody trusts yet."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    """The public half as text, which anybody may have."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def rs256(key: rsa.RSAPrivateKey) -> Sign:
    """RSASSA-PKCS1-v1_5 with SHA-256, the one signature that is accepted."""
    return lambda signed: key.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def text_of(data: bytes) -> str:
    """Base 64 for URLs without its padding, as tokens are written."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    """The bytes that `text_of` wrote."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number_of(value: int) -> str:
    """A number as a key document writes it."""
    return text_of(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def written(pairs: Claims) -> bytes:
    """The pairs as JSON, repeated names included."""
    named = (f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs)
    return ("{" + ",".join(named) + "}").encode()


def token_of(header: bytes, payload: bytes, sign: Sign) -> str:
    """A token of these very bytes."""
    signed = f"{text_of(header)}.{text_of(payload)}"
    return f"{signed}.{text_of(sign(signed.encode()))}"


def public_jwk(key: rsa.RSAPrivateKey, key_id: str, **others: Any) -> dict[str, Any]:
    """The public half as a key document shows it (RFC 7517)."""
    numbers = key.public_key().public_numbers()
    shown = {"kty": "RSA", "kid": key_id, "use": "sig", "alg": "RS256"}
    return {**shown, "n": number_of(numbers.n), "e": number_of(numbers.e), **others}


class Issuer:
    """One issuer: `document` and `status` are what it answers to whoever asks for its keys."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self.key = key
        self.document: bytes = self.document_of(public_jwk(key, "key-1"))
        self.status = 200
        self.asked = 0
        self.breaks_off = False
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                if issuer.breaks_off:
                    self.wfile.write(b"nonsense\r\n\r\n")
                    return
                self.send_response(issuer.status)
                self.send_header("Content-Length", str(len(issuer.document)))
                self.end_headers()
                self.wfile.write(issuer.document)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def jwks_uri(self) -> str:
        """Where the key document stands."""
        return f"{self.address}/keys.json"

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @staticmethod
    def document_of(*keys: Any) -> bytes:
        """A key document with these keys."""
        return json.dumps({"keys": keys}).encode()

    def claims(self, **differing: Any) -> dict[str, Any]:
        """The claims of a good access token, some differing; None leaves one out."""
        now = int(time.time())
        good = {
            "iss": self.address,
            "sub": "8f1c0b52-7a8e-4a42-9d36-0f6f1f1f2a11",
            "client_id": CLIENT,
            "token_use": "access",
            "iat": now - 5,
            "exp": now + 3600,
        }
        return {name: value for name, value in (good | differing).items() if value is not None}

    def token(
        self,
        header: Mapping[str, Any] | None = None,
        *,
        sign: Sign | None = None,
        pairs: Claims | None = None,
        **differing: Any,
    ) -> str:
        """An access token of this issuer; with nothing given a good one."""
        head = {"alg": "RS256", "typ": "JWT", "kid": "key-1", **(header or {})}
        kept = [(name, value) for name, value in head.items() if value is not ...]
        payload = pairs if pairs is not None else list(self.claims(**differing).items())
        return token_of(written(kept), written(payload), sign or rs256(self.key))
