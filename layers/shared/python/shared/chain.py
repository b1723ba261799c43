"""A chain of facts: each link's hash covers the one before it, so that none can change unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def link(previous: str, facts: Mapping[str, Any]) -> str:
    """The hash that chains `facts` to what comes before them.

    Parameters
    ----------
    previous
        The hash before, or the id of the thing whose first facts these are.
    facts
        Texts, numbers, truths, nulls, and lists and mappings of them.
    """
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
