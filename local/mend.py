"""What the emulator leaves out of a stack, put there through the same API calls.

API Gateway takes gateway responses from the document it imports; MiniStack 1.5.33 takes them only
one by one, and a deployment of the stage then carries them.  Its S3 locks objects, but its
CloudFormation does not read `ObjectLockConfiguration`.
"""

from __future__ import annotations

import json
from typing import Any

from local.deploy import Session
from local.package import Package

_STAGE = "api"


def mend_apis(session: Session, package: Package, outputs: dict[str, dict[str, str]]) -> None:
    """Give each API the gateway responses that its template asks for."""
    gateway = session.client("apigateway")
    for name, artefact in package.templates.items():
        api_id = outputs[name].get("RestAPIId")
        if api_id is None:
            continue
        template: dict[str, Any] = json.loads(artefact.path.read_text())
        body = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
        for kind, response in body["x-amazon-apigateway-gateway-responses"].items():
            wanted = {"restApiId": api_id, "responseType": kind, **response}
            gateway.put_gateway_response(**wanted)
        gateway.create_deployment(restApiId=api_id, stageName=_STAGE)


def mend_buckets(session: Session, package: Package, outputs: dict[str, dict[str, str]]) -> None:
    """Let each bucket lock its objects as its template asks for."""
    s3 = session.client("s3")
    for name, artefact in package.templates.items():
        resources = json.loads(artefact.path.read_text())["Resources"]
        wanted = resources.get("Bucket", {}).get("Properties", {}).get("ObjectLockConfiguration")
        if wanted is not None:
            s3.put_object_lock_configuration(
                Bucket=outputs[name]["Bucket"], ObjectLockConfiguration=wanted
            )
