"""How residents come in and go, and the life of the keys that their tokens are signed with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.identity import rules as keys
from shared import aws, grants
from shared.auth import Grant
from shared.table import Transaction
from tests.harness import canaries
from tests.harness.hours import hours_later, schedule
from tests.harness.recorder import Recorder
from tests.identity.scene import sandboxes

_HOUR = 3_600
_APART = 4.5
"""Hours between two devices."""
_PHONE, _OTHER_PHONE = "13700000000", "13700000001"


@dataclass(frozen=True)
class Person:
    """Somebody who calls, as the authorizer speaks for them; nobody has no id.

    Their session only where something hangs on it.
    """

    person_id: str
    grants: tuple[Grant, ...] = ()
    session_id: str = ""


NOBODY = Person("")


def tell(recorder: Recorder, count: int) -> None:
    """Tell it with `count` (at most ten) devices of the resident."""
    _keys_begin(recorder)
    resident = _comes_by_code(recorder, count)
    neighbour = _comes_by_wechat(recorder)
    _refreshes(recorder, resident, count)
    _acts(recorder, resident, neighbour)
    _leaves(recorder, resident)
    _keys_turn(recorder)
    _told(recorder)


def _keys_begin(recorder: Recorder) -> None:
    recorder.start("rotate_keys", schedule("rotate_keys"))
    for path in ("jwks.json", "openid-configuration"):
        recorder.request(NOBODY, "GET", f"/.well-known/{path}")


def _comes_by_code(recorder: Recorder, count: int) -> dict[str, Any]:
    """The resident signs in on so many devices; what they hold on the last."""
    phone, held = canaries.OWNER_PHONE, dict[str, Any]()
    for number in range(count):
        # A phone gets six codes a day from one source.
        with hours_later(number * _APART):
            recorder.request(NOBODY, "POST", "/codes", {"phone": phone}, 202)
            code = sandboxes().messages.code(phone)
            body = {"phone": phone, "code": code, "device": _device(number)}
            key = f"device-{number:04}"
            held = recorder.request(NOBODY, "POST", "/sessions/sms", body, 201, key=key)
    return held


def _device(number: int) -> str:
    return f"{canaries.OWNER_NAME}的手机 {number}"


def _comes_by_wechat(recorder: Recorder) -> dict[str, Any]:
    """A neighbour binds the phone that WeChat knows, their child one by its code."""
    wechat, phone = sandboxes().wechat, canaries.NEIGHBOUR_PHONE
    held = []
    for number, user in enumerate(("neighbour", "child")):
        body = {"code": wechat.login(user), "device": canaries.NEIGHBOUR_NAME}
        key = f"wechat-{number:04}"
        held.append(recorder.request(NOBODY, "POST", "/sessions/wechat", body, 201, key=key))
    neighbour, child = (Person(one["person_id"]) for one in held)
    offered = {"code": wechat.offer_phone(_PHONE)}
    recorder.request(neighbour, "POST", "/me/phone/wechat", offered)
    recorder.request(NOBODY, "POST", "/codes", {"phone": phone}, 202)
    bound = {"phone": phone, "code": sandboxes().messages.code(phone)}
    recorder.request(child, "POST", "/me/phone", bound)
    # They get another number, and leave the first to whoever has it next.
    recorder.request(NOBODY, "POST", "/codes", {"phone": _OTHER_PHONE}, 202)
    bound = {"phone": _OTHER_PHONE, "code": sandboxes().messages.code(_OTHER_PHONE)}
    here = Person(child.person_id, session_id=held[1]["session_id"])
    recorder.request(here, "POST", "/me/phone", bound, key="replace-0001")
    found: dict[str, Any] = held[0]
    return found


def _refreshes(recorder: Recorder, held: dict[str, Any], count: int) -> None:
    """The resident goes on; a thief comes with an old token, and the session ends."""
    first = held["refresh_token"]
    url, who = "/sessions/refresh", Person(held["person_id"])
    with hours_later(count * _APART):
        for _ in range(2):
            held.update(
                recorder.request(NOBODY, "POST", url, {"refresh_token": held["refresh_token"]})
            )
        recorder.request(who, "GET", "/sessions")
        recorder.request(NOBODY, "POST", url, {"refresh_token": first}, 409)


def _acts(recorder: Recorder, resident: dict[str, Any], neighbour: dict[str, Any]) -> None:
    """The resident lets the neighbour act for them."""
    with Transaction() as transaction:
        grants.add_mandate(transaction, resident["person_id"], neighbour["person_id"])
    body = {"person_id": resident["person_id"]}
    recorder.request(Person(neighbour["person_id"]), "POST", "/sessions/acting", body, 201)


def _leaves(recorder: Recorder, held: dict[str, Any]) -> None:
    who, phone = Person(held["person_id"]), canaries.OWNER_PHONE
    with hours_later(48):
        made = []
        for number in range(2):
            with hours_later(number):
                recorder.request(NOBODY, "POST", "/codes", {"phone": phone}, 202)
                body = {"phone": phone, "code": sandboxes().messages.code(phone)}
                body |= {"device": _device(20 + number)}
                key = f"again-{number:04}"
                made.append(recorder.request(NOBODY, "POST", "/sessions/sms", body, 201, key=key))
        recorder.request(who, "POST", f"/sessions/{made[0]['session_id']}/sign-out")
        recorder.request(who, "POST", "/sessions/sign-out")


def _keys_turn(recorder: Recorder) -> None:
    """The key that signs gives way to the next, and is forgotten."""
    hours = keys.SIGNS_FOR.total_seconds() / _HOUR
    for wait in (keys.PUBLISHED_BEFORE, keys.RETIRES_FOR, keys.RETIRES_FOR):
        with hours_later(hours):
            recorder.start("rotate_keys", schedule("rotate_keys"))
        hours += wait.total_seconds() / _HOUR


def _told(recorder: Recorder) -> None:
    """The stream brings what was changed, and the sweeper tells again what it may have lost."""
    stored = aws.client("dynamodb").scan(TableName=aws.setting("TABLE"))["Items"]
    changed = [item for item in stored if "event" in item][:1]
    records = [{"eventName": "MODIFY", "dynamodb": {"NewImage": item}} for item in changed]
    recorder.start("relay_events", {"Records": records})
    with hours_later(28):
        recorder.start("sweep_events", schedule("sweep_events"))
