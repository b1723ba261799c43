"""Counting FEATURES.md: which rows of the catalogue work, in every README from one source.

python -m local.features           writes the totals into README*.md between their markers
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from local import marked
from local.places import ROOT

FEATURES = ROOT / "FEATURES.md"
MARKER = "features"
_IN_PART = " (in part)"
_ROW = re.compile(r"\| ([A-Z]{2})-(\d\d) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|")

SUBSYSTEMS: dict[str, tuple[str, str]] = {
    "PM": ("Property-company back office", "物业公司后台"),
    "PJ": ("Community back office", "社区后台"),
    "BA": ("Butler app", "管家端"),
    "RA": ("Residents' app", "业主端"),
    "ML": ("Mall operator console", "商城运营后台"),
    "MH": ("Merchant console", "商家后台"),
    "MP": ("Message push", "消息推送"),
    "UM": ("App-user management", "用户管理"),
    "CF": ("Community finance", "社区金融"),
    "IO": ("IoT platform", "物联网平台"),
    "ST": ("Settlement", "结算"),
    "AD": ("Ads and growth", "广告与增长"),
    "MB": ("Membership and group buys", "会员与团购"),
    "SV": ("Services and neighbours", "服务与邻里"),
    "QT": ("Quality and dispatch", "质量与派单"),
    "OB": ("Onboarding and operators", "入驻与运营岗位"),
    "NF": ("Non-functional", "非功能"),
}
_WORDS = {
    "en": ("subsystem", "rows", "work", "in part", "all"),
    "zh-CN": ("子系统", "条目", "已实现", "部分实现", "合计"),
}


@dataclass(frozen=True)
class Row:
    """One row of the catalogue: where it can be used, and the tests that show it."""

    subsystem: str
    number: int
    feature: str
    ways: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def id(self) -> str:
        """The row's id in the catalogue."""
        return f"{self.subsystem}-{self.number:02d}"

    @property
    def works(self) -> bool:
        """Whether the row works, whole or in part."""
        return bool(self.ways)

    @property
    def in_part(self) -> bool:
        """Whether parts of it are still to come."""
        return self.works and self.feature.endswith(_IN_PART)


def read(text: str) -> list[Row]:
    """The rows of FEATURES.md.

    Raises
    ------
    ValueError
        A line of a table that is no row, with the line.
    """
    rows = []
    for line in text.splitlines():
        if not line.startswith("|") or line.startswith(("| id |", "|---")):
            continue
        match = _ROW.fullmatch(line)
        if match is None:
            raise ValueError(f"not a row of FEATURES.md: {line}")
        subsystem, number, feature, ways, tests = match.groups()
        rows.append(Row(subsystem, int(number), feature, _parts(ways), _parts(tests)))
    return rows


def _parts(cell: str) -> tuple[str, ...]:
    return () if cell == "-" else tuple(part.strip() for part in cell.split("<br>"))


def totals(rows: list[Row], language: str) -> str:
    """The table of totals, one line for each subsystem and one for all.

    Parameters
    ----------
    language
        "en" or "zh-CN".
    """
    subsystem, count, works, in_part, everything = _WORDS[language]
    lines = [f"| {subsystem} | {count} | {works} | {in_part} |", "|---|---:|---:|---:|"]
    for code, names in SUBSYSTEMS.items():
        own = [row for row in rows if row.subsystem == code]
        lines.append(_line(f"{code} {names[language == 'zh-CN']}", own))
    lines.append(_line(f"**{everything}**", rows))
    return "\n".join(lines)


def _line(name: str, rows: list[Row]) -> str:
    partly = sum(row.in_part for row in rows)
    wholly = sum(row.works for row in rows) - partly
    return f"| {name} | {len(rows)} | {wholly} | {partly} |"


def main() -> None:
    """Write the totals into every README."""
    rows = read(FEATURES.read_text())
    for path, language in marked.readmes().items():
        path.write_text(marked.filled(path.read_text(), MARKER, totals(rows, language)))
        print(f"{path.name} is up to date")
    print(totals(rows, "en"))


if __name__ == "__main__":
    main()
