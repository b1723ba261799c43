"""An app behind a real HTTP server, as a gateway would stand before it, but for its authorizer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from shared.app import App
from tests.harness.gateway import proxy_event


@contextmanager
def served(app: App) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """As long as the context lasts: the app's address, and the requests that it heard."""
    heard: list[tuple[str, str, str]] = []
    base = f"/{app.app_name}"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Or head and body of an answer wait for each other's acknowledgement.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            # A gateway hands a function text: what is no UTF-8 is replaced.
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(
                errors="replace"
            )
            heard.append((method, self.path, body))
            url = self.path.removeprefix(base)
            event = proxy_event(app, method, url, body=body, headers=dict(self.headers.items()))
            answer = app(event, None)
            text = answer["body"].encode()
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
