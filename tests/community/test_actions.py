"""What `community` does, on moto and on the emulator."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.community import actions, permissions, shapes
from shared import grants
from shared.auth import PLATFORM, Caller, Grant, Permission, Role
from shared.errors import Conflict
from shared.ids import person_id
from tests.conftest import Cloud

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
ADMIN = person_id("test", "admin")
CHIEF = person_id("test", "chief")
WORKER = person_id("test", "worker")


@pytest.fixture
def table(cloud: Cloud) -> str:
    return cloud.table("community")


def admin(allows: Permission) -> Caller:
    return Caller(ADMIN, (Grant(Role.PLATFORM_ADMIN, PLATFORM),), allows)


def a_community(key: str = "key-00000001") -> tuple[str, str]:
    company = actions.register_company(
        admin(permissions.REGISTER_COMPANY),
        shapes.RegisterCompany(name="安居物业", credit_code="91320114MA1MABCD0K"),
        key,
        NOW,
    )
    community = actions.register_community(
        admin(permissions.REGISTER_COMMUNITY),
        shapes.RegisterCommunity(
            company_id=company.id, name="清河家园", address="南京市雨花台区清河路18号"
        ),
        key,
        NOW,
    )
    return company.id, community.id


def grant(company_id: str, person: str = CHIEF) -> shapes.GrantRole:
    return shapes.GrantRole(
        person_id=person, role=Role.COMPANY_ADMIN, scope=company_id, name="陈总"
    )


def test_the_same_key_takes_a_company_on_once(table: str) -> None:
    assert a_community() == a_community()
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        actions.register_company(
            admin(permissions.REGISTER_COMPANY),
            shapes.RegisterCompany(name="另一家", credit_code="91320114MA1MABCD0K"),
            "key-00000001",
            NOW,
        )


def test_a_grant_on_a_company_reaches_its_communities(table: str) -> None:
    company_id, community_id = a_community()
    actions.grant_role(admin(permissions.GRANT_ROLE), grant(company_id), NOW)
    assert grants.grants_of(CHIEF) == (
        Grant(Role.COMPANY_ADMIN, company_id),
        Grant(Role.COMPANY_ADMIN, community_id),
    )
