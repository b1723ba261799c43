"""Who may live in a room, what they may do there, and who leaves with whom.

Pure: values in, values out, or a refusal from `shared.errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib.community.lasting import end_of
from chalicelib.community.rules import Change, Holding, Standing, Step
from shared import clock
from shared.auth import Grant, Right, Role
from shared.errors import NotFound, invalid

MAX_RESIDENTS = 20
"""Bindings of one room at a time: a large family, and an agent who lets it bed by bed is none."""
MAX_LEASE_YEARS = 20
"""No lease is longer (民法典 art. 705)."""
NEVER: Mapping[Role, frozenset[Right]] = {Role.TENANT: frozenset({Right.VOTE})}
"""What an owner cannot switch on: the owners' assembly is theirs (民法典 art. 278)."""
OFF_AT_FIRST: Mapping[Role, frozenset[Right]] = {
    Role.FAMILY_MEMBER: frozenset({Right.VOTE}),
    Role.TENANT: frozenset({Right.VOTE}),
}
_SWITCHED = frozenset({Role.FAMILY_MEMBER, Role.TENANT})
"""Whose rights an owner switches, and whom an owner may send away."""


@dataclass(frozen=True)
class Household:
    """Who lives in a room now, each as `{person}#{role}`."""

    scope: str
    residents: frozenset[str] = frozenset()
    version: int | None = None

    def of_role(self, role: Role) -> list[str]:
        """Who lives there with a role."""
        told = (one.split("#") for one in sorted(self.residents))
        return [person_id for person_id, held in told if held == role]

    def after(self, changes: Iterable[Change]) -> Household:
        """The household when these have happened."""
        residents = set(self.residents)
        for change in changes:
            named = f"{change.holding.person_id}#{change.holding.role}"
            if change.step is Step.ENDS:
                residents.discard(named)
            else:
                residents.add(named)
        return replace(self, residents=frozenset(residents))


@dataclass(frozen=True)
class Home:
    """Somebody's home: their right there, until when, and where it is."""

    grant: Grant
    until: datetime | None
    community_name: str | None

    @property
    def community_id(self) -> str:
        """The community that it is in."""
        return self.grant.scope.split("/")[0]


@dataclass(frozen=True)
class AppUser:
    """Somebody (手机端用户) whose binding to a room has not ended; `at` is its last change."""

    person_id: str
    role: Role
    scope: str
    at: datetime
    until: datetime | None

    def standing(self, now: datetime) -> Standing:
        """How they stand at this moment: a tenancy that ran out has ended."""
        over = self.until is not None and self.until <= now
        return Standing.ENDED if over else Standing.ACTIVE


def bound(
    person_id: str, role: Role, scope: str, until: date | None, by: str, now: datetime
) -> Holding:
    """A binding to begin, with the rights that its role has at first.

    Parameters
    ----------
    until
        The last day of a tenancy, in the estate's own calendar; None for one without an end.

    Raises
    ------
    Invalid
        `until_for_tenants_only`, `until_in_the_past` or `lease_too_long`.
    """
    if until is not None:
        today = clock.estate_date(now)
        if role is not Role.TENANT:
            raise invalid("until", "until_for_tenants_only")
        if until < today:
            raise invalid("until", "until_in_the_past")
        if until.year - today.year > MAX_LEASE_YEARS:
            raise invalid("until", "lease_too_long", limit=MAX_LEASE_YEARS)
    return Holding(
        person_id=person_id,
        role=role,
        scope=scope,
        name="",
        standing=Standing.ACTIVE,
        by=by,
        at=now,
        off=OFF_AT_FIRST.get(role, frozenset()),
        until=end_of(until) if until is not None else None,
    )


def switch(previous: Holding, on: Iterable[Right], by: str, now: datetime) -> Change | None:
    """The change that leaves a resident exactly these rights; None where they have them.

    Raises
    ------
    NotFound
        The binding does not hold.
    Invalid
        The role can never have one of them.
    """
    if not previous.holds(now):
        raise NotFound
    off = frozenset(Right).difference(on)
    for right in sorted(NEVER.get(previous.role, frozenset()) - off):
        raise invalid(right.value, "not_for_this_relation", role=previous.role)
    if off == previous.off:
        return None
    return Change(replace(previous, off=off, by=by, by_platform=False, at=now), Step.CHANGES)


def may_send_away(role: Role) -> bool:
    """Whether an owner may end such a binding: not that of a co-owner."""
    return role in _SWITCHED


def who_leaves_too(household: Household, leaving: Holding) -> list[tuple[str, Role]]:
    """Whose bindings end when somebody leaves: the family's, if the last owner sells.

    Tenants stay, as a sale does not break a lease (民法典 art. 725).
    """
    if leaving.role is not Role.OWNER or household.of_role(Role.OWNER) != [leaving.person_id]:
        return []
    return [(one, Role.FAMILY_MEMBER) for one in household.of_role(Role.FAMILY_MEMBER)]
