"""How staff come in and begin anew, what people choose, and what they say of the platform."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from pyotp import TOTP

from chalicelib.identity.persons import arrivals
from chalicelib.identity.persons.rules import Details
from shared import clock, events
from shared.auth import PLATFORM, Grant, Role
from tests.harness import canaries
from tests.harness.hours import hours_later
from tests.harness.recorder import Recorder
from tests.harness.rights import hold
from tests.identity.scene import sandboxes
from tests.identity.sessions_story import NOBODY, Person

_ALL = "limit=100"
_COMPANY = "co_" + "c" * 26
CHIEF = Person("per_" + "c" * 26, (Grant(Role.COMPANY_ADMIN, _COMPANY),))
OPERATOR = Person("per_" + "o" * 26, (Grant(Role.PLATFORM_ADMIN, PLATFORM),))
# Whoever has a phone chooses it for a name, and words they know by heart for a password.
_PHONE = _USERNAME = canaries.OWNER_PHONE
_OTHER_USERNAME = canaries.OWNER_ID
_PASSWORD, _OTHER_PASSWORD = canaries.said("值班室的台灯"), canaries.said("仓库里的梯子")


def tell(recorder: Recorder, count: int) -> None:
    """Tell it with `count` (at most ten) pieces of feedback."""
    for who in (CHIEF, OPERATOR):
        hold(who.person_id, *who.grants)
    with hours_later(48):
        member = _invited(recorder, "1", _USERNAME, _PASSWORD)
    hold(member.person_id, Grant(Role.BUTLER, _COMPANY))
    with hours_later(49):
        _begin_anew(recorder, member)
        _choose(recorder, member)
        _say(recorder, member, count)
    _handed_over(recorder)


def _invited(recorder: Recorder, key: str, username: str, password: str) -> Person:
    """Somebody is invited, accepts and confirms; they sign in with the next code."""
    body = {"name": canaries.STAFF_NAME, "phone": _PHONE, "scope": _COMPANY}
    invited = recorder.request(CHIEF, "POST", "/invitations", body, 201, key=f"invite-{key}")
    shown = {"phone": _PHONE, "code": sandboxes().messages.code(_PHONE)}
    chosen = {**shown, "username": username, "password": password}
    url = "/invitations/acceptance"
    told = recorder.request(NOBODY, "POST", url, chosen, key=f"accept-{key}")
    secret = parse_qs(urlsplit(told["otpauth_uri"]).query)["secret"][0]
    url = "/invitations/confirmation"
    confirmed = {**shown, "totp": _totp(secret)}
    recorder.request(NOBODY, "POST", url, confirmed, key=f"confirm-{key}")
    given = {"username": username, "password": password, "device": canaries.OWNER_NAME}
    with hours_later(0.1):
        signed_in = {**given, "totp": _totp(secret)}
        url = "/sessions/password"
        recorder.request(NOBODY, "POST", url, signed_in, 201, key=f"sign-in-{key}")
    with hours_later(0.2):
        changed = {
            "username": username,
            "old_password": password,
            "new_password": _OTHER_PASSWORD,
            "totp": _totp(secret),
        }
        member = Person(invited["person_id"])
        recorder.request(member, "POST", "/me/password", changed, key=f"change-{key}")
    return member


def _totp(secret: str) -> str:
    """The next code: it is good for a minute at least, however long its sending takes."""
    return TOTP(secret).at(clock.now(), counter_offset=1)


def _begin_anew(recorder: Recorder, member: Person) -> None:
    """Who forgot their password is invited again, and takes another name as well."""
    again = _invited(recorder, "2", _OTHER_USERNAME, _PASSWORD)
    assert again.person_id == member.person_id


def _choose(recorder: Recorder, member: Person) -> None:
    chosen = {
        "language": "en",
        "opted_out": [{"topic": "offers", "channel": "sms"}],
        "quiet_hours": {"begins_at": "22:30", "ends_at": "07:00"},
    }
    for version in range(2):
        topic = ("offers", "activities")[version]
        chosen["opted_out"] = [{"topic": topic, "channel": "sms"}]
        recorder.request(member, "PUT", "/me/settings", {**chosen, "version": version})
    recorder.request(member, "GET", "/me/settings")


def _say(recorder: Recorder, member: Person, count: int) -> None:
    """So much is said and waits; one of it is answered, and closed."""
    for number in range(count):
        said = {"kind": "idea", "text": canaries.said(f"第 {number} 个想法")}
        url, key = "/me/feedback", f"feedback-{number:04}"
        given = recorder.request(member, "POST", url, said, 201, key=key)
    recorder.request(member, "GET", f"/me/feedback?{_ALL}")
    recorder.request(OPERATOR, "GET", f"/feedback?{_ALL}")
    url = f"/persons/{member.person_id}/feedback/{given['feedback_id']}/answer"
    recorder.request(OPERATOR, "POST", url, {"text": canaries.said("谢谢"), "version": 1})
    url = f"/me/feedback/{given['feedback_id']}/closure"
    recorder.request(member, "POST", url, {"version": 2})


def _handed_over(recorder: Recorder) -> None:
    """Whoever applied for a firm is invited to run it, if they can be reached."""
    (body,) = approvals(recorder, 1)
    unreachable = arrivals.arrive("openid", "o-1", Details(openid="o-1"), clock.now())
    for one in (body, approved(unreachable.id, 99)):
        message = {"messageId": "m0", "eventSource": "aws:sqs", "body": one}
        answer = recorder.start("invite_administrator", {"Records": [message]})
        assert answer == {"batchItemFailures": []}


def approvals(_: Recorder, count: int) -> list[str]:
    """What onboarding tells of so many firms, each of another applicant."""
    return [approved(_applicant(number), number) for number in range(count)]


def _applicant(number: int) -> str:
    phone = f"135{number:08}"
    return arrivals.arrive("phone", phone, Details(phone=phone), clock.now()).id


def approved(person_id: str, number: int) -> str:
    """What onboarding tells of the firm that somebody applied for."""
    event = events.happened(
        "CompanyApproved",
        "onboarding",
        f"app_{number:026}",
        3,
        at=clock.now(),
        community_id=PLATFORM,
        actor_id=OPERATOR.person_id,
        data={
            "application_id": f"app_{number:026}",
            "person_id": person_id,
            "name": "安居物业",
            "credit_code": "91320114MA1MABCD0K",
        },
    )
    return json.dumps({"detail": json.loads(events.encode(event))})
