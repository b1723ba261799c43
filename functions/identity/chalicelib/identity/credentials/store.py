"""What is kept of invitations, credentials, and attempts at them.

Access patterns
---------------
1. the invitation of a phone     Get       pk = platform#invitation#{blind phone}, sk = invitation
   with a code, and without      BatchGet  the same, and sk = told
2. a step of it                  Transact  the same, on its version, and 10
   its message was refused       Put       the same, on its version
3. a new one                     Transact  the same, and the quotas of who invites and of the phone
4. a person's credential         Get       pk = platform#person#{person}, sk = credential
5. a code used, a new password   Transact  the same, on its version, and 10
6. a confirmation                Transact  2 and 4, the person with the username's login, the end
                                           of their sessions, and 10
7. a credential goes             Delete    4, in the transaction in which its person goes
8. attempts at a name            Get       pk = platform#attempts#{blind name},
   from a source                           sk = {what}#{source}
9. one more of them              Transact  the same, on its version, and the quotas of the source
                                           and, of a strange one, of the name
10. attempts forgiven            Update    the same, in the transaction of who succeeded

An invitation is forgotten a day after its end, attempts a day after the last, a source from which
somebody came in after a month.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib.identity import records
from chalicelib.identity.credentials import rules
from chalicelib.identity.credentials.rules import (
    Attempts,
    Credential,
    Invitation,
    Proof,
    Stage,
)
from chalicelib.identity.persons import store as persons
from chalicelib.identity.persons.rules import Held, Person
from chalicelib.identity.sessions import store as sessions
from shared import events
from shared.auth import PLATFORM
from shared.errors import Conflict
from shared.quotas import Quota, put_within
from shared.table import Refused, Transaction, Unmet

_KEPT_AFTER = timedelta(days=1)


class _InvitationItem(records.Item):
    id = UnicodeAttribute()
    person_id = UnicodeAttribute()
    scope = UnicodeAttribute()
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    request = UnicodeAttribute()
    stage = UnicodeAttribute()
    unsent = BooleanAttribute(null=True)
    username = UnicodeAttribute(null=True)
    password_hash = UnicodeAttribute(null=True)
    secret = BinaryAttribute(legacy_encoding=False, null=True)
    mark = UnicodeAttribute(null=True)


class _CredentialItem(records.Item):
    username = UnicodeAttribute()
    password_hash = UnicodeAttribute()
    secret = BinaryAttribute(legacy_encoding=False)
    step = NumberAttribute()
    mark = UnicodeAttribute()
    used_at = UTCDateTimeAttribute()


class _AttemptsItem(records.Item):
    failures = NumberAttribute()
    mark = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    locked_until = UTCDateTimeAttribute()
    known_until = UTCDateTimeAttribute(null=True)


def get_invitation(phone: str) -> Invitation | None:
    """The newest invitation of a blind phone that brought a code."""
    item = _InvitationItem.find(*_invitation_key(phone, Stage.OPEN))
    return _to_invitation(item) if item else None


def get_invitations(phone: str) -> tuple[Invitation, ...]:
    """The newest invitations of a blind phone: the one that brought a code, and that without."""
    keys = [_invitation_key(phone, stage) for stage in (Stage.OPEN, Stage.TOLD)]
    return tuple(map(_to_invitation, _InvitationItem.batch_get(keys, consistent_read=True)))


def save_sending(invitation: Invitation) -> bool:
    """Store whether an invitation's message is still to be sent; False if it has changed."""
    try:
        _to_invitation_item(invitation, None).put()
    except Refused:
        return False
    return True


def add_invitation(invitation: Invitation, event: events.Event, limits: Sequence[Quota]) -> bool:
    """Store a new invitation in place of the one before; False where another came in between.

    Raises
    ------
    Limited
        One of the quotas is used up.
    Conflict
        `busy`: other invitations of the same person kept colliding with this one, or whoever is
        invited was erased or merged just then.
    """
    standing = persons.standing(invitation.person_id)
    try:
        item = _to_invitation_item(invitation, event)
        return put_within(PLATFORM, limits, item, relying=standing) is None
    except Unmet as unmet:
        raise Conflict("busy") from unmet


def save_invitation(invitation: Invitation, source: str, now: datetime) -> bool:
    """Store what was made of an invitation, and forgive the attempts at its code from a source.

    False where another step of it came in between.
    """
    try:
        with Transaction() as transaction:
            transaction.put(_to_invitation_item(invitation, None))
            _forgive(transaction, "invitation", invitation.phone, source, now)
    except Refused:
        return False
    return True


def get_credential(person_id: str) -> Credential | None:
    """A person's credential."""
    item = _CredentialItem.find(*_credential_key(person_id))
    if item is None:
        return None
    return Credential(
        person_id=person_id,
        proof=Proof(item.username, item.password_hash, item.secret),
        step=int(item.step),
        mark=item.mark,
        used_at=item.used_at,
        version=item.version,
        outbox=item.outbox,
    )


def save_confirmation(
    person: Person,
    before: Person,
    invitation: Invitation,
    credential: Credential,
    source: str,
    event: events.Event,
) -> bool:
    """End an invitation in a credential: the way in from now on, and the only one.

    False where one of them was changed meanwhile, or somebody else took the username.

    Parameters
    ----------
    person, before
        The person with their new username, and as they were read.
    source
        Where they came from.
    """
    lost = tuple(login for login in before.logins if login not in person.logins)
    gone = persons.get_logins(replace(before, logins=lost))
    try:
        with Transaction() as transaction:
            writing = persons.Writing(transaction)
            writing.person(person)
            writing.put(_to_invitation_item(invitation, None))
            writing.put(_to_credential_item(credential, event))
            for login in set(person.logins) - set(before.logins):
                writing.login(Held(login, person.id))
            for held in gone:
                writing.drop_login(held)
            writing.end_sessions(person.id)
            _forgive(transaction, "invitation", invitation.phone, source, credential.used_at)
    except Refused:
        return False
    return True


def save_use(credential: Credential, source: str, event: events.Event | None = None) -> bool:
    """Store that a code was used, and forgive the attempts at the name from its source.

    False where another request came in between.

    Where it announces something, the way in has changed, and nobody stays signed in.
    """
    try:
        with Transaction() as transaction:
            transaction.put(_to_credential_item(credential, event))
            name = credential.proof.username
            _forgive(transaction, "sign_in", name, source, credential.used_at)
            if event is not None:
                sessions.end_all(transaction, credential.person_id)
    except Refused:
        return False
    return True


def still_let_in(credential: Credential) -> Callable[[Transaction], None]:
    """What a session relies on in its write: that the password by which it opens is theirs yet."""

    def require(transaction: Transaction) -> None:
        kept = _CredentialItem.password_hash == credential.proof.password_hash
        transaction.require(_CredentialItem, *_credential_key(credential.person_id), kept)

    return require


def drop_credential(transaction: Transaction, credential: Credential) -> None:
    """Destroy a person's credential as part of a transaction, if it is as it was read."""
    row = _CredentialItem(*_credential_key(credential.person_id), version=credential.version)
    transaction.delete(row)


def get_attempts(what: str, name: str, source: str) -> Attempts | None:
    """How often a name was tried from a source of late."""
    item = _AttemptsItem.find(*_attempts_key(what, name, source))
    if item is None:
        return None
    return Attempts(
        failures=int(item.failures),
        mark=item.mark,
        at=item.at,
        locked_until=item.locked_until,
        known_until=item.known_until,
        version=item.version,
    )


def save_attempts(
    what: str, name: str, source: str, attempts: Attempts, limits: Sequence[Quota]
) -> bool:
    """Store one more attempt, and raise its quotas; False if another was faster.

    Raises
    ------
    Limited
        One of the quotas is used up.
    Conflict
        `busy`: other attempts from the same source kept colliding with this one.
    """
    forgotten_at = attempts.at + rules.FORGIVEN_AFTER
    item = _AttemptsItem(
        *_attempts_key(what, name, source),
        failures=attempts.failures,
        mark=attempts.mark,
        at=attempts.at,
        locked_until=attempts.locked_until,
        known_until=attempts.known_until,
        version=attempts.version,
        expires_at=max(forgotten_at, attempts.known_until or forgotten_at),
    )
    return put_within(PLATFORM, limits, item) is None


def _forgive(transaction: Transaction, what: str, name: str, source: str, now: datetime) -> None:
    """Forget the failures at a name from a source, and know it from now on.

    Whatever is tried there just now.
    """
    item = _AttemptsItem(*_attempts_key(what, name, source), version=0)
    known_until = now + rules.KNOWN_FOR
    transaction.update(
        item,
        [
            _AttemptsItem.failures.set(0),
            _AttemptsItem.known_until.set(known_until),
            _AttemptsItem.expires_at.set(known_until),
        ],
    )


def _invitation_key(phone: str, stage: Stage) -> tuple[str, str]:
    return f"platform#invitation#{phone}", "told" if stage is Stage.TOLD else "invitation"


def _credential_key(person_id: str) -> tuple[str, str]:
    return f"platform#person#{person_id}", "credential"


def _attempts_key(what: str, name: str, source: str) -> tuple[str, str]:
    return f"platform#attempts#{name}", f"{what}#{source}"


def _to_invitation(item: _InvitationItem) -> Invitation:
    return Invitation(
        id=item.id,
        phone=item.pk.rpartition("#")[2],
        person_id=item.person_id,
        scope=item.scope,
        by=item.by,
        at=item.at,
        request=item.request,
        stage=Stage(item.stage),
        proof=Proof(item.username, item.password_hash, item.secret) if item.username else None,
        mark=item.mark or "",
        unsent=bool(item.unsent),
        version=item.version,
        outbox=item.outbox,
    )


def _to_invitation_item(invitation: Invitation, event: events.Event | None) -> _InvitationItem:
    proof = invitation.proof
    item = _InvitationItem(
        *_invitation_key(invitation.phone, invitation.stage),
        id=invitation.id,
        person_id=invitation.person_id,
        scope=invitation.scope,
        by=invitation.by,
        at=invitation.at,
        request=invitation.request,
        stage=invitation.stage.value,
        unsent=invitation.unsent or None,
        username=proof.username if proof else None,
        password_hash=proof.password_hash if proof else None,
        secret=proof.secret if proof else None,
        mark=invitation.mark or None,
        version=invitation.version,
        expires_at=invitation.ends_at + _KEPT_AFTER,
    )
    item.announce(invitation.outbox, event)
    return item


def _to_credential_item(credential: Credential, event: events.Event | None) -> _CredentialItem:
    item = _CredentialItem(
        *_credential_key(credential.person_id),
        username=credential.proof.username,
        password_hash=credential.proof.password_hash,
        secret=credential.proof.secret,
        step=credential.step,
        mark=credential.mark,
        used_at=credential.used_at,
        version=credential.version,
    )
    item.announce(credential.outbox, event)
    return item
