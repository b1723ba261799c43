"""The people of the fuzzed estate at our own issuer: accounts, sessions, mandates, staff."""

from __future__ import annotations

import secrets
from itertools import count
from typing import Any

from pyotp import TOTP, parse_uri

from local.client import Client
from shared import clock
from tests.fuzz.attack import Person
from tests.fuzz.cast import TOKEN_SECONDS, Cast, Resident
from tests.harness.estate import ok, room_id

_CODE_SECONDS = 30.0
_RESENT_SECONDS = 65.0
"""A phone gets a code once a minute."""
_GONE_SECONDS = 20.0
"""How long whoever erased themselves is still heard: the gateway knows a token for a minute."""
_DUPLICATES = 3
_OWN = (
    "show_account change_account export_account show_settings change_settings give_feedback "
    "list_own_feedback close_feedback list_sessions end_session end_all_sessions act_for "
    "register_dependent show_mandates offer_mandate end_mandate"
)


def fill(cast: Cast, outsider: Person) -> Resident:
    """Let every operation of `identity` have somebody to ask it and to ask it for.

    Parameters
    ----------
    outsider
        Somebody of another issuer, of whom `identity` knows nothing.

    Returns
    -------
    Resident
        Whoever asks for what is their own.
    """
    own = cast.resident("fuzz-own", "许知远")
    asker = cast.sends_too(own.username, own.person_id)
    cast.asks(_OWN, asker, outsider)
    _mandates(cast, own, outsider)
    _feedback(cast, own)
    _phones(cast)
    _sessions(cast, own)
    _administered(cast)
    _merges(cast)
    _invitations(cast)
    _staff(cast)
    return own


def _mandates(cast: Cast, own: Resident, outsider: Person) -> None:
    """For whom one acts, and who is asked to act for oneself."""
    kinds = (("许阿婆", "elderly"), ("许小满", "minor"))
    registered = [
        own.call("POST", "/identity/dependents", {"name": name, "kind": kind}, 201)["person_id"]
        for name, kind in kinds
    ]
    cast.means("act_for", "person_id", *registered)
    aunt = cast.resident("fuzz-aunt", "许婉清")
    acting = {"acting_id": aunt.person_id, "name": aunt.name}
    own.call("POST", "/identity/me/mandates", acting)
    cast.gives("offer_mandate", lambda: acting)
    cast.gives("accept_mandate", lambda: {"person_id": own.person_id})
    cast.asks("accept_mandate", cast.sends_too(aunt.username, aunt.person_id), outsider)
    ends = {"person_id": own.person_id, "acting_id": aunt.person_id}
    cast.gives("end_mandate", lambda: ends)


def _feedback(cast: Cast, own: Resident) -> None:
    """What somebody said and can settle, and what another said, which nobody settles."""
    said = {"kind": "idea", "text": "希望报修可以预约晚上的时间"}
    critic = cast.resident("fuzz-critic", "梅直言")
    settled, answered = (
        one.call("POST", "/identity/me/feedback", said, 201) for one in (own, critic)
    )
    cast.known.keep([settled, answered])
    cast.means("close_feedback", "feedback_id", settled["feedback_id"])
    about = {"person_id": critic.person_id, "feedback_id": answered["feedback_id"]}
    cast.gives("answer_feedback", lambda: about)


def _phones(cast: Cast) -> None:
    """Codes on phones: of newcomers, and of people who have bound none yet."""
    nobody, wechat = Client(cast.platform.base_url), cast.sandboxes.wechat

    def proof(phone: str) -> dict[str, str]:
        ok(nobody.ask("POST", "/identity/codes", {"phone": phone}), 202)
        return {"phone": phone, "code": cast.sandboxes.messages.code(phone)}

    cast.gives("sign_in_by_code", lambda: proof(cast.phone()), _CODE_SECONDS)
    first, second = cast.phone(), cast.phone()
    cast.gives("bind_phone", lambda: proof(first), _RESENT_SECONDS)
    cast.gives("bind_wechat_phone", lambda: {"code": wechat.offer_phone(second)})
    visitors = count()
    cast.gives(
        "sign_in_by_wechat", lambda: {"code": wechat.login(f"fuzz-visitor-{next(visitors) % 20}")}
    )
    for operation in ("bind_phone", "bind_wechat_phone"):
        cast.asks(operation, cast.newcomer(f"fuzz-{operation}", TOKEN_SECONDS))
    cast.asks("erase_account", cast.newcomer("fuzz-leaver", _GONE_SECONDS))


def _sessions(cast: Cast, own: Resident) -> None:
    """A device to sign out, and a visitor's refresh token to go on by."""

    def opened(user: str) -> Any:
        wanted = {"code": cast.sandboxes.wechat.login(user), "device": "iPad"}
        nobody = Client(cast.platform.base_url)
        return ok(nobody.ask("POST", "/identity/sessions/wechat", wanted), 201)

    cast.gives(
        "end_session",
        lambda: {"session_id": opened(own.username)["session_id"]},
        _CODE_SECONDS,
    )
    cast.known.values["refresh_token"] = [opened("fuzz-visitor")["refresh_token"]]


def _administered(cast: Cast) -> None:
    """Those whom the operator finds, freezes, looks at and erases."""
    frozen, freed, erased, looked_at = (
        cast.resident(f"fuzz-{username}", name)
        for username, name in (
            ("frozen", "何冰"),
            ("freed", "何暖"),
            ("erased", "何往"),
            ("looked-at", "何见"),
        )
    )
    path = f"/identity/persons/{freed.person_id}/freeze"
    ok(cast.people.admin().call("POST", path, {"reason": "fraud"}))
    home = f"/community/rooms/{room_id(cast.estate, '1-1-101')}/residents"
    tenant = {"person_id": looked_at.person_id, "relation": "tenant"}
    ok(cast.estate.manager.call("POST", home, tenant), 201)
    cast.means("freeze_person", "person_id", frozen.person_id)
    cast.means("unfreeze_person", "person_id", freed.person_id)
    cast.means("erase_person", "person_id", erased.person_id)
    cast.means("get_person disclose_person", "person_id", looked_at.person_id)
    cast.gives("find_persons", lambda: {"name": looked_at.name})


def _merges(cast: Cast) -> None:
    """Duplicates: one to ask for, some whose merge waits for another administrator."""
    kept = cast.resident("fuzz-kept", "贺重")
    asked_for, *waiting = (
        cast.resident(f"fuzz-duplicate-{number}", "贺重") for number in range(_DUPLICATES)
    )
    into = {"into_id": kept.person_id}
    for one in waiting:
        path = f"/identity/persons/{one.person_id}/merge"
        ok(cast.people.admin().call("POST", path, into))
    cast.means("ask_merge", "person_id", asked_for.person_id)
    cast.means("approve_merge", "person_id", *(one.person_id for one in waiting))
    for operation in ("ask_merge", "approve_merge"):
        cast.gives(operation, lambda: into)


def _invitations(cast: Cast) -> None:
    """An invitation to accept, and one that waits for its authenticator."""
    (phone, _), (other, _) = cast.invited("高原"), cast.invited("高岭")
    code, password = cast.platform.accounts.invitation, f"Ll1-{secrets.token_urlsafe(12)}"
    chosen = {"username": "fuzz.accepting", "password": password}
    accepting = {"phone": phone, "code": code(phone), **chosen}
    cast.gives("accept_invitation", lambda: accepting)
    proof = {"phone": other, "code": code(other)}
    taken = {**proof, "username": "fuzz.confirming", "password": password}
    nobody = Client(cast.platform.base_url)
    accepted = nobody.post("/identity/invitations/acceptance", taken)
    shown = TOTP(parse_uri(accepted["otpauth_uri"]).secret)
    cast.gives("confirm_invitation", lambda: {**proof, "totp": shown.at(clock.now())})


def _staff(cast: Cast) -> None:
    """Staff who sign in, and one who changes a password."""
    enrol = cast.platform.accounts.enrol
    signing, changing = "fuzz.signing", "fuzz.changing"
    phone, _ = cast.invited("蒋到")
    password, secret = enrol(signing, phone)
    shown = TOTP(secret)
    way_in = {"username": signing, "password": password}
    cast.gives("sign_in_by_password", lambda: {**way_in, "totp": shown.at(clock.now())})
    phone, person_id = cast.invited("蒋改")
    credentials = enrol(changing, phone)
    same = {"username": changing, "old_password": credentials[0], "new_password": credentials[0]}
    authenticator = TOTP(credentials[1])
    # The code of now is used up: it let them in.
    cast.gives(
        "change_password",
        lambda: {**same, "totp": authenticator.at(clock.now(), counter_offset=1)},
    )
    cast.asks("change_password", cast.sends_too(changing, person_id, credentials))
