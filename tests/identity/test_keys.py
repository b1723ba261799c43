"""Signing keys: made, published, turned over without a gap, forgotten; every step may repeat."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from chalicelib.community import authorizer
from chalicelib.community.authorizer import Refused, Verifier
from chalicelib.identity import rules, tokens
from chalicelib.identity.rules import Key, Ring, State, Step
from chalicelib.identity.shapes import KEYS_FRESH_SECONDS
from shared import aws
from tests.harness.source import START, Source
from tests.identity.scene import ISSUER, Identity


def key(state: State, age: timedelta, kid: str = "k") -> Key:
    return Key(kid, f"kms-{kid}", "n", "AQAB", state, START - age)


NEW, DAY = timedelta(0), timedelta(days=1)
DUE: dict[str, tuple[tuple[Key, ...], Step | None]] = {
    "nothing yet": ((), Step.MAKE),
    "one that signs": ((key(State.SIGNING, DAY),), None),
    "one that signed long enough": ((key(State.SIGNING, rules.SIGNS_FOR),), Step.MAKE),
    "one that signed almost long enough": (
        (key(State.SIGNING, rules.SIGNS_FOR - timedelta(seconds=1)),),
        None,
    ),
    "a next one just published": (
        (key(State.SIGNING, rules.SIGNS_FOR), key(State.NEXT, NEW)),
        None,
    ),
    "a next one published long enough": (
        (key(State.SIGNING, rules.SIGNS_FOR), key(State.NEXT, rules.PUBLISHED_BEFORE)),
        Step.SIGN,
    ),
    "one that just retired": ((key(State.SIGNING, NEW), key(State.RETIRING, NEW)), None),
    "one that retired long enough": (
        (key(State.SIGNING, NEW), key(State.RETIRING, rules.RETIRES_FOR)),
        Step.DROP,
    ),
    "one to drop and one to make": (
        (key(State.SIGNING, rules.SIGNS_FOR), key(State.RETIRING, rules.SIGNS_FOR)),
        Step.DROP,
    ),
}


@pytest.mark.parametrize("case", DUE)
def test_a_step_is_taken_when_it_is_due(case: str) -> None:
    keys, step = DUE[case]
    assert rules.next_step(Ring(keys), START) is step


def test_a_key_is_published_for_longer_than_any_cache_keeps_the_document() -> None:
    kept = timedelta(seconds=authorizer.REFRESH_SECONDS + 300)
    assert kept < rules.PUBLISHED_BEFORE
    assert rules.ACCESS_LIFE + timedelta(seconds=authorizer.LEEWAY_SECONDS) < rules.RETIRES_FOR


def test_the_first_key_signs_at_once(identity: Identity) -> None:
    document = identity.call("GET", "/.well-known/jwks.json")
    assert document.headers["cache-control"] == "public, max-age=300"
    (published,) = document.json["keys"]
    assert published["alg"] == "RS256"
    described = identity.call("GET", "/.well-known/openid-configuration").json
    assert described["issuer"] == ISSUER
    assert described["jwks_uri"] == f"{ISSUER}/.well-known/jwks.json"


def test_before_the_first_key_nobody_is_signed_in(moto_cloud: object, identity: Identity) -> None:
    ring = next(item for item in identity.items() if item["sk"]["S"] == "ring")
    at = {"pk": ring["pk"], "sk": ring["sk"]}
    aws.client("dynamodb").delete_item(TableName=identity.table, Key=at)
    assert identity.call("GET", "/.well-known/jwks.json").json == {"keys": []}


def test_a_rotation_that_comes_again_changes_nothing(identity: Identity) -> None:
    before = identity.items()
    identity.rotate()
    assert identity.items() == before


def test_an_old_key_is_forgotten_by_kms_once_its_last_token_expired(
    identity: Identity, source: Source
) -> None:
    (old,) = identity.call("GET", "/.well-known/jwks.json").json["keys"]
    waits = (rules.SIGNS_FOR, rules.PUBLISHED_BEFORE, rules.RETIRES_FOR)
    published = []
    for wait in waits:
        source.now += wait
        identity.rotate()
        published.append(len(identity.call("GET", "/.well-known/jwks.json").json["keys"]))
    assert published == [2, 2, 1]
    (left,) = identity.call("GET", "/.well-known/jwks.json").json["keys"]
    assert left["kid"] != old["kid"]
    states = [
        aws.client("kms").describe_key(KeyId=one["KeyId"])["KeyMetadata"]["KeyState"]
        for one in aws.client("kms").list_keys()["Keys"]
    ]
    assert states.count("PendingDeletion") == 1


class _Clock:
    """The authorizer's own clock, which goes with the source."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def monotonic(self) -> float:
        return (self._source.now - START).total_seconds() + 1_000


@pytest.fixture
def served(identity: Identity, source: Source) -> Iterator[str]:
    """Where the key document is served, by whoever keeps it in between while it is fresh."""
    kept: list[tuple[datetime, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not kept or source.now - kept[-1][0] >= timedelta(seconds=KEYS_FRESH_SECONDS):
                document = identity.call("GET", "/.well-known/jwks.json")
                kept.append((source.now, document.text.encode()))
            body = kept[-1][1]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_rotation_in_flight_leaves_no_token_out(
    identity: Identity,
    served: str,
    source: Source,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every token is good from its making to its end, at an authorizer that asks rarely."""
    monkeypatch.setattr(authorizer, "time", _Clock(source))
    monkeypatch.setattr("jwt.api_jwt.datetime", _frozen(source))
    verifier = Verifier((authorizer.Issuer(ISSUER, served, ("linli",), own=True),))
    person_id, made = identity.someone(), list[tuple[datetime, str]]()
    seen, step = set[str](), timedelta(minutes=2)
    source.now += rules.SIGNS_FOR - timedelta(minutes=30)
    end = source.now + timedelta(hours=3)
    while source.now < end:
        # Others ask as well, so whoever stands between has it as old as may be.
        urllib.request.urlopen(served).close()
        if source.now.minute % 10 == 0:
            identity.rotate()
        made.append((source.now, tokens.access_token(person_id, "resident", source.now)))
        for at, token in made:
            if source.now - at < rules.ACCESS_LIFE:
                assert verifier.verify(f"Bearer {token}").person_id == person_id
            elif source.now - at > rules.ACCESS_LIFE + timedelta(seconds=10):
                with pytest.raises(Refused):
                    verifier.verify(f"Bearer {token}")
        document = identity.call("GET", "/.well-known/jwks.json").json
        seen |= {one["kid"] for one in document["keys"]}
        source.now += step
    assert len(seen) == 2
    assert len(document["keys"]) == 1


def _frozen(source: Source) -> type[datetime]:
    class Frozen(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # one clock for all
            return source.now

    return Frozen
