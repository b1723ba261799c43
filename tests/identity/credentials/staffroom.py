"""Staff on their way in: what they are sent, what they type, what their authenticator shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pyotp import TOTP

from shared.auth import PLATFORM, Grant, Role
from tests.harness.gateway import Answer, send
from tests.harness.rights import hold
from tests.harness.source import Source
from tests.identity.scene import DEVICE, PHONE, Identity

COMPANY, COMMUNITY = "co_" + "c" * 26, "com_a1b2c3d4"
PASSWORD, OTHER_PASSWORD = "清河家园值班室的那盏旧台灯", "correct horse battery staple"
USERNAME = "li.manager"
HALF_MINUTE, MINUTE = timedelta(seconds=30), timedelta(minutes=1)


@dataclass(frozen=True)
class Inviter:
    """Somebody who may invite."""

    letter: str
    grants: tuple[Grant, ...]

    @property
    def person_id(self) -> str:
        """Their id."""
        return "per_" + self.letter * 26


ADMIN = Inviter("z", (Grant(Role.PLATFORM_ADMIN, PLATFORM),))
CHIEF = Inviter("c", (Grant(Role.COMPANY_ADMIN, COMPANY), Grant(Role.COMPANY_ADMIN, COMMUNITY)))
OTHER_CHIEF = Inviter("d", (Grant(Role.COMPANY_ADMIN, "co_" + "d" * 26),))


@dataclass
class Staffroom:
    """Identity, and the requests of staff to it."""

    identity: Identity
    source: Source
    secrets: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    def later(self, span: timedelta = HALF_MINUTE) -> None:
        """Time passes: as a rule until the next code."""
        self.source.now += span

    def post(
        self,
        url: str,
        body: dict[str, Any],
        *,
        by: Inviter | None = None,
        person_id: str = "",
        acting_id: str = "",
        key: str = "",
        address: str = "203.0.113.7",
    ) -> Answer:
        """One request, with a key of its own if none is given."""
        self.sent += 1
        named: dict[str, Any] = {}
        if by is not None:
            named = {"person_id": by.person_id, "grants": by.grants}
        elif person_id:
            caller = {"person_id": person_id, "grants": "", "acting_id": acting_id}
            named = {"authorizer": caller}
        return send(
            self.identity.module.app,
            "POST",
            url,
            body=body,
            headers={"Idempotency-Key": key or f"key-{self.sent:04}"},
            address=address,
            **named,
        )

    def invite(
        self,
        phone: str = PHONE,
        by: Inviter = CHIEF,
        scope: str = COMPANY,
        name: str = "李经理",
        key: str = "",
    ) -> Answer:
        """Somebody is invited."""
        body = {"name": name, "phone": phone, "scope": scope}
        return self.post("/invitations", body, by=by, key=key)

    def code(self, phone: str = PHONE) -> str:
        """The code in the newest message of a phone."""
        return self.identity.sandboxes.messages.code(phone)

    def accept(
        self,
        phone: str = PHONE,
        code: str = "",
        username: str = USERNAME,
        password: str = PASSWORD,
        key: str = "",
    ) -> Answer:
        """Somebody chooses username and password, and has their authenticator read the secret."""
        body = {
            "phone": phone,
            "code": code or self.code(phone),
            "username": username,
            "password": password,
        }
        answer = self.post("/invitations/acceptance", body, key=key)
        if answer.status == 200:
            query = parse_qs(urlsplit(answer.json["otpauth_uri"]).query)
            self.secrets[username] = query["secret"][0]
        return answer

    def confirm(
        self,
        phone: str = PHONE,
        code: str = "",
        totp: str = "",
        username: str = USERNAME,
        key: str = "",
    ) -> Answer:
        """Somebody shows that their authenticator works."""
        body = {
            "phone": phone,
            "code": code or self.code(phone),
            "totp": totp or self.totp(username),
        }
        return self.post("/invitations/confirmation", body, key=key)

    def totp(self, username: str = USERNAME, steps: int = 0) -> str:
        """What an authenticator shows so many half minutes from now."""
        return TOTP(self.secrets[username]).at(self.source.now + steps * HALF_MINUTE)

    def sign_in(
        self,
        username: str = USERNAME,
        password: str = PASSWORD,
        totp: str = "",
        key: str = "",
        address: str = "203.0.113.7",
    ) -> Answer:
        """Somebody signs in."""
        body = {
            "username": username,
            "password": password,
            "totp": totp or self.totp(username),
            "device": DEVICE,
        }
        return self.post("/sessions/password", body, key=key, address=address)

    def change(self, person_id: str, new: str, **differing: Any) -> Answer:
        """Somebody takes another password."""
        body = {
            "username": USERNAME,
            "old_password": differing.pop("old", PASSWORD),
            "new_password": new,
            "totp": differing.pop("totp", "") or self.totp(),
        }
        return self.post("/me/password", body, person_id=person_id, **differing)

    def employed(
        self,
        phone: str = PHONE,
        username: str = USERNAME,
        by: Inviter = CHIEF,
        scope: str = COMPANY,
    ) -> str:
        """Somebody came all the way in; their next code is a new one."""
        person_id: str = self.invite(phone, by, scope).json["person_id"]
        assert self.accept(phone, username=username).status == 200
        assert self.confirm(phone, username=username).status == 200
        self.later()
        return person_id

    def given(self, person_id: str, role: Role, scope: str) -> None:
        """Somebody was given a role."""
        hold(person_id, Grant(role, scope))
