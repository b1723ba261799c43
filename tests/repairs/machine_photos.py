"""The photos of the machine of repairs: asked for, uploaded, examined."""

from __future__ import annotations

import json

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.harness.machines import Person, refuse
from tests.repairs import pictures
from tests.repairs.machine_looks import COMMUNITIES, NUMBERS, Looks
from tests.repairs.model import RESIDENTS, WORKERS

BYTES = {"good": pictures.jpeg(16, 12), "bad": b"<script>", "cut": pictures.jpeg(16, 12)[:200]}


class Photos(Looks):
    """Places for photos, their bytes, and what becomes of them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, str] = {}

    @rule(letter=st.sampled_from("aaaeemnr"), community_id=COMMUNITIES, key=st.integers(0, 2))
    def ask_photo(self, letter: str, community_id: str, key: int) -> None:
        """Somebody asks for a place for a photo, or for the same place again."""
        self._ask_photo(self.people[letter], community_id, f"place-{key:04}")

    def _ask_photo(self, who: Person, community_id: str, key: str) -> None:
        wanted = {"community_id": community_id, "content_type": "image/jpeg", "size_bytes": 900}
        answer = self.world.ask(who, "POST", "/photos", wanted, key)
        refused = not who.reaches(RESIDENTS | WORKERS, community_id)
        if self.agrees(answer, refuse, refused):
            photo_id = answer.json["photo_id"]
            self.forms[photo_id] = answer.json["fields"]["key"]
            place = {"owner": who.person_id, "community": community_id}
            known = self.model.photos.setdefault(
                photo_id, {**place, "state": "awaited", "key": key}
            )
            assert known == {**place, "state": known["state"], "key": key}

    @precondition(lambda self: self.forms)
    @rule(number=NUMBERS, kind=st.sampled_from(["good", "bad", "cut"]))
    def upload(self, number: int, kind: str) -> None:
        """The bytes of a photo arrive in quarantine, or others in their place."""
        photo_id = self._form(number)
        self.world.upload(self.forms[photo_id], BYTES[kind])
        self.bytes[photo_id] = kind

    @precondition(lambda self: self.forms)
    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=3))
    def take_photos(self, numbers: list[int]) -> None:
        """The bucket tells of uploads, in any order, twice, or before the bytes are there."""
        photo_ids = [self._form(number) for number in numbers]
        told = [
            json.dumps({"Records": [{"s3": {"object": {"key": self.forms[one]}}}]})
            for one in photo_ids
        ]
        assert self.world.deliver("take_photo", told) == []
        for photo_id in photo_ids:
            kind = self.bytes.pop(photo_id, None)
            if kind and self.model.photos[photo_id]["state"] == "awaited":
                became = "ready" if kind == "good" else "refused"
                self.model.photos[photo_id]["state"] = became
                self.world.seen[f"photo {became}"] += 1

    def _form(self, number: int) -> str:
        return list(self.forms)[-1 - number % len(self.forms)]

    def _photos_of(self, who: Person, community_id: str) -> list[str]:
        photos = self.model.photos.items()
        wanted = {"owner": who.person_id, "community": community_id}
        return [one for one, photo in photos if {**photo, **wanted} == photo]

    def _photo_of(self, who: Person, number: int) -> str:
        """A photo of somebody's, or one of somebody else, or none that there is."""
        own = [one for one, p in self.model.photos.items() if p["owner"] == who.person_id]
        anything = [*reversed(own), *self.model.photos, f"pho_a1b2c3d4_{'0' * 26}"]
        return anything[number % len(anything) if number > 3 else 0]
