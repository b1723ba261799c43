"""What invitations, passwords and codes look like, coming and going."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from chalicelib.identity.credentials.rules import CODE_DIGITS, Invitation
from chalicelib.identity.shapes import Device, Phone
from shared.auth import PLATFORM
from shared.requests import IMPERSONAL, PERSONAL, Instant, PersonId, Shape, converted

Name = Annotated[str, Meta(min_length=1, max_length=60, examples=["李经理"], extra=PERSONAL)]
Scope = Annotated[
    str,
    Meta(min_length=5, max_length=40, examples=["com_7k2m9x4a", PLATFORM], extra=IMPERSONAL),
]
InvitationCode = Annotated[
    str,
    Meta(
        pattern=rf"^[0-9]{{{CODE_DIGITS}}}$(?!\n)",
        description="The code that came by SMS; good for 72 hours.",
        examples=["40281763"],
    ),
]
Username = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$(?!\n)",
        description="Letters, digits, dots, hyphens and underscores; case does not matter.",
        examples=["li.manager"],
        extra=PERSONAL,
    ),
]
NewPassword = Annotated[
    str,
    Meta(
        min_length=12,
        max_length=128,
        description="Any words; neither the username nor what guessers try first.",
        examples=["correct horse battery staple"],
        extra=PERSONAL,
    ),
]
# What is typed to sign in says nothing of what passwords look like.
Password = Annotated[
    str, Meta(max_length=128, examples=["correct horse battery staple"], extra=PERSONAL)
]
AuthenticatorCode = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{6}$(?!\n)",
        description="What the authenticator shows just now (RFC 6238); each is good once.",
        examples=["287082"],
    ),
]
Enrolment = Annotated[
    str,
    Meta(
        examples=["otpauth://totp/Linli:li.manager?secret=GEZDGNBVGY3TQOJQ&issuer=Linli"],
        extra=PERSONAL,
    ),
]


class InviteStaff(Shape):
    """Whom to invite as staff (邀请员工), and for which scope."""

    name: Name
    phone: Phone
    scope: Scope


class Invited(Shape):
    """Who was invited; roles are given to this person by `POST /community/grants`."""

    person_id: PersonId
    expires_at: Instant


class AcceptInvitation(Shape):
    """The code of an invitation, and what its holder wants to sign in with."""

    phone: Phone
    code: InvitationCode
    username: Username
    password: NewPassword


class Accepted(Shape):
    """What to show the authenticator, as a picture; it is not shown again once it is confirmed."""

    otpauth_uri: Enrolment


class ConfirmInvitation(Shape):
    """The first code of the authenticator, with the code of the invitation again."""

    phone: Phone
    code: InvitationCode
    totp: AuthenticatorCode


class SignIn(Shape):
    """Username, password and a code of the authenticator (账号密码登录)."""

    username: Username
    password: Password
    totp: AuthenticatorCode
    device: Device


class ChangePassword(Shape):
    """The password as it is and as it shall be, and a code of the authenticator (修改密码)."""

    username: Username
    old_password: Password
    new_password: NewPassword
    totp: AuthenticatorCode


class WayIn(Shape):
    """Whose way in it is from now on."""

    person_id: PersonId


class CompanyApproved(Shape, forbid_unknown_fields=False):
    """What onboarding tells of a firm that was let in: who applied for it."""

    person_id: PersonId


def company_approved(data: dict[str, Any]) -> CompanyApproved:
    """The data of the event as a shape."""
    return converted(data, CompanyApproved)


def invited(invitation: Invitation) -> Invited:
    """What whoever invites is told: the same of everybody."""
    return Invited(person_id=invitation.person_id, expires_at=invitation.ends_at)
