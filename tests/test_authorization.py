"""Nobody gets further than they may: the authorization matrix of every capability (A1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from chalicelib.community import authorizer
from chalicelib.repairs import actions, store
from local.apps import load_app
from local.places import capabilities
from shared import app, auth
from shared.auth import PUBLIC, SIGNED_IN, Caller, Permission, Role
from shared.errors import NotFound, invalid
from shared.table import Page
from tests.harness import matrix
from tests.harness.actors import Kind
from tests.harness.families import Tally
from tests.repairs.scene import COMMUNITY, ELSEWHERE, technician

pytestmark = pytest.mark.family("A1")
NAMES = capabilities()

BY_THE_MINUTE: Mapping[str, Mapping[str, str]] = {
    "audit": {
        "list_activities": "what it writes is that somebody looked",
        "check_log": "what it writes is that the log was found broken, whoever found it",
    },
    "community": {
        "register_company": "an empty company gives nobody a right",
        "register_community": "an empty community gives nobody a right",
        "request_import": "a file that waits for its commit moves nothing",
        **dict.fromkeys(
            ("claim_room", "withdraw_claim"),
            "whoever is signed in claims for themselves; no grant is asked, so none can have ended",
        ),
    },
    "onboarding": {
        **dict.fromkeys(
            (
                *("request_qualification_upload", "submit_application"),
                *("resubmit_application", "withdraw_application"),
            ),
            "it needs no right: an application is of who made it, and gives nobody anything",
        ),
    },
    "identity": {
        **dict.fromkeys(
            (
                *("change_account", "export_account", "erase_account"),
                *("register_dependent", "offer_mandate", "accept_mandate", "end_mandate"),
            ),
            "one's own account hangs on no grant; the frozen and erased are stopped by their state",
        ),
        **dict.fromkeys(
            ("send_code", "sign_in_by_code", "sign_in_by_wechat", "refresh_session"),
            "whoever comes in proves it in the request itself; no role is asked for",
        ),
        **dict.fromkeys(
            ("bind_phone", "bind_wechat_phone", "end_session", "end_all_sessions"),
            "what is one's own needs no role that could end",
        ),
        **dict.fromkeys(
            ("accept_invitation", "confirm_invitation", "sign_in_by_password", "change_password"),
            "whoever comes in proves it in the request itself; no role is asked for",
        ),
        **dict.fromkeys(
            ("change_settings", "give_feedback", "close_feedback"),
            "what is one's own needs no role that could end",
        ),
        "invite_staff": "an invitation gives no right; roles are given by another write",
        "answer_feedback": "an answer to what somebody said gives nobody a right",
    },
    "repairs": {
        "request_photo_upload": "a photo that no ticket shows is seen by nobody",
        **dict.fromkeys(
            (
                *("report_repair", "withdraw_repair", "rate_repair", "assign_repair"),
                *("accept_repair", "return_repair", "start_repair", "finish_repair"),
            ),
            "a ticket is work: no money, door or personal detail hangs on it, its trail says who",
        ),
    },
}
"""The views that write by what the gateway knows, for at most a minute, and why they may.

All others ask the table in the very write, so a right that ended stops them at once.  Views that
only read go by the minute as well (infra/README.md).
"""


@cache
def attacked(capability: str) -> matrix.Matrix:
    return matrix.attacked(capability)


@pytest.mark.parametrize("capability", NAMES)
def test_every_actor_is_refused_at_every_route(capability: str, tally: Tally) -> None:
    met = attacked(capability)
    assert met.faults() == []
    for one in met.tries:
        tally.count(1, f"{capability}.{one.way_in}")


@pytest.mark.parametrize("capability", NAMES)
def test_every_route_that_asks_for_a_caller_meets_every_kind_of_actor(capability: str) -> None:
    """A capability that is added is in the matrix: its story must go through every way in."""
    operations = load_app(capability).app.operations
    routes = {one.view.__name__ for one in operations if one.allows is not PUBLIC}
    assert attacked(capability).kinds() == {route: set(Kind) for route in routes}


@pytest.mark.parametrize("capability", NAMES)
def test_a_dismissed_person_moves_nothing_that_may_not_wait_a_minute(
    capability: str, tally: Tally
) -> None:
    met = matrix.after_dismissal(capability, BY_THE_MINUTE.get(capability, ()))
    wrong = {view: faults for view, faults in met.items() if faults}
    assert wrong == {}, "ask the table in the write, or say in BY_THE_MINUTE why it may wait"
    for view in met:
        tally.count(1, f"{capability}.{view}")


@pytest.mark.parametrize("capability", NAMES)
def test_only_what_writes_is_let_off_for_a_minute(capability: str) -> None:
    spared = set(BY_THE_MINUTE.get(capability, ()))
    assert spared - matrix.writing(capability) == set()


def test_what_goes_by_the_minute_is_found_if_nobody_says_why() -> None:
    spared = BY_THE_MINUTE["repairs"].keys() - {"rate_repair"}
    assert matrix.after_dismissal("repairs", spared) == {
        "rate_repair": {"answered 200", "changed what is stored"}
    }


def test_a_route_cannot_be_made_without_a_permission() -> None:
    endpoint: Callable[..., Any] = load_app("repairs").app.endpoint
    with pytest.raises(TypeError, match="allows"):
        endpoint("GET", "/all-tickets", gives=None)
    for name in NAMES:
        made = load_app(name).app
        for one in made.operations:
            assert one.allows is SIGNED_IN or one.allows is PUBLIC or one.allows.roles, one.path
        # Chalice's own decorators ask for no permission.
        declared = {(one.path, one.method) for one in made.operations}
        routed = {(path, method) for path, methods in made.routes.items() for method in methods}
        assert routed - declared == {("/openapi.json", "GET")}


def faults_of(view: str, patch: Callable[[pytest.MonkeyPatch], None]) -> Iterator[str]:
    """The faults at one view of repairs while something is broken."""
    with pytest.MonkeyPatch.context() as broken:
        patch(broken)
        yield from matrix.attacked("repairs", view).faults()


def test_an_action_that_asks_for_no_right_is_found() -> None:
    """The way in stops one that checks nothing at all; this one checks something else."""

    def get_ticket(caller: Caller, ticket_id: str) -> Any:
        caller.own()
        ticket = store.get_ticket(ticket_id)
        if ticket is None:
            raise NotFound
        return ticket, ()

    found = list(faults_of("get_ticket", lambda p: p.setattr(actions, "get_ticket", get_ticket)))
    assert found
    assert all("answered 200" in one for one in found)
    for kind in (Kind.OTHER_HOUSEHOLD, Kind.OTHER_BUILDING, Kind.OTHER_COMMUNITY):
        assert any(kind in one for one in found), kind
    assert any("another person" in one for one in found)


def test_an_action_that_tells_the_forbidden_from_the_absent_is_found() -> None:
    def get_ticket(caller: Caller, ticket_id: str) -> Any:
        ticket = store.get_ticket(ticket_id)
        if ticket is not None and not caller.may(ticket.scope):
            raise invalid("path:ticket_id", "wrong_form")
        return real(caller, ticket_id)

    real = actions.get_ticket
    found = list(faults_of("get_ticket", lambda p: p.setattr(actions, "get_ticket", get_ticket)))
    assert found
    assert all("answered 400" in one for one in found)


def test_an_action_that_writes_before_it_refuses_is_found() -> None:
    def withdraw(caller: Caller, ticket_id: str, *others: Any) -> Any:
        ticket = store.get_ticket(ticket_id)
        if ticket is not None and not caller.may(ticket.scope):
            versions[0] += 1
            store.keep_technician(ELSEWHERE, technician(version=versions[0]))
            raise NotFound
        return real(caller, ticket_id, *others)

    real, versions = actions.withdraw_repair, [0]
    found = list(
        faults_of("withdraw_repair", lambda p: p.setattr(actions, "withdraw_repair", withdraw))
    )
    assert found
    assert all("wrote ('PutItem',)" in one for one in found)


def test_a_list_that_shows_others_things_is_found() -> None:
    def show_all(caller: Caller, limit: int, cursor: str | None) -> Page[Any]:
        caller.own()
        return store.list_open(COMMUNITY, limit, cursor)

    found = list(
        faults_of("list_my_tickets", lambda p: p.setattr(actions, "list_my_tickets", show_all))
    )
    assert any(Kind.OTHER_COMMUNITY in one and "named ('rep_" in one for one in found), found


def test_a_way_in_that_forgets_the_permission_is_found() -> None:
    """Even where what comes back is an empty list."""

    def everything(context: Mapping[str, str], wanted: Permission) -> Caller:
        return auth.from_context(context, Permission(wanted.name, frozenset(Role)))

    found = list(faults_of("list_my_jobs", lambda p: p.setattr(app, "from_context", everything)))
    assert found
    assert all("answered 200" in one for one in found)
    assert {kind for kind in Kind if any(kind in one for one in found)} == {
        *(Kind.OTHER_HOUSEHOLD, Kind.OTHER_BUILDING, Kind.OTHER_ROLE)
    }


def test_an_authorizer_that_takes_any_token_of_the_issuer_is_found() -> None:
    def check_audience(claims: Any, issuer: Any) -> None: ...

    found = list(
        faults_of("rate_repair", lambda p: p.setattr(authorizer, "_check_audience", check_audience))
    )
    assert {kind for kind in Kind if any(kind in one for one in found)} == {
        *(Kind.WRONG_AUDIENCE, Kind.DEVICE)
    }
