"""Photos: what of the sender's file is passed on, and what becomes of an upload."""

from __future__ import annotations

import io
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
import urllib3
from PIL import Image, ImageChops, ImageOps

from chalicelib.repairs.photos import actions, pictures, store
from chalicelib.repairs.photos.rules import MAX_BYTES, PhotoState, Refusal
from shared import clock
from tests.repairs import pictures as made
from tests.repairs.scene import (
    COMMUNITY,
    FOREIGN_RESIDENT,
    NEIGHBOUR,
    RESIDENT,
    Person,
    Repairs,
)


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


@pytest.mark.parametrize(
    "raw",
    [made.jpeg(), made.png(), made.png("P"), made.png("I;16"), made.webp(), made.polyglot()],
    ids=["jpeg", "png", "palette", "16 bit", "webp", "polyglot"],
)
def test_nothing_but_the_picture_is_passed_on(raw: bytes) -> None:
    picture = pictures.clean(raw)
    for body in (picture.full, picture.thumbnail):
        image = opened(body)
        assert (image.format, image.mode) == ("JPEG", "RGB")
        assert not image.getexif()
        assert not {"icc_profile", "comment", "exif"} & set(image.info)
        assert not [trace for trace in made.TRACES if trace in body]


def test_the_sample_photo_holds_the_traces_that_cleaning_must_remove() -> None:
    raw = made.jpeg()
    assert Image.open(io.BytesIO(raw)).getexif().get_ifd(0x8825)
    assert [trace for trace in (b"Hongmi 14", b"taken at home", b"ICC_PROFILE") if trace in raw]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_way_to_hold_the_camera_is_put_right(orientation: int) -> None:
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(made.jpeg(orientation=orientation))))
    shown = opened(pictures.clean(made.jpeg(orientation=orientation)).full)
    assert shown.size == expected.size
    difference = ImageChops.difference(shown, expected.convert("RGB"))
    assert max(high for _, high in difference.getextrema()) < 40  # type: ignore[misc]  # by band


def test_a_photo_taken_sideways_is_shown_upright() -> None:
    picture = pictures.clean(made.jpeg(640, 480, orientation=6))
    assert (picture.width, picture.height) == (480, 640)
    # Turned a quarter to the right, the red corner comes to the top right.
    red, _, blue = opened(picture.full).getpixel((470, 10))  # type: ignore[misc]  # RGB has three
    assert red > 180
    assert blue < 80


@pytest.mark.parametrize(
    ("size", "full", "thumbnail"),
    [
        ((640, 480), (640, 480), (320, 240)),
        ((4000, 3000), (2048, 1536), (320, 240)),
        ((3000, 4000), (1536, 2048), (240, 320)),
        ((200, 100), (200, 100), (200, 100)),
    ],
)
def test_pictures_are_at_most_2048_pixels_and_thumbnails_320(
    size: tuple[int, int], full: tuple[int, int], thumbnail: tuple[int, int]
) -> None:
    picture = pictures.clean(made.jpeg(*size))
    assert (picture.width, picture.height) == full == opened(picture.full).size
    assert opened(picture.thumbnail).size == thumbnail


def test_what_is_transparent_becomes_white() -> None:
    assert opened(pictures.clean(made.png("RGBA")).full).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (made.page(), Refusal.NOT_A_PHOTO),
        (made.gif(), Refusal.NOT_A_PHOTO),
        (b"\xff", Refusal.NOT_A_PHOTO),
        (made.truncated(), Refusal.DAMAGED),
        (made.png(size=(900, 900))[:-900], Refusal.DAMAGED),
        (made.webp()[:200], Refusal.NOT_A_PHOTO),
        (made.bomb(), Refusal.TOO_MANY_PIXELS),
        (made.png("1", (9000, 9000)), Refusal.TOO_MANY_PIXELS),
        (made.png("1", (16000, 16000)), Refusal.TOO_MANY_PIXELS),
    ],
    ids=["page", "gif", "byte", "half", "half png", "half webp", "bomb", "81 MP", "256 MP"],
)
def test_what_is_no_whole_photo_is_refused_for_a_stated_reason(
    raw: bytes, refusal: Refusal
) -> None:
    with pytest.raises(pictures.Unfit) as unfit:
        pictures.clean(raw)
    assert unfit.value.refusal is refusal


def test_a_text_that_unfolds_to_100_mb_is_refused() -> None:
    with pytest.raises(pictures.Unfit):
        pictures.clean(made.text_bomb())


@pytest.mark.parametrize("cut", range(1, 400, 7))
def test_no_cut_or_bent_photo_gets_past_as_anything_but_a_picture_or_a_refusal(cut: int) -> None:
    raw = bytearray(made.jpeg(64, 48))
    raw[cut] ^= 0xFF
    try:
        picture = pictures.clean(bytes(raw))
    except pictures.Unfit:
        return
    assert opened(picture.full).format == "JPEG"


PLACE = {"community_id": COMMUNITY, "content_type": "image/jpeg", "size_bytes": 5000}


def place(repairs: Repairs, who: Person = RESIDENT, key: str | None = None) -> dict[str, Any]:
    """A place for a photo, as the API gives it."""
    answer = repairs.call(
        who, "POST", "/photos", PLACE, Idempotency_Key=key or f"photo-{uuid.uuid4()}"
    )
    assert answer.status == 201, answer.text
    found: dict[str, Any] = answer.json
    return found


def key_of(photo_id: str) -> str:
    return f"quarantine/{COMMUNITY}/{photo_id}"


def stem_of(photo_id: str) -> str:
    """Where the cleaned picture of a photo lies, without its ending."""
    photo = store.get_photo(photo_id)
    assert photo is not None
    return f"photos/{COMMUNITY}/{photo_id}/{photo.digest}"


def upload(repairs: Repairs, photo_id: str, body: bytes) -> None:
    repairs.client("s3").put_object(Bucket=repairs.bucket, Key=key_of(photo_id), Body=body)


def notification(*keys: str) -> dict[str, Any]:
    """What the queue brings when objects were made, a message for each."""
    return {
        "Records": [
            {
                "messageId": f"m{i}",
                "eventSource": "aws:sqs",
                "body": json.dumps({"Records": [{"s3": {"object": {"key": quote_plus(key)}}}]}),
            }
            for i, key in enumerate(keys)
        ]
    }


def take(repairs: Repairs, *keys: str) -> list[str]:
    """Run the function on these keys; the messages that must come again."""
    answer = repairs.module.take_photo(notification(*keys), None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_place_is_given_with_a_form_for_exactly_this_photo(repairs: Repairs) -> None:
    given = place(repairs)
    assert given["fields"]["key"] == key_of(given["photo_id"])
    assert given["fields"]["Content-Type"] == "image/jpeg"
    photo = store.get_photo(given["photo_id"])
    assert photo is not None
    assert (photo.state, photo.uploader_id) == (PhotoState.AWAITED, RESIDENT.person_id)


def test_the_same_key_gives_the_same_place_and_uses_the_quota_once(repairs: Repairs) -> None:
    first, again = place(repairs, key="photo-0001"), place(repairs, key="photo-0001")
    assert again["photo_id"] == first["photo_id"]
    assert [item["used"]["N"] for item in repairs.items() if "used" in item] == ["1"]
    assert place(repairs, NEIGHBOUR, key="photo-0001")["photo_id"] != first["photo_id"]


def test_a_place_that_was_forgotten_never_comes_back_under_its_id(
    repairs: Repairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = place(repairs, key="photo-0001")
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(days=1))
    assert place(repairs, key="photo-0001")["photo_id"] != first["photo_id"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"content_type": "image/svg+xml"}, "content_type"),
        ({"content_type": "text/html"}, "content_type"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"size_bytes": MAX_BYTES + 1}, "size_bytes"),
        ({"file_name": "a.jpg"}, "file_name"),
    ],
)
def test_a_place_for_anything_but_a_small_photo_is_refused(
    repairs: Repairs, changes: dict[str, Any], path: str
) -> None:
    body = {**PLACE, "size_bytes": MAX_BYTES, **changes}
    answer = repairs.call(RESIDENT, "POST", "/photos", body, Idempotency_Key="photo-0001")
    assert answer.status == 400
    assert [error["path"] for error in answer.json["errors"]] == [path]
    assert repairs.items() == []


def test_a_place_in_another_community_does_not_exist(repairs: Repairs) -> None:
    answer = repairs.call(FOREIGN_RESIDENT, "POST", "/photos", PLACE, Idempotency_Key="photo-0001")
    assert answer.status == 404
    assert repairs.items() == []


def test_the_31st_place_of_an_hour_is_refused(repairs: Repairs) -> None:
    answers = [
        repairs.call(RESIDENT, "POST", "/photos", PLACE, Idempotency_Key=f"photo-{number:04}")
        for number in range(31)
    ]
    # An hour that turns in the middle of this test leaves all 31 within their limits.
    statuses = [answer.status for answer in answers]
    assert statuses[:30] == [201] * 30
    if len({item["sk"]["S"] for item in repairs.items() if "used" in item}) == 1:
        assert statuses[30] == 429
        assert answers[30].json["code"] == "too_many_uploads"


def test_an_uploaded_photo_is_cleaned_and_quarantine_is_empty(repairs: Repairs) -> None:
    photo_id = place(repairs)["photo_id"]
    upload(repairs, photo_id, made.jpeg(3000, 2000))
    assert take(repairs, key_of(photo_id)) == []
    stem = stem_of(photo_id)
    assert repairs.keys() == [f"{stem}.jpg", f"{stem}_thumb.jpg"]
    kept = repairs.client("s3").get_object(Bucket=repairs.bucket, Key=f"{stem}.jpg")
    assert kept["ContentType"] == "image/jpeg"
    assert not [trace for trace in made.TRACES if trace in kept["Body"].read()]
    photo = store.get_photo(photo_id)
    assert photo is not None
    assert (photo.state, photo.width, photo.height) == (PhotoState.READY, 2048, 1365)


def test_of_two_uploads_to_one_place_only_the_first_taken_is_ever_shown(
    repairs: Repairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo_id = place(repairs)["photo_id"]
    upload(repairs, photo_id, made.jpeg())
    real = pictures.clean

    def meanwhile(raw: bytes) -> pictures.Picture:
        """Another delivery takes another picture while this one is being cleaned."""
        monkeypatch.setattr(pictures, "clean", real)
        upload(repairs, photo_id, made.jpeg(100, 50))
        assert take(repairs, key_of(photo_id)) == []
        return real(raw)

    monkeypatch.setattr(pictures, "clean", meanwhile)
    assert take(repairs, key_of(photo_id)) == ["m0"]
    shown = repairs.client("s3").get_object(Bucket=repairs.bucket, Key=f"{stem_of(photo_id)}.jpg")
    assert opened(shown["Body"].read()).size == (100, 50)


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (made.page(), Refusal.NOT_A_PHOTO),
        (made.truncated(), Refusal.DAMAGED),
        (made.bomb(), Refusal.TOO_MANY_PIXELS),
        (made.jpeg() + b"\0" * MAX_BYTES, Refusal.TOO_LARGE),
    ],
    ids=["page", "half", "bomb", "over 10 MB"],
)
def test_a_refused_upload_is_told_why_and_kept_nowhere(
    repairs: Repairs, raw: bytes, refusal: Refusal
) -> None:
    photo_id = place(repairs)["photo_id"]
    upload(repairs, photo_id, raw)
    assert take(repairs, key_of(photo_id)) == []
    assert repairs.keys() == []
    photo = store.get_photo(photo_id)
    assert photo is not None
    assert (photo.state, photo.refusal) == (PhotoState.REFUSED, refusal)


def test_a_notification_that_comes_again_changes_nothing(repairs: Repairs) -> None:
    photo_id = place(repairs)["photo_id"]
    upload(repairs, photo_id, made.jpeg())
    take(repairs, key_of(photo_id), key_of(photo_id))
    before = repairs.items(), repairs.keys()
    assert take(repairs, key_of(photo_id)) == []
    assert (repairs.items(), repairs.keys()) == before


def test_a_second_upload_to_the_same_place_changes_nothing_and_is_cleared_away(
    repairs: Repairs,
) -> None:
    photo_id = place(repairs)["photo_id"]
    upload(repairs, photo_id, made.jpeg())
    take(repairs, key_of(photo_id))
    stem = stem_of(photo_id)
    before = repairs.client("s3").get_object(Bucket=repairs.bucket, Key=f"{stem}.jpg")["ETag"]
    upload(repairs, photo_id, made.jpeg(100, 100))
    take(repairs, key_of(photo_id))
    assert repairs.keys() == [f"{stem}.jpg", f"{stem}_thumb.jpg"]
    kept = repairs.client("s3").get_object(Bucket=repairs.bucket, Key=f"{stem}.jpg")["ETag"]
    assert kept == before


@pytest.mark.parametrize(
    "key",
    [
        "quarantine/com_7k2m9x4a/pho_7k2m9x4a_01jd0000000000000000000001",
        "quarantine/com_8m3n0y5b/pho_7k2m9x4a_01jd0000000000000000000001",
        "quarantine/../photos/pho_7k2m9x4a_01jd0000000000000000000001",
        "quarantine/com_7k2m9x4a/",
        "安全/ 空格.jpg",
    ],
)
def test_bytes_that_no_photo_waits_for_are_dropped_as_done(repairs: Repairs, key: str) -> None:
    assert take(repairs, key) == []
    assert repairs.items() == []


def test_the_buckets_own_test_message_is_done(repairs: Repairs) -> None:
    event = notification("x")
    event["Records"][0]["body"] = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})
    assert repairs.module.take_photo(event, None) == {"batchItemFailures": []}


def test_a_message_that_is_none_fails_alone(repairs: Repairs) -> None:
    photo_id = place(repairs)["photo_id"]
    upload(repairs, photo_id, made.jpeg())
    event = notification(key_of(photo_id), "x", key_of(photo_id))
    event["Records"][1]["body"] = "not json"
    answer = repairs.module.take_photo(event, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    photo = store.get_photo(photo_id)
    assert photo is not None
    assert photo.state is PhotoState.READY


def test_an_upload_that_is_gone_leaves_its_place_as_it_was(repairs: Repairs) -> None:
    photo_id = place(repairs)["photo_id"]
    assert actions.take_photo(key_of(photo_id)) == "gone"
    photo = store.get_photo(photo_id)
    assert photo is not None
    assert photo.state is PhotoState.AWAITED


def post(given: dict[str, Any], body: bytes, **changes: str) -> int:
    """Post bytes with a form, as a phone would; the status that the bucket answers."""
    fields = {**given["fields"], **changes, "file": ("photo.jpg", body)}
    answered = urllib3.request("POST", given["url"], fields=fields, retries=False)
    return answered.status


@pytest.mark.parametrize("cloud", ["emulator"], indirect=True)
def test_the_form_takes_what_it_says_and_nothing_else(repairs_on: Repairs) -> None:
    given = place(repairs_on)
    started = time.monotonic()
    assert post(given, b"") in (400, 403)
    assert post(given, b"\0" * (MAX_BYTES + 1)) in (400, 403)
    assert post(given, made.jpeg(), **{"Content-Type": "text/html"}) in (400, 403)
    assert post(given, made.jpeg(), key=key_of("another")) in (400, 403)
    assert repairs_on.keys() == []
    assert post(given, b"\0" * MAX_BYTES) in (200, 204)
    assert post(given, made.jpeg()) in (200, 204)
    assert repairs_on.keys() == [key_of(given["photo_id"])]
    assert time.monotonic() - started < 60
