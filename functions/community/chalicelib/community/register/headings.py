"""The headings of a register: known by alias, in any order, in one row or in two (D12)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Field(StrEnum):
    """The columns a register may have; `HEADINGS` gives each its name in the file."""

    BUILDING = "building"
    UNIT = "unit"
    FLOOR = "floor"
    ROOM = "number"
    CODE = "code"
    USE = "use"
    BUILT_AREA = "built_area_dm2"
    INNER_AREA = "inner_area_dm2"
    STATE = "state"
    OWNER = "owners"
    ID_NUMBER = "id_number"
    PHONES = "phones"
    HANDED_OVER_ON = "handed_over_on"
    BILLING_FROM = "billing_from"
    NOTE = "note"


HEADINGS: Mapping[Field, str] = {
    Field.BUILDING: "楼栋号",
    Field.UNIT: "单元号",
    Field.FLOOR: "楼层",
    Field.ROOM: "房号",
    Field.CODE: "房屋编码",
    Field.USE: "房屋用途",
    Field.BUILT_AREA: "建筑面积(㎡)",
    Field.INNER_AREA: "套内面积(㎡)",
    Field.STATE: "房屋状态",
    Field.OWNER: "业主姓名",
    Field.ID_NUMBER: "证件号码",
    Field.PHONES: "联系电话",
    Field.HANDED_OVER_ON: "交房日期",
    Field.BILLING_FROM: "计费起始日",
    Field.NOTE: "备注",
}

# "面积" alone is no alias: built-up and inner area are charged differently, so it is never guessed.
_ALIASES: Mapping[Field, str] = {
    Field.BUILDING: "楼栋号 楼栋 楼栋名称 栋 栋号 幢 幢号 座 座号 楼号 楼座 楼宇 楼幢",
    Field.UNIT: "单元号 单元 单元名称",
    Field.FLOOR: "楼层 所在楼层 所在层",
    Field.ROOM: "房号 室号 室 房间 房间号 房屋号 门牌号",
    Field.CODE: "房屋编码 房产编码 房屋编号 房屋代码 资源编码",
    Field.USE: "房屋用途 业态 用途 房屋类型 物业类型 房屋性质",
    Field.BUILT_AREA: "建筑面积 建面 产权面积 面积建筑 建筑",
    Field.INNER_AREA: "套内面积 套内建筑面积 套内 面积套内",
    Field.STATE: "房屋状态 状态 入住状态 使用状态 交付状态",
    Field.OWNER: "业主姓名 业主 业主名称 产权人 产权人姓名 权利人 房主 姓名",
    Field.ID_NUMBER: "证件号码 证件号 身份证 身份证号 身份证号码",
    Field.PHONES: "联系电话 联系方式 电话 业主电话 手机 手机号 手机号码",
    Field.HANDED_OVER_ON: "交房日期 交房时间 交付日期 收楼 收楼日期 收房日期 收房时间 交楼日期",
    Field.BILLING_FROM: "计费起始日 计费起始日期 计费开始日期 收费起始日 收费起始日期 起费日期",
    Field.NOTE: "备注 备注说明 说明",
}
_FIELD_OF = {alias: field for field, aliases in _ALIASES.items() for alias in aliases.split()}
_FIELDS_OF_A_HEADING_ROW = 3
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_UNIT_AT_END = re.compile(r"(m2|平方米|平米)$", re.IGNORECASE)
_NOT_A_WORD = re.compile(r"[^0-9A-Za-z一-鿿]")
_MAX_HEADING_CHARS = 40


@dataclass(frozen=True)
class Columns:
    """Where each field stands: 0-based columns (more than one only for phones), and their names."""

    at: Mapping[Field, tuple[int, ...]]
    names: Mapping[int, str]
    twice: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def name(self, field: Field) -> str:
        """The heading as the file writes it."""
        columns = self.at.get(field, ())
        return self.names[columns[0]] if columns else HEADINGS[field]


def field_of(heading: str) -> Field | None:
    """The field a heading names, or None.

    Brackets, units, spaces and punctuation do not count: "建筑面积（㎡）" and " 建筑 面积 *" are
    one (D12).
    """
    if len(heading) > _MAX_HEADING_CHARS:
        return None
    plain = unicodedata.normalize("NFKC", heading)
    for candidate in (_BRACKETS.sub("", plain), plain):
        word = _UNIT_AT_END.sub("", _NOT_A_WORD.sub("", candidate))
        found = _FIELD_OF.get(word) or _numbered_phone(word)
        if found is not None:
            return found
    return None


def find_headings(rows: Sequence[Sequence[str]], at: int) -> tuple[Columns, int] | None:
    """The columns if the headings begin at row `at`, with the row after them.

    Parameters
    ----------
    rows
        The texts of a sheet, merged cells filled in both directions.
    at
        The 0-based row to look at.

    Returns
    -------
    tuple[Columns, int] | None
        None where row `at` is no heading row: it must name the room and at least three fields,
        alone or together with the row below it (双层表头, D12).
    """
    upper = rows[at]
    one = _columns([(text,) for text in upper])
    best, after = (one, at + 1) if _is_heading_row(one) else (None, at)
    if at + 1 < len(rows):
        two = _two_rows(upper, rows[at + 1])
        if two is not None and _is_heading_row(two) and (best is None or len(two.at) > len(one.at)):
            best, after = two, at + 2
    return (best, after) if best is not None else None


def _two_rows(upper: Sequence[str], lower: Sequence[str]) -> Columns | None:
    """The columns of a heading in two rows, or None where the lower row is one of rooms."""
    width = max(len(upper), len(lower))
    pairs = [(_at(upper, c), _at(lower, c)) for c in range(width)]
    for above, below in pairs:
        if field_of(above) is not Field.ROOM:
            continue
        if below.strip() and field_of(below) is not Field.ROOM:
            return None
    # Together first: "面积" above "建筑" says more than "建筑" alone.
    return _columns([(above + below, below, above) for above, below in pairs])


def _columns(candidates: Sequence[tuple[str, ...]]) -> Columns:
    at: dict[Field, tuple[int, ...]] = {}
    names: dict[int, str] = {}
    twice: list[str] = []
    unknown: list[str] = []
    for column, texts in enumerate(candidates):
        known = [(text, field) for text in texts if (field := field_of(text)) is not None]
        if not known:
            unknown.extend(dict.fromkeys(text.strip() for text in texts[-1:] if text.strip()))
            continue
        text, field = known[0]
        names[column] = text.strip()
        if field in at and field is not Field.PHONES:
            twice.append(text.strip())
            continue
        at[field] = (*at.get(field, ()), column)
    return Columns(at, names, tuple(twice), tuple(unknown))


def _is_heading_row(columns: Columns) -> bool:
    return Field.ROOM in columns.at and len(columns.at) >= _FIELDS_OF_A_HEADING_ROW


def _numbered_phone(word: str) -> Field | None:
    """ "联系电话1" and "手机号2" are phones; no other heading is numbered in the trade."""
    field = _FIELD_OF.get(word.rstrip("0123456789一二三"))
    return field if field is Field.PHONES else None


def _at(texts: Sequence[str], column: int) -> str:
    return texts[column] if column < len(texts) else ""
