"""SQS: what hides, what comes again, what goes to the dead letters, and limits."""

from __future__ import annotations

from typing import Any

from tests.honesty.case import StandIn, case, new_name, refusal

_VISIBILITY = "SQS Developer Guide: Amazon SQS visibility timeout"
_FIFO = "SQS Developer Guide: FIFO queue delivery logic"
_DEDUPLICATION = "SQS Developer Guide: Using the message deduplication ID"
_LIMITS = "SQS Developer Guide: Amazon SQS message quotas"
_MEBIBYTE = 1024 * 1024


def _queue(on: StandIn, suffix: str = "", **attributes: str) -> str:
    url: str = on.client("sqs").create_queue(QueueName=new_name() + suffix, Attributes=attributes)[
        "QueueUrl"
    ]
    return url


def _fifo(on: StandIn) -> str:
    return _queue(on, ".fifo", FifoQueue="true")


def _send(on: StandIn, url: str, body: str, **more: str) -> None:
    on.client("sqs").send_message(QueueUrl=url, MessageBody=body, **more)


def _receive(on: StandIn, url: str, **more: Any) -> list[Any]:
    messages: list[Any] = (
        on.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, **more)
        .get("Messages", [])
    )
    return messages


def _bodies(messages: list[Any]) -> list[str]:
    return [message["Body"] for message in messages]


@case([["a"], [], ["a"]], _VISIBILITY)
def a_message_that_was_received_is_hidden(on: StandIn) -> Any:
    """A received message is seen by nobody until its timeout, then comes again."""
    url = _queue(on)
    _send(on, url, "a")
    (first,) = _receive(on, url)
    hidden = _receive(on, url)
    on.client("sqs").change_message_visibility(
        QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0
    )
    return [[first["Body"]], _bodies(hidden), _bodies(_receive(on, url))]


@case([["a"], ["a"], [], ["a"]], "SQS Developer Guide: Using dead-letter queues in Amazon SQS")
def a_message_that_fails_too_often_is_set_aside(on: StandIn) -> Any:
    """After maxReceiveCount receives a message goes to the dead-letter queue."""
    dead = _queue(on)
    arn = on.client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    redrive = f'{{"deadLetterTargetArn":"{arn["Attributes"]["QueueArn"]}","maxReceiveCount":2}}'
    url = _queue(on, RedrivePolicy=redrive)
    _send(on, url, "a")
    seen = [_bodies(_receive(on, url, VisibilityTimeout=0)) for _ in range(3)]
    return [*seen, _bodies(_receive(on, dead))]


@case(["1", "2"], "SQS API Reference: ReceiveMessage")
def a_message_counts_its_receives(on: StandIn) -> Any:
    """ApproximateReceiveCount says how often a message was received."""
    url = _queue(on)
    _send(on, url, "a")
    counts = []
    for _ in range(2):
        (message,) = _receive(
            on, url, VisibilityTimeout=0, AttributeNames=["ApproximateReceiveCount"]
        )
        counts.append(message["Attributes"]["ApproximateReceiveCount"])
    return counts


@case(["a"], _DEDUPLICATION)
def a_deduplication_id_is_delivered_once(on: StandIn) -> Any:
    """Within five minutes a second message under one deduplication id is accepted and dropped."""
    url = _fifo(on)
    for body in ("a", "b"):
        _send(on, url, body, MessageGroupId="g", MessageDeduplicationId="same")
    return _bodies(_receive(on, url))


@case([["g1"], ["h1"], ["g2"]], _FIFO)
def a_group_waits_for_its_first_message(on: StandIn) -> Any:
    """While a message of a group is in flight the group gives no other; other groups do."""
    url = _fifo(on)
    for body in ("g1", "g2"):
        _send(on, url, body, MessageGroupId="g", MessageDeduplicationId=body)
    sqs = on.client("sqs")
    (first,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
    _send(on, url, "h1", MessageGroupId="h", MessageDeduplicationId="h1")
    others = _bodies(_receive(on, url))
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    return [[first["Body"]], others, _bodies(_receive(on, url))]


@case("TooManyEntriesInBatchRequest", "SQS API Reference: SendMessageBatch")
def a_batch_has_at_most_10_messages(on: StandIn) -> Any:
    """A batch of eleven is refused."""
    entries = [{"Id": str(n), "MessageBody": "a"} for n in range(11)]
    url = _queue(on)
    return refusal(on.client("sqs").send_message_batch, QueueUrl=url, Entries=entries)


@case("BatchEntryIdsNotDistinct", "SQS API Reference: SendMessageBatch")
def entries_of_a_batch_have_their_own_ids(on: StandIn) -> Any:
    """A batch with the same id twice is refused."""
    entries = [{"Id": "same", "MessageBody": "a"}] * 2
    url = _queue(on)
    return refusal(on.client("sqs").send_message_batch, QueueUrl=url, Entries=entries)


@case(["accepted", "refused"], _LIMITS)
def a_message_has_at_most_1_mib(on: StandIn) -> Any:
    """A message of a mebibyte is taken, one byte more is refused."""
    url = _queue(on, MaximumMessageSize=str(_MEBIBYTE))
    answers = [refusal(_send, on=on, url=url, body="x" * (_MEBIBYTE + n)) for n in (0, 1)]
    return [answer if answer == "accepted" else "refused" for answer in answers]
