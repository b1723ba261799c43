"""The checks of the grammar can fail: each break of a faultless capability is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.source import Capability
from tests.architecture import grammar, words
from tests.architecture.sample import CHAIRS, FILES, INNER, THINGS

Check = Callable[[Capability], Iterator[str]]
ALL_CHECKS: tuple[Check, ...] = (*grammar.CHECKS, *words.CHECKS)


def grow(root: Path, files: dict[str, str | None]) -> Capability:
    """The sample with some files changed, added or (None) left out."""
    for name, text in {**FILES, **files}.items():
        if text is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    return Capability(root, "things")


def after(name: str, old: str, new: str) -> dict[str, str | None]:
    """One file of the sample with one piece replaced."""
    assert FILES[name].count(old) >= 1, f"{old!r} does not stand in {name}"
    return {name: FILES[name].replace(old, new, 1)}


def ahead(name: str, line: str) -> dict[str, str | None]:
    """One file of the sample with an import more."""
    return after(name, "from __future__ import annotations\n",
                 f"from __future__ import annotations\n\n{line}\n")  # fmt: skip


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.__name__)
def test_a_faultless_capability_gives_no_complaint(tmp_path: Path, check: Check) -> None:
    assert list(check(grow(tmp_path, {}))) == []


LONG_FUNCTION = "\n\ndef long() -> None:\n" + "    print()\n" * 71
BROKEN: list[tuple[Check, dict[str, str | None], str]] = [
    (grammar.check_files, {INNER + "rules.py": None}, "rules.py is missing"),
    (grammar.check_files, {THINGS + "requirements.txt": "boto3"}, "must be empty"),
    (grammar.check_files, {THINGS + "chalicelib/__init__.py": ""}, "one namespace"),
    (grammar.check_files, {THINGS + "notes.md": ""}, "notes.md has no place"),
    (grammar.check_files, {INNER + "utils.py": '"""Odds."""'}, "named for nothing"),
    (grammar.check_files, {INNER + "__init__.py": ""}, "must say in a docstring"),
    (grammar.check_files, {INNER + "__init__.py": '"""Things."""'}, "name the catalogue rows"),
    (grammar.check_sizes, after(INNER + "model.py", "\n\n\n", "\n" * 401), "more than 400"),
    (grammar.check_sizes, after(INNER + "model.py", "    id: str\n", "    id: str" + LONG_FUNCTION),
     "long has 72 lines"),
    (grammar.check_sizes, after(INNER + "model.py", "One thing.", "One thing. " * 10),
     "more than 100"),
    (grammar.check_words, after(INNER + "model.py", '"""What a thing is."""\n', ""),
     "begin with a docstring"),
    (grammar.check_words, after(INNER + "model.py", "from __future__ import annotations", ""),
     "from __future__ import annotations"),
    (grammar.check_words, after(INNER + "model.py", "id: str", "id: str  # TODO"),
     "leaves something to do"),
    (grammar.check_words, after(INNER + "model.py", "id: str", "id: str  # noqa: A003"),
     "without giving the reason"),
    (grammar.check_words, after(INNER + "model.py", "id: str", "id: str  # type: ignore[misc]"),
     "without giving the reason"),
    (grammar.check_words, after(INNER + "store.py", "        return False", "        pass"),
     "swallows an error"),
    (grammar.check_words, after(INNER + "store.py", "except Refused:", "except:"),
     "swallows an error"),
    (grammar.check_imports, ahead(THINGS + "app.py", "from chalicelib.things import store"),
     "an app file stands below it"),
    (grammar.check_imports, ahead(THINGS + "app.py", "import boto3"), "boto3: not for an app"),
    (grammar.check_imports, ahead(THINGS + "app.py", "from shared import table"),
     "shared.table: not for an app"),
    (grammar.check_imports, ahead(INNER + "actions.py", "from chalice import Response"),
     "chalice.Response: not for an actions"),
    (grammar.check_imports, ahead(INNER + "actions.py", "from chalicelib.stock import actions"),
     "only by events"),
    (grammar.check_imports, ahead(INNER + "actions.py", "from chalicelib.things.none import x"),
     "there is no such file"),
    (grammar.check_imports, ahead(INNER + "rules.py", "from chalicelib.things import store"),
     "a rules file stands below"),
    (grammar.check_imports, ahead(INNER + "rules.py", "from shared import table"),
     "shared.table: not for a rules"),
    (grammar.check_imports, ahead(INNER + "store.py", "from chalicelib.things import shapes"),
     "a store file stands below"),
    (grammar.check_imports, ahead(INNER + "shapes.py", "from chalicelib.things import store"),
     "a shapes file stands below"),
    (grammar.check_imports, ahead(INNER + "shapes.py", "from shared.table import Record"),
     "nothing else of the table"),
    (grammar.check_imports, ahead(INNER + "permissions.py", "from shared import ids"),
     "shared.ids: not for a permissions"),
    (grammar.check_imports, ahead(INNER + "model.py", "import chalice"), "ways in stand in app.py"),
    (grammar.check_imports, ahead(CHAIRS, "from chalicelib.things import store"),
     "a routes file stands below it in the order"),
    (grammar.check_imports,
     ahead(INNER + "actions.py", "from chalicelib.things.chairs import routes"),
     "an actions file stands below it in the order"),
    (grammar.check_imports, ahead(INNER + "model.py", "import botocore"), "through the layer"),
    (grammar.check_imports, ahead(INNER + "model.py", "from local import run"), "knows nothing of"),
    (grammar.check_imports, ahead(INNER + "model.py", "from chalicelib.things import actions"),
     "an idea file stands below"),
    (grammar.check_purity, ahead(INNER + "rules.py", "import random"), "rules are pure"),
    (grammar.check_purity, ahead(INNER + "rules.py", "from os import path"), "rules are pure"),
    (grammar.check_purity, ahead(INNER + "model.py", "import socket"), "rules.py stands on it"),
    (grammar.check_purity, after(INNER + "rules.py", "count == 7", "clock.now()"), "clock.now"),
    (grammar.check_purity, after(INNER + "rules.py", "count == 7", "datetime.now(UTC)"),
     "calls datetime.now"),
    (grammar.check_purity, after(INNER + "rules.py", "count == 7", "ids.ulid(count)"), "ids.ulid"),
    (grammar.check_surroundings, after(INNER + "actions.py", "if not store", "if os.environ"),
     "reads os.environ"),
    (grammar.check_surroundings, after(INNER + "actions.py", "if not store.",
                                       "if not date.today() and store."), "calls date.today"),
    (grammar.check_surroundings, after(INNER + "actions.py", "\n\ndef make",
                                       "\n\nTABLE = aws.setting('TABLE')\n\n\ndef make"),
     "at import"),
    (grammar.check_store, after(INNER + "store.py", "Access patterns", "How it is found"),
     "must list its access patterns"),
    (grammar.check_store, after(INNER + "store.py", "class _Chair", "class Chair"),
     "keep its record Chair private"),
    (grammar.check_store, after(INNER + "store.py", "-> Thing | None", "-> _Chair | None"),
     "returns the record _Chair"),
    (grammar.check_store, after(INNER + "store.py", "-> Thing | None", ""),
     "must say what it returns"),
    (grammar.check_store, after(INNER + "store.py", "return None", "return _Thing.scan()"),
     "by scanning"),
    (grammar.check_functions, {THINGS + ".chalice/policy-hear_things.json": None},
     "policy-hear_things.json is missing"),
    (grammar.check_functions, {THINGS + ".chalice/policy-old.json": "{}"},
     "policy-old.json is of old, which app.py does not make"),
    (grammar.check_functions, {"events/things/hear_things.json": None},
     "events/things/hear_things.json is missing"),
    (grammar.check_functions, {"events/things/hear_stools.json": "{}"}, "is of hear_stools"),
    (grammar.check_functions, after(THINGS + ".chalice/config.json", '"hear_things"', '"hear"'),
     "has nothing for the function hear_things"),
    (grammar.check_functions, after(THINGS + ".chalice/config.json", "policy-hear_things.json",
                                    "policy-api_handler.json"), "must have the policy"),
    (grammar.check_functions, after(THINGS + ".chalice/config.json", "1024", "0"), "1024"),
    (grammar.check_functions, after(THINGS + ".chalice/config.json", "false", "true"),
     "autogen_policy"),
    (grammar.check_functions, after(THINGS + ".chalice/config.json",
                                    '"lambda_memory_size": 256, ', ""), "lambda_memory_size"),
    (words.check_permissions, after(THINGS + "app.py", "    allows=permissions.MAKE_THING,\n", ""),
     "make_thing must have allows"),
    (words.check_permissions, after(THINGS + "app.py", "@app.endpoint", "@app.route"),
     "a route without a permission"),
    (words.check_permissions, after(THINGS + "app.py", "MAKE_THING", "MAKE_STOOL"),
     "permissions.MAKE_STOOL, which nobody declares"),
    (words.check_permissions, after(INNER + "permissions.py", "MAKE_THING =",
                                    "OLD = permission('old')\nMAKE_THING ="), "declares OLD"),
    (words.check_permissions, after(CHAIRS, "allows=permissions.SEE_CHAIRS, ", ""),
     "show_chair must have allows=permissions"),
    (words.check_names, after(CHAIRS, "actions.show_chair", "actions.hear_things"),
     "show_chair calls the action hear_things: use one name"),
    (words.check_callers, after(INNER + "actions.py", 'caller.require("platform")', "print()"),
     "show_chair never asks its caller's right"),
    (words.check_names, after(THINGS + "app.py", "actions.hear_things", "actions.hear_all"),
     "hear_things calls the action hear_all: use one name"),
    (words.check_callers, after(INNER + "actions.py", "caller.require(asked.community_id)", "pass"),
     "make_thing never asks its caller's right"),
    (words.check_texts, after(INNER + "texts.py", '("太频繁。", "Too often.")', '("太频繁。",)'),
     "too_often must have a text in zh-CN and one in en"),
    (words.check_texts, after(INNER + "texts.py", '"太频繁。"', '""'), "too_often must have"),
    (words.check_texts, after(INNER + "texts.py", '"太频繁。", "Too often."',
                              '"Too often.", "太频繁。"'), "Chinese text first"),
    (words.check_texts, after(INNER + "texts.py", "At most {limit}", "At most {most}"),
     "same values in both"),
    (words.check_texts, after(INNER + "texts.py", '"too_often"', '"not_found"'), "twice"),
    (words.check_codes, after(INNER + "texts.py", '    "not_a_count"', '    "not_count"'),
     "not_a_count (invalid), which has no text"),
    (words.check_codes, after(INNER + "rules.py", '"too_often"', '"too_soon"'),
     "too_soon (Limited), which has no text"),
    (words.check_codes, after(THINGS + "app.py", '"no_more_things", ', ""),
     "make_thing can refuse with no_more_things: declare it in errors"),
    (words.check_codes, after(THINGS + "app.py", ', "stale_version"', ""),
     "make_thing can refuse with stale_version: declare it in errors"),
    (words.check_codes, after(THINGS + "app.py", '    limits=["too_often"],\n', ""),
     "make_thing can refuse with too_often: declare it in limits"),
    (words.check_codes, after(THINGS + "app.py", '"stale_version"]', '"stale_version", "busy"]'),
     "declares busy, which has no text"),
    (words.check_codes, after(INNER + "rules.py", 'raise Limited("too_often")', "put_within(1)"),
     "make_thing can refuse with busy: declare it in errors"),
    (words.check_codes, after(INNER + "rules.py", 'raise Limited("too_often")', "count = 0"),
     "declares too_often, which nothing it calls can say"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "files", "sentence"),
    BROKEN,
    ids=[f"{check.__name__}-{sentence[:40]}" for check, _, sentence in BROKEN],
)
def test_a_break_is_named(
    tmp_path: Path, check: Check, files: dict[str, str | None], sentence: str
) -> None:
    said = list(check(grow(tmp_path, files)))
    assert any(sentence in complaint for complaint in said), said


def test_every_check_is_proved() -> None:
    assert {check for check, _, _ in BROKEN} == set(ALL_CHECKS)
