"""What community keeps: a grant and the right itself move together, on moto and the emulator."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from chalicelib.community import rules, store
from chalicelib.community.holdings import store as holdings
from chalicelib.community.rules import Change, Community, Company, Holding, Standing, Step
from shared import aws, events, grants, ids
from shared.auth import MAX_GRANTS, Grant, Role
from shared.table import Refused
from tests.conftest import Cloud
from tests.harness.calls import Crash, heard

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
COMPANY, COMMUNITY = "co_" + "0" * 26, "com_7k2m9x4a"
ROOM = f"{COMMUNITY}/3/1/502"
PERSON, CLERK = ids.person_id("test", "worker"), ids.person_id("test", "clerk")
EVENT = events.happened(
    "RepairReported", "repairs", "rep_1", 1, at=NOW, community_id=COMMUNITY, actor_id=PERSON
)


@pytest.fixture(autouse=True)
def table(cloud: Cloud) -> str:
    return cloud.table("community")


def holding(role: Role = Role.BUTLER, scope: str = COMMUNITY, person: str = PERSON) -> Holding:
    return Holding(person, role, scope, "小周", Standing.ACTIVE, CLERK, NOW)


def opened(community: Community) -> events.Event:
    return events.happened(
        "CommunityOpened",
        "community",
        community.id,
        1,
        at=NOW,
        community_id=community.id,
        actor_id=CLERK,
    )


def saved(wanted: Holding | Change) -> bool:
    change = wanted if isinstance(wanted, Change) else Change(wanted, Step.BEGINS)
    event = events.happened(
        "StaffGranted",
        "community",
        "gra_1",
        (change.holding.version or 0) + 1,
        at=NOW,
        community_id=COMMUNITY,
        actor_id=CLERK,
    )
    return holdings.save_changes([(change, event)], ())


def stored(wanted: Holding) -> Holding:
    found = holdings.get_holding(wanted.person_id, wanted.role, wanted.scope)
    assert found is not None
    return found


def ended(wanted: Holding) -> Change:
    found = rules.end(stored(wanted), CLERK, NOW, "离职")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "wanted",
    [
        holding(Role.PLATFORM_ADMIN, "platform"),
        holding(Role.COMPANY_ADMIN, COMPANY),
        holding(Role.BUTLER, f"{COMMUNITY}/3"),
        holding(Role.OWNER, ROOM),
    ],
    ids=lambda wanted: str(wanted.scope),
)
def test_a_holding_and_its_grant_come_and_go_together(wanted: Holding) -> None:
    assert holdings.get_holding(wanted.person_id, wanted.role, wanted.scope) is None
    assert saved(wanted)
    assert stored(wanted) == replace(wanted, version=1)
    assert grants.grants_of(PERSON) == (wanted.grant,)
    assert saved(ended(wanted))
    assert stored(wanted).standing is Standing.ENDED
    assert grants.grants_of(PERSON) == ()
    again = rules.begin(stored(wanted), wanted)
    assert again is not None
    assert saved(again)
    assert stored(wanted) == replace(wanted, version=3)
    assert grants.grants_of(PERSON) == (wanted.grant,)


def test_the_second_of_two_who_give_the_same_role_is_told(table: str) -> None:
    assert saved(holding())
    assert not saved(replace(holding(), name="小吴"))
    assert stored(holding()).name == "小周"
    assert grants.grants_of(PERSON) == (holding().grant,)


def test_the_second_of_two_who_take_a_role_away_is_told() -> None:
    saved(holding())
    end = ended(holding())
    assert saved(end)
    assert not saved(replace(end, holding=replace(end.holding, reason="again")))
    assert stored(holding()).reason == "离职"


@pytest.mark.parametrize("after", [0, 1])
def test_a_crash_at_the_write_leaves_both_or_neither(after: int) -> None:
    with heard(crash_after=1) as calls:
        calls.before = None if after else _die
        with pytest.raises(Crash):
            saved(holding())
    present = holdings.get_holding(PERSON, Role.BUTLER, COMMUNITY) is not None
    assert present is bool(after)
    assert grants.grants_of(PERSON) == ((holding().grant,) if after else ())
    assert len(calls.events) == after


def _die(operation: str) -> None:
    raise Crash


def test_a_grant_on_a_company_reaches_every_community_of_it_and_of_no_other() -> None:
    community = Community(COMMUNITY, COMPANY, "清河家园", "清河路18号", NOW)
    other = Community("com_00000000", "co_" + "1" * 26, "外地", "别处1号", NOW)
    saved(holding(Role.COMPANY_ADMIN, COMPANY))
    assert grants.grants_of(PERSON) == (Grant(Role.COMPANY_ADMIN, COMPANY),)
    assert store.save_community(community, opened(community))
    assert store.save_community(other, opened(other))
    assert grants.grants_of(PERSON) == (
        Grant(Role.COMPANY_ADMIN, COMPANY),
        Grant(Role.COMPANY_ADMIN, COMMUNITY),
    )
    saved(ended(holding(Role.COMPANY_ADMIN, COMPANY)))
    assert grants.grants_of(PERSON) == ()


def test_a_community_is_opened_once_and_listed_with_its_company() -> None:
    community = Community(COMMUNITY, COMPANY, "清河家园", "清河路18号", NOW)
    assert store.save_community(community, opened(community)) == community
    again = store.save_community(replace(community, name="别名"), opened(community))
    assert again == replace(community, version=1)
    listed = store.list_communities(COMPANY, 10, None).items
    assert [found.name for found in listed] == ["清河家园"]
    assert [found.id for found in listed] == [COMMUNITY]
    assert store.get_communities([COMMUNITY, "com_00000000"]).keys() == {COMMUNITY}
    assert store.get_communities([]) == {}


def test_a_company_is_taken_on_once() -> None:
    company = Company(COMPANY, "安居物业", "91320114MA1MABCD0K", NOW)
    assert store.save_company(company) == company
    assert store.save_company(replace(company, name="别名")) == replace(company, version=1)
    assert store.get_company(COMPANY) == replace(company, version=1)


def test_a_persons_grants_are_all_counted() -> None:
    for n in range(MAX_GRANTS + 1):
        saved(holding(scope=f"{COMMUNITY}/{n}"))
    assert len(grants.held_by(PERSON)) == MAX_GRANTS + 1


def test_grants_are_listed_at_their_root_page_by_page_ended_ones_included() -> None:
    people = [ids.person_id("test", f"p{n}") for n in range(5)]
    for n, person in enumerate(people):
        saved(holding(scope=f"{COMMUNITY}/{n}", person=person))
    saved(ended(holding(scope=f"{COMMUNITY}/0", person=people[0])))
    saved(holding(Role.COMPANY_ADMIN, COMPANY))
    listed = list(_pages(COMMUNITY, 2))
    assert {found.person_id for found in listed} == set(people)
    standings = {found.person_id: found.standing for found in listed}
    assert standings[people[0]] is Standing.ENDED
    assert [found.scope for found in _pages(COMPANY, 2)] == [COMPANY]


def _pages(root: str, limit: int) -> Iterator[Holding]:
    cursor = None
    while True:
        found = holdings.list_grants(root, limit, cursor)
        assert len(found.items) <= limit
        yield from found.items
        cursor = found.next_cursor
        if cursor is None:
            return


def test_residents_are_listed_by_their_room_alone() -> None:
    saved(holding(Role.OWNER, ROOM))
    saved(holding(Role.TENANT, ROOM, CLERK))
    saved(holding(Role.OWNER, f"{COMMUNITY}/3/1/503", CLERK))
    listed = holdings.list_residents(ROOM, 10, None).items
    assert {(found.person_id, found.role) for found in listed} == {
        (PERSON, Role.OWNER),
        (CLERK, Role.TENANT),
    }
    assert holdings.list_grants(COMMUNITY, 10, None).items == ()


def test_an_event_raises_its_count_once() -> None:
    assert store.save_count(COMMUNITY, "repairs_reported", EVENT, NOW)
    assert not store.save_count(COMMUNITY, "repairs_reported", EVENT, NOW)
    another = events.happened(
        "RepairReported", "repairs", "rep_2", 1, at=NOW, community_id=COMMUNITY, actor_id=PERSON
    )
    assert store.save_count(COMMUNITY, "repairs_reported", another, NOW)
    assert store.get_counts(COMMUNITY) == rules.Counts(repairs_reported=2)
    assert store.get_counts("com_00000000") == rules.Counts()


_COLLISION = (
    b'{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",'
    b'"Message":"Transaction cancelled, please refer cancellation reasons",'
    b'"CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}'
)


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        """The whole of it."""
        yield self.read()


def collide(**_: object) -> Any:
    """What DynamoDB answers to a transaction that meets another; no emulator ever does."""
    return AWSResponse("https://dynamodb.test/", 400, {}, _Raw(_COLLISION))


# moto would carry the transaction out all the same.
@pytest.mark.parametrize("cloud", ["emulator"], indirect=True)
def test_a_count_that_collides_with_another_is_not_taken_for_counted() -> None:
    emitter = aws.client("dynamodb").meta.events
    emitter.register_first("before-send.dynamodb.TransactWriteItems", collide)
    with pytest.raises(Refused):
        store.save_count(COMMUNITY, "repairs_reported", EVENT, NOW)
    emitter.unregister("before-send.dynamodb.TransactWriteItems", collide)
    assert store.save_count(COMMUNITY, "repairs_reported", EVENT, NOW)
    assert store.get_counts(COMMUNITY).repairs_reported == 1
