"""One spelling for each value: keys of rooms and areas; what cannot be read is a problem.

A value is never guessed. Full-width characters, spaces and the trade's suffixes do not count, so
3#, 三号楼, 3栋 and 叁栋 are building "3", and 502室 and ０５０２ are room "502" (D12).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Generic, TypeVar

from chalicelib.community.register.model import (
    MAX_AREA_DM2,
    Problem,
    State,
    Use,
    error,
    warning,
)
from chalicelib.community.register.sheet import Cell, Kind

T = TypeVar("T")


@dataclass(frozen=True)
class Read(Generic[T]):
    """A value as read: None with a problem, None where the cell says nothing, or the value."""

    value: T | None = None
    problem: Problem | None = None


NO_UNIT = "0"
_MAX_KEY_CHARS = 20
_MAX_SPELLING_CHARS = 60
_SPACES = re.compile(r"\s+")
_INVISIBLE = re.compile(
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028\u2029\ufeff\ufffe\uffff]"
)
_BETWEEN_CJK = re.compile(r"(?<=[一-鿿])\s+(?=[一-鿿])")
_KEY = re.compile(r"[0-9A-Z一-鿿]+")
_BUILDING_SUFFIX = re.compile(r"(#楼|#栋|#|号楼|号栋|栋楼|幢楼|栋|幢|座|楼|号)$")
_UNIT_SUFFIX = re.compile(r"(号单元|单元|门|#|号)$")
_ROOM_SUFFIX = re.compile(r"(号房|号室|室|房|户|号)$")
_JOINED = re.compile(r"[A-Z]?\d+[A-Z]?(?:[/、,，;+&]|\s+|和|至)[A-Z]?\d+.*|\d{3,}-\d{3,}|.*打通.*")
_ZONED = re.compile(r"(?!第)([A-Z一-鿿][0-9A-Z一-鿿]*)-([0-9]+[A-Z]?)")
_DATE_LIKE = re.compile(
    r"\d{1,2}月\d{1,2}日?|(?:19|20)\d{2}[年./-]\d{1,2}(?:[月./-]\d{1,2})?日?(?: .*)?"
    r"|\d{1,2}-(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)|\d{1,2}:\d{2}(?::\d{2})?"
)
# Serials of 2000-01-01 to 2049-12-31: what a spreadsheet makes of "3-1" when its format is lost.
DATE_SERIALS = range(36526, 54789)
_DIGITS = {char: i % 10 for i, char in enumerate("零一二三四五六七八九〇壹贰叁肆伍陆柒捌玖")}
_DIGITS["两"] = 2
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100}
_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百壹贰叁肆伍陆柒捌玖拾佰]+")
_AREA_UNIT = re.compile(r"(㎡|m2|m²|平方米|平米|平方|平)$", re.IGNORECASE)
_AREA = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_FLOOR = re.compile(
    r"第?(-|负|B|地下)?第?([0-9]{1,3}|[零〇一二三四五六七八九十百]{1,5})(?:层|楼|F)?(?:\.0)?"
)
_MAX_FLOOR = 200
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?E\+\d+", re.IGNORECASE)
_EXACT_BELOW = 1e15
_NOTHING = frozenset({"", "-", "--", "—", "——", "/", "无", "N/A", "NULL"})

USES: Mapping[str, Use] = {
    word: use
    for use, words in {
        Use.RESIDENTIAL: "住宅 居住 成套住宅 普通住宅 公寓 别墅 商品房 住房",
        Use.SHOP: "商铺 商业 店铺 门面 门面房 底商 商业用房 商业服务",
        Use.OFFICE: "办公 写字楼 办公用房 办公楼",
        Use.PARKING: "车位 停车位 车库 地下车位 产权车位 人防车位",
        Use.STORAGE: "储藏室 储藏间 储物间 仓库 杂物间 地下室",
        Use.OTHER: "其他 其它",
    }.items()
    for word in words.split()
}
STATES: Mapping[str, State] = {
    word: state
    for state, words in {
        State.UNSOLD: "未售 未售出 待售 未出售",
        State.SOLD: "已售未交付 已售 已售未交 未交付 未交房 未收楼",
        State.VACANT: "空置 空关 未入住 已交付未入住 空房",
        State.OCCUPIED: "自住 入住 已入住 自住/入住 居住",
        State.LET: "出租 已出租 租赁 出租中",
        State.RENOVATING: "装修中 装修 在装修",
    }.items()
    for word in words.split()
}


def clean(text: str) -> str:
    """The text without invisible characters and outer spaces; line breaks become one each."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n")).strip()


def plain(text: str) -> str:
    """The text in half-width characters, with single spaces and none between Chinese ones."""
    spaced = _SPACES.sub(" ", unicodedata.normalize("NFKC", clean(text))).strip()
    return _BETWEEN_CJK.sub("", spaced)


def is_blank(cell: Cell) -> bool:
    """Whether the cell says nothing: empty, a dash or 无."""
    return cell.kind is Kind.EMPTY or (
        cell.kind is Kind.TEXT and plain(cell.text).upper() in _NOTHING
    )


def building_key(cell: Cell) -> Read[str]:
    """The key of a building (楼栋): digits, capital letters and Chinese characters (D12).

    A date, a serial in disguise or anything with other characters is an error, never a guess.
    """
    if is_blank(cell):
        return Read(problem=error("building_missing"))
    return _key(cell, _BUILDING_SUFFIX, "building")


def unit_key(cell: Cell) -> Read[str]:
    """The key of a unit (单元); a blank cell is "0", a building without units."""
    if is_blank(cell):
        return Read(NO_UNIT)
    return _key(cell, _UNIT_SUFFIX, "unit")


def room_key(cell: Cell, building: str, unit: str) -> Read[str]:
    """The number of a room (房号) in a building and unit.

    Parameters
    ----------
    cell
        "502室", "０５０２", or with its building and unit in front: "3-1-502", "1-502".
    building, unit
        The keys of the row; numbers in front that are neither of them are an error.

    Returns
    -------
    Read[str]
        "B1-023" of a car park becomes "B1区023": a key has no dash, and none is lost. Errors: a
        date ("3-1" that a spreadsheet turned into 45352), two rooms joined ("101/102", 打通), and
        anything else that is no single room. Source: D12.
    """
    if is_blank(cell):
        return Read(problem=error("room_missing"))
    text = plain(cell.text).upper()
    if len(text) > _MAX_SPELLING_CHARS:
        return Read(problem=error("room_unclear", value=cell.text))
    if cell.kind is not Kind.TEXT or _DATE_LIKE.fullmatch(text):
        return _key(cell, _ROOM_SUFFIX, "room")
    *front, last = re.split(r" ?-+ ?", text)
    if front and _leads_to(front, building, unit):
        return _key(Cell(Kind.TEXT, last), _ROOM_SUFFIX, "room")
    if _JOINED.fullmatch(text):
        return Read(problem=error("rooms_joined", value=cell.text))
    zoned = _ZONED.fullmatch(_ROOM_SUFFIX.sub("", text))
    if zoned is not None:
        return _key(
            Cell(Kind.TEXT, f"{zoned[1].removesuffix('区')}区{zoned[2]}"), _ROOM_SUFFIX, "room"
        )
    return _key(cell, _ROOM_SUFFIX, "room")


def _leads_to(front: list[str], building: str, unit: str) -> bool:
    """Whether the parts before a room's number repeat its own building or unit."""
    named = [{_bare(part, _BUILDING_SUFFIX), _bare(part, _UNIT_SUFFIX)} for part in front]
    return any(
        len(own) == len(named) and all(key in keys for key, keys in zip(own, named, strict=True))
        for own in ((building, unit), (building,), (unit,))
    )


def _key(cell: Cell, suffix: re.Pattern[str], what: str) -> Read[str]:
    text = plain(cell.text).upper().replace(" ", "")
    if len(text) > _MAX_SPELLING_CHARS:
        return Read(problem=error(f"{what}_unclear", value=cell.text))
    serial = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
    if cell.kind is Kind.DATE or _DATE_LIKE.fullmatch(text) or serial in DATE_SERIALS:
        return Read(problem=error(f"{what}_is_date", value=cell.text))
    key = _bare(text, suffix)
    clear = _KEY.fullmatch(key) and key not in _NOTHING and not _DATE_LIKE.fullmatch(key)
    if len(key) > _MAX_KEY_CHARS or not clear:
        return Read(problem=error(f"{what}_unclear", value=cell.text))
    return Read(key)


def _bare(text: str, suffix: re.Pattern[str]) -> str:
    """The text without 第, suffixes and leading zeros, Chinese numerals as digits."""
    key, before = text, ""
    while key != before:
        key, before = suffix.sub("", key.removeprefix("第")), key
    number = chinese_number(key)
    if number is not None:
        return str(number)
    return (key.lstrip("0") or "0") if key.isascii() and key.isdigit() else key


def chinese_number(text: str) -> int | None:
    """The number a text of Chinese numerals names (十二 = 12, 五〇二 = 502), or None."""
    if not _NUMERAL.fullmatch(text):
        return None
    if not any(char in _TENS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total, digit, last = 0, None, 1_000
    for char in text:
        if char not in _TENS:
            if digit not in (None, 0):
                return None
            digit = _DIGITS[char]
            continue
        tens = _TENS[char]
        if tens >= last or digit == 0:
            return None
        total, digit, last = total + tens * (1 if digit is None else digit), None, tens
    return total + (digit or 0)


def area_dm2(cell: Cell) -> Read[int]:
    """An area in whole dm² (0.01 m²), half-up from what the cell says in m²; None if blank.

    Zero, less, more than 100,000 m² and what is no number are errors (D12).
    """
    if is_blank(cell):
        return Read()
    if cell.kind is Kind.NUMBER:
        # Spreadsheets keep 15 digits; more of them are the noise of binary fractions.
        text = f"{cell.value:.15g}"
    else:
        text = _AREA_UNIT.sub("", plain(cell.text).replace(" ", ""))
        if cell.kind is not Kind.TEXT or not _AREA.fullmatch(text):
            return Read(problem=error("area_unreadable", value=cell.text))
    area = Decimal(text.replace(",", "")) * 100
    if not area.is_finite() or area > MAX_AREA_DM2:
        return Read(problem=error("area_too_large", value=cell.text))
    rounded = int(area.quantize(Decimal(1), ROUND_HALF_UP))
    if rounded <= 0:
        return Read(problem=error("area_not_positive", value=cell.text))
    return Read(rounded)


def floor_number(cell: Cell) -> Read[int]:
    """The floor (楼层), below ground negative: 5层, 5F, B1, 负一层; a warning if unreadable."""
    if is_blank(cell):
        return Read()
    match = _FLOOR.fullmatch(plain(cell.text).upper().replace(" ", ""))
    if match is not None and cell.kind in (Kind.TEXT, Kind.NUMBER):
        digits = match[2]
        number = int(digits) if digits.isdecimal() else chinese_number(digits)
        if number is not None and number <= _MAX_FLOOR:
            return Read(-number if match[1] else number)
    return Read(problem=warning("floor_unreadable", value=cell.text))


def use_of(cell: Cell) -> Read[Use]:
    """The use (业态) by its names in the trade; a warning if unknown."""
    if is_blank(cell):
        return Read()
    use = USES.get(plain(cell.text))
    return Read(use) if use else Read(problem=warning("use_unknown", value=cell.text))


def state_of(cell: Cell) -> Read[State]:
    """The state (房屋状态) by its names in the trade; a warning if unknown."""
    if is_blank(cell):
        return Read()
    state = STATES.get(plain(cell.text))
    return Read(state) if state else Read(problem=warning("state_unknown", value=cell.text))


def short_text(cell: Cell, limit_chars: int) -> Read[str]:
    """A text of at most `limit_chars` characters; a warning if longer or if digits were lost."""
    if is_blank(cell):
        return Read()
    text = clean(cell.text)
    if has_lost_digits(cell):
        return Read(problem=warning("digits_lost", value=text))
    if len(text) > limit_chars:
        return Read(problem=warning("text_too_long", limit=limit_chars))
    return Read(text)


def has_lost_digits(cell: Cell) -> bool:
    """Whether a long number was stored as a number, so that its last digits are gone."""
    if cell.kind is Kind.NUMBER and isinstance(cell.value, int | float):
        return abs(cell.value) >= _EXACT_BELOW
    return cell.kind is Kind.TEXT and bool(_SCIENTIFIC.fullmatch(plain(cell.text)))
