"""What no emulator enforces holds in every deployed template, and each check can fail."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from local import templates
from local.places import capabilities
from shared import i18n

Template = dict[str, Any]


def test_every_deployed_template_is_without_fault(packaged: dict[str, Template]) -> None:
    found = [
        sentence
        for name, template in packaged.items()
        for sentence in templates.faults(name, template)
    ]
    assert found == []


@pytest.mark.parametrize("capability", capabilities())
def test_the_gateway_says_by_itself_what_the_layer_would_say(
    capability: str, packaged: dict[str, Template]
) -> None:
    body = packaged[capability]["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    for kind, response in body["x-amazon-apigateway-gateway-responses"].items():
        headers = response["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'", kind
        assert headers["gatewayresponse.header.Cache-Control"] == "'no-store'", kind
        problem = json.loads(response["responseTemplates"]["application/json"])
        code = problem["code"]
        assert problem["type"] == f"urn:linli:problem:{code}"
        if "statusCode" in response:
            assert problem["status"] == int(response["statusCode"])
        words = " ".join(i18n.COMMON.get(code, ()))
        if words and "{" not in words:
            assert problem["title"] == words, kind


def _drop(resource: str) -> Callable[[Template], None]:
    return lambda template: template["Resources"].pop(resource)


def _change(resource: str, **properties: Any) -> Callable[[Template], None]:
    return lambda template: template["Resources"][resource]["Properties"].update(properties)


def _grant_everything(template: Template) -> None:
    role = template["Resources"]["ApiHandlerRole"]["Properties"]
    statement = role["Policies"][0]["PolicyDocument"]["Statement"][0]
    statement["Resource"] = "*"


def _forget_policies(role: str) -> Callable[[Template], None]:
    return _change(role, Policies=[])


def _export(template: Template) -> None:
    template["Outputs"]["Table"]["Export"] = {"Name": "table"}


def _share_role(template: Template) -> None:
    functions = template["Resources"]
    functions["FinishImport"]["Properties"]["Role"] = functions["CommitBuilding"]["Properties"][
        "Role"
    ]


def _spell_out_partition(template: Template) -> None:
    template["Outputs"]["Table"]["Value"] = "arn:aws:dynamodb:::table/x"


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (_drop("ReadRegisterQueuePolicy"), "ReadRegisterQueue has no policy"),
        (_drop("CountRepairsQueuePolicy"), "CountRepairsQueue has no policy"),
        (_drop("CommitRegisterFailuresPolicy"), "CommitRegisterFailures has no policy"),
        (_forget_policies("ReadRegisterRole"), "ReadRegister lacks sqs:ReceiveMessage"),
        (_forget_policies("RelayEventsRole"), "RelayEvents lacks dynamodb:GetRecords"),
        (_forget_policies("CommitRegisterRole"), "may not invoke CommitBuilding"),
        (_forget_policies("CommitRegisterRuleRole"), "no role that may start CommitRegister"),
        (_change("ReadRegisterQueue", VisibilityTimeout=30), "before six of its timeouts"),
        (_drop("AuthorizeFromHere"), "the gateway may not call"),
        (_share_role, "share CommitBuildingRole"),
        (_grant_everything, "on everything"),
        (_change("Bucket", BucketName="repairs"), "apart from every base path"),
        (_change("Bucket", PublicAccessBlockConfiguration={}), "does not block public access"),
        (_export, "is exported"),
        (_spell_out_partition, "names the partition"),
    ],
)
def test_each_broken_promise_is_named(
    packaged: dict[str, Template], damage: Callable[[Template], None], complaint: str
) -> None:
    template = copy.deepcopy(packaged["community"])
    damage(template)
    assert any(complaint in sentence for sentence in templates.faults("community", template))
