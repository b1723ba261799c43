"""The house register (房产台账) of a seeded community as its firm keeps it: a spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import TypeAlias

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from local.estate.invent import Human
from local.estate.plan import Community
from local.estate.rooms import Room

_HEADINGS = (
    "楼栋号",
    "单元号",
    "楼层",
    "房号",
    "房屋用途",
    "建筑面积（㎡）",
    "套内面积（㎡）",
    "房屋状态",
    "业主姓名",
    "证件号码",
    "联系电话",
    "交房日期",
    "计费起始日",
    "备注",
)
_BUILT = _HEADINGS.index("建筑面积（㎡）")
_TITLE_ROWS = 1
Value: TypeAlias = str | int | float | date | None


def write(community: Community, rooms: Sequence[Room] | None = None) -> bytes:
    """An .xlsx with a title, the headings, a row for each room and the total.

    Parameters
    ----------
    rooms
        The rooms to write; all of the community if left out.
    """
    chosen = community.rooms if rooms is None else rooms
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "房产台账"
    sheet.append([community.title])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(_HEADINGS))
    sheet["A1"].font = Font(size=14, bold=True)
    sheet["A1"].alignment = Alignment(horizontal="center")
    sheet.append(_HEADINGS)
    for room in chosen:
        sheet.append(_row(room))
    total: list[Value] = [None] * len(_HEADINGS)
    total[0], total[_BUILT] = "合计", sum(room.built_dm2 for room in chosen) / 100
    sheet.append(total)
    sheet.freeze_panes = f"A{_TITLE_ROWS + 2}"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _row(room: Room) -> list[Value]:
    return [
        room.building,
        room.unit or None,
        room.floor,
        room.number,
        room.use,
        room.built_dm2 / 100,
        room.inner_dm2 / 100,
        room.state,
        _names(room.owners),
        "、".join(owner.id_number for owner in room.owners) or None,
        _phones(room),
        room.handed_over_on,
        room.billing_from,
        room.note or None,
    ]


def _names(owners: Sequence[Human]) -> str:
    return "、".join(owner.name.text for owner in owners) or "未售"


def _phones(room: Room) -> str | None:
    phones = [owner.phone for owner in room.owners[:1]]
    if room.second_phone:
        phones.append(room.second_phone)
    return "、".join(phones) or None
