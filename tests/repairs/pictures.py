"""Pictures for tests: real ones with what phones write into them, and things that pretend."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

# What must not be passed on: the place, the camera, a comment, a profile's name.
TRACES = (b"Hongmi 14", b"32.0617", b"taken at home", b"Exif", b"ICC_PROFILE", b"<script>")
_GPS_IFD, _MODEL, _ORIENTATION = 0x8825, 0x0110, 0x0112


def photo(width: int = 640, height: int = 480) -> Image.Image:
    """A picture with something to see: a gradient with a red corner at the top left."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    image.paste((220, 20, 20), (0, 0, width // 4, height // 4))
    return image


def jpeg(width: int = 640, height: int = 480, orientation: int = 1) -> bytes:
    """A JPEG as a phone writes it: with place, camera, comment and a profile."""
    exif = Image.Exif()
    exif[_MODEL] = "Hongmi 14"
    exif[_ORIENTATION] = orientation
    exif[_GPS_IFD] = {1: "N", 2: (32.0, 3.0, 42.12), 3: "E", 4: (118.0, 47.0, 48.6)}
    out = io.BytesIO()
    photo(width, height).save(
        out,
        "JPEG",
        exif=exif,
        comment=b"taken at home 32.0617",
        icc_profile=b"not a profile" * 20,
    )
    return out.getvalue()


def png(mode: str = "RGBA", size: tuple[int, int] = (300, 200)) -> bytes:
    """A PNG with a text in it; transparent where the mode allows."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "taken at home 32.0617")
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG", pnginfo=notes)
    return out.getvalue()


def webp() -> bytes:
    """A WebP."""
    out = io.BytesIO()
    photo().save(out, "WEBP")
    return out.getvalue()


def gif() -> bytes:
    """A picture of a kind that is not taken."""
    out = io.BytesIO()
    photo().save(out, "GIF")
    return out.getvalue()


def page() -> bytes:
    """A page that would run in a browser which believes what it is told."""
    return b"<!doctype html><script>alert(document.domain)</script>"


def polyglot() -> bytes:
    """A true JPEG with a page behind it."""
    return jpeg() + page()


def truncated() -> bytes:
    """A JPEG whose second half never came."""
    whole = jpeg(1600, 1200)
    return whole[: len(whole) // 2]


def bomb() -> bytes:
    """A PNG of 2.5 thousand million pixels in a few hundred bytes."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 50_001, 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND")


def text_bomb() -> bytes:
    """A small PNG whose compressed text unfolds to 100 MB."""
    out = io.BytesIO()
    Image.new("RGB", (10, 10)).save(out, "PNG")
    plain = out.getvalue()
    text = b"Comment\0\0" + zlib.compress(b"a" * 100_000_000, 9)
    first = plain.index(b"IDAT") - 4
    return plain[:first] + _chunk(b"zTXt", text) + plain[first:]


def _chunk(kind: bytes, body: bytes = b"") -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + check
