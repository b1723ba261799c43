"""Every refusal has one status and one stable code."""

from __future__ import annotations

import pytest

from shared import errors


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.LinliError("internal_error"), 500, "internal_error"),
        (errors.Invalid([]), 400, "invalid_request"),
        (errors.Unauthenticated(), 401, "unauthenticated"),
        (errors.NotFound(), 404, "not_found"),
        (errors.Conflict("stale_version"), 409, "stale_version"),
        (errors.TooLarge(10), 413, "body_too_large"),
        (errors.UnsupportedMedia(), 415, "unsupported_media_type"),
        (errors.Limited("too_often"), 429, "too_often"),
    ],
)
def test_a_refusal_has_its_status_and_its_code(
    error: errors.LinliError, status: int, code: str
) -> None:
    assert (error.status, error.code, str(error)) == (status, code, code)


def test_the_family_tree_names_every_member() -> None:
    story = errors.__doc__ or ""
    own = [m for m in errors.LinliError.__subclasses__() if m.__module__ == errors.__name__]
    for member in own:
        assert f"- {member.__name__} " in story
        assert f" {member.status}  " in story


def test_values_of_a_refusal_are_texts() -> None:
    assert errors.Conflict("too_many", limit=3, room="502").params == {"limit": "3", "room": "502"}


def test_one_finding_says_where_and_why() -> None:
    refusal = errors.invalid("photos[2]", "too_large", limit=10)
    assert refusal.findings == (errors.Finding("photos[2]", "too_large", (("limit", "10"),)),)
