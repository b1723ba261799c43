"""Buildings and their rooms as a house register lists them, sold and lived in as real ones are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from local.estate.invent import Human, Inventor

_STATES = {"自住": 58, "出租": 14, "空置": 10, "装修中": 4, "已售未交付": 6, "未售": 8}
"""How many of a hundred homes stand how; 未售 belong to the developer."""
_CO_OWNED_OF_100 = 18
_SECOND_PHONE_OF_100 = 9
_INNER_PERCENT = {"住宅": (77, 84), "别墅": (86, 92), "商铺": (88, 94), "车位": (42, 46)}
_NOTES = ("钥匙在物业", "老人独居，请先电话联系", "已加装新风系统", "产权证待补", "阳台已封闭")


@dataclass(frozen=True)
class Layout:
    """A column of equal rooms (户型): what they are used for and their built-up area in dm²."""

    use: str
    built_dm2: int


@dataclass(frozen=True)
class Block:
    """A building to fill.

    `label`, `unit` and `number` say how its firm spells them; `{}` stands for the number.
    """

    key: str
    label: str
    layouts: tuple[Layout, ...]
    floors: int
    handed_over_on: date
    units: int = 0
    unit: str = "{}单元"
    number: str = "{}"
    first_floor: int = 1


@dataclass(frozen=True)
class Room:
    """One row: what the file says, and the key under which the platform will know the room.

    `owners` is empty while the room is the developer's.
    """

    key: tuple[str, str, str]
    building: str
    unit: str
    floor: int
    number: str
    use: str
    built_dm2: int
    inner_dm2: int
    state: str
    owners: tuple[Human, ...]
    second_phone: str
    handed_over_on: date | None
    billing_from: date | None
    note: str


def fill(block: Block, inventor: Inventor, neighbours: Sequence[Human] = ()) -> Iterator[Room]:
    """Every room of a building, floor by floor, with whoever owns it.

    Parking spaces belong to `neighbours`, who have homes here, one each.
    """
    buyers = inventor.random.sample(neighbours, len(neighbours))
    random = inventor.random
    inner = [_inner(layout, random) for layout in block.layouts]
    for unit in range(1, block.units + 1) if block.units else (0,):
        for floor in range(block.first_floor, block.first_floor + block.floors):
            for place, layout in enumerate(block.layouts, start=1):
                key, number = _number(block, floor, place)
                yield _room(
                    block,
                    inventor,
                    layout,
                    buyers,
                    key=(block.key, str(unit), key),
                    unit=block.unit.format(unit) if unit else "",
                    floor=floor,
                    number=number,
                    inner_dm2=inner[place - 1],
                )


def _room(
    block: Block,
    inventor: Inventor,
    layout: Layout,
    buyers: list[Human],
    *,
    key: tuple[str, str, str],
    unit: str,
    floor: int,
    number: str,
    inner_dm2: int,
) -> Room:
    random = inventor.random
    state = random.choices(list(_STATES), list(_STATES.values()))[0]
    owners: tuple[Human, ...] = ()
    if layout.use == "车位":
        state = "自住" if buyers and state != "未售" else "未售"
        owners = (buyers.pop(),) if state == "自住" else ()
    elif state != "未售":
        owners = _owners(inventor)
    handed_over = block.handed_over_on if state not in ("未售", "已售未交付") else None
    second = ""
    if len(owners) == 1 and random.randrange(100) < _SECOND_PHONE_OF_100:
        relation = random.choice(("女儿", "儿子", "配偶"))
        second = f"{inventor.human().phone}({relation})"
    return Room(
        key=key,
        building=block.label,
        unit=unit,
        floor=floor,
        number=number,
        use=layout.use,
        built_dm2=layout.built_dm2,
        inner_dm2=inner_dm2,
        state=state,
        owners=owners,
        second_phone=second,
        handed_over_on=handed_over,
        billing_from=_next_month(handed_over) if handed_over else None,
        note=random.choice(_NOTES) if owners and random.randrange(100) < 6 else "",
    )


def _owners(inventor: Inventor) -> tuple[Human, ...]:
    first = inventor.human()
    if inventor.random.randrange(100) >= _CO_OWNED_OF_100:
        return (first,)
    return (first, inventor.human())


def _number(block: Block, floor: int, place: int) -> tuple[str, str]:
    """The room's number as its key and as the firm writes it."""
    if block.number == "{}":
        number = f"{floor}{place:02d}"
        return number, number
    if block.number.startswith("B"):
        # "B1-007" of a car park has no dash in its key.
        written = block.number.format(f"{place:03d}")
        return written.replace("-", "区"), written
    written = block.number.format(place)
    return written.removesuffix("号"), written


def _inner(layout: Layout, random: Random) -> int:
    low, high = _INNER_PERCENT[layout.use]
    return layout.built_dm2 * random.randint(low * 10, high * 10) // 1000


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
