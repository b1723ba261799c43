"""Pictures as a phone takes them: JPEGs that say where and with what they were taken."""

from __future__ import annotations

import io
from datetime import datetime

from PIL import ExifTags, Image, ImageDraw

_SIDES_PX = (1600, 1200)
_WALL, _TILE_LINE, _PIPE, _WATER = (226, 232, 230), (200, 208, 206), (120, 128, 134), (74, 144, 226)
_TILE_PX = 160
_LATITUDE, _LONGITUDE = (31.0, 59.0, 24.7), (118.0, 46.0, 12.3)


def photograph(taken_at: datetime, *, dripping: bool) -> bytes:
    """A kitchen tap, with or without its drops, and the place it hangs at (GPS) in its EXIF."""
    image = Image.new("RGB", _SIDES_PX, _WALL)
    draw = ImageDraw.Draw(image)
    width, height = _SIDES_PX
    for x in range(0, width, _TILE_PX):
        draw.line((x, 0, x, height), _TILE_LINE, 4)
    for y in range(0, height, _TILE_PX):
        draw.line((0, y, width, y), _TILE_LINE, 4)
    draw.rounded_rectangle((760, 240, 860, 900), 40, _PIPE)
    draw.rounded_rectangle((480, 240, 860, 330), 40, _PIPE)
    draw.rounded_rectangle((480, 240, 560, 440), 30, _PIPE)
    draw.rounded_rectangle((780, 150, 840, 260), 20, _PIPE)
    draw.rectangle((300, 900, 1300, 960), _PIPE)
    if dripping:
        for y in (500, 620, 760):
            draw.ellipse((500, y, 540, y + 60), _WATER)
        draw.ellipse((380, 905, 760, 955), _WATER)
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Linli"
    exif[ExifTags.Base.Model] = "Phone of the demo"
    exif[ExifTags.Base.DateTime] = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    exif[ExifTags.IFD.GPSInfo] = {
        ExifTags.GPS.GPSLatitudeRef: "N",
        ExifTags.GPS.GPSLatitude: _LATITUDE,
        ExifTags.GPS.GPSLongitudeRef: "E",
        ExifTags.GPS.GPSLongitude: _LONGITUDE,
    }
    content = io.BytesIO()
    image.save(content, "JPEG", quality=88, exif=exif)
    return content.getvalue()


def place_of(jpeg: bytes) -> str | None:
    """Where a picture says it was taken, in degrees; None if it does not say."""
    with Image.open(io.BytesIO(jpeg)) as image:
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    if not gps:
        return None
    north, east = (
        sum(float(part) / 60**power for power, part in enumerate(gps[tag]))
        for tag in (ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLongitude)
    )
    return f"{north:.4f}°N {east:.4f}°E"


def tags_in(jpeg: bytes) -> int:
    """How many EXIF tags a picture carries."""
    with Image.open(io.BytesIO(jpeg)) as image:
        return len(image.getexif())
