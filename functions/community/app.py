"""Every way into `community`: the estate, its people, the house register, and the authorizer."""

from __future__ import annotations

from typing import Any

from chalice.app import AuthRequest, AuthResponse, CloudWatchEvent, DynamoDBEvent, SQSEvent

from chalicelib.community import actions, permissions, shapes, texts
from chalicelib.community.claims.routes import routes as claim_routes
from chalicelib.community.households.routes import routes as household_routes
from chalicelib.community.people import actions as people
from chalicelib.community.register import actions as register
from chalicelib.community.register import shapes as register_shapes
from chalicelib.community.register.routes import routes as register_routes
from shared.app import HOURLY, App
from shared.auth import SIGNED_IN, to_context
from shared.requests import Call, CommunityId, NoQuery, PageQuery

app = App(
    "community",
    texts=texts.TEXTS,
    about="Companies, communities, the house register, roles and bindings.",
)
app.include(register_routes)
app.include(household_routes)
app.include(claim_routes)


@app.lambda_function(name="authorize")
def authorize(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Verify a token and hand the caller's grants on to every API (D8)."""
    # Only this function has the crypto layer, and only it should pay for loading it.
    from chalicelib.community import authorizer

    try:
        bearer, grants = authorizer.authorize(event.get("authorizationToken", ""))
    except authorizer.Refused as error:
        app.logger.info("refused", extra={"reason": str(error)})
        # The gateway answers 401 to exactly this text (AWS: Lambda authorizer output).
        raise Exception("Unauthorized") from None
    handed_on = to_context(bearer.person_id, grants, bearer.acting_id, bearer.session_id)
    answer = AuthResponse(["*"], bearer.person_id, handed_on)
    return answer.to_dict(AuthRequest("TOKEN", "", event["methodArn"]))


@app.endpoint("GET", "/me", allows=SIGNED_IN, gives=shapes.Me)
def show_me(call: Call[None, NoQuery]) -> shapes.Me:
    """Who is calling, and their roles."""
    return shapes.me(*actions.show_me(call.caller))


@app.endpoint(
    "POST",
    "/companies",
    allows=permissions.REGISTER_COMPANY,
    takes=shapes.RegisterCompany,
    gives=shapes.Company,
    status=201,
    errors=["idempotency_key_reused"],
    keyed=True,
)
def register_company(call: Call[shapes.RegisterCompany, NoQuery]) -> shapes.Company:
    """Take a property company (物业公司) onto the platform."""
    return shapes.company(actions.register_company(call.caller, call.body, call.key, call.now))


@app.endpoint(
    "GET",
    "/companies",
    allows=permissions.LIST_COMPANIES,
    query=PageQuery,
    gives=shapes.CompanyPage,
)
def list_companies(call: Call[None, PageQuery]) -> shapes.CompanyPage:
    """List property companies."""
    found = actions.list_companies(call.caller, call.query.limit, call.query.cursor)
    return shapes.company_page(found)


@app.endpoint(
    "POST",
    "/communities",
    allows=permissions.REGISTER_COMMUNITY,
    takes=shapes.RegisterCommunity,
    gives=shapes.Community,
    status=201,
    errors=["idempotency_key_reused", "stale_version", "too_many_communities"],
    keyed=True,
)
def register_community(call: Call[shapes.RegisterCommunity, NoQuery]) -> shapes.Community:
    """Open a community (小区) of a company."""
    return shapes.community(actions.register_community(call.caller, call.body, call.key, call.now))


@app.endpoint(
    "GET",
    "/communities",
    allows=permissions.LIST_COMMUNITIES,
    query=shapes.CompanyQuery,
    gives=shapes.CommunityPage,
)
def list_communities(call: Call[None, shapes.CompanyQuery]) -> shapes.CommunityPage:
    """List a company's communities."""
    query = call.query
    found = actions.list_communities(call.caller, query.company_id, query.limit, query.cursor)
    return shapes.community_page(found)


@app.endpoint(
    "GET", "/communities/{community_id}", allows=permissions.VIEW_COMMUNITY, gives=shapes.Community
)
def get_community(call: Call[None, NoQuery], community_id: CommunityId) -> shapes.Community:
    """Show a community."""
    return shapes.community(actions.get_community(call.caller, community_id))


@app.endpoint(
    "GET",
    "/communities/{community_id}/statistics",
    allows=permissions.VIEW_STATISTICS,
    gives=shapes.Statistics,
)
def show_statistics(call: Call[None, NoQuery], community_id: CommunityId) -> shapes.Statistics:
    """Show a community's counts (社区统计)."""
    return actions.show_statistics(call.caller, community_id)


@app.endpoint(
    "POST",
    "/grants",
    allows=permissions.GRANT_ROLE,
    takes=shapes.GrantRole,
    gives=shapes.Holding,
    status=201,
    errors=["stale_version", "too_many_grants", "officer_of_another_firm"],
)
def grant_role(call: Call[shapes.GrantRole, NoQuery]) -> shapes.Holding:
    """Give staff a role on a scope (权限管理)."""
    return shapes.holding(actions.grant_role(call.caller, call.body, call.now))


@app.endpoint(
    "POST",
    "/revocations",
    allows=permissions.END_GRANT,
    takes=shapes.RevokeRole,
    gives=shapes.Holding,
    errors=["stale_version"],
)
def revoke_role(call: Call[shapes.RevokeRole, NoQuery]) -> shapes.Holding:
    """Take a role away from staff, or lay down one's own; gone within a minute."""
    return shapes.holding(actions.revoke_role(call.caller, call.body, call.now))


@app.endpoint(
    "GET",
    "/grants",
    allows=permissions.LIST_GRANTS,
    query=shapes.GrantQuery,
    gives=shapes.HoldingPage,
)
def list_grants(call: Call[None, shapes.GrantQuery]) -> shapes.HoldingPage:
    """List who holds which role on a platform, a company or a community."""
    scope, limit, cursor = call.query.scope, call.query.limit, call.query.cursor
    return shapes.holding_page(actions.list_grants(call.caller, scope, limit, cursor))


@app.on_sqs_message(queue="read_register", batch_size=1)
def read_register(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """Read an uploaded register file into a dry run."""
    return app.each(event, register.read_register)


@app.lambda_function(name="commit_building")
def commit_building(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Bring an import into one building: a task of the state machine `commit_register`."""
    return app.task(event, register_shapes.BuildingTask, register.commit_building)


@app.lambda_function(name="finish_import")
def finish_import(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Write down what became of each building: the last task of `commit_register`."""
    return app.task(event, register_shapes.FinishTask, register.finish_import)


@app.on_sqs_message(queue="count_repairs", batch_size=10)
def count_repairs(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """Count what the repairs' events tell of a community (PJ-01)."""
    return app.consume(event, actions.count_repairs)


@app.on_sqs_message(queue="take_on_company", batch_size=10)
def take_on_company(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """Take on the companies that onboarding approved (UM-07)."""
    return app.consume(
        event,
        lambda heard, _: actions.take_on_company(heard, shapes.company_approved(heard.data)),
    )


@app.on_sqs_message(queue="follow_people", batch_size=10)
def follow_people(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """Keep what `identity` tells of people: bound phones, merged and erased persons."""
    return app.consume(event, people.follow_people)


@app.on_dynamodb_record(stream_arn="given by the stack", batch_size=100)
def relay_events(event: DynamoDBEvent) -> None:
    """Take the events of this table's changes to the bus."""
    app.relay(event)


@app.schedule(HOURLY)
def sweep_events(event: CloudWatchEvent) -> None:
    """Take the events that this table's stream lost to the bus."""
    app.sweep()
