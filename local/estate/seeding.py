"""The estate brought about through the public door, as the people in it would do it themselves.

Only the first platform admin is appointed from outside.  The admin takes the companies on, their
administrators open the communities, the managers import the house registers, invite staff and bind
residents, who come from the mini-program.  The gateway keeps what the authorizer said of a token
for a minute, so whoever was given something asks for a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from local.client import Client, wait_until
from local.deploy import Report
from local.estate import registers, workbook
from local.estate.plan import (
    Binding,
    Community,
    Company,
    Complaint,
    Estate,
    Member,
    Stranger,
    plan,
)
from local.people import Person
from local.platform import Platform
from shared import clock, ids
from shared.auth import PLATFORM

NOBODY = "none"
"""The role that `build/local.json` names for an account without any."""
_THREADS = 3
_HOSTED_FOR = timedelta(days=180)
T = TypeVar("T")


def seed(platform: Platform, report: Report) -> tuple[list[Person], dict[str, str]]:
    """Make the estate of `plan()` on a platform where nothing is yet.

    Parameters
    ----------
    report
        Told in a few words what happens now.

    Returns
    -------
    tuple
        Everyone with an account, first the platform admin, last somebody without any right; and
        the names of companies and communities by their ids.

    Raises
    ------
    local.client.Unexpected
        The platform refused what it should take, and is left half seeded.
    """
    run = _Run(platform, plan(), report)
    run.make_accounts()
    run.take_companies_on()
    run.open_communities()
    run.fill_communities()
    return list(run.people()), {scope: name for name, scope in run.scopes.items()}


@dataclass
class _Run:
    """One run: the accounts, and under which ids the platform knows the estate's parts."""

    platform: Platform
    estate: Estate
    report: Report
    credentials: dict[str, tuple[str, str]] = field(default_factory=dict)
    person_ids: dict[str, str] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)

    def make_accounts(self) -> None:
        self.report("accounts")
        admin, accounts = self.estate.admin, self.platform.accounts
        self.person_ids[admin.username] = self.platform.appoint(admin.name, admin.phone)
        self.credentials[admin.username] = accounts.enrol(admin.username, admin.phone)

        def arrive(one: Binding | Stranger) -> None:
            self.person_ids[one.username] = accounts.arrive(one.username, one.name, one.phone)

        _all(arrive, _residents(self.estate))

    def take_companies_on(self) -> None:
        self.report("two property companies")
        admin = self.client(self.estate.admin.username)
        for member in (self.estate.auditor, *self.estate.officers):
            self.grant(admin, member, PLATFORM)

        def take_on(company: Company) -> None:
            wanted = {"name": company.name, "credit_code": company.credit_code}
            made = admin.post("/community/companies", wanted)
            self.scopes[company.name] = made["company_id"]
            self.grant(admin, company.chief, made["company_id"])

        _all(take_on, self.estate.companies)
        first = self.estate.companies[0]
        chief = self.client(first.chief.username)
        until = clock.estate_date(clock.now()) + _HOSTED_FOR
        mandate = {"document_no": "WT-2026-001", "until": until.isoformat()}
        self.grant(chief, self.estate.host, self.scopes[first.name], mandate=mandate)

    def open_communities(self) -> None:
        self.report("three communities")

        def open_all(company: Company) -> None:
            chief = self.client(company.chief.username)
            company_id = self.scopes[company.name]
            for community in company.communities:
                wanted = {
                    "company_id": company_id,
                    "name": community.name,
                    "address": community.address,
                }
                made = chief.post("/community/communities", wanted)
                self.scopes[community.name] = made["community_id"]
            # A grant on a company reaches a new community with the next token.
            chief = self.client(company.chief.username)
            for community in company.communities:
                self.grant(chief, community.manager, self.scopes[community.name])
            for member in company.staff:
                if member is not company.chief:
                    self.grant(chief, member, company_id)

        _all(open_all, self.estate.companies)

    def fill_communities(self) -> None:
        self.report("house registers, staff and residents")
        _all(self.fill, self.estate.communities)

    def fill(self, community: Community) -> None:
        manager = self.client(community.manager.username)
        community_id = self.scopes[community.name]
        file_name = f"{community.name}房产台账.xlsx"
        path = registers.upload(manager, community_id, file_name, workbook.write(community))
        for member in community.staff:
            if member is not community.manager:
                self.grant(manager, member, community_id)
        shown = registers.wait_for_dry_run(manager, path)
        registers.commit(manager, path, shown)
        for binding in community.bindings:
            room_id = ids.room_id(community_id, *binding.room.key)
            wanted = {
                "person_id": self.person_ids[binding.username],
                "relation": binding.relation.value,
            }
            manager.post(f"/community/rooms/{room_id}/residents", wanted)
        for complaint in community.complaints:
            self.report_repair(community_id, complaint)
        self.wait_for_counts(manager, community_id, len(community.complaints))

    def report_repair(self, community_id: str, complaint: Complaint) -> None:
        wanted = {
            "room_id": ids.room_id(community_id, *complaint.room.key),
            "place": complaint.place,
            "kind": "normal",
            "category": complaint.category,
            "title": complaint.title,
            "description": complaint.description,
        }
        self.client(complaint.username).post("/repairs/tickets", wanted)

    def wait_for_counts(self, manager: Client, community_id: str, reports: int) -> None:
        """Wait until the last event has travelled, so that a stop right after loses none."""
        path = f"/community/communities/{community_id}/statistics"
        wait_until(lambda: manager.get(path)["repairs_reported"] == reports, "the counts")

    def client(self, username: str) -> Client:
        token = self.platform.accounts.token(username, self.credentials.get(username))
        return Client(self.platform.base_url, token)

    def grant(self, giver: Client, member: Member, scope: str, **more: object) -> None:
        """Invite a member of staff, who accepts, and give them their role."""
        invited = {"name": member.name, "phone": member.phone, "scope": scope}
        person_id = giver.post("/identity/invitations", invited)["person_id"]
        credentials = self.platform.accounts.enrol(member.username, member.phone)
        self.person_ids[member.username] = person_id
        self.credentials[member.username] = credentials
        wanted = {
            "person_id": person_id,
            "role": member.role.value,
            "scope": _narrowed(scope, member),
            "name": member.name,
            **more,
        }
        giver.post("/community/grants", wanted)

    def people(self) -> Iterator[Person]:
        estate = self.estate
        yield self.person(estate.admin, PLATFORM)
        for member in (estate.auditor, *estate.officers):
            yield self.person(member, PLATFORM)
        yield self.person(estate.host, self.scopes[estate.companies[0].name])
        for company in estate.companies:
            for member in company.staff:
                yield self.person(member, self.scopes[company.name])
        for community in estate.communities:
            for member in community.staff:
                yield self.person(member, _narrowed(self.scopes[community.name], member))
        yield from self.residents()
        yield self.resident(estate.stranger, NOBODY, "")

    def residents(self) -> Iterator[Person]:
        """Everyone with a home; the scopes of two homes are parted by a space."""
        homes: dict[str, list[str]] = {}
        who: dict[str, Binding] = {}
        for community in self.estate.communities:
            for binding in community.bindings:
                scope = "/".join([self.scopes[community.name], *binding.room.key])
                homes.setdefault(binding.username, []).append(scope)
                who[binding.username] = binding
        for username, scopes in homes.items():
            yield self.resident(who[username], who[username].relation, " ".join(scopes))

    def resident(self, one: Binding | Stranger, role: str, scope: str) -> Person:
        return Person(one.name, role, scope, one.username, "", one.phone, "")

    def person(self, member: Member, scope: str) -> Person:
        credentials = self.credentials[member.username]
        names = (member.name, member.role.value, scope, member.username)
        password, totp = credentials
        return Person(*names, password, member.phone, totp)


def _residents(estate: Estate) -> list[Binding | Stranger]:
    """Everyone who comes by themselves, once."""
    bound = {one.username: one for community in estate.communities for one in community.bindings}
    return [*bound.values(), estate.stranger]


def _narrowed(scope: str, member: Member) -> str:
    return f"{scope}/{member.building}" if member.building else scope


def _all(act: Callable[[T], None], things: Iterable[T]) -> None:
    """Do it for all of them side by side; the first failure is raised when all have ended."""
    with ThreadPoolExecutor(_THREADS) as threads:
        for done in [threads.submit(act, thing) for thing in things]:
            done.result()
