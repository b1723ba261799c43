"""Pictures: bytes that anyone may have sent in, clean JPEGs out.

What a picture is, its bytes say, not its name.  It is decoded under a limit of pixels and written
anew, so that nothing of the sender's file is passed on: no place, no camera, no comment, no
profile, no second file behind the first.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
from dataclasses import dataclass

from PIL import Image

from chalicelib.repairs.photos.rules import Refusal

MAX_PIXELS = 64_000_000
"""Above what phones write by themselves, and what fits the function's memory once decoded."""
MAX_SCANS = 20
"""A progressive JPEG has about ten. Each costs a pass over all of its pixels, however few bytes it
is: a file of 260 KB can ask for 16 seconds, one of 10 MB for longer than any function runs."""
SIDE_PX = 2048
THUMBNAIL_SIDE_PX = 320
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 85
_WHITE = (255, 255, 255)
# Where the camera held its top (EXIF 2.32, Orientation), and what puts it right.
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# A marker of a JPEG, but for stuffed bytes and those that have no segment (ITU-T T.81, B.1.1).
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"
# What Pillow's decoders raise on bytes that are not what their header says.
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, struct.error)


class Unfit(Exception):
    """The bytes are no picture that we show; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


@dataclass(frozen=True)
class Picture:
    """A clean JPEG, its thumbnail, and its size in pixels."""

    full: bytes
    thumbnail: bytes
    width: int
    height: int


def clean(raw: bytes) -> Picture:
    """The picture that `raw` shows, upright, at most 2,048 pixels a side, and nothing else of it.

    Raises
    ------
    Unfit
        `not_a_photo`: no JPEG, PNG or WebP; `too_many_pixels`: more than 64 million;
        `damaged`: it begins as one and cannot be read to its end, or only in too many passes.
    """
    with warnings.catch_warnings():
        # A bent file makes Pillow talk; only what it says of too many pixels matters here.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = _open(raw)
        try:
            # A JPEG can be decoded at a fraction of its size; the others ignore this.
            image.draft("RGB", (SIDE_PX, SIDE_PX))
            turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
            full = _flat(image)
        except _BROKEN:
            raise Unfit(Refusal.DAMAGED) from None
    if turn is not None:
        full = full.transpose(turn)
    full.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    small = full.copy()
    small.thumbnail((THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX), Image.Resampling.LANCZOS)
    return Picture(_jpeg(full), _jpeg(small), full.width, full.height)


def _open(raw: bytes) -> Image.Image:
    """The picture's header, read and found within limits."""
    try:
        image = Image.open(io.BytesIO(raw), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unfit(Refusal.TOO_MANY_PIXELS) from None
    except _BROKEN:
        raise Unfit(Refusal.NOT_A_PHOTO) from None
    if image.width * image.height > MAX_PIXELS:
        raise Unfit(Refusal.TOO_MANY_PIXELS)
    if image.format == "JPEG" and _scans(raw) > MAX_SCANS:
        raise Unfit(Refusal.DAMAGED)
    return image


def _scans(raw: bytes) -> int:
    """How many scans a JPEG has, up to one more than it may have."""
    scans, at = 0, 0
    while scans <= MAX_SCANS:
        marker = _MARKER.search(raw, at)
        if marker is None or marker[1] == _END_OF_IMAGE:
            break
        scans += marker[1] == _START_OF_SCAN
        at = marker.end() + int.from_bytes(raw[marker.end() : marker.end() + 2], "big")
    return scans


def _flat(image: Image.Image) -> Image.Image:
    """The picture's colours alone, on white where it is transparent."""
    flat = Image.new("RGB", image.size, _WHITE)
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        flat.paste(layered, mask=layered.getchannel("A"))
    else:
        flat.paste(image.convert("RGB"))
    return flat


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return out.getvalue()
