"""Money: integer fen; one rounding per calculation, and splits that lose nothing.

Rates are decimal strings and enter as exact fractions; a float never does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

_YUAN = re.compile(r"(-)?([0-9]{1,12})(?:\.([0-9]{1,2})0*)?")


def half_up(amount: Fraction) -> int:
    """`amount` fen rounded half away from zero, once, at the end of a calculation (RULES.md D1)."""
    doubled = abs(amount) * 2
    rounded = int((doubled + 1) // 2)
    return rounded if amount >= 0 else -rounded


def split(total_fen: int, weights: Sequence[int]) -> list[int]:
    """`total_fen` in parts proportional to `weights`; the parts sum to the whole.

    The rest after rounding down goes by the largest fraction, ties to the earlier part
    (largest remainder, 最大余额法; RULES.md D1).

    Raises
    ------
    ValueError
        A weight is negative, or all are zero.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must be non-negative integers with a positive sum")
    sign = -1 if total_fen < 0 else 1
    shares = [divmod(abs(total_fen) * weight, whole) for weight in weights]
    parts = [quotient for quotient, _ in shares]
    by_fraction = sorted(range(len(parts)), key=lambda i: (-shares[i][1], i))
    for i in by_fraction[: abs(total_fen) - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]


def from_yuan(text: str) -> int:
    """Fen of a decimal amount in yuan, such as "1234.5"; at most 12 digits before the point.

    Raises
    ------
    ValueError
        `text` is not such a number, or has a fraction of a fen.
    """
    match = _YUAN.fullmatch(text)
    if match is None:
        raise ValueError(f"not a whole number of fen: {text[:40]!r}")
    sign, yuan, fen = match.groups(default="")
    amount = int(yuan) * 100 + int(fen.ljust(2, "0"))
    return -amount if sign else amount


def to_text(amount_fen: int) -> str:
    """The amount as people read it: `¥1,234.56`, `-¥0.05`."""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}¥{yuan:,}.{fen:02d}"
