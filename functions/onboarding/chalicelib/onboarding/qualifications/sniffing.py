"""What a file is, by its bytes and never by its name or by what its sender calls it."""

from __future__ import annotations

_TAIL = 1024
"""A PDF ends with its end mark, behind which some programs leave a few bytes."""
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_PDF_START, _PDF_END = b"%PDF-", b"%%EOF"


def content_type(body: bytes) -> str | None:
    """`image/jpeg`, `image/png` or `application/pdf`; None for anything else, or a part of one."""
    if body.startswith(_JPEG_START) and body.endswith(_JPEG_END):
        return "image/jpeg"
    if body.startswith(_PNG_START) and body.endswith(_PNG_END):
        return "image/png"
    if body.startswith(_PDF_START) and _PDF_END in body[-_TAIL:]:
        return "application/pdf"
    return None
