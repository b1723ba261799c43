"""What is done with invitations and credentials: invited, accepted, confirmed, used, changed."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.identity import sources
from chalicelib.identity.credentials import authenticator, passwords, rules, shapes, store
from chalicelib.identity.credentials.rules import Credential, Invitation, Proof, Stage
from chalicelib.identity.persons import arrivals, envelopes
from chalicelib.identity.persons import store as persons
from chalicelib.identity.persons.rules import Details, Origin
from chalicelib.identity.providers import settings, text_messages
from chalicelib.identity.sessions import opening
from shared import clock, events, grants, ids, vault
from shared.auth import PLATFORM, Caller
from shared.errors import Conflict
from shared.quotas import Quota, check_left

SOURCE = "identity"
INVITATIONS_PER_DAY, INVITATIONS_PER_PHONE = 50, 5
ATTEMPTS_PER_HOUR = 300
"""From one address: a whole office signs in from one."""
_NOBODY = "nobody"
_TRIES = 3
_HOURS = str(int(rules.INVITED_FOR.total_seconds()) // 3600)


def invite_staff(caller: Caller, wanted: shapes.InviteStaff, key: str, now: datetime) -> Invitation:
    """Invite somebody to be staff, or to begin anew with another password (UM-07).

    Whoever has a credential already, and roles that the inviter does not stand above, is only told
    that they are wanted; the inviter is answered as ever.
    """
    caller.require(rules.check_scope(wanted.scope))
    phone = vault.blind("phone", wanted.phone)
    details = Details(name=wanted.name, phone=wanted.phone)

    def has_room() -> None:
        check_left(PLATFORM, _invitation_quotas(caller.person_id, phone, "phone", now))

    person = arrivals.arrive("phone", wanted.phone, details, now, Origin.INVITATION, has_room)
    invitation = Invitation(
        id=f"inv_{ids.ulid(now)}",
        phone=phone,
        person_id=person.id,
        scope=wanted.scope,
        by=caller.person_id,
        at=now,
        request=_mark("invite", caller.person_id, key, phone, wanted.scope),
    )
    return _invite(invitation, caller.scopes, wanted.phone, now)


def invite_administrator(person_id: str, cause: str, now: datetime) -> bool:
    """Invite whom the platform has approved to run a firm; False for who has no phone (UM-07).

    Whoever has a credential already is only told: approving a firm gives nobody another password.

    Parameters
    ----------
    cause
        The event that says so; heard again, it invites nobody again.
    """
    person, wrapped = persons.get_with_key(person_id)
    if person is None or not wrapped:
        return False
    number = envelopes.opened(person_id, wrapped, person.envelope).phone
    if not number:
        return False
    invitation = Invitation(
        id=ids.derived_platform_id("inv", cause),
        phone=vault.blind("phone", number),
        person_id=person_id,
        scope=PLATFORM,
        by=PLATFORM,
        at=now,
        request=_mark("invite", cause),
    )
    _invite(invitation, (), number, now)
    return True


def _invite(wanted: Invitation, scopes: tuple[str, ...], number: str, now: datetime) -> Invitation:
    """Store an invitation and send its message, once: whoever asks again sends no second one.

    Only one that the provider refused is sent again.  Of two who ask at once, one sends it.
    """
    tried = False
    for _ in range(_TRIES):
        stored = store.get_invitations(wanted.phone)
        known = rules.same_again(stored, wanted)
        if known is None:
            begins = _may_begin(wanted.person_id, scopes)
            made = rules.following(stored, wanted, begins=begins)
            tried = True
            # A firm that only tells somebody that they are wanted uses up no other's way to let
            # them in.
            kind = "told" if made.stage is Stage.TOLD else "phone"
            quotas = _invitation_quotas(made.by, made.phone, kind, now)
            if store.add_invitation(made, _invited(made), quotas):
                return _send(made.stored, number, now)
        elif tried and known.id == wanted.id:
            # Its own write, whose answer was lost.
            return _send(known, number, now)
        elif not known.unsent:
            return known
        else:
            claimed = replace(known, unsent=False)
            if store.save_sending(claimed):
                return _send(claimed.stored, number, now)
    raise Conflict("busy")


def _send(invitation: Invitation, number: str, now: datetime) -> Invitation:
    """Send the message of an invitation; where the provider refuses, whoever asks again sends it.

    An invitation that has changed meanwhile gave way to another, which has its own message.
    """
    try:
        if invitation.stage is Stage.TOLD:
            text_messages.send("wanted", number, (), now)
        else:
            text_messages.send("invitation", number, (_code(invitation.id), _HOURS), now)
    except settings.Unreachable:
        store.save_sending(replace(invitation, unsent=True))
        raise
    return invitation


def _may_begin(person_id: str, scopes: tuple[str, ...]) -> bool:
    """Whether the invited may choose a password; `scopes` are where the inviter may ask it."""
    if store.get_credential(person_id) is None:
        return True
    return bool(scopes) and rules.may_begin_anew(scopes, grants.grants_of(person_id))


def accept_invitation(given: shapes.AcceptInvitation, key: str, address: str, now: datetime) -> str:
    """Choose username and password; the address that the authenticator is to read.

    Until it is confirmed it may be done again, with other choices, and nothing of before changes.
    """
    phone, username = vault.blind("phone", given.phone), vault.blind("username", given.username)
    mark = _mark("accept", key, given.phone, given.code, given.username, given.password)
    source = _try("invitation", phone, mark, address, now)
    score = passwords.score(given.password, given.username)
    rules.check_password(given.password, given.username, score)
    secret = authenticator.secret_of(_chance("authenticator", mark))
    for _ in range(_TRIES):
        invitation = _shown(phone, given.code, now)
        held = persons.get_login("username", username)
        if held is not None and held.person_id != invitation.person_id:
            raise Conflict("username_taken")
        _, wrapped = persons.get_with_key(invitation.person_id)
        if not wrapped:
            raise Conflict("code_not_valid")
        if hmac.compare_digest(invitation.mark, mark):
            break
        sealed = vault.seal(invitation.person_id, wrapped, secret.encode())
        hashed = passwords.hashed(given.password, _chance("salt", mark))
        proof = Proof(username, hashed, sealed)
        if store.save_invitation(rules.accept(invitation, proof, mark), source, now):
            break
    else:
        raise Conflict("busy")
    return authenticator.enrolment(secret, given.username)


def confirm_invitation(
    given: shapes.ConfirmInvitation, key: str, address: str, now: datetime
) -> str:
    """Let a credential be the way in, once its authenticator has shown a right code; whose."""
    phone = vault.blind("phone", given.phone)
    mark = _mark("confirm", key, given.phone, given.code, given.totp)
    source = _try("invitation", phone, mark, address, now)
    for _ in range(_TRIES):
        known = store.get_invitation(phone)
        if known is not None and known.stage is Stage.DONE and known.mark == mark:
            return known.person_id
        whose = _confirm(_checked(known, given.code, now), given.totp, mark, source, now)
        if whose:
            return whose
    raise Conflict("busy")


def _confirm(invitation: Invitation, totp: str, mark: str, source: str, now: datetime) -> str:
    """Whose credential it became; empty where something of theirs was changed meanwhile."""
    person, wrapped = persons.get_with_key(invitation.person_id)
    if invitation.proof is None or person is None or not wrapped:
        raise Conflict("code_not_valid")
    rules.check_reached(person, invitation)
    secret = _secret(person.id, wrapped, invitation.proof)
    step = authenticator.step_of_code(secret, totp, rules.steps_around(now))
    if step is None:
        raise Conflict("code_not_valid")
    before = store.get_credential(person.id)
    done, made = rules.confirm(invitation, before, step, mark, now)
    after = rules.with_username(person, made.proof.username)
    told = _set(made, "invitation", now)
    kept = store.save_confirmation(after, person, done, made, source, told)
    return person.id if kept else ""


def _shown(phone: str, code: str, now: datetime) -> Invitation:
    """The invitation of a phone, whose code was shown."""
    return _checked(store.get_invitation(phone), code, now)


def _checked(known: Invitation | None, code: str, now: datetime) -> Invitation:
    return rules.check_code(known, _code(known.id if known else ""), code, now)


def sign_in_by_password(
    given: shapes.SignIn, key: str, address: str, now: datetime
) -> opening.Tokens:
    """Let somebody in who knows their password and has their authenticator.

    Raises
    ------
    Conflict
        `sign_in_refused`, whatever is wrong and whoever it is.
    Limited
        `too_many_attempts`: at this name from this address or from strange ones, or from this
        address at whatever names.
    """
    name = vault.blind("username", given.username)
    mark = _mark("sign_in", key, given.username, given.password, given.totp)
    source = _try("sign_in", name, mark, address, now)
    held = persons.get_login("username", name)
    person_id = held.person_id if held else _NOBODY
    used = _used(person_id, given, mark, source, now)
    still = store.still_let_in(used)
    return opening.open_session(person_id, "staff", given.device, mark, now, still)


def _used(
    person_id: str, given: shapes.SignIn, mark: str, source: str, now: datetime
) -> Credential:
    """The credential once this request has used a code of its authenticator, now or before."""
    for _ in range(_TRIES):
        before = store.get_credential(person_id)
        if before is not None and rules.is_repeat(before, mark, now):
            return before
        used = _proven(before, given.password, given.totp, mark, now)
        if passwords.is_outdated(used.proof.password_hash):
            used = _with_password(used, given.password, mark)
        if store.save_use(used, source):
            return used
    raise Conflict("busy")


def change_password(
    caller: Caller, given: shapes.ChangePassword, key: str, address: str, now: datetime
) -> str:
    """Take another password, knowing the old one; whoever was signed in must sign in again."""
    person_id = caller.in_person()
    name = vault.blind("username", given.username)
    mark = _mark("change", key, given.username, given.old_password, given.new_password, given.totp)
    source = _try("sign_in", name, mark, address, now)
    score = passwords.score(given.new_password, given.username)
    rules.check_password(given.new_password, given.username, score, "new_password")
    for _ in range(_TRIES):
        before = store.get_credential(person_id)
        if rules.is_repeat(before, mark, now):
            return person_id
        if before is not None and before.proof.username != name:
            before = None
        used = _proven(before, given.old_password, given.totp, mark, now)
        changed = _with_password(used, given.new_password, mark)
        if store.save_use(changed, source, _set(changed, "change", now)):
            return person_id
    raise Conflict("busy")


def _with_password(credential: Credential, password: str, mark: str) -> Credential:
    hashed = passwords.hashed(password, _chance("salt", mark))
    return replace(credential, proof=replace(credential.proof, password_hash=hashed))


def _proven(
    known: Credential | None, password: str, totp: str, mark: str, now: datetime
) -> Credential:
    """The credential after its password and a code of its authenticator were given.

    Raises
    ------
    Conflict
        `sign_in_refused`, whatever is wrong, or where there is no credential at all.
    """
    if not passwords.is_right(known.proof.password_hash if known else None, password):
        raise Conflict("sign_in_refused")
    assert known is not None  # nobody's password is never right
    _, wrapped = persons.get_with_key(known.person_id)
    if not wrapped:
        raise Conflict("sign_in_refused")
    secret = _secret(known.person_id, wrapped, known.proof)
    step = authenticator.step_of_code(secret, totp, rules.steps_around(now))
    if step is None:
        raise Conflict("sign_in_refused")
    return rules.use(known, step, mark, now)


def _try(what: str, name: str, mark: str, address: str, now: datetime) -> str:
    """Count an attempt before it is looked at, so that many at once are as many; its source."""
    source = sources.source_of(address)
    hour, quarter = f"attempts#{clock.to_text(now)[:13]}", f"tries-{what}#{sources.quarter(now)}"
    code, ends_at = "too_many_attempts", now + timedelta(hours=2)
    of_source = Quota(source, hour, ATTEMPTS_PER_HOUR, code, ends_at)
    of_name = Quota(name, quarter, rules.STRANGERS_TRIES[what], code, ends_at)
    for _ in range(_TRIES):
        before = store.get_attempts(what, name, source)
        after = rules.attempt(before, mark, now)
        limits = (of_source, of_name) if after.is_strange else (of_source,)
        if after is before or store.save_attempts(what, name, source, after, limits):
            return source
    raise Conflict("busy")


def _invitation_quotas(by: str, phone: str, kind: str, now: datetime) -> tuple[Quota, ...]:
    window, ends_at = f"invitations#{clock.estate_date(now)}", now + timedelta(days=2)
    code = "too_many_invitations"
    return (
        Quota(by, window, INVITATIONS_PER_DAY, code, ends_at),
        Quota(phone, f"{kind}-{window}", INVITATIONS_PER_PHONE, code, ends_at),
    )


def _secret(person_id: str, wrapped: bytes, proof: Proof) -> str:
    """The authenticator's secret."""
    return vault.open_sealed(person_id, wrapped, proof.secret).decode()


def _code(invitation_id: str) -> str:
    """The code of an invitation: nothing of it is stored, and only we can tell it."""
    digest = hmac.digest(vault.derived_key("invitation"), invitation_id.encode(), "sha256")
    number = int.from_bytes(digest[:8], "big") % 10**rules.CODE_DIGITS
    return f"{number:0{rules.CODE_DIGITS}}"


def _mark(what: str, *facts: str) -> str:
    """What a request is known by when it comes again; it tells nothing else."""
    said = json.dumps([what, *facts]).encode()
    return ids.letters(hmac.digest(vault.derived_key("mark"), said, "sha256"))


def _chance(label: str, mark: str) -> bytes:
    """32 bytes that this very request always gives, and that nobody else can tell.

    Where its answer was lost it comes again, and must be given the same secret; after it, its mark
    stands nowhere.
    """
    return hmac.digest(vault.derived_key(label), mark.encode(), "sha256")


def _invited(invitation: Invitation) -> events.Event:
    return events.happened(
        "StaffInvited",
        SOURCE,
        invitation.id,
        (invitation.version or 0) + 1,
        at=invitation.at,
        community_id=PLATFORM,
        actor_id=invitation.by,
        data={"person_id": invitation.person_id, "scope": invitation.scope},
    )


def _set(credential: Credential, cause: str, now: datetime) -> events.Event:
    return events.happened(
        "CredentialsSet",
        SOURCE,
        ids.derived_platform_id("cre", credential.person_id),
        (credential.version or 0) + 1,
        at=now,
        community_id=PLATFORM,
        actor_id=credential.person_id,
        data={"person_id": credential.person_id, "cause": cause},
    )
