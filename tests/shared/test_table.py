"""The table: one conditional write per change, and refusals that carry the truth."""

from __future__ import annotations

import pytest
from pynamodb.exceptions import VerboseClientError

from shared import aws
from shared.table import Refused, Transaction, Unmet, page
from tests.shared.answers import answer_once
from tests.shared.things import COMMUNITY, Thing, thing

PK = f"{COMMUNITY}#thing"
on_both = pytest.mark.usefixtures("things_table")
on_moto = pytest.mark.usefixtures("moto_things")


@on_both
def test_what_was_put_is_found_as_it_was() -> None:
    thing(1, name="lamp", owner="per_1").put()
    found = Thing.find(PK, "0001")
    assert found is not None
    assert (found.name, found.owner, found.version) == ("lamp", "per_1", 1)


@on_both
def test_what_was_never_put_is_not_found() -> None:
    assert Thing.find(PK, "0001") is None


@on_both
def test_a_new_record_must_not_exist_yet() -> None:
    thing(1, name="lamp").put()
    with pytest.raises(Refused) as refusal:
        thing(1, name="chair").put()
    assert refusal.value.stored is not None
    assert refusal.value.stored["name"] == {"S": "lamp"}
    assert stored_name() == "lamp"


@on_both
def test_each_write_raises_the_version() -> None:
    kept = thing(1, name="lamp")
    kept.put()
    kept.name = "chair"
    kept.put()
    found = Thing.find(PK, "0001")
    assert found is not None
    assert (found.version, found.name, kept.version) == (2, "chair", 2)


@on_both
def test_a_stale_version_changes_nothing() -> None:
    thing(1, name="lamp").put()
    mine, theirs = Thing.find(PK, "0001"), Thing.find(PK, "0001")
    assert mine is not None
    assert theirs is not None
    theirs.name = "theirs"
    theirs.put()
    mine.name = "mine"
    with pytest.raises(Refused) as refusal:
        mine.put()
    assert refusal.value.stored is not None
    assert refusal.value.stored["name"] == {"S": "theirs"}
    assert stored_name() == "theirs"


@on_both
def test_a_condition_that_does_not_hold_changes_nothing() -> None:
    thing(1, name="lamp").put()
    found = Thing.find(PK, "0001")
    assert found is not None
    found.owner = "per_2"
    with pytest.raises(Refused) as refusal:
        found.put(Thing.name == "chair")
    assert refusal.value.stored is not None
    assert "owner" not in refusal.value.stored
    assert found.version == 1


@on_both
def test_a_write_to_what_was_deleted_is_refused_without_an_item() -> None:
    thing(1, name="lamp").put()
    found = Thing.find(PK, "0001")
    assert found is not None
    with Transaction() as transaction:
        transaction.delete_blind(thing(1))
    with pytest.raises(Refused) as refusal:
        found.put()
    assert refusal.value.stored is None


@on_moto
def test_a_write_that_took_effect_before_its_answer_was_lost_meets_itself() -> None:
    tries = answer_once("PutItem", 500, "InternalServerError", applied=True)
    mine = thing(1, name="lamp", event="made")
    with pytest.raises(Refused) as refusal:
        mine.put()
    assert len(tries) == 2
    assert refusal.value.stored == {
        "pk": {"S": PK},
        "sk": {"S": "0001"},
        "name": {"S": "lamp"},
        "event": {"S": "made"},
        "version": {"N": "1"},
    }


@on_moto
def test_a_write_that_failed_before_taking_effect_is_tried_again() -> None:
    tries = answer_once("PutItem", 500, "InternalServerError", applied=False)
    thing(1, name="lamp").put()
    assert len(tries) == 2
    assert stored_name() == "lamp"


@on_moto
def test_another_error_of_the_table_is_no_refusal() -> None:
    answer_once("PutItem", 400, "ItemCollectionSizeLimitExceededException", applied=False)
    with pytest.raises(VerboseClientError, match="ItemCollectionSizeLimitExceeded"):
        thing(1).put()


@on_both
def test_an_absent_table_is_a_fault() -> None:
    aws.client("dynamodb").delete_table(TableName=aws.setting("THINGS_TABLE"))
    with pytest.raises(VerboseClientError, match="ResourceNotFound"):
        thing(1).put()


@on_both
def test_a_transaction_stores_all_of_its_records() -> None:
    with Transaction() as transaction:
        transaction.put(thing(1, name="lamp"))
        transaction.put(thing(2, name="chair"))
    assert [item.name for item in listed()] == ["lamp", "chair"]


@on_both
def test_a_transaction_with_one_refused_write_stores_nothing() -> None:
    thing(2, name="mine").put()
    transaction = Transaction()
    transaction.put(thing(1, name="lamp"))
    transaction.put(thing(2, name="chair"))
    with pytest.raises(Refused) as refusal, transaction:
        pass
    assert refusal.value.stored is not None
    assert refusal.value.stored["name"] == {"S": "mine"}
    assert [item.name for item in listed()] == ["mine"]


@on_both
def test_a_transaction_left_by_an_error_stores_nothing() -> None:
    transaction = Transaction()
    transaction.put(thing(1))
    with pytest.raises(RuntimeError, match="changed my mind"), transaction:
        raise RuntimeError("changed my mind")
    assert listed() == ()


@on_moto
def test_a_transaction_that_took_effect_before_its_answer_was_lost_meets_itself() -> None:
    answer_once("TransactWriteItems", 500, "InternalServerError", applied=True)
    transaction = Transaction()
    transaction.put(thing(1, name="lamp"))
    with pytest.raises(Refused) as refusal, transaction:
        pass
    assert refusal.value.stored is not None
    assert refusal.value.stored["name"] == {"S": "lamp"}


@on_both
def test_a_part_is_changed_without_being_read() -> None:
    thing(1, name="lamp").put()
    with Transaction() as transaction:
        transaction.update(thing(1), [Thing.owner.set("per_2")], Thing.pk.exists())
    found = Thing.find(PK, "0001")
    assert found is not None
    assert (found.name, found.owner) == ("lamp", "per_2")


@on_both
def test_a_part_is_not_changed_where_its_condition_fails() -> None:
    transaction = Transaction()
    transaction.update(thing(1), [Thing.owner.set("per_2")], Thing.pk.exists())
    with pytest.raises(Refused) as refusal, transaction:
        pass
    assert refusal.value.stored is None
    assert listed() == ()


@on_both
def test_nothing_happens_unless_another_record_is_as_required() -> None:
    thing(1, name="closed").put()
    transaction = Transaction()
    transaction.require(Thing, PK, "0001", Thing.name == "open")
    transaction.put(thing(2))
    with pytest.raises(Unmet), transaction:
        pass
    assert len(listed()) == 1
    with Transaction() as allowed:
        allowed.require(Thing, PK, "0001", Thing.name == "closed")
        allowed.put(thing(2))
    assert len(listed()) == 2


@on_both
def test_what_is_required_is_told_from_what_was_to_be_written() -> None:
    """In whatever order they were named, and though no item comes with either refusal."""
    thing(1, name="closed").put()
    for name, wanted in (("open", Unmet), ("closed", Refused)):
        transaction = Transaction()
        transaction.delete_blind(thing(3))
        transaction.require(Thing, PK, "0001", Thing.name == name)
        transaction.update(thing(2), [Thing.owner.set("per_2")], Thing.pk.exists())
        with pytest.raises(Refused) as refusal, transaction:
            pass
        assert type(refusal.value) is wanted
    assert len(listed()) == 1


@on_both
def test_a_record_that_was_read_is_deleted_only_in_that_version() -> None:
    thing(1, name="lamp").put()
    read = Thing.find(PK, "0001")
    newer = Thing.find(PK, "0001")
    assert read is not None
    assert newer is not None
    newer.put()
    transaction = Transaction()
    transaction.delete(read)
    with pytest.raises(Refused), transaction:
        pass
    with Transaction() as allowed:
        allowed.delete(newer)
    assert listed() == ()


@on_both
def test_what_does_not_exist_cannot_be_deleted_blindly() -> None:
    transaction = Transaction()
    transaction.delete_blind(thing(1))
    with pytest.raises(Refused), transaction:
        pass


def listed() -> tuple[Thing, ...]:
    return page(Thing, PK, limit=100, cursor=None).items


def stored_name() -> str | None:
    found = Thing.find(PK, "0001")
    assert found is not None
    return found.name
