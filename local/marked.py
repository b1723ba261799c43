"""Parts of the READMEs that programs write: what stands between two markers is theirs.

A README has the two lines `<!-- name -->` and `<!-- /name -->`.
"""

from __future__ import annotations

from pathlib import Path

from local.places import ROOT


def filled(readme: str, name: str, text: str) -> str:
    """The README's text with `text` between the markers called `name`.

    Raises
    ------
    ValueError
        The markers are missing.
    """
    before, begin, rest = readme.partition(f"<!-- {name} -->")
    _, end, after = rest.partition(f"<!-- /{name} -->")
    if not begin or not end:
        raise ValueError(f"there is no <!-- {name} --> … <!-- /{name} --> in it")
    return f"{before}{begin}\n{text}\n{end}{after}"


def part(readme: str, name: str) -> str:
    """What stands between the markers called `name`; ValueError if they are missing."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if begin not in readme or end not in readme:
        raise ValueError(f"there is no {begin} … {end} in it")
    return readme.partition(begin)[2].partition(end)[0].strip("\n")


def readmes() -> dict[Path, str]:
    """Every README at the root with its language."""
    return {
        path: "zh-CN" if path.name.endswith(".zh-CN.md") else "en"
        for path in sorted(ROOT.glob("README*.md"))
    }
