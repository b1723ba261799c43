"""Who may do what, of all capabilities in one table: functions/PERMISSIONS.md, made from the code.

python -m local.permissions           writes the table between its markers
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from local import marked
from local.apps import load_app
from local.places import FUNCTIONS, capabilities
from shared.auth import PUBLIC, SIGNED_IN, Permission, Role

TABLE = FUNCTIONS / "PERMISSIONS.md"
MARKER = "permissions"
_HEADING = """# Permissions (权限)

Each permission of the code with the roles that have it, wherever they are granted: on the platform,
a company, a community or a part of it. Beside these, anybody may sign in, and whoever is signed in
may do what concerns themselves alone; `make openapi` marks such routes. Nothing else may be done.
*Two persons* says that one asks and another approves. Written by
`.venv/bin/python -m local.permissions`; a change of a right is a change of the code, of this table
and of `tests/rights.toml`.

每项权限及拥有它的角色；角色授予平台、物业公司、小区或其一部分。此外，任何人可登录，
登录者可处理仅与本人有关的事（`make openapi` 中标明）；其余一律不允许。
“双人”表示一人申请、另一人批准。
"""


def permissions() -> dict[str, Permission]:
    """Every permission that a route asks for, by its name."""
    found = {}
    for capability in capabilities():
        for operation in load_app(capability).app.operations:
            if operation.allows not in (PUBLIC, SIGNED_IN):
                found[operation.allows.name] = operation.allows
    return dict(sorted(found.items()))


def role_names() -> dict[Role, tuple[str, str]]:
    """What each role is called, in zh-CN and en."""
    names: dict[Role, tuple[str, str]] = import_module("chalicelib.community.texts").ROLES
    return names


def table(known: Iterable[Permission]) -> str:
    """The table of permissions, one line for each."""
    names = role_names()
    lines = [
        "| permission 权限 | what it lets do | roles 角色 | two persons 双人 |",
        "|---|---|---|:-:|",
    ]
    for one in known:
        roles = "<br>".join(
            f"{names[role][0]} {names[role][1]}" for role in Role if role in one.roles
        )
        twice = "✓" if one.two_persons else ""
        lines.append(f"| `{one.name}` | {one.about} | {roles} | {twice} |")
    return "\n".join(lines)


def document() -> str:
    """PERMISSIONS.md, whole."""
    empty = f"{_HEADING}\n<!-- {MARKER} -->\n<!-- /{MARKER} -->\n"
    return marked.filled(empty, MARKER, table(permissions().values()))


def main() -> None:
    """Write the table."""
    TABLE.write_text(document())
    print(f"{TABLE.name} is up to date: {len(permissions())} permissions")


if __name__ == "__main__":
    main()
