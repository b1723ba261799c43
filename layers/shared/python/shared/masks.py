"""Personal details as answers show them: enough to recognise, too little to use (RULES.md D8)."""

from __future__ import annotations


def name(text: str) -> str:
    """张三丰 → 张**; a single character is hidden whole."""
    return text[:1] + "*" * (len(text) - 1) if len(text) > 1 else "*" * len(text)


def phone(text: str) -> str:
    """13812345678 → 138****5678; a shorter number keeps its last two digits."""
    if len(text) >= 11:
        return f"{text[:-8]}****{text[-4:]}"
    return "*" * max(len(text) - 2, 0) + text[-2:]


def id_number(text: str) -> str:
    """An identity number keeps its first three and last two characters."""
    if len(text) <= 5:
        return "*" * len(text)
    return text[:3] + "*" * (len(text) - 5) + text[-2:]


def plate(text: str) -> str:
    """京A12345 → 京A***45; where it comes from and its last two characters stay."""
    if len(text) <= 4:
        return "*" * len(text)
    return text[:2] + "*" * (len(text) - 4) + text[-2:]
