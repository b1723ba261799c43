"""Dates as registers write them; a day that does not exist is an error, half a date a question."""

from __future__ import annotations

import re
from datetime import date, timedelta

from chalicelib.community.register.model import error, warning
from chalicelib.community.register.normalise import Read, is_blank, plain
from chalicelib.community.register.sheet import Cell, Kind

_YEARS = range(1950, 2101)
_DAY = re.compile(
    r"(\d{4})(?:[./-](\d{1,2})[./-](\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d{2})(\d{2}))"
    r"(?:[ T]\d{1,2}:\d{2}(?::\d{2})?(?:\.0+)?)?"
)
_SERIAL = re.compile(r"\d{5}")
_HALF_A_DATE = re.compile(
    r"(?:\d{4}|\d{2})(?:年|[./-])(?:\d{1,2}(?:月份?)?)?|(?:\d{2}[./-]\d{1,2}[./-]\d{1,2})"
    r"|\d{2}年\d{1,2}月\d{1,2}日?|(?:19|20)\d{2}"
)


def read_date(cell: Cell, epoch: date) -> Read[date]:
    """The day a cell names, or None if it is blank.

    Parameters
    ----------
    cell
        A date cell, a serial (43617), or text: 2019.6.1, 2019/06/01, 2019年6月1日, 20190601.
    epoch
        Day 0 of the file's serials.

    Returns
    -------
    Read[date]
        An error for a day no calendar has (2019-06-31) or outside 1950-2100; a warning, to be
        confirmed, for a date without day or century ("19年6月") and for other text. Source: D12.
    """
    if is_blank(cell):
        return Read()
    if cell.kind is Kind.DATE and isinstance(cell.value, date):
        return _checked(cell.value, cell.text)
    text = plain(cell.text)
    if cell.kind in (Kind.NUMBER, Kind.TEXT):
        if _SERIAL.fullmatch(text):
            return _checked(epoch + timedelta(days=int(text)), text)
        match = _DAY.fullmatch(text)
        if match is not None:
            year, month, day = (int(part) for part in match.groups() if part is not None)
            try:
                return _checked(date(year, month, day), text)
            except ValueError:
                return Read(problem=error("date_does_not_exist", value=text))
        if _HALF_A_DATE.fullmatch(text):
            return Read(problem=warning("date_to_confirm", value=text))
    return Read(problem=warning("date_unreadable", value=text))


def _checked(day: date, text: str) -> Read[date]:
    if day.year not in _YEARS:
        return Read(problem=error("date_out_of_range", value=text))
    return Read(day)
