"""What can come at the same moment in identity: everything that touches one person, or their phone.

One person is staff and resident at once, acts and is acted for, has a duplicate, an invitation, a
code and a feedback: whatever may be done about them is brought together with everything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyotp import TOTP

from chalicelib.identity.credentials import passwords
from chalicelib.identity.persons import arrivals
from chalicelib.identity.persons.rules import Details
from shared import clock, events
from shared.auth import PLATFORM, Grant, Role
from tests.harness.hours import hours_later, schedule
from tests.harness.interleavings import Rivals
from tests.harness.recorder import Recorder, Trigger
from tests.harness.rights import hold
from tests.identity.scene import sandboxes
from tests.identity.sessions_story import NOBODY, Person

_FORGIVEN = "whoever succeeds forgives the attempts under way; nothing else hangs on those"
_CHOSEN = "who is erased while they choose is refused as gone, and not as late"
_GOES = "the sessions of the one who goes end as those of who is erased"
_RECENT = "that a sign-in was recent is looked at once, when somebody asks to be erased"
_LEAVING = "who is erased while they sign in is refused, and signs up anew with their next code"
_EXPORTED = "what is exported is as it was when it was read"
_SHOWN = "the answer shows how things stand after both"
_READS = "it reads in one consistent call what others change in one write"
APART = {
    "find_persons": _READS,
    "get_person": _READS,
    "list_feedback": _READS,
    "list_own_feedback": _READS,
    "list_persons": _READS,
    "list_sessions": _READS,
    "show_account": _READS,
    "show_keys": _READS,
    "show_mandates": _READS,
    "show_settings": _READS,
    "act_for": "it reads standing and keys in one call each, and changes nothing",
    "rotate_keys": "the ring is one record; whoever signs reads one version of it",
    **dict.fromkeys(
        (
            *("change_settings", "give_feedback", "close_feedback", "answer_feedback"),
            *("disclose_person", "export_account", "invite_staff", "invite_administrator"),
        ),
        "what it changes is an item of its own; of others' it reads one version",
    ),
    **dict.fromkeys(
        ("bind_phone", "bind_wechat_phone", "sign_in_by_wechat"),
        "it does to somebody else what a sign-in by code does, which is brought together with all",
    ),
    "unfreeze_person": "freezing is the same write the other way round",
    "bind_phone × bind_wechat_phone": (
        "whom another phone overtakes while they bind one is refused, their code used up"
    ),
    "accept_invitation × confirm_invitation": _FORGIVEN,
    "change_password × sign_in_by_password": _FORGIVEN,
    "confirm_invitation × sign_in_by_password": (
        "whom a new way in overtakes while they sign in is refused, their code used up"
    ),
    "change_settings × erase_account": _CHOSEN,
    "change_settings × erase_person": _CHOSEN,
    "sign_in_by_password × sign_in_by_password": _FORGIVEN,
    "erase_account × sign_in_by_password": _LEAVING,
    "erase_person × sign_in_by_password": _LEAVING,
    "ask_merge": "it writes a person as approving does, which is brought together with all",
    "register_dependent": "it writes the one who acts as giving a mandate does",
    "approve_merge × end_all_sessions": _GOES,
    "approve_merge × end_session": _GOES,
    "approve_merge × refresh_session": _GOES,
    "accept_invitation × sign_in_by_code": "they touch a person alone, and both only read of them",
    "approve_merge × approve_merge": "the second finds nobody there to merge any more",
    "change_password × erase_account": _RECENT,
    "end_all_sessions × erase_account": _RECENT,
    "end_session × erase_account": _RECENT,
    "end_mandate × erase_account": _SHOWN,
    "end_mandate × erase_person": _SHOWN,
    "accept_mandate × end_mandate": _SHOWN,
    "accept_mandate × erase_account": _SHOWN,
    "accept_mandate × erase_person": _SHOWN,
    "accept_mandate × offer_mandate": _SHOWN,
    "accept_mandate × register_dependent": _SHOWN,
    "end_mandate × offer_mandate": _SHOWN,
    "erase_account × offer_mandate": _SHOWN,
    "erase_person × offer_mandate": _SHOWN,
    "offer_mandate × register_dependent": _SHOWN,
    "erase_account × sign_in_by_code": _LEAVING,
    "erase_person × sign_in_by_code": _LEAVING,
    "bind_wechat_phone × bind_wechat_phone": (
        "WeChat takes a code once: of one request that comes twice at one moment one is refused"
    ),
    "sign_in_by_wechat × sign_in_by_wechat": (
        "of two first sign-ins one signs the person up, and either opens the first session"
    ),
    "erase_account × export_account": _EXPORTED,
    "erase_person × export_account": _EXPORTED,
    "export_account × freeze_person": _EXPORTED,
    "sweep_events": "it reads every item in one consistent call, and changes none of them",
}
"""What need not be brought together, with anything or with another, and why."""

_PHONE, _OTHER_PHONE = "13812345678", "13987654321"
_COMPANY = "co_" + "c" * 26
_OWNER = Grant(Role.OWNER, "com_7k2m9x4a/3/1/502")
ADMIN = Person("per_" + "z" * 26, (Grant(Role.PLATFORM_ADMIN, PLATFORM),))
SECOND = Person("per_" + "y" * 26, (Grant(Role.PLATFORM_ADMIN, PLATFORM),))
CHIEF = Person("per_" + "c" * 26, (Grant(Role.COMPANY_ADMIN, _COMPANY),))
BUTLER = Person("per_" + "b" * 26, (Grant(Role.BUTLER, "com_7k2m9x4a/3"),))
_USERNAME, _PASSWORD, _NEW = (
    "li.manager",
    "清河家园值班室的那盏旧台灯",
    "correct horse battery staple",
)
_INVITED = {"name": "李经理", "phone": _PHONE, "scope": _COMPANY}


def scenes(recorder: Recorder) -> Iterator[Rivals]:
    """Bring one person to where everything may be done about them, and then their code."""
    for who in (ADMIN, SECOND, CHIEF, BUTLER):
        hold(who.person_id, *who.grants)
    recorder.start("rotate_keys", schedule("rotate_keys"))
    yield lambda of: [of.starting("rotate_keys", schedule("rotate_keys"))] * 2
    with _hashed_fast():
        # Whatever went before was a while ago: a code was used since, a message may be sent again.
        with hours_later(-0.2):
            staff, secret = _employed(recorder)
            hold(staff.person_id, _OWNER)
            known = _known(recorder, staff)
        with hours_later(-0.05):
            accepted = _begins_anew(recorder)
            for phone in (_PHONE, _OTHER_PHONE):
                recorder.request(NOBODY, "POST", "/codes", {"phone": phone}, 202)
                # What is brought together may send them other messages.
                known["codes"][phone] = sandboxes().messages.code(phone)
        yield lambda of: [
            *_ways_in(of, staff, secret, accepted),
            *_by_phone(of, known),
            *_about_oneself(of, staff, known),
            *_about_others(of, staff, known),
            *_by_operators(of, staff, known),
        ]
        yield lambda of: [
            of.asking(NOBODY, "POST", "/codes", {"phone": _PHONE}),
            of.asking(NOBODY, "POST", "/codes", {"phone": _PHONE}),
            *_by_phone(of, known)[:3],
        ]


@contextmanager
def _hashed_fast() -> Iterator[None]:
    """Nobody guesses at these passwords, and they are hashed a thousand times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_MEMORY_KIB", 8)
        patch.setattr(passwords, "_ROUNDS", 1)
        passwords._hasher.cache_clear()
        yield
    passwords._hasher.cache_clear()


def _employed(recorder: Recorder) -> tuple[Person, str]:
    invited = recorder.request(CHIEF, "POST", "/invitations", _INVITED, 201, key="invite-1")
    secret = _begins(recorder, "1")
    shown = {"phone": _PHONE, "code": sandboxes().messages.code(_PHONE), "totp": _totp(secret)}
    recorder.request(NOBODY, "POST", "/invitations/confirmation", shown, key="confirm-1")
    return Person(invited["person_id"]), secret


def _begins(recorder: Recorder, key: str) -> str:
    shown = {"phone": _PHONE, "code": sandboxes().messages.code(_PHONE)}
    chosen = {**shown, "username": _USERNAME, "password": _PASSWORD}
    url = "/invitations/acceptance"
    told = recorder.request(NOBODY, "POST", url, chosen, key=f"accept-{key}")
    return str(told["otpauth_uri"]).partition("secret=")[2].partition("&")[0]


def _begins_anew(recorder: Recorder) -> dict[str, str]:
    """An invitation is accepted and waits to be confirmed."""
    recorder.request(CHIEF, "POST", "/invitations", _INVITED, 201, key="invite-2")
    secret = _begins(recorder, "2")
    code = sandboxes().messages.code(_PHONE)
    return {"phone": _PHONE, "code": code, "secret": secret}


def _totp(secret: str) -> str:
    return TOTP(secret).at(clock.now())


def _known(recorder: Recorder, staff: Person) -> dict[str, Any]:
    """What is there about the person: devices, others, a duplicate, a feedback."""
    recorder.request(NOBODY, "POST", "/codes", {"phone": _PHONE}, 202)
    code = sandboxes().messages.code(_PHONE)
    body = {"phone": _PHONE, "code": code, "device": "iPhone 17"}
    held = recorder.request(NOBODY, "POST", "/sessions/sms", body, 201, key="device-1")
    other = arrivals.arrive("openid", "o-1", Details(name="张三", openid="o-1"), clock.now())
    twin = arrivals.arrive("openid", "o-2", Details(name="李四", openid="o-2"), clock.now())
    body = {"acting_id": other.id, "name": "张三"}
    recorder.request(staff, "POST", "/me/mandates", body)
    asked = {"person_id": staff.person_id}
    recorder.request(Person(other.id), "POST", "/me/mandates/acceptance", asked)
    recorder.request(staff, "PATCH", "/me", {"name": "李经理"})
    body = {"acting_id": staff.person_id, "name": "李经理"}
    recorder.request(Person(other.id), "POST", "/me/mandates", body)
    merge = {"into_id": staff.person_id}
    recorder.request(ADMIN, "POST", f"/persons/{twin.id}/merge", merge)
    said = {"kind": "idea", "text": "好"}
    given = recorder.request(staff, "POST", "/me/feedback", said, 201, key="feedback-1")
    codes: dict[str, str] = {}
    found = {"held": held, "other": Person(other.id), "twin": twin.id, "feedback": given}
    return {**found, "codes": codes}


def _ways_in(of: Recorder, staff: Person, secret: str, accepted: dict[str, str]) -> list[Trigger]:
    """Everything that staff may try at the door."""
    shown = {"phone": accepted["phone"], "code": accepted["code"]}
    again = {**shown, "username": _USERNAME, "password": _NEW}
    confirmed = {**shown, "totp": _totp(accepted["secret"])}
    signed_in = {"username": _USERNAME, "password": _PASSWORD, "device": "iPad"}
    code = _totp(secret)
    changed = {"username": _USERNAME, "old_password": _PASSWORD, "new_password": _NEW}
    url = "/sessions/password"
    return [
        of.asking(NOBODY, "POST", url, {**signed_in, "totp": code}, key="sign-in-1"),
        of.asking(NOBODY, "POST", url, {**signed_in, "totp": code}, key="sign-in-2"),
        of.asking(NOBODY, "POST", "/invitations/acceptance", again, key="accept-3"),
        of.asking(NOBODY, "POST", "/invitations/confirmation", confirmed, key="confirm-2"),
        of.asking(CHIEF, "POST", "/invitations", _INVITED, key="invite-3"),
        of.starting("invite_administrator", _approved(staff.person_id)),
        of.asking(staff, "POST", "/me/password", {**changed, "totp": code}, key="change-1"),
    ]


def _by_phone(of: Recorder, known: dict[str, Any]) -> list[Trigger]:
    """Whoever has the phone, or guesses, signs in; and another phone is bound."""
    signed_in = {"phone": _PHONE, "code": known["codes"][_PHONE], "device": "iPhone 17"}
    bound = {"phone": _OTHER_PHONE, "code": known["codes"][_OTHER_PHONE]}
    refresh = {"refresh_token": known["held"]["refresh_token"]}
    wechat, other = sandboxes().wechat, known["other"]
    offered = {"code": wechat.offer_phone("13700000000")}
    opened = {"code": wechat.login("neighbour"), "device": "Mate 80"}
    return [
        of.asking(NOBODY, "POST", "/sessions/sms", signed_in, key="device-2"),
        of.asking(NOBODY, "POST", "/sessions/sms", signed_in, key="device-3"),
        of.asking(NOBODY, "POST", "/sessions/sms", {**signed_in, "code": "000000"}),
        of.asking(NOBODY, "POST", "/sessions/refresh", refresh),
        of.asking(other, "POST", "/me/phone", bound, key="bind-0001"),
        of.asking(other, "POST", "/me/phone/wechat", offered, key="bind-0002"),
        of.asking(NOBODY, "POST", "/sessions/wechat", opened, key="wechat-1"),
    ]


def _approved(person_id: str) -> dict[str, Any]:
    event = events.happened(
        "CompanyApproved",
        "onboarding",
        "app_" + "0" * 26,
        3,
        at=clock.now(),
        community_id=PLATFORM,
        actor_id=ADMIN.person_id,
        data={"person_id": person_id},
    )
    body = json.dumps({"detail": json.loads(events.encode(event))})
    return {"Records": [{"messageId": "m0", "eventSource": "aws:sqs", "body": body}]}


def _about_oneself(of: Recorder, staff: Person, known: dict[str, Any]) -> list[Trigger]:
    settings: dict[str, Any] = {
        "language": "en",
        "opted_out": [],
        "quiet_hours": None,
        "version": 0,
    }
    said = {"kind": "praise", "text": "很好"}
    feedback, session_id = known["feedback"], known["held"]["session_id"]
    return [
        of.asking(staff, "PUT", "/me/settings", settings),
        of.asking(staff, "PUT", "/me/settings", {**settings, "language": "zh-CN"}),
        of.asking(staff, "POST", "/me/feedback", said, key="feedback-2"),
        of.asking(staff, "POST", f"/me/feedback/{feedback['feedback_id']}/closure", {"version": 1}),
        of.asking(staff, "PATCH", "/me", {"name": "李明"}),
        of.asking(staff, "POST", "/me/exports", None, key="export-1"),
        of.asking(staff, "POST", f"/sessions/{session_id}/sign-out"),
        of.asking(staff, "POST", "/sessions/sign-out"),
        of.asking(Person(staff.person_id, session_id=session_id), "POST", "/me/erasure"),
    ]


def _about_others(of: Recorder, staff: Person, known: dict[str, Any]) -> list[Trigger]:
    between = {"person_id": staff.person_id, "acting_id": known["other"].person_id}
    dependent = {"name": "王奶奶", "kind": "elderly"}
    return [
        of.asking(staff, "POST", "/me/mandates", {"acting_id": known["twin"], "name": "李四"}),
        of.asking(staff, "POST", "/me/mandates/acceptance", {"person_id": between["acting_id"]}),
        of.asking(known["other"], "POST", "/me/mandates/end", between),
        of.asking(known["other"], "POST", "/dependents", dependent, key="dependent-1"),
    ]


def _by_operators(of: Recorder, staff: Person, known: dict[str, Any]) -> list[Trigger]:
    url, feedback = f"/persons/{staff.person_id}", known["feedback"]["feedback_id"]
    answer = {"text": "谢谢", "version": 1}
    into = {"into_id": staff.person_id}
    return [
        of.asking(ADMIN, "POST", f"{url}/freeze", {"reason": "fraud"}),
        of.asking(ADMIN, "POST", f"{url}/unfreeze", {"reason": "mistake"}),
        of.asking(ADMIN, "POST", f"{url}/erasure", {"reason": "own_wish"}),
        of.asking(ADMIN, "POST", f"{url}/merge", {"into_id": known["twin"]}),
        of.asking(SECOND, "POST", f"/persons/{known['twin']}/merge/approval", into),
        of.asking(ADMIN, "POST", f"{url}/feedback/{feedback}/answer", answer),
        of.asking(
            BUTLER,
            "POST",
            f"{url}/disclosures",
            {"fields": ["phone"], "reason": "repair"},
            key="look-0001",
        ),
    ]
