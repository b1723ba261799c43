"""Pictures made to keep their reader busy."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from chalicelib.repairs.photos import pictures
from chalicelib.repairs.photos.rules import Refusal
from tests.repairs.pictures import photo


def progressive(extra_scans: int) -> bytes:
    """A progressive JPEG whose last scan, a few bytes, comes again and again."""
    out = io.BytesIO()
    Image.new("L", (800, 600), 128).save(out, "JPEG", progressive=True)
    whole = out.getvalue()
    last = whole[whole.rfind(b"\xff\xda") : -2]
    return whole[:-2] + last * extra_scans + whole[-2:]


def test_a_jpeg_of_endless_scans_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(pictures.Unfit) as refused:
        pictures.clean(progressive(extra_scans=500_000))
    assert refused.value.refusal is Refusal.DAMAGED


def test_a_progressive_jpeg_of_any_camera_is_taken() -> None:
    out = io.BytesIO()
    photo().save(out, "JPEG", progressive=True)
    assert pictures.clean(out.getvalue()).width == 640
    assert pictures.clean(progressive(extra_scans=10)).width == 800


def test_what_lies_in_segments_or_behind_the_end_is_no_scan() -> None:
    """Phones put a preview into the EXIF part, and a short film behind the picture."""
    out = io.BytesIO()
    photo().save(out, "JPEG", comment=b"\xff\xda\x00\x02" * 100)
    assert pictures.clean(out.getvalue() + b"\xff\xda\x00\x02" * 100).width == 640
