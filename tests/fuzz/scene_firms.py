"""The firms that apply in the fuzzed estate, an application in each state that a step waits for."""

from __future__ import annotations

from itertools import count
from typing import Any

from local.client import post_file
from tests.fuzz.attack import Person
from tests.fuzz.cast import Cast, Resident
from tests.harness.estate import ok
from tests.harness.people import Someone
from tests.onboarding.scene import PDF, code

_OWN = "get_application resubmit_application withdraw_application list_my_applications"


def fill(cast: Cast, officer: Someone, reviewer: Person) -> None:
    """Let every operation of `onboarding` have an application that waits for it.

    Parameters
    ----------
    officer, reviewer
        The market officer, as who is called here and as who sends requests.
    """
    numbers = count()
    applicant = cast.resident("fuzz-applicant", "苏立")
    licence = _licence(applicant)

    def said() -> dict[str, Any]:
        return {"credit_code": code(next(numbers)), "qualification_ids": [licence]}

    def applied() -> dict[str, Any]:
        wanted = {"kind": "property_company", "name": "望溪物业", **said()}
        made: dict[str, Any] = applicant.call("POST", "/onboarding/applications", wanted, 201)
        return made

    def reviewed(application: dict[str, Any], step: str, **facts: str) -> dict[str, Any]:
        path = f"/onboarding/reviews/{application['application_id']}/{step}"
        body = {"version": application["version"], **facts}
        taken: dict[str, Any] = ok(officer.call("POST", path, body))
        return taken

    waiting, withdrawn = applied(), applied()
    approved, refused = (reviewed(applied(), "claim") for _ in range(2))
    again = reviewed(reviewed(applied(), "claim"), "refusal", reason="营业执照已过期")
    cast.known.keep([waiting, withdrawn, approved, refused, again])
    for operations, application in (
        ("claim_application get_application get_review", waiting),
        ("withdraw_application", withdrawn),
        ("approve_application", approved),
        ("refuse_application", refused),
    ):
        cast.means(operations, "application_id", application["application_id"])
    cast.gives(
        "resubmit_application", lambda: {"application_id": again["application_id"], **said()}
    )
    cast.asks(_OWN, cast.sends_too(applicant.username, applicant.person_id), reviewer)
    cast.asks("claim_application approve_application refuse_application", reviewer)
    _another(cast, numbers, reviewer)


def _another(cast: Cast, numbers: count[int], reviewer: Person) -> None:
    """Somebody who has not applied yet: nobody may for more than a few firms in a day."""
    someone = cast.resident("fuzz-founder", "苏成")
    licence = _licence(someone)
    cast.gives(
        "submit_application",
        lambda: {"credit_code": code(next(numbers)), "qualification_ids": [licence]},
    )
    asker = cast.sends_too(someone.username, someone.person_id)
    cast.asks("submit_application request_qualification_upload", asker, reviewer)


def _licence(someone: Resident) -> str:
    """A licence that was sent in."""
    wanted = {"content_type": "application/pdf", "size_bytes": len(PDF)}
    place = someone.call("POST", "/onboarding/qualifications", wanted, 201)
    post_file(place, "licence.pdf", PDF)
    return str(place["qualification_id"])
