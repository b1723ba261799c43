"""What people cost: calls of AWS until they are signed in, of KMS for their details, and bytes."""

from __future__ import annotations

from dataclasses import dataclass

from local.apps import put_on_path
from shared import aws, clock, vault
from shared.auth import SIGNED_IN, Caller
from tests import stories
from tests.bench import costs
from tests.harness import canaries
from tests.harness.calls import heard
from tests.harness.units import item_bytes

put_on_path()
MAX_KMS_CALLS = 1
"""For a hundred writes of personal data, in a process that starts cold."""
MAX_BYTES = 470
"""For the five fields of a person, with the key that seals them."""
_WRITES = 100
_SIGN_INS = (
    *("identity.sign_in_by_wechat", "identity.sign_in_by_code"),
    *("identity.sign_in_by_password", "identity.refresh_session"),
)
_ORDINARY = ("community.authorize", "repairs.list_tickets", "repairs.report_repair")
"""The authorizer is asked once a minute for each token; the gateway keeps its answer."""


@dataclass(frozen=True)
class Count:
    """One line of the table."""

    what: str
    reached: int
    most: int | None = None


def counts() -> list[Count]:
    """All of them, counted now."""
    found = []
    for name in (*_SIGN_INS, *_ORDINARY):
        capability, _, way = name.partition(".")
        calls = costs.dearest(stories.runs(capability))[way].calls
        found.append(Count(f"AWS calls, {name}", calls))
    with stories.in_its_place("identity"):
        found.append(Count("bytes of a person's five fields", bytes_of_a_person(), MAX_BYTES))
        kms = kms_calls()
        found.append(Count(f"KMS calls, {_WRITES} personal-data writes", kms, MAX_KMS_CALLS))
    return found


def kms_calls() -> int:
    """Calls of KMS for a hundred changes of somebody's name, one after another."""
    from chalicelib.identity.persons import actions, arrivals
    from chalicelib.identity.persons.rules import Details
    from chalicelib.identity.persons.shapes import ChangeAccount

    person = arrivals.arrive("phone", canaries.OWNER_PHONE, Details(), clock.now())
    caller = Caller(person.id, (), SIGNED_IN)
    vault._data_key.cache_clear()
    with heard() as calls:
        for number in range(_WRITES):
            actions.change_account(caller, ChangeAccount(name=f"张{number}"), clock.now())
    of_kms = aws.client("kms").meta.method_to_api_mapping.values()
    return sum(name in of_kms for name in calls.operations)


def bytes_of_a_person() -> int:
    """What the table keeps of name, phone, id number, openid and unionid, and of their key."""
    from chalicelib.identity.persons import arrivals
    from chalicelib.identity.persons.rules import Details

    openid, unionid = "oGZUI0egBJY1zhBYw2KhdUfwVJJE", "o6_bmasdasdsad6_2"
    details = Details(canaries.OWNER_NAME, canaries.OWNER_PHONE, canaries.OWNER_ID, openid, unionid)
    person = arrivals.arrive("phone", details.phone, details, clock.now())
    pk = {"S": f"platform#person#{person.id}"}
    dynamodb, table = aws.client("dynamodb"), aws.setting("TABLE")
    rows = {
        kind: dynamodb.get_item(TableName=table, Key={"pk": pk, "sk": {"S": kind}})["Item"]
        for kind in ("person", "key")
    }
    envelope = {"envelope": rows["person"]["envelope"]}
    return item_bytes(rows["key"]) + item_bytes(envelope)
