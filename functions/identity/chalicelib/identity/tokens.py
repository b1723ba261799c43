"""Access tokens of our issuer: a JWT for 15 minutes (RFC 9068), signed by KMS.

PyJWT assembles it; the one algorithm that it knows here has KMS sign.  `acr` says how sure we are
of who it is: a resident's token carries no right of staff, whatever roles its bearer has.  Where
somebody acts for the person, `act` names them (RFC 8693).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from chalicelib.identity import rules, signing, store
from chalicelib.identity.rules import State
from chalicelib.identity.sessions.rules import Assurance
from shared import aws, clock, ids
from shared.errors import Conflict

if TYPE_CHECKING:
    from jwt import PyJWS

AUDIENCE = "linli"
LIFE_SECONDS = int(rules.ACCESS_LIFE.total_seconds())


class Claims(msgspec.Struct, omit_defaults=True):
    """What a token says, besides who signs it."""

    iss: str
    sub: str
    iat: int
    nbf: int
    exp: int
    jti: str
    acr: Assurance
    sid: str = ""
    act: dict[str, str] = {}
    aud: str = ""


def issuer() -> str:
    """Our issuer's address, which its documents stand below."""
    return aws.setting("ISSUER")


def access_token(
    person_id: str,
    assurance: Assurance,
    now: datetime,
    *,
    session_id: str = "",
    acting_id: str = "",
) -> str:
    """A token that speaks for a person; the same facts at the same instant give the same token.

    Two of one second differ: the gateway knows a token by its text for a minute, and the second
    may be asked for because of a right that the first did not bring.

    Raises
    ------
    Conflict
        `not_ready`: there is no signing key yet.
    """
    issued = int(now.timestamp())
    claims = Claims(
        iss=issuer(),
        sub=person_id,
        aud=AUDIENCE,
        iat=issued,
        nbf=issued,
        exp=issued + LIFE_SECONDS,
        jti=ids.derived_platform_id("tok", person_id, session_id, acting_id, clock.to_text(now)),
        acr=assurance,
        sid=session_id,
        act={"sub": acting_id} if acting_id else {},
    )
    key = store.get_ring().in_state(State.SIGNING)
    if key is None:
        raise Conflict("not_ready")
    return _signatures().encode(
        msgspec.json.encode(claims),
        key.kms_id,
        algorithm="RS256",
        headers={"typ": "at+jwt", "kid": key.kid},
    )


@cache
def _signatures() -> PyJWS:
    """What assembles tokens; it knows no algorithm but ours, and loads when the first is signed."""
    import jwt
    from jwt.algorithms import Algorithm

    class SignedByKms(Algorithm):
        """RS256 whose key is what KMS calls it (RFC 7518 §3.3)."""

        def prepare_key(self, key: str) -> str:
            return key

        def sign(self, msg: bytes, key: str) -> bytes:
            return signing.sign(key, msg)

        # PyJWT wants these of every algorithm.

        def verify(self, msg: bytes, key: Any, sig: bytes) -> NoReturn:
            raise NotImplementedError  # the authorizer verifies

        @staticmethod
        def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:
            raise NotImplementedError  # the ring has it

        @staticmethod
        def from_jwk(jwk: Any) -> NoReturn:
            raise NotImplementedError  # KMS has it

    made = jwt.PyJWS(algorithms=())
    made.register_algorithm("RS256", SignedByKms())
    return made
