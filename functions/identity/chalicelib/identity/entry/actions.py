"""How residents come in: by a phone or by WeChat, whoever they are and however often they come.

Nothing here tells whether somebody is known: who is not is signed up.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.identity import sources
from chalicelib.identity.codes import proving, rules, store
from chalicelib.identity.entry.asking import count_asking
from chalicelib.identity.persons import arrivals
from chalicelib.identity.persons.rules import Details, check_recent
from chalicelib.identity.providers import text_messages, wechat
from chalicelib.identity.sessions import opening
from chalicelib.identity.sessions import store as sessions
from chalicelib.identity.sessions.opening import Tokens
from shared import ids, vault
from shared.auth import Caller
from shared.errors import Conflict

ASKS_OF_SOURCE, ASKS_OF_PERSON = 300, 20
"""How often WeChat is asked in a quarter of an hour: a house shares its address, and our share of
WeChat's own limits is everybody's."""
_ATTEMPTS = 3
_MINUTES = str(int(rules.GOOD_FOR.total_seconds()) // 60)


def send_code(phone: str, address: str, now: datetime) -> None:
    """Send a code to a phone, unless it was sent one just now; the answer does not tell.

    Raises
    ------
    Limited
        `too_many_codes`, `too_many_codes_today`: too many to this phone, from this address, or
        altogether.
    Conflict
        `provider_unreachable`: the message could not be sent.  `busy`: others asked for this phone
        at the same time.
    """
    blind = vault.blind("phone", phone)
    source = sources.source_of(address)
    salt = ids.ulid(now)
    for _ in range(_ATTEMPTS):
        before = store.get_challenge(blind)
        if not rules.may_send(before, source, now):
            return
        challenge = rules.next_challenge(before, blind, salt, source, now)
        if store.add_challenge(challenge, source, now):
            code = proving.code_of(blind, challenge.salt)
            text_messages.send("code", phone, (code, _MINUTES), now)
            return
    raise Conflict("busy")


def sign_in_by_code(
    phone: str, code: str, device: str, key: str, address: str, now: datetime
) -> Tokens:
    """Sign in whoever holds a phone, signed up if nobody does yet."""
    cause = proving.prove_phone(vault.blind("phone", phone), code, f"sign-in|{key}", address, now)
    person = arrivals.arrive("phone", phone, Details(phone=phone), now)
    return opening.open_session(person.id, "resident", device, cause, now)


def sign_in_by_wechat(code: str, device: str, key: str, address: str, now: datetime) -> Tokens:
    """Sign in whoever opened the mini-program, signed up if they never did.

    Raises
    ------
    Limited
        `too_many_attempts`: WeChat was asked too often for this address.
    """
    count_asking(sources.source_of(address), f"{code}|{key}", ASKS_OF_SOURCE, now)
    try:
        account = wechat.account_of(code, key, now)
    except wechat.CodeRefused as refused:
        raise Conflict("code_refused") from refused
    details = Details(openid=account.openid, unionid=account.unionid)
    person = arrivals.arrive("openid", account.openid, details, now)
    return opening.open_session(person.id, "resident", device, f"wechat|{code}|{key}", now)


def bind_phone(caller: Caller, phone: str, code: str, key: str, address: str, now: datetime) -> str:
    """Let the caller sign in by a phone they hold, and no more by the one before; the phone.

    A number is given to somebody else some months after it was given up: whoever has it then must
    come in as themselves.  Nobody stays signed in who may have come by it: where a phone gives way,
    all sessions end.

    Raises
    ------
    Conflict
        `code_refused`.  `login_of_another`: somebody else signs in by it; the operator can merge
        the two.  `sign_in_again`: another phone would give way, and the session that asks was
        opened too long ago.
    """
    person_id, blind = caller.in_person(), vault.blind("phone", phone)
    known = arrivals.check_there(person_id).login("phone")
    replaces = known is not None and known.blind != blind
    if replaces:
        # Before the code is used up: after the next sign-in it may still be good.
        check_recent(sessions.get_sessions(person_id).find(caller.session_id), now)
    proving.prove_phone(blind, code, f"{person_id}|{key}", address, now)
    arrivals.bind(person_id, "phone", phone, now, replaces=replaces)
    return phone


def bind_wechat_phone(caller: Caller, code: str, key: str, now: datetime) -> str:
    """Let the caller sign in by the phone that WeChat knows of them; the phone.

    Raises
    ------
    Conflict
        `login_taken`: they have another, which gives way to the code of a new one only.
    Limited
        `too_many_attempts`: WeChat was asked too often for this person.
    """
    person_id = arrivals.check_there(caller.in_person()).id
    count_asking(person_id, f"{code}|{key}", ASKS_OF_PERSON, now)
    try:
        phone = wechat.phone_of(code, f"{person_id}|{key}", now)
    except wechat.CodeRefused as refused:
        raise Conflict("code_refused") from refused
    arrivals.bind(person_id, "phone", phone, now)
    return phone
