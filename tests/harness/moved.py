"""What one estate stored, as another estate would have stored it: the same texts under other ids.

Ids stand in keys, in values, in JSON within values and in the files of the bucket; they are known
by their form, so nothing here knows what a capability stores.  An estate abroad has another
community and other people; a household next door or across has other people and another room.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from shared import ids
from tests.harness.world import File, World

_LETTER = f"[{ids.ALPHABET}]"
_COMMUNITY = rf"(?<=com_){_LETTER}{{8}}(?![a-z0-9])|(?<=_){_LETTER}{{8}}(?=_)"
_ULID = rf"(?<![a-z0-9]){_LETTER}{{26}}(?![a-z0-9])"
_STEP = r"[^-/#\s\"\\]+"
_ROOM = re.compile(
    rf"(room_{_LETTER}{{8}}_)({_STEP})-({_STEP})-({_STEP})"
    rf"|(com_{_LETTER}{{8}}/)({_STEP})/({_STEP})/({_STEP})"
)
Rename = Callable[[str], str]


def _turned(found: re.Match[str]) -> str:
    """Letters of an id as other letters, always the same ones."""
    half = len(ids.ALPHABET) // 2
    return "".join(ids.ALPHABET[ids.ALPHABET.index(letter) - half] for letter in found.group())


def abroad(text: str) -> str:
    """A text of another community and other people."""
    return re.sub(f"{_ULID}|{_COMMUNITY}", _turned, text)


def next_door(text: str) -> str:
    """A text of another household of the same building."""
    return _ROOM.sub(partial(_elsewhere, building="", number="8"), re.sub(_ULID, _turned, text))


def across(text: str) -> str:
    """A text of a household in another building of the same community."""
    # Turned twice an id would be itself again, so these people have the letters turned round.
    other = re.sub(_ULID, lambda found: found.group()[::-1], re.sub(_ULID, _turned, text))
    return _ROOM.sub(partial(_elsewhere, building="8", number=""), other)


def _elsewhere(found: re.Match[str], *, building: str, number: str) -> str:
    first, a, b, c = [group for group in found.groups() if group is not None]
    between = "-" if first.startswith("room") else "/"
    return first + between.join((a + building, b, c + number))


def moved(world: World, empty: World, rename: Rename) -> World:
    """A world under other ids, as far as it then has places of its own, in the tables of another.

    What is stored for a whole community is the same for all its households and stays out.
    """
    items = {}
    for table, kept in zip(empty.items, world.items.values(), strict=True):
        items[table] = {
            (rename(pk), rename(sk)): _renamed(item, rename)
            for (pk, sk), item in kept.items()
            if rename(pk) != pk or (rename is abroad and rename(sk) != sk)
        }
    files = {}
    for bucket, found in zip(empty.files, world.files.values(), strict=True):
        files[bucket] = {
            rename(name): File(_rewritten(file.body, rename), file.content_type)
            for name, file in found.items()
            if rename(name) != name
        }
    return World(items, files)


def _renamed(value: Any, rename: Rename) -> Any:
    """Every text in an item renamed."""
    if isinstance(value, Mapping):
        return {name: _renamed(inner, rename) for name, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, rename) for inner in value]
    return rename(value) if isinstance(value, str) else value


def _rewritten(body: bytes, rename: Rename) -> bytes:
    try:
        return rename(body.decode()).encode()
    except UnicodeDecodeError:
        return body


def added(world: World, more: World) -> World:
    """A world with another beside it; where both have something, the first has it."""
    return World(
        {table: {**more.items[table], **items} for table, items in world.items.items()},
        {bucket: {**more.files[bucket], **files} for bucket, files in world.files.items()},
    )
