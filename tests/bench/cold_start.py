"""One cold start: import a handler, connect its DynamoDB client, answer; the cost as JSON.

Run in a fresh interpreter with PYTHONPATH as Lambda sets it (the function's code, then the layers)
and nothing else on the path.  What this program imports itself comes after the clock was read.

    cold_start.py bare | naive | <module>.<handler>  [modules that its work loads besides]

The first events stand on standard input, as a list, or nothing stands there.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY = {"pk": {"S": "com_7k2m9x4a#ticket#1"}, "sk": {"S": "ticket"}}


def bare() -> tuple[Any, Any]:
    """A handler on boto3 alone, as most functions on Lambda are written."""
    import boto3

    return boto3.client("dynamodb"), None


def naive() -> tuple[Any, Any]:
    """Our libraries as they come: whole, each with its own way of connecting."""
    import msgspec
    from aws_lambda_powertools import Logger
    from chalice import Chalice
    from pynamodb.attributes import UnicodeAttribute, VersionAttribute
    from pynamodb.models import Model

    class Ticket(Model):
        class Meta:
            table_name = "linli"

        pk = UnicodeAttribute(hash_key=True)
        sk = UnicodeAttribute(range_key=True)
        version = VersionAttribute()

    class Report(msgspec.Struct):
        text: str

    app: Any = Chalice("naive")
    Logger(service="naive")

    def report_repair() -> Any:
        return msgspec.to_builtins(msgspec.json.decode(app.current_request.raw_body, type=Report))

    app.route("/tickets", methods=["POST"])(report_repair)
    return Ticket._get_connection().connection.client, app


def function(name: str) -> tuple[Any, Any]:
    """One of our functions with every connection that its tables will use, and its log."""
    module_name, _, handler = name.partition(".")
    module = __import__(module_name)
    from shared import aws
    from shared.table import Record

    client = aws.client("dynamodb")
    records: list[Any] = [Record]
    for record in records:
        records += record.__subclasses__()
        if not record.__subclasses__():
            record._get_connection()
    _ = module.app.logger
    return client, getattr(module, handler)


class Context:
    """What Lambda tells a function about itself, as far as ours look."""

    function_name = "bench"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws-cn:lambda:cn-north-1:000000000000:function:bench"
    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        """Enough for anything."""
        return 10_000


def answer_to(handler: Any, event: Any) -> Any:
    """The handler's answer, or the refusal it raised: nothing is stored behind this endpoint."""
    try:
        return handler(event, Context())
    except Exception as refusal:
        return f"{type(refusal).__name__}: {refusal}"


def main(name: str, *besides: str) -> None:
    """Measure, then answer, then report."""
    wall, cpu = time.perf_counter(), time.process_time()
    client, handler = {"bare": bare, "naive": naive}.get(name, lambda: function(name))()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    modules = len(sys.modules)
    item = client.get_item(TableName="linli", Key=KEY)["Item"]
    first = sys.stdin.read()
    answers = []
    if first:
        from json import loads

        answers = [answer_to(handler, event) for event in loads(first)]
    for module in besides:
        __import__(module)
    at_first_request = len(sys.modules)
    from json import dumps

    measured = {
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "modules": modules,
        "modules_at_first_request": at_first_request,
        "item": item,
        "answers": answers,
    }
    # Whatever the handler logged stands above: the last line is ours.
    print(dumps(measured))


main(*sys.argv[1:])
