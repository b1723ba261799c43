"""`make deploy` refuses what could not work before it touches an account."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from local.release import ReleaseError, discover, parameters

_CERTIFICATE = "arn:aws:acm:ap-southeast-1:123456789012:certificate/1"


@pytest.mark.parametrize("stage", ["", "a", "Prod", "prod-1", "a" * 17, "local"])
def test_a_stage_has_a_short_plain_name_that_is_not_the_emulators(stage: str) -> None:
    with pytest.raises(ReleaseError, match="STAGE"):
        parameters(stage, "api.example.com", _CERTIFICATE, "", "")


def test_a_domain_needs_its_certificate() -> None:
    with pytest.raises(ReleaseError, match="CERTIFICATE"):
        parameters("prod", "api.example.com", "", "", "")


@pytest.mark.parametrize(("issuer", "audience"), [("https://a.example", ""), ("", "app")])
def test_an_issuer_and_an_audience_belong_together(issuer: str, audience: str) -> None:
    with pytest.raises(ReleaseError, match="belong together"):
        parameters("prod", "api.example.com", _CERTIFICATE, issuer, audience)


def test_without_an_issuer_a_user_pool_is_made() -> None:
    given = parameters("prod", "api.example.com", _CERTIFICATE, "", "")
    assert given["Issuers"] == ""
    assert given["DomainName"] == "api.example.com"


def test_an_issuer_must_be_reached_by_https() -> None:
    with pytest.raises(ReleaseError, match="https"):
        discover("http://login.example.com")


class _Issuer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        described = {"issuer": "https://somebody.else", "jwks_uri": "https://somebody.else/keys"}
        body = json.dumps(described).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def somebody_else(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address that describes another issuer than the one asked for."""
    server = HTTPServer(("127.0.0.1", 0), _Issuer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    # No certificate for a test's address: the check of https itself stands above.
    monkeypatch.setattr("local.release._SECURE", "http://")
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_that_describes_another_issuer_is_refused(somebody_else: str) -> None:
    with pytest.raises(ReleaseError, match=r"somebody\.else"):
        discover(somebody_else)


def test_an_issuer_that_does_not_answer_is_named() -> None:
    with pytest.raises(ReleaseError, match="does not answer as an issuer"):
        discover("https://127.0.0.1:9")
