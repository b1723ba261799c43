"""API Gateway: what it asks the authorizer, and what it answers by itself."""

from __future__ import annotations

import json
from typing import Any

import urllib3

from local.emulator import REGION
from tests.honesty.case import MINISTACK, StandIn, case, new_name
from tests.honesty.functions import make_function

_AUTHORIZERS = "API Gateway Developer Guide: Use API Gateway Lambda authorizers"
_ANSWERS = "API Gateway Developer Guide: Gateway response types for API Gateway"
# moto answers no HTTP in the process, and the project deploys nothing on it.
_HTTP = (MINISTACK,)
# The authorizer says with every policy when it was asked, and the function repeats it.
_AUTHORIZER = """
import time


def handler(event, context):
    token = event["authorizationToken"]
    if token == "broken":
        raise RuntimeError("broken")
    if token == "unknown":
        raise Exception("Unauthorized")
    effect = "Deny" if token == "denied" else "Allow"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"}
    return {
        "principalId": "one",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"asked_at": str(time.time_ns())},
    }
"""
_FUNCTION = """
def handler(event, context):
    body = event["requestContext"]["authorizer"]["asked_at"]
    return {"statusCode": 200, "headers": {}, "body": body, "isBase64Encoded": False}
"""


def _invoked(function: str) -> str:
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"


def _api(on: StandIn) -> str:
    """The address of an API with one path behind an authorizer that is cached for a minute."""
    if "api" not in on.kept:
        authorizer, function = make_function(on, _AUTHORIZER), make_function(on, _FUNCTION)
        for arn in (authorizer, function):
            on.client("lambda").add_permission(
                FunctionName=arn,
                StatementId="gateway",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
            )
        asked = {
            "type": "token",
            "authorizerUri": _invoked(authorizer),
            "authorizerResultTtlInSeconds": 60,
        }
        integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": _invoked(function)}
        document = _document(
            {
                "responses": {},
                "security": [{"known": []}],
                "x-amazon-apigateway-integration": integration,
            },
            securityDefinitions={
                "known": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "custom",
                    "x-amazon-apigateway-authorizer": asked,
                }
            },
        )
        api = _deployed(on, document)
        on.client("apigateway").create_deployment(restApiId=api, stageName="api")
        on.kept["api"] = f"{on.url}/restapis/{api}/api/_user_request_/thing"
    address: str = on.kept["api"]
    return address


def _document(method: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "swagger": "2.0",
        "info": {"title": new_name(), "version": "1", "description": ""},
        "paths": {"/thing": {"post": method}},
        **more,
    }


def _deployed(on: StandIn, document: dict[str, Any]) -> str:
    """The id of the API that a stack makes of a document, as our stacks do."""
    stacks, name = on.client("cloudformation"), new_name()
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": name, "Body": document}}
    stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Api": api}}))
    stacks.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10}
    )
    told = stacks.describe_stack_resource(StackName=name, LogicalResourceId="Api")
    made: str = told["StackResourceDetail"]["PhysicalResourceId"]
    return made


def _ask(on: StandIn, token: str | None, body: bytes = b"{}") -> tuple[int, str]:
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = token
    answer = urllib3.request("POST", _api(on), headers=headers, body=body, retries=False)
    return answer.status, answer.data.decode()


@case([401, 401], _AUTHORIZERS, asked_of=_HTTP)
def without_a_token_nobody_comes_in(on: StandIn) -> Any:
    """Without a token, or when the authorizer says `Unauthorized`, the gateway answers 401."""
    return [_ask(on, None)[0], _ask(on, "unknown")[0]]


@case([200, 403], _AUTHORIZERS, asked_of=_HTTP)
def a_policy_that_denies_is_403(on: StandIn) -> Any:
    """A token whose policy allows comes in, one whose policy denies is answered 403."""
    return [_ask(on, new_name())[0], _ask(on, "denied")[0]]


@case(500, _ANSWERS, asked_of=_HTTP)
def an_authorizer_that_breaks_lets_nobody_in(on: StandIn) -> Any:
    """When the authorizer fails the gateway answers 500 (AUTHORIZER_FAILURE)."""
    return _ask(on, "broken")[0]


@case(["asked once", "asked again"], _AUTHORIZERS, asked_of=_HTTP)
def a_token_is_asked_about_once_in_its_lifetime(on: StandIn) -> Any:
    """What the authorizer said of a token is kept for that token, and for no other."""
    one, other = new_name(), new_name()
    (_, first), (_, second), (_, third) = (_ask(on, token) for token in (one, one, other))
    return [
        "asked once" if first == second else "asked twice",
        "asked again" if third != first else "not asked",
    ]


@case(
    413,
    "API Gateway Developer Guide: Quotas for configuring and running a REST API (payload, 10 MB)",
    asked_of=_HTTP,
)
def a_body_has_at_most_10_mb(on: StandIn) -> Any:
    """A request of more than 10 MB is answered 413 (REQUEST_TOO_LARGE)."""
    return _ask(on, new_name(), b" " * (10 * 1024 * 1024 + 1))[0]


@case(
    "418",
    "API Gateway Developer Guide: x-amazon-apigateway-gateway-responses object",
    asked_of=_HTTP,
)
def the_gateways_own_answers_come_with_the_document(on: StandIn) -> Any:
    """Gateway responses of an imported API document are those of the API."""
    mock = {"responses": {}, "x-amazon-apigateway-integration": {"type": "mock"}}
    answers = {"x-amazon-apigateway-gateway-responses": {"UNAUTHORIZED": {"statusCode": "418"}}}
    api = _deployed(on, _document(mock, **answers))
    kept = on.client("apigateway").get_gateway_response(restApiId=api, responseType="UNAUTHORIZED")
    return kept["statusCode"]
