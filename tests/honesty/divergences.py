"""The list of divergences: where a stand-in answers otherwise than AWS, and why nothing minds.

`divergences.toml` has a table for each case of the list.  What a stand-in answers stands there
exactly, with its version when that was first seen; beside it, why no test of money, gates or
personal data relies on that answer:

- `never_asked`: parameters (`Query.FilterExpression`) or operations that no recorded call of any
  story has, whichever library makes the call
- `never_named`: words that stand in no source of ours and in no test; these cases say them, and
  the harness may, which makes up for what a stand-in lacks
- `held_by`: tests that hold the product to what AWS does, and `because` says how
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from local import marked
from local.places import FUNCTIONS, INFRA, LAYERS, ROOT
from tests.honesty.case import CASES, MINISTACK, MOTO, Case

MARKER = "divergences"
README = ROOT / "local" / "README.md"
_LIST = Path(__file__).with_name("divergences.toml")
_SEARCHED = (FUNCTIONS, INFRA, LAYERS / "shared" / "python", ROOT / "local", ROOT / "tests")
_KNOWING = {ROOT / "tests" / "honesty", ROOT / "tests" / "harness"}
_SOURCES = {".py", ".yaml", ".json"}
_PINNED = {MOTO: ("moto", "dev.in"), MINISTACK: ("MiniStack", "emulator.in")}


class Differs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a stand-in answers instead, and the version that was first seen to."""

    answer: Any
    since: str


class Divergence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One case of the list."""

    moto: Differs | None = None
    ministack: Differs | None = None
    never_asked: tuple[str, ...] = ()
    never_named: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()
    because: str = ""

    def on(self, kind: str) -> Differs | None:
        """What this stand-in answers instead, if it differs."""
        differs: Differs | None = getattr(self, kind)
        return differs


def listed() -> dict[str, Divergence]:
    """The list, by the names of the cases."""
    return msgspec.convert(tomllib.loads(_LIST.read_text()), dict[str, Divergence])


def verdict(case: Case, kind: str, answer: Any, divergence: Divergence | None) -> str:
    """What is wrong with the list after this answer, in a sentence; empty if nothing is."""
    known = divergence.on(kind) if divergence else None
    told = f"{case.name} on {kind}: it answers {answer!r}"
    if answer == case.aws:
        return f"{told} as AWS does now: remove it from the list" if known else ""
    if known is None:
        return f"{told}, AWS {case.aws!r}: mend what relies on it, and list it"
    if answer != known.answer:
        return f"{told}, the list says {known.answer!r}: read again what relies on it"
    return ""


def unexcused(divergences: Mapping[str, Divergence]) -> list[str]:
    """The cases of the list that do not say why nothing relies on them, or are no cases."""
    wrong = [f"{name} is no case" for name in divergences.keys() - CASES.keys()]
    for name, found in divergences.items():
        if not (found.never_asked or found.never_named or found.held_by):
            wrong.append(f"{name}: say why nothing relies on it")
        if bool(found.held_by) != bool(found.because):
            wrong.append(f"{name}: `held_by` and `because` go together")
        if found.moto is None and found.ministack is None:
            wrong.append(f"{name}: say what answers otherwise")
    return wrong


def asked(
    divergences: Mapping[str, Divergence], calls: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[str]:
    """The recorded calls that a case of the list says are never made."""
    known = {operation for operation, _ in calls}
    known |= {f"{operation}.{name}" for operation, given in calls for name in given}
    return [
        f"{name}: the product asks {what}"
        for name, found in divergences.items()
        for what in found.never_asked
        if what in known
    ]


def named(divergences: Mapping[str, Divergence], sources: Mapping[str, str]) -> list[str]:
    """The sources that name what a case of the list says is never named."""
    return [
        f"{name}: {path} names {word}"
        for name, found in divergences.items()
        for word in found.never_named
        for path, text in sources.items()
        if word in text
    ]


def sources() -> dict[str, str]:
    """Every source of the product, of what runs it, and of its tests."""
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for folder in _SEARCHED
        for path in sorted(folder.rglob("*"))
        if path.suffix in _SOURCES and not _KNOWING.intersection(path.parents)
    }


def table() -> str:
    """The list as people read it, for local/README.md."""
    lines = [
        f"| on AWS | AWS answers | {_title(MOTO)} | {_title(MINISTACK)} | so |",
        "|---|---|---|---|---|",
    ]
    for name, found in listed().items():
        case = CASES[name]
        answers = [_shown(case, kind, found.on(kind)) for kind in (MOTO, MINISTACK)]
        cells = [case.says, _code(case.aws), *answers, _reason(found)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def write() -> None:
    """Write the list into local/README.md."""
    README.write_text(marked.filled(README.read_text(), MARKER, table()))


def _title(kind: str) -> str:
    """A stand-in with the version that is pinned."""
    title, pins = _PINNED[kind]
    text = (ROOT / "local" / "requirements" / pins).read_text()
    version = re.search(rf"^{kind}(?:\[\w+\])?==(\S+)", text, re.MULTILINE)
    if version is None:
        raise ValueError(f"{pins} does not pin {kind}")
    return f"{title} {version.group(1)}"


def _shown(case: Case, kind: str, differs: Differs | None) -> str:
    if kind not in case.asked_of:
        return "not asked"
    return _code(differs.answer) if differs else "as AWS"


def _code(answer: Any) -> str:
    return f"`{answer if isinstance(answer, str) else json.dumps(answer)}`"


def _reason(found: Divergence) -> str:
    never = (*found.never_asked, *found.never_named)
    reasons = [f"never used: {', '.join(f'`{what}`' for what in never)}"] if never else []
    return "; ".join([*reasons, found.because] if found.because else reasons)
