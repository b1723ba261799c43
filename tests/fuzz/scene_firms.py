"""The firms that apply in the fuzzed estate, an application in each state that a step waits for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from local.client import post_file
from tests.fuzz.attack import Person
from tests.fuzz.cast import Cast, Resident
from tests.harness.estate import ok
from tests.harness.people import Someone
from tests.onboarding.scene import PDF, code

_OWN = "get_application resubmit_application withdraw_application list_my_applications"
_NUMBERS = count(5_000)
"""No two firms have the same credit code."""


@dataclass(frozen=True)
class Applicant:
    """Somebody with a licence, who may apply for five firms in a day."""

    resident: Resident
    licence: str

    def said(self) -> dict[str, Any]:
        """What must be right in an application of theirs."""
        return {"credit_code": code(next(_NUMBERS)), "qualification_ids": [self.licence]}

    def applied(self) -> dict[str, Any]:
        """An application of theirs."""
        wanted = {"kind": "property_company", "name": "望溪物业", **self.said()}
        made: dict[str, Any] = self.resident.call("POST", "/onboarding/applications", wanted, 201)
        return made


def fill(cast: Cast, officer: Someone, reviewer: Person) -> None:
    """Let every operation of `onboarding` have an application that waits for it.

    Parameters
    ----------
    officer, reviewer
        The market officer, as who is called here and as who sends requests.
    """
    cast.asks("claim_application approve_application refuse_application", reviewer)
    own, others = (_applicant(cast, name) for name in ("苏立", "苏成"))
    _own(cast, own, officer, reviewer)
    # What the first may withdraw, nobody can decide on.
    waiting = others.applied()
    decided = [_reviewed(officer, others.applied(), "claim") for _ in range(4)]
    cast.known.keep([waiting, *decided])
    for operations, applications in (
        ("claim_application get_review", [waiting]),
        ("approve_application", decided[:2]),
        ("refuse_application", decided[2:]),
    ):
        ids = (application["application_id"] for application in applications)
        cast.means(operations, "application_id", *ids)
    founder = _applicant(cast, "苏远")
    cast.gives("submit_application", founder.said)
    cast.asks("submit_application request_qualification_upload", _asker(cast, founder), reviewer)


def _own(cast: Cast, own: Applicant, officer: Someone, reviewer: Person) -> None:
    """Applications that their applicant looks at, withdraws and puts right."""
    withdrawn, other = own.applied(), own.applied()
    claimed = _reviewed(officer, own.applied(), "claim")
    again = _reviewed(officer, claimed, "refusal", reason="营业执照已过期")
    cast.known.keep([withdrawn, other, again])
    ids = (withdrawn["application_id"], other["application_id"])
    cast.means("get_application withdraw_application", "application_id", *ids)
    cast.gives(
        "resubmit_application", lambda: {"application_id": again["application_id"], **own.said()}
    )
    cast.asks(_OWN, _asker(cast, own), reviewer)


def _reviewed(
    officer: Someone, application: dict[str, Any], step: str, **facts: str
) -> dict[str, Any]:
    path = f"/onboarding/reviews/{application['application_id']}/{step}"
    taken: dict[str, Any] = ok(
        officer.call("POST", path, {"version": application["version"], **facts})
    )
    return taken


def _asker(cast: Cast, applicant: Applicant) -> Person:
    return cast.sends_too(applicant.resident.username, applicant.resident.person_id)


def _applicant(cast: Cast, name: str) -> Applicant:
    someone = cast.resident(f"fuzz-applicant-{name}", name)
    return Applicant(someone, _licence(someone))


def _licence(someone: Resident) -> str:
    """A licence that was sent in."""
    wanted = {"content_type": "application/pdf", "size_bytes": len(PDF)}
    place = someone.call("POST", "/onboarding/qualifications", wanted, 201)
    post_file(place, "licence.pdf", PDF)
    return str(place["qualification_id"])
