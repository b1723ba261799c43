"""A capability that declares nothing is named by `make check`, thing by thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import check, whole
from tests.architecture.sample import FILES, THINGS

BUDGETS = """
[things]
app = { modules = 9 }
hear_things = { modules = 9 }
[runs.things]
make_thing = { calls = 1 }
show_chair = { calls = 1 }
hear_things = { calls = 1 }
[deployments.things]
app = { mb = 9 }
hear_things = { mb = 9 }
"""
WHOLE = {
    **FILES,
    "events/things/make_thing.json": "{}",
    "events/things/show_chair.json": "{}",
    "infra/things.yaml": "",
    **{
        f"tests/things/{name}.py": ""
        for name in ("story", "rivals", "invariants", "model", "machine", "test_machine")
    },
    "tests/bench/budgets.toml": BUDGETS,
    "FEATURES.md": "| RA-22 | Things | POST /things/things | tests/things/test_app.py::test_it |\n",
}


def grow(root: Path, files: dict[str, str | None]) -> list[str]:
    """What is said of a whole capability with some files changed or (None) left out."""
    for name, text in {**WHOLE, **files}.items():
        if text is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    return list(whole.faults(root))


def without(name: str) -> dict[str, str | None]:
    return {name: None}


def test_a_whole_capability_gives_no_complaint(tmp_path: Path) -> None:
    assert grow(tmp_path, {}) == []


CONFIG = THINGS + ".chalice/config.json"
MISSING: list[tuple[dict[str, str | None], str]] = [
    ({THINGS + "app.py": None}, "functions/things/app.py is missing"),
    ({CONFIG: None}, "functions/things/.chalice/config.json is missing"),
    ({CONFIG: WHOLE[CONFIG].replace('"hear_things"', '"hear"')},
     "config.json, stage dev, has nothing for the function hear_things"),
    ({THINGS + ".chalice/policy-hear_things.json": None},
     "functions/things/.chalice/policy-hear_things.json is missing"),
    ({"events/things/hear_things.json": None}, "events/things/hear_things.json is missing"),
    ({"events/things/make_thing.json": None}, "events/things/make_thing.json is missing"),
    *((without(name), f"{name} is missing") for name in WHOLE if name.startswith("tests/things/")),
    ({"infra/things.yaml": None}, "infra/things.yaml is missing"),
    ({"tests/bench/budgets.toml": BUDGETS.replace("app = { modules = 9 }", "")},
     "budgets.toml, [things], has no line for the modules of app"),
    ({"tests/bench/budgets.toml": BUDGETS.replace("hear_things = { mb = 9 }", "")},
     "[deployments.things], has no line for the weight of hear_things"),
    ({"tests/bench/budgets.toml": BUDGETS.replace("make_thing", "make")},
     "[runs.things], has no line for the cost of make_thing"),
    ({"FEATURES.md": None}, "FEATURES.md has no row that things serves"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "sentence"), MISSING, ids=[said for _, said in MISSING])
def test_what_is_missing_is_named(
    tmp_path: Path, files: dict[str, str | None], sentence: str
) -> None:
    assert any(sentence in said for said in grow(tmp_path, files))


def test_one_missing_thing_is_one_sentence(tmp_path: Path) -> None:
    assert len(grow(tmp_path, {"tests/things/model.py": None})) == 1


def test_a_bare_app_is_told_all_that_it_lacks(tmp_path: Path) -> None:
    bare = dict.fromkeys(WHOLE, None)
    said = "\n".join(grow(tmp_path, {**bare, THINGS + "app.py": WHOLE[THINGS + "app.py"]}))
    for what in ("config.json", "events/", "story.py", "model.py", "budgets.toml", "FEATURES.md"):
        assert what in said


def test_an_empty_folder_of_functions_is_no_capability_that_nobody_sees(tmp_path: Path) -> None:
    (tmp_path / "functions" / "fees").mkdir(parents=True)
    (said,) = whole.faults(tmp_path)
    assert said == "functions/fees/app.py is missing: every way into fees stands there"


def test_make_check_asks_for_all_of_it() -> None:
    assert ("capabilities", check.check_capabilities) in check.CHECKS
