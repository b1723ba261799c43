"""What is put into requests is plausible as a whole, and harms nobody who sends them."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

from tests.fuzz.fresh import Fresh
from tests.fuzz.known import Known

_TIMES = 200


def test_values_that_are_only_right_together_are_put_in_together() -> None:
    numbers = count()

    def made() -> dict[str, Any]:
        number = next(numbers)
        return {"phone": f"phone {number}", "code": f"code {number}"}

    known, chance = Known(facts={"sign_in": made}), Random(0)
    asked = {"phone": "invented", "code": "invented", "device": "invented"}
    found = []
    for _ in range(_TIMES):
        facts = known.facts_for("sign_in", chance)
        found.append(known.filled(asked, "sign_in", chance, facts=facts))
    together = [one for one in found if one["phone"] != "invented"]
    assert len(together) > _TIMES / 2
    for one in together:
        assert one["phone"].removeprefix("phone") == one["code"].removeprefix("code")
        assert one["device"] == "invented"


def test_a_chain_freezes_nobody_who_sends_requests() -> None:
    known = Known(meant={("freeze", "person_id"): ["per_frozen"]}, spared={"per_sender"})
    chance = Random(0)
    for person_id, frozen in (("per_sender", "per_frozen"), ("per_other", "per_other")):
        assert known.sparing({"person_id": person_id}, "freeze", chance) == {"person_id": frozen}
    same = {"person_id": "per_sender"}
    assert known.sparing(same, "answer", chance) == same


def test_what_is_good_once_is_made_anew_and_what_lasts_is_not() -> None:
    once, lasting = Fresh(count().__next__), Fresh(count().__next__, seconds=3_600)
    assert [once(), once(), once()] == [0, 1, 2]
    assert [lasting(), lasting(), lasting()] == [0, 0, 0]
