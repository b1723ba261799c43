"""The unified social credit code (统一社会信用代码, GB 32100-2015) and its check character."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Thirty-one characters: I, O, S, V and Z are left out."""


def check_character(body: str) -> str:
    """The eighteenth character that belongs to the first seventeen (GB 32100-2015, 4.2).

    Parameters
    ----------
    body
        Seventeen characters of `ALPHABET`.
    """
    total = sum(
        ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body)
    )
    return ALPHABET[-total % 31]


def is_whole(code: str) -> bool:
    """Whether a code of eighteen characters ends in the one that its others ask for."""
    return check_character(code[:-1]) == code[-1]
