"""What people read of the log: code → (zh-CN, en)."""

from __future__ import annotations

from chalicelib.audit.seals import Kind
from shared.i18n import Texts

TEXTS: Texts = {
    "one_search": (
        "请指定一个人、一个对象或一个范围；只有按人查询时可同时限定范围。",
        "Name a person, a thing or a place; only a person may be narrowed to a place.",
    ),
    "ends_before_it_begins": ("结束时间早于开始时间。", "It ends before it begins."),
    "too_long_a_time": (
        "一次最多校验 {hours} 小时。",
        "At most {hours} hours are checked at a time.",
    ),
}

FINDINGS: dict[Kind, tuple[str, str]] = {
    Kind.ROW_CHANGED: ("记录被改动", "a row was changed"),
    Kind.ROW_MISSING: ("记录缺失", "a row is missing"),
    Kind.ROW_ADDED: ("封存后新增的记录", "a row was added after the sealing"),
    Kind.ROWS_DIFFER: ("本小时记录与封存不符", "the hour's rows are not those that were sealed"),
    Kind.SEAL_MISSING: ("本小时未封存或封存缺失", "the hour has no seal"),
    Kind.SEAL_DIFFERS: ("封存与锁定文件不符", "the seal is not the locked file's"),
    Kind.FILE_MISSING: ("锁定文件缺失", "the locked file is missing"),
    Kind.FILE_UNREADABLE: ("锁定文件无法读取", "the locked file cannot be read"),
    Kind.CHAIN_BROKEN: ("与上一小时不相衔接", "the hour does not follow the one before"),
}
