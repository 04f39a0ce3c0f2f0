"""A unit of work within a context: what its events carry, and what the one who asked gets to know."""

import asyncio
from collections.abc import Iterator, Sequence

import msgspec
import pytest

from flagkeeper.eventlog.more import More, read_more
from flagkeeper.eventlog.unit import Receipt, Unit
from flagkeeper.features.tags import commands as tags
from flagkeeper.features.tags.model import TagType
from flagkeeper.kernel.actor import SYSTEM, Actor, ActorKind
from flagkeeper.kernel.change_context import NO_CONTEXT, Cause, CauseKind, ChangeContext, Origin, OriginKind
from flagkeeper.kernel.errors import Unavailable
from tests.log import ALICE, Log

CONTEXT = ChangeContext(
    reason="Größe 世界",
    ticket="OPS-7",
    cause=Cause(CauseKind.EVENT, "4711"),
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    origin=Origin(OriginKind.CHANGE_REQUEST, "change-request/12"),
)


@pytest.fixture
def log(database_url: str) -> Iterator[Log]:
    found = Log(database_url)
    yield found
    found.close()


def make_types(unit: Unit, names: Sequence[str]) -> None:
    for name in names:
        tags.create_type(unit, TagType(name=f"type-{name}", description="", icon=None, color=None))


def test_events_carry_the_context(log: Log) -> None:
    pat = Actor("ada", 7, "203.0.113.9", ActorKind.PAT, "3")
    log.units.within(CONTEXT).run_now(pat, make_types, ["a", "b"])
    newest, older = log.events(limit=2)
    for row in (newest, older):
        assert (row.group_type, row.group_id) == ("change-request", "change-request/12")
        assert read_more(row.more) == More(
            reason="Größe 世界",
            ticket="OPS-7",
            cause=Cause("event", "4711"),
            actor_kind="pat",
            credential_id="3",
            trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        )


def test_without_a_context_a_change_is_a_transaction_of_its_own(log: Log) -> None:
    log.run(make_types, ["a", "b"])
    log.run(make_types, ["c"])
    third, second, first = log.events(limit=3)
    assert {row.group_type for row in (first, second, third)} == {"transaction"}
    assert first.group_id == second.group_id != third.group_id
    assert read_more(third.more) == More(actor_kind="user")


def test_an_actor_of_unknown_kind_leaves_the_column_empty(log: Log) -> None:
    log.units.run_now(Actor("old", 9), make_types, ["a"])
    assert log.events(limit=1)[0].more is None


def test_a_command_knows_its_context(log: Log) -> None:
    def origin(unit: Unit) -> Origin:
        return unit.context.origin

    assert log.units.within(CONTEXT).run_now(SYSTEM, origin) == CONTEXT.origin
    assert log.units.run_now(SYSTEM, origin) == Origin()


def test_receipts_name_the_events_of_each_commit(log: Log) -> None:
    async def change() -> "list[Receipt]":
        receipts: list[Receipt] = []
        units = log.units.within(NO_CONTEXT, receipts)
        await units.run(ALICE, make_types, ["a", "b"])
        await units.run(ALICE, make_types, [])
        await log.units.run(ALICE, make_types, ["somebody-elses"])
        await units.run_chunks(ALICE, make_types, ["c", "d", "e"], 2)
        return receipts

    before = log.count()
    receipts = asyncio.run(change())
    ranges = [(each.first_id - before, each.last_id - before) for each in receipts]
    assert ranges == [(1, 2), (4, 5), (6, 6)]
    assert {each.types for each in receipts} == {frozenset({"tag-type-created"})}


def test_units_that_share_a_commit_have_receipts_of_their_own(log: Log) -> None:
    async def change(number: int) -> Receipt:
        receipts: list[Receipt] = []
        await log.units.within(NO_CONTEXT, receipts).run(ALICE, make_types, [f"{number}-{each}" for each in "ab"])
        (receipt,) = receipts
        return receipt

    async def all_at_once() -> "list[Receipt]":
        return await asyncio.gather(*(change(number) for number in range(40)))

    receipts = asyncio.run(all_at_once())
    rows = {row.id: row for row in log.events()}
    for number, receipt in enumerate(receipts):
        assert receipt.last_id == receipt.first_id + 1
        told = [msgspec.json.decode(rows[each].data or "{}")["name"] for each in (receipt.first_id, receipt.last_id)]
        assert told == [f"type-{number}-a", f"type-{number}-b"]
    assert log.units.writer.commits < log.units.writer.units, "some of them shared a commit"


def test_a_change_that_cannot_be_seen_yet_is_stored_and_says_so(log: Log) -> None:
    async def never(_: Receipt) -> None:
        raise Unavailable("The change is stored, but not yet visible everywhere.")

    receipts: list[Receipt] = []
    with pytest.raises(Unavailable, match="is stored"):
        asyncio.run(log.units.within(NO_CONTEXT, receipts, never).run(ALICE, make_types, ["a"]))
    assert [each.last_id for each in receipts] == [log.count()]
