"""Who may do what, as a truth table over every permission and role (RULES.md D8).

`rights.toml` is written by hand and reviewed: a right that is given or taken is changed there and
in the code, or this fails.
"""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

from local import permissions
from shared.auth import Role

RIGHTS: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("rights.toml").read_text()
)
DECLARED = {
    f"{capability}:{name}": set(roles)
    for capability, rights in RIGHTS.items()
    for name, roles in rights.items()
}


def test_every_permission_is_declared_and_every_declared_one_is_there() -> None:
    assert set(DECLARED) == set(permissions.permissions())


def test_only_roles_that_there_are_have_rights() -> None:
    assert set().union(*DECLARED.values()) <= {role.value for role in Role}


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_role_has_a_permission_exactly_where_the_table_says_so(name: str) -> None:
    found = permissions.permissions()[name]
    wrong = [role.value for role in Role if (role in found.roles) != (role.value in DECLARED[name])]
    assert wrong == [], f"{name}: the code and tests/rights.toml differ"


def test_an_auditor_changes_nothing_and_an_officer_appoints_nobody() -> None:
    changing = ("register", "grant", "edit", "import", "export", "bind", "review", "dispatch")
    for name, role in itertools.product(DECLARED, ("security_auditor", "property_officer")):
        verb = name.partition(":")[2].partition("_")[0]
        if role == "security_auditor" and verb in changing:
            assert role not in DECLARED[name], name
    assert "property_officer" not in DECLARED["community:grant_role"]


def test_the_written_table_is_the_one_that_the_code_makes() -> None:
    assert permissions.TABLE.read_text() == permissions.document(), (
        "run .venv/bin/python -m local.permissions"
    )
