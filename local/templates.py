"""What no emulator enforces, checked over the templates as they are deployed.

MiniStack runs what AWS would refuse at run time: queues without a policy, services without a
role, functions without leave to read the queue that feeds them.  Each check here is one such
promise; `faults` names what breaks it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Resource = dict[str, Any]
Resources = dict[str, Resource]

_POLL_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_READ_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
# Actions that AWS knows for all resources only (Service Authorization Reference).
_WITHOUT_RESOURCE = {"dynamodb:ListStreams", "kms:CreateKey"}


def faults(name: str, template: dict[str, Any]) -> list[str]:
    """What AWS would refuse, or what could not be changed later, a sentence each."""
    resources: Resources = template["Resources"]
    found = [f"{name}: {sentence}" for check in _CHECKS for sentence in check(resources)]
    for key, output in template.get("Outputs", {}).items():
        if "Export" in output:
            found.append(f"{name}: output {key} is exported, and cannot change while it is used")
    if '"arn:aws:' in json.dumps(template):
        found.append(f"{name}: an ARN names the partition `aws` instead of ${{AWS::Partition}}")
    return found


def queues_let_their_senders_in(resources: Resources) -> Iterator[str]:
    """Each queue that a rule or a bucket sends to has a policy that lets that service in."""
    senders: list[tuple[Any, str]] = []
    for _, rule in _typed(resources, "AWS::Events::Rule"):
        for target in rule["Targets"]:
            senders.append((target["Arn"], "events.amazonaws.com"))
            if "DeadLetterConfig" in target:
                senders.append((target["DeadLetterConfig"]["Arn"], "events.amazonaws.com"))
    for _, bucket in _typed(resources, "AWS::S3::Bucket"):
        notified = bucket.get("NotificationConfiguration", {}).get("QueueConfigurations", [])
        senders += [(entry["Queue"], "s3.amazonaws.com") for entry in notified]
    for arn, service in senders:
        queue = _attribute_of(arn)
        if resources.get(queue, {}).get("Type") == "AWS::SQS::Queue" and not any(
            _lets_in(policy, arn, service)
            for _, policy in _typed(resources, "AWS::SQS::QueuePolicy")
        ):
            yield f"{queue} has no policy that lets {service} in for known sources only"


def functions_may_read_what_feeds_them(resources: Resources) -> Iterator[str]:
    """Each function may poll its queue, read its stream, and send what it gives up."""
    for name, function in _typed(resources, "AWS::Serverless::Function"):
        granted = list(_granted(resources, function["Role"]))
        for event in function.get("Events", {}).values():
            source = event["Properties"]
            arn = source.get("Queue") or source.get("Stream")
            wanted = _POLL_QUEUE if "Queue" in source else _READ_STREAM
            needs = [(action, arn) for action in wanted if arn is not None]
            failures = source.get("DestinationConfig", {}).get("OnFailure")
            if failures:
                needs.append(("sqs:SendMessage", failures["Destination"]))
            for action, target in needs:
                if (action, json.dumps(target)) not in granted:
                    yield f"the role of {name} lacks {action} on what feeds it"


def queues_give_up_in_time(resources: Resources) -> Iterator[str]:
    """A queue that feeds a function outwaits it six times, and gives up into another queue."""
    for name, function in _typed(resources, "AWS::Serverless::Function"):
        for event in function.get("Events", {}).values():
            queue = resources.get(_attribute_of(event["Properties"].get("Queue")))
            if queue is None:
                continue
            properties = queue["Properties"]
            if properties.get("VisibilityTimeout", 30) < 6 * function["Timeout"]:
                yield f"the queue of {name} shows a message again before six of its timeouts"
            if "RedrivePolicy" not in properties:
                yield f"the queue of {name} never gives up: it has no RedrivePolicy"
            if event["Properties"].get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
                yield f"{name} cannot report which messages of a batch failed"


def machines_may_call_their_tasks(resources: Resources) -> Iterator[str]:
    """A state machine's role may invoke each function that its definition is given."""
    for name, machine in _typed(resources, "AWS::StepFunctions::StateMachine"):
        granted = list(_granted(resources, machine["RoleArn"]))
        for key, target in machine.get("DefinitionSubstitutions", {}).items():
            function = resources.get(_attribute_of(target), {})
            if function.get("Type") != "AWS::Serverless::Function":
                continue
            if ("lambda:InvokeFunction", json.dumps(target)) not in granted:
                yield f"the role of {name} may not invoke {key}"


def rules_may_start_their_machines(resources: Resources) -> Iterator[str]:
    """A rule that starts a state machine names a role that may."""
    for name, rule in _typed(resources, "AWS::Events::Rule"):
        for target in rule["Targets"]:
            machine = resources.get(_attribute_of(target["Arn"]), {})
            if machine.get("Type") != "AWS::StepFunctions::StateMachine":
                continue
            granted = list(_granted(resources, target.get("RoleArn")))
            if ("states:StartExecution", json.dumps(target["Arn"])) not in granted:
                yield f"{name} has no role that may start {_attribute_of(target['Arn'])}"


def the_gateway_may_call(resources: Resources) -> Iterator[str]:
    """Each API may call its function and the authorizer, and only from itself."""
    permissions = [found for _, found in _typed(resources, "AWS::Lambda::Permission")]
    called = {json.dumps(found["FunctionName"]) for found in permissions if "SourceArn" in found}
    wanted = ({"Ref": "APIHandler"}, {"Fn::Sub": "linli-${Stage}-authorize"})
    for _ in _typed(resources, "AWS::Serverless::Api"):
        for function in wanted:
            if json.dumps(function) not in called:
                yield f"the gateway may not call {json.dumps(function)}"


def functions_share_no_role(resources: Resources) -> Iterator[str]:
    """Each function has a role of its own, so that it may do what it does and nothing else."""
    owners: dict[str, str] = {}
    for name, function in _typed(resources, "AWS::Serverless::Function"):
        role = _attribute_of(function["Role"])
        if role in owners:
            yield f"{name} and {owners[role]} share {role}"
        owners[role] = name


def policies_name_what_they_grant(resources: Resources) -> Iterator[str]:
    """No policy grants an action on everything, or everything of a service."""
    for name, role in _typed(resources, "AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                for action in _listed(statement["Action"]):
                    if "*" in action:
                        yield f"{name} grants {action}"
                    if "*" in _listed(statement["Resource"]) and action not in _WITHOUT_RESOURCE:
                        yield f"{name} grants {action} on everything"


def buckets_keep_to_themselves(resources: Resources) -> Iterator[str]:
    """Each bucket is closed to the public, and its name cannot hide a base path locally."""
    for name, bucket in _typed(resources, "AWS::S3::Bucket"):
        blocked = bucket.get("PublicAccessBlockConfiguration", {})
        if len(blocked) != 4 or not all(blocked.values()):
            yield f"{name} does not block public access"
        named = bucket.get("BucketName", {})
        if not isinstance(named, dict) or not str(named.get("Fn::Sub", "")).startswith("linli-"):
            yield f"{name} must be named `!Sub linli-…`, apart from every base path"


_CHECKS: tuple[Callable[[Resources], Iterator[str]], ...] = (
    queues_let_their_senders_in,
    functions_may_read_what_feeds_them,
    queues_give_up_in_time,
    machines_may_call_their_tasks,
    rules_may_start_their_machines,
    the_gateway_may_call,
    functions_share_no_role,
    policies_name_what_they_grant,
    buckets_keep_to_themselves,
)


def _typed(resources: Resources, kind: str) -> Iterator[tuple[str, Resource]]:
    for name, resource in resources.items():
        if resource.get("Type") == kind:
            yield name, resource["Properties"]


def _attribute_of(value: Any) -> str:
    """The resource that `!GetAtt X.Arn` or `!Ref X` means; empty for anything else."""
    if not isinstance(value, dict):
        return ""
    attribute = value.get("Fn::GetAtt", [""])
    return str(value.get("Ref") or attribute[0])


def _lets_in(policy: Resource, arn: Any, service: str) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and statement["Principal"] == {"Service": service}
        and statement["Action"] == "sqs:SendMessage"
        and statement["Resource"] == arn
        and "aws:Source" in json.dumps(statement.get("Condition", {}))
        for statement in policy["PolicyDocument"]["Statement"]
    )


def _granted(resources: Resources, role: Any) -> Iterator[tuple[str, str]]:
    """Each action and resource that the policies of a role allow."""
    found = resources.get(_attribute_of(role), {}).get("Properties", {})
    for policy in found.get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] != "Allow":
                continue
            for action in _listed(statement["Action"]):
                for resource in _listed(statement["Resource"]):
                    yield action, json.dumps(resource)


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
