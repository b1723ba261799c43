"""A stand-in for AWS that answers at once with recorded bytes: only our side is measured."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import serialization

from tests.harness.issuer import new_key

ITEM = {
    "pk": {"S": "com_7k2m9x4a#ticket#1"},
    "sk": {"S": "ticket"},
    "version": {"N": "3"},
    "text": {"S": "三楼走廊灯不亮"},
}

_KEY = base64.b64encode(bytes(32)).decode()


@cache
def _public_key() -> str:
    encoded = (
        new_key()
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(encoded).decode()


def _answer(operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What AWS says where nothing is stored but the item that every variant reads."""
    match operation:
        case "GetItem":
            return {"Item": ITEM} if asked["TableName"] == "linli" else {}
        case "BatchGetItem":
            tables = asked["RequestItems"]
            return {"Responses": {table: [] for table in tables}, "UnprocessedKeys": {}}
        case "Query":
            return {"Items": [], "Count": 0, "ScannedCount": 0}
        case "PutEvents":
            entries = [{"EventId": str(number)} for number, _ in enumerate(asked["Entries"])]
            return {"FailedEntryCount": 0, "Entries": entries}
        case "Decrypt":
            return {"Plaintext": _KEY}
        case "GenerateDataKeyWithoutPlaintext":
            return {"CiphertextBlob": _KEY}
        case "CreateKey":
            return {"KeyMetadata": {"KeyId": "0f3b7c1e-5a52-4a0f-9a4e-2f1f6f1d3c55"}}
        case "GetPublicKey":
            return {"PublicKey": _public_key()}
        case "GetSecretValue":
            return {"SecretString": "{}"}
    return {}


class _Recorded(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes; the second must not wait for an acknowledgement.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        body = json.dumps(_answer(operation, asked)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """No object is there, and a list of objects is empty."""
        if "list-type=2" in self.path:
            self._send(200, b"<ListBucketResult/>")
        else:
            self._send(404)

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._send(200)

    def _send(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the table is the output."""


@contextmanager
def recorded() -> Iterator[str]:
    """The address of the stand-in, for as long as the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Recorded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
