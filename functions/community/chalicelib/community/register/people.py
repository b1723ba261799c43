"""Owners as registers write them: names, co-owners, identity numbers and phones (D12).

Findings about people never carry the value itself: a report is read by more people than a register.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

from msgspec.structs import replace

from chalicelib.community.register.model import Owner, Phone, RoomKey, error, warning
from chalicelib.community.register.normalise import Read, has_lost_digits, is_blank, plain
from chalicelib.community.register.sheet import Cell, Kind

MAX_ROOMS_PER_PHONE = 5
_MAX_CELL_CHARS = 300
_MAX_NAME_CHARS = 60
_MAX_PEOPLE = 10
_SHARED = "共有人"
_NOBODY = re.compile(r"未售出?|待售|未出售|开发商.{0,20}|.{1,40}\((?:开发商|未售)\)")
_BETWEEN = re.compile(r"[、;/|]|,(?! ?(?:Ltd|Inc|LLC|Limited)\b)", re.IGNORECASE)
_BETWEEN_PHONES = re.compile(r"[、,;/|]|(?<=[\d)]) (?=[^\d\s、,;/|]{0,8}\d{7})|(?<=\)) ?(?=\d)")
_PHONE = re.compile(
    r"(?:\(?([^\d()+:]{1,10}?)\)?[: ]{0,2})?(\+?\d[\d -]{3,18}\d)(?: ?\(?([^\d()]{1,10})\)?)?"
)
_COUNTRY = re.compile(r"(?<!\d)\+?86[ -]?(?=1[3-9](?:[ -]?\d){9}(?!\d))")
_AREA_CODE = re.compile(r"\((0\d{2,3})\)[ -]?")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_RESIDENT_ID = re.compile(r"[1-9]\d{16}[0-9X]")
_OTHER_ID = re.compile(r"[A-Z0-9()-]{5,30}")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"


def read_names(cell: Cell) -> Read[tuple[str, ...]]:
    """The names in an owner's cell: () for nobody (未售, 开发商), None for a blank cell.

    Several names ("张三、李四") are co-owners, at most ten of at most 60 characters; anything else
    is an error, since a wrong owner is worse than none.
    """
    if is_blank(cell):
        return Read()
    text = _one_line(cell)
    if _NOBODY.fullmatch(text):
        return Read(())
    names = tuple(dict.fromkeys(name for part in _BETWEEN.split(text) if (name := part.strip())))
    fits = 0 < len(names) <= _MAX_PEOPLE and all(len(name) <= _MAX_NAME_CHARS for name in names)
    if cell.kind is not Kind.TEXT or not fits:
        return Read(problem=error("owner_unreadable"))
    return Read(names)


def read_id_numbers(cell: Cell, people: int) -> Read[tuple[str, ...]]:
    """One identity number for each of `people` owners; None for a blank cell.

    A resident's number must have its check character (GB 11643); passports, permits and company
    codes are taken as they stand. Warnings: digits lost to a number format (3.20106E+17), a wrong
    check character, a mask, not one for each owner. Source: D12.
    """
    if is_blank(cell):
        return Read()
    if has_lost_digits(cell):
        return Read(problem=warning("id_number_lost_digits"))
    parts = [part.replace(" ", "") for part in _BETWEEN.split(_one_line(cell).upper())]
    numbers = tuple(part for part in parts if part)
    if len(numbers) != people:
        return Read(problem=warning("id_numbers_not_one_each", people=people))
    if not all(_OTHER_ID.fullmatch(number) for number in numbers):
        return Read(problem=warning("id_number_unreadable"))
    if any(_RESIDENT_ID.fullmatch(number) and not _checks(number) for number in numbers):
        return Read(problem=warning("id_number_wrong"))
    return Read(numbers)


def read_phones(cell: Cell) -> Read[tuple[Phone, ...]]:
    """The phones in a cell with whose they are ("13900001111(女儿)"); a warning if unreadable."""
    if is_blank(cell):
        return Read()
    if has_lost_digits(cell) or cell.kind not in (Kind.TEXT, Kind.NUMBER):
        return Read(problem=warning("phone_unreadable"))
    phones: list[Phone] = []
    text = _COUNTRY.sub("", _AREA_CODE.sub(r"\1-", _one_line(cell)))
    for part in _BETWEEN_PHONES.split(text):
        match = _PHONE.fullmatch(part.strip())
        if match is None:
            if part.strip():
                return Read(problem=warning("phone_unreadable"))
            continue
        relation = (match[1] or match[3] or "").strip(" :")
        phones.append(Phone(_number(match[2]), relation))
    if not 0 < len(phones) <= _MAX_PEOPLE:
        return Read(problem=warning("phone_unreadable"))
    return Read(tuple(dict.fromkeys(phones)))


def owners_of(
    names: tuple[str, ...], id_numbers: tuple[str, ...], phones: tuple[Phone, ...]
) -> tuple[Owner, ...]:
    """The owners of one row; phones of several owners go to the first, as contacts (共有人)."""
    if len(names) > 1:
        # Whose phone it is stays with the phone, so that an export says it again.
        phones = tuple(replace(phone, relation=phone.relation or _SHARED) for phone in phones)
    return tuple(
        Owner(
            name,
            id_numbers[i] if id_numbers else None,
            phones if i == 0 else (),
            i == 0 and may_claim(phones),
        )
        for i, name in enumerate(names)
    )


def may_claim(phones: tuple[Phone, ...]) -> bool:
    """Whether phones propose a binding: exactly one mobile number, and nobody else's (D12)."""
    return len(phones) == 1 and not phones[0].relation and bool(_MOBILE.fullmatch(phones[0].number))


def busy_numbers(owned: Iterable[tuple[RoomKey, tuple[Owner, ...]]]) -> frozenset[str]:
    """The numbers that stand on more than five rooms: an agent's or the firm's own (D12)."""
    counts = Counter(
        number
        for _, owners in owned
        for number in {phone.number for owner in owners for phone in owner.phones}
    )
    return frozenset(number for number, rooms in counts.items() if rooms > MAX_ROOMS_PER_PHONE)


def without_claims(owners: tuple[Owner, ...], busy: Collection[str]) -> tuple[Owner, ...]:
    """The owners, those reached only by a busy number no longer able to claim."""
    return tuple(
        replace(owner, may_claim=False)
        if owner.may_claim and any(phone.number in busy for phone in owner.phones)
        else owner
        for owner in owners
    )


def _one_line(cell: Cell) -> str:
    return plain(cell.text.replace("\n", "、"))[:_MAX_CELL_CHARS]


def _number(text: str) -> str:
    digits = re.sub(r"[ -]", "", text)
    # A landline keeps its dashes: the last part may be an extension.
    return digits if _MOBILE.fullmatch(digits) else text.replace(" ", "")


def _checks(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    # Numbers from 9 on are also those of companies, whose check character is another.
    return number[0] == "9" or _ID_CHECKS[total % 11] == number[17]
