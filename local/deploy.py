"""Deployment: the artefacts to a bucket, then each stack by a change set that is shown first.

The same code serves AWS (a boto3 session) and the emulator (localstack-client's).  CloudFormation
does the rest: what fails, it rolls back itself.

    python -m local.deploy --stage prod --domain api.example.cn --certificate arn:… --issuer …
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from local.layers import Artefact
from local.package import Package

Report = Callable[[str], None]
Outputs = dict[str, str]

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_SSM = "AWS::SSM::Parameter::Value<String>"
_NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")


class Session(Protocol):
    """What a boto3 session and localstack-client's have in common."""

    region_name: str

    def client(self, service_name: str) -> Any:
        """A client of one service."""


class DeploymentError(Exception):
    """A stack could not be deployed; the message says which and what CloudFormation said."""


@dataclass(frozen=True)
class Target:
    """Where a deployment goes and what it is told."""

    session: Session
    stage: str
    parameters: Mapping[str, str]
    poll_seconds: float


def deploy(package: Package, target: Target, report: Report) -> dict[str, Outputs]:
    """Bring every stack to what `package` says.

    The order is shared, then the first capability (it owns the authorizer), then the others side
    by side.

    Returns
    -------
    dict
        The outputs of each stack.

    Raises
    ------
    DeploymentError
        A stack failed; CloudFormation has rolled it back.
    """
    bucket = _bucket(target)
    _upload(target, bucket, [*package.artefacts, *package.templates.values()], report)
    names = list(package.templates)
    outputs = {name: _deploy_stack(package, target, bucket, name, report) for name in names[:2]}
    with ThreadPoolExecutor(max_workers=4) as workers:
        rest = workers.map(
            lambda name: _deploy_stack(package, target, bucket, name, report), names[2:]
        )
        outputs.update(zip(names[2:], rest, strict=True))
    return outputs


def stack_name(stage: str, name: str) -> str:
    """The name of a capability's stack in a stage."""
    return f"linli-{stage}-{name}"


def _bucket(target: Target) -> str:
    """The artefact bucket of this stage, made if it is missing."""
    account = target.session.client("sts").get_caller_identity()["Account"]
    region = target.session.region_name
    name = f"linli-{target.stage}-artefacts-{account}-{region}"
    s3 = target.session.client("s3")
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        where = {} if region == "us-east-1" else {"LocationConstraint": region}
        s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
        s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
    return name


def _upload(target: Target, bucket: str, artefacts: list[Artefact], report: Report) -> None:
    """Send the artefacts that are not there; a content-named one never changes."""
    s3 = target.session.client("s3")
    there: set[str] = set()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        there |= {found["Key"] for found in page.get("Contents", [])}
    for artefact in artefacts:
        if artefact.key in there:
            continue
        body = artefact.path.read_bytes()
        s3.put_object(Bucket=bucket, Key=artefact.key, Body=body)
        report(f"sent {artefact.key} ({len(body):,} bytes)")


def _deploy_stack(
    package: Package, target: Target, bucket: str, name: str, report: Report
) -> Outputs:
    cloudformation = target.session.client("cloudformation")
    s3 = target.session.client("s3")
    stack = stack_name(target.stage, name)
    template = package.templates[name]
    address = s3.meta.endpoint_url.rstrip("/")
    url = f"{address}/{bucket}/{template.key}"
    existing = _describe(cloudformation, stack)
    status = existing["StackStatus"] if existing else "REVIEW_IN_PROGRESS"
    if status == "ROLLBACK_COMPLETE":
        raise DeploymentError(
            f"{stack} is what its failed first deployment left (ROLLBACK_COMPLETE): "
            "delete that stack, then deploy again"
        )
    fresh = status == "REVIEW_IN_PROGRESS"
    change_set = f"linli-{hashlib.sha256(template.key.encode()).hexdigest()[:8]}-{time.time_ns()}"
    declared = _declared(cloudformation, url)
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=change_set,
        ChangeSetType="CREATE" if fresh else "UPDATE",
        TemplateURL=url,
        Capabilities=_CAPABILITIES,
        Parameters=_values(declared, target, name, bucket),
        Tags=[{"Key": "linli:stage", "Value": target.stage}],
    )
    if not _wait_for_change_set(cloudformation, stack, change_set, target, report):
        cloudformation.delete_change_set(StackName=stack, ChangeSetName=change_set)
        report(f"{stack}: nothing to change")
        return _outputs(_describe(cloudformation, stack))
    cloudformation.execute_change_set(StackName=stack, ChangeSetName=change_set)
    return _wait_for_stack(cloudformation, stack, target, report)


def _declared(cloudformation: Any, url: str) -> list[dict[str, Any]]:
    summary = cloudformation.get_template_summary(TemplateURL=url)
    parameters: list[dict[str, Any]] = summary["Parameters"]
    return parameters


def _values(
    declared: list[dict[str, Any]], target: Target, name: str, bucket: str
) -> list[dict[str, str]]:
    """The values of the parameters a template declares.

    What other stacks publish stands in the parameter store as /linli/<stage>/<parameter's name>.
    """
    known = dict(target.parameters) | {
        "Stage": target.stage,
        "Capability": name,
        "ArtefactBucket": bucket,
    }
    values = []
    for parameter in declared:
        key = parameter["ParameterKey"]
        if parameter["ParameterType"] == _SSM:
            value = f"/linli/{target.stage}/{key}"
        elif key in known:
            value = known[key]
        else:
            continue
        values.append({"ParameterKey": key, "ParameterValue": value})
    return values


def _wait_for_change_set(
    cloudformation: Any, stack: str, change_set: str, target: Target, report: Report
) -> bool:
    """Show the change set when it is computed; False if it changes nothing."""
    while True:
        found = cloudformation.describe_change_set(StackName=stack, ChangeSetName=change_set)
        if found["Status"] == "CREATE_COMPLETE":
            break
        if found["Status"] == "FAILED":
            reason = found.get("StatusReason", "no reason given")
            if any(sentence in reason for sentence in _NOTHING_TO_DO):
                return False
            raise DeploymentError(f"{stack}: the change set failed: {reason}")
        time.sleep(target.poll_seconds)
    for change in found["Changes"]:
        resource = change["ResourceChange"]
        replaced = " (REPLACED)" if resource.get("Replacement") == "True" else ""
        report(
            f"{stack}: {resource['Action'].lower()} {resource['LogicalResourceId']} "
            f"{resource['ResourceType']}{replaced}"
        )
    return True


def _wait_for_stack(cloudformation: Any, stack: str, target: Target, report: Report) -> Outputs:
    while True:
        found = _describe(cloudformation, stack)
        status = found["StackStatus"] if found else "GONE"
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            report(f"{stack}: {status.lower().replace('_', ' ')}")
            return _outputs(found)
        if status.endswith(("_FAILED", "ROLLBACK_COMPLETE", "GONE")):
            raise DeploymentError(f"{stack}: {status}\n{_reasons(cloudformation, stack)}")
        time.sleep(target.poll_seconds)


def _reasons(cloudformation: Any, stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return "\n".join(
        f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("FAILED")
    )


def _describe(cloudformation: Any, stack: str) -> dict[str, Any] | None:
    try:
        stacks = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    found: dict[str, Any] = stacks[0]
    return found


def _outputs(stack: dict[str, Any] | None) -> Outputs:
    outputs = (stack or {}).get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}
