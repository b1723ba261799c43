"""Every text exists in both languages, and the header decides which is read."""

from __future__ import annotations

import re
import string

import pytest

from shared import errors, i18n

PLACEHOLDERS = {code: re.findall(r"{(\w+)}", zh) for code, (zh, _) in i18n.COMMON.items()}


@pytest.mark.parametrize("code", i18n.COMMON)
def test_a_text_exists_in_both_languages_with_the_same_values(code: str) -> None:
    zh, en = i18n.COMMON[code]
    assert re.search(r"[\u4e00-\u9fff]", zh)
    assert re.search(r"[a-zA-Z]", en)
    assert not re.search(r"[\u4e00-\u9fff]", en)
    fields = [sorted(field for _, field, _, _ in string.Formatter().parse(t) if field)
              for t in (zh, en)]  # fmt: skip
    assert fields[0] == fields[1]


@pytest.mark.parametrize(
    "error",
    [
        errors.Invalid([]),
        errors.Unauthenticated(),
        errors.NotFound(),
        errors.TooLarge(65536),
        errors.UnsupportedMedia(),
        errors.LinliError("internal_error"),
    ],
)
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_common_refusal_has_its_words(error: errors.LinliError, language: str) -> None:
    assert "{" not in i18n.text(i18n.COMMON, error.code, error.params, language)


def test_a_text_is_filled_with_the_values_of_the_error() -> None:
    words = i18n.text(i18n.COMMON, "body_too_large", {"limit_bytes": "65536"}, "en")
    assert words == "The body is too large: at most 65536 bytes."


def test_a_value_is_never_read_as_a_template() -> None:
    words = i18n.text(i18n.COMMON, "wrong_value", {"reason": "{0.__class__}"}, "en")
    assert words == "The value does not fit: {0.__class__}"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("en", "en"),
        ("EN-us", "en"),
        ("zh-Hans-CN", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("en,zh", "en"),
        ("en;q=0.8,zh;q=0.9", "zh-CN"),
        ("en; q=0.8 , zh ; q=0.7", "en"),
        ("fr,de;q=0.9,en;q=0.1", "en"),
        ("fr", "zh-CN"),
        ("*", "zh-CN"),
        ("en;q=0.5,*;q=0.8", "zh-CN"),
        ("en;q=0.5,*;q=0.1", "en"),
        ("zh;q=0,*", "en"),
        ("zh;q=0,en;q=0.001", "en"),
        ("en;q=0", "zh-CN"),
        ("en;Q=0.9,zh;q=0.8", "en"),
        ("en;q=1.,zh;q=0.9", "en"),
        ("en;q=2,zh;q=0.1", "zh-CN"),
        ("en;q=1.5,zh;q=0.1", "zh-CN"),
        ("en;q=abc", "zh-CN"),
        (",,en", "en"),
        ("english", "zh-CN"),
        ("fr," * 10_000 + "en", "zh-CN"),
    ],
)
def test_the_language_is_chosen_as_rfc_9110_says(header: str | None, language: str) -> None:
    assert i18n.choose(header) == language
