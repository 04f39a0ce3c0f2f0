"""A person who is gone is forgotten everywhere, and the log stays what it was."""

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from sqlalchemy import LargeBinary, Text, insert, select

from flagkeeper.eventlog.archive import live, pseudonymiser, pseudonyms, store
from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archiver import RetentionPolicy
from flagkeeper.eventlog.archive.blob_store import BlobStore
from flagkeeper.eventlog.archive.lease import archive_lease
from flagkeeper.eventlog.archive.ledger import ArchiveLedger
from flagkeeper.eventlog.archive.own_names import names_beside_the_log
from flagkeeper.eventlog.archive.pseudonymiser import PseudonymContext, put_in_place
from flagkeeper.eventlog.archive.pseudonyms import Pseudonym
from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.more import More, read_more
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.eventlog.tables import log_quarantine
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.flags.commands import create
from flagkeeper.features.flags.model.flag import FlagDraft
from flagkeeper.features.flags.queries.states import flag_states
from flagkeeper.features.groups import commands as groups
from flagkeeper.features.retention import commands
from flagkeeper.features.retention.model import Person
from flagkeeper.features.searches import commands as searches
from flagkeeper.features.searches.model import SearchDraft
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import UserChange, draft
from flagkeeper.features.users.queries import names_in_use
from flagkeeper.integrations.delivery import store as delivery_store
from flagkeeper.integrations.delivery.tables import integration_events
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.change_context import ChangeContext
from flagkeeper.kernel.errors import BadData, Conflict, NotFound, Unavailable
from flagkeeper.schema import metadata
from flagkeeper.slices import SLICES
from flagkeeper.storage.sequences import take_up_to
from flagkeeper.storage.statement import Query, Write, columns
from flagkeeper.storage.transaction import Transaction
from tests.archive import archived, archiver, everything, fill, place_in
from tests.flags import seed
from tests.keeping import check_versions
from tests.log import ALICE, Log

pytestmark = pytest.mark.slow

OLD = ("grace", "grace@example.com", "Grace B. Hopper", "grace.new@example.com")
LOOKALIKES = ("grace.smith@example.com", "disgrace", "grace-period")
_ATTEMPT = Write[Any](insert(integration_events))
_QUARANTINE = Write[Any](insert(log_quarantine))
ELSEWHERE = [names for each in SLICES for names in each.names_outside_log]


@pytest.fixture(autouse=True)
def roles(log: Log) -> None:
    log.run(access.seed)


def live_and_leave(log: Log) -> int:
    """Grace comes, works, is talked about, gets another address, and is deleted. Her id."""
    grace = log.run(
        users.create, draft(username="grace", email="grace@example.com", name="Grace B. Hopper", root_role=3)
    )
    actor = Actor("grace@example.com", grace.id, "203.0.113.7")
    fill(log, 300)
    for number in range(5):
        wanted = SegmentDraft(
            name=f"segment {number}",
            description=f"by Grace B. Hopper, not {LOOKALIKES[number % 3]}; ask grace.",
            constraints=[],
            project=None,
        )
        why = ChangeContext(reason="Grace B. Hopper said so", ticket="see grace@example.com")
        log.units.within(why).run_now(actor if number < 3 else ALICE, segments.create, wanted)
    fill(log, 300, seed=2)
    for by, shared in ((actor, True), (actor, False), (SYSTEM, True)):
        wanted_search = SearchDraft(
            name=f"What {'grace' if shared else 'Grace B. Hopper'} did",
            query='by:grace,grace@example.com "Grace B. Hopper"',
            description="ask grace",
            shared=shared,
        )
        log.units.run_now(by, searches.create, wanted_search)
    log.run(users.update, grace.id, UserChange(email="grace.new@example.com"))
    log.run(_troubles)
    log.run(users.delete, grace.id, lambda _unit, _user_id: None, searches.leave_shared_of, groups.leave_all)
    fill(log, 100, seed=3)
    found: int = grace.id
    return found


def _troubles(unit: Unit) -> None:
    body = '{"text":"<b>Grace B. Hopper</b> wrote \\"grace@example.com\\"","url":"https://x/?u=grace%40example.com"}'
    for number in range(1, 1_203):
        unit.tx.write(
            _ATTEMPT, id=number, integration_id=1, event_id=number % 300 + 1, created_at=5, state="failed",
            state_details="404: no grace@example.com here", details=body if number % 2 else "{}",
        )  # fmt: skip
    unit.tx.write(_QUARANTINE, follower="f", event_id=3, error="KeyError: 'grace'", created_at=1)


def context(log: Log, blobs: BlobStore | None, **changes: Any) -> PseudonymContext:
    return PseudonymContext(blobs, log.units, log.reader, names_in_use, ELSEWHERE, **changes)


def forget(log: Log, blobs: BlobStore | None, person: Person, **changes: Any) -> Pseudonym | None:
    why = ChangeContext(reason="Grace B. Hopper wants it", ticket="GDPR-1")
    asked = log.units.within(why).run_now(ALICE, commands.ask_pseudonym, person)
    return put_in_place(context(log, blobs, **changes), asked.pseudonym)


def places_of(log: Log, folder: Path, words: Iterable[str]) -> list[str]:
    """Every column of every table, and every file of the archive, that has one of these words in it."""
    found: list[str] = []
    for table in metadata.sorted_tables:
        kept = [column for column in table.columns if isinstance(column.type, Text | LargeBinary)]
        for row in log.read(_rows, Query(select(*kept), columns)) if kept else []:
            for column, value in zip(kept, row, strict=True):
                packed = isinstance(column.type, LargeBinary)
                text = zlib.decompress(bytes(value)).decode() if packed and value else value or ""
                if any(word in text for word in words):
                    found.append(f"{table.name}.{column.name}: {text}")
    for path in folder.rglob("*"):
        if path.suffix == ".parquet":
            for row in pq.read_table(path).to_pylist():
                texts = [str(value) for value in row.values()]
                texts += [zlib.decompress(each["state"]).decode() for each in row["versions"] if each["state"]]
                found += [f"{path.name}: {text}" for text in texts if any(word in text for word in words)]
        elif path.is_file():
            found += [path.name for word in words if word in path.read_text()]
    return found


def _rows(tx: Transaction, query: Query[Any]) -> list[Any]:
    return tx.all(query)


def whole(log: Log, blobs: BlobStore) -> list[StoredEvent]:
    return archived(log, blobs) + everything(log)


def skeleton(events: Sequence[StoredEvent]) -> list[Any]:
    """What must stay as it was."""
    return [
        (
            event.row.id, event.row.type, event.row.created_at, event.row.created_by_user_id, event.row.project,
            event.row.environment, event.row.feature_name, event.row.label, event.row.ip, event.row.group_id,
            event.subject, event.reach, event.version and (event.version.kind, event.version.schema),
        )
        for event in events
    ]  # fmt: skip


@pytest.mark.parametrize("keep", [0, 200, 10_000])
@pytest.mark.causes("flagkeeper-actor-pseudonymised", action="flagkeeper user pseudonymise")
def test_nobody_finds_the_old_names_anywhere(log: Log, tmp_path: Path, keep: int) -> None:
    user_id = live_and_leave(log)
    blobs = place_in(tmp_path)
    archiver(log, blobs, RetentionPolicy(keep_events=keep)).run(ALICE)
    before = whole(log, blobs)
    assert places_of(log, tmp_path / "archive", OLD)

    done = forget(log, blobs, Person(user_id=user_id))

    after = whole(log, blobs)
    # The names occur inside longer ones too: those stay, and nothing else.
    left = [text for text in places_of(log, tmp_path / "archive", OLD) if not any(each in text for each in LOOKALIKES)]
    assert left == []
    for lookalike in LOOKALIKES:
        assert places_of(log, tmp_path / "archive", [lookalike]), lookalike
    assert skeleton(after[: len(before)]) == skeleton(before)
    assert done is not None
    assert done.events == sum(old != new for old, new in zip(before, after, strict=False))
    (told,) = after[len(before) :]
    assert told.row.type == "flagkeeper-actor-pseudonymised"
    said = {"pseudonym": f"former-user-{user_id}", "userId": user_id, "events": done.events}
    assert msgspec.json.decode(told.row.data or "") == said
    assert (told.row.created_by, done.names) == (ALICE.name, ())
    assert read_more(told.row.more) == More(
        reason=f"former-user-{user_id} wants it", ticket="GDPR-1", actor_kind="user"
    )
    authors = {event.row.created_by for event in after if event.row.created_by_user_id == user_id}
    assert authors == {f"former-user-{user_id}"}
    unchanged = [(old, new) for old, new in zip(before, after, strict=False) if "Hopper" not in str(old)]
    assert sum(old == new for old, new in unchanged) > 600


def test_segments_are_replaced_by_a_new_version_of_the_manifest(log: Log, tmp_path: Path) -> None:
    user_id = live_and_leave(log)
    blobs = place_in(tmp_path)
    archiver(log, blobs, RetentionPolicy(keep_events=200), largest=100).run(ALICE)
    old = log.read(store.segments)
    versions = blobs.names("manifests")
    forget(log, blobs, Person(user_id=user_id))
    new = log.read(store.segments)
    changed = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    assert 0 < len(changed) < len(old), "what does not name the person stays as it is"
    assert all((one.first_id, one.last_id) == (other.first_id, other.last_id) for one, other in changed)
    assert set(blobs.names("segments")) == {segment.file for segment in new}
    assert blobs.names("manifests")[: len(versions)] == versions
    assert len(blobs.names("manifests")) == len(versions) + len(changed)


def test_a_segment_that_was_replaced_meanwhile_is_not_replaced_again(log: Log, tmp_path: Path) -> None:
    fill(log, 300)
    blobs = place_in(tmp_path)
    archiver(log, blobs, RetentionPolicy(keep_events=100)).run(ALICE)
    first, *others = log.read(store.segments)
    newer, late = (msgspec.structs.replace(first, file=f"segments/{name}") for name in ("newer", "late"))
    with archive_lease(log.units) as mine:
        ledger = ArchiveLedger(blobs, log.units, log.reader, mine)
        log.run(ledger.switch, first, newer)
        with pytest.raises(Conflict, match="replaced this segment"):
            log.run(ledger.switch, first, late)
    assert log.read(store.segments) == [newer, *others]


def test_the_index_takes_in_what_was_touched(log: Log, tmp_path: Path) -> None:
    user_id = live_and_leave(log)
    blobs = place_in(tmp_path)
    archiver(log, blobs, RetentionPolicy(keep_events=200), largest=200).run(ALICE)
    before = whole(log, blobs)
    asked: list[tuple[int, int]] = []
    forget(log, blobs, Person(user_id=user_id), reindex=lambda first, last: asked.append((first, last)))
    after = whole(log, blobs)
    touched = {old.row.id for old, new in zip(before, after, strict=False) if old != new}
    assert touched <= {event_id for first, last in asked for event_id in range(first, last + 1)}
    assert all(first in touched and last in touched for first, last in asked)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (pseudonymiser, "write"),
        (pseudonymiser, "verify"),
        (ArchiveLedger, "announce"),
        (ArchiveLedger, "switch"),
        (ArchiveLedger, "close"),
        (live, "rewrite"),
        (pseudonyms, "save"),
        (live, "lock_head"),
    ],
)
@pytest.mark.parametrize("when", [1, 2, 4])
def test_it_goes_on_where_it_was_cut_off(
    log: Log, tmp_path: Path, where: Any, name: str, when: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = live_and_leave(log)
    blobs = place_in(tmp_path)
    archiver(log, blobs, RetentionPolicy(keep_events=200), largest=150).run(ALICE)
    before = whole(log, blobs)
    real, calls = getattr(where, name), [0]

    def failing(*args: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] == when:
            raise OSError("cut off")
        return real(*args, **more)

    asked = log.units.run_now(ALICE, commands.ask_pseudonym, Person(user_id=user_id))
    cut_off = False
    with monkeypatch.context() as patched:
        patched.setattr(where, name, failing)
        try:
            put_in_place(context(log, blobs), asked.pseudonym)
        except OSError:
            cut_off = True
    assert cut_off or when > 1
    if cut_off:
        with pytest.raises(Conflict, match="must be finished"):
            archiver(log, blobs, RetentionPolicy(keep_events=10)).run(ALICE)
        again = log.units.run_now(ALICE, commands.ask_pseudonym, Person(user_id=user_id))
        assert again.pseudonym == asked.pseudonym
        done = put_in_place(context(log, blobs), asked.pseudonym)
        assert done is not None
        changed = sum(old != new for old, new in zip(before, whole(log, blobs), strict=False))
        assert done.events == changed
    after = whole(log, blobs)
    assert skeleton(after[: len(before)]) == skeleton(before)
    assert [event.row.type for event in after[len(before) :]] == ["flagkeeper-actor-pseudonymised"]
    left = [text for text in places_of(log, tmp_path / "archive", OLD) if not any(each in text for each in LOOKALIKES)]
    assert left == []
    assert set(blobs.names("segments")) == {segment.file for segment in log.read(store.segments)}


def test_a_table_that_the_version_which_began_does_not_know_is_gone_through_too(log: Log, tmp_path: Path) -> None:
    person = Person(user_id=live_and_leave(log))
    passes: list[Replacement] = []

    def cut_off(_unit: Unit, words: Replacement, _position: int) -> None:
        passes.append(words)
        if len(passes) == 2:  # after the rows of the log
            raise Unavailable("a power failure")

    asked = log.units.run_now(ALICE, commands.ask_pseudonym, person)
    with pytest.raises(Unavailable, match="power"):
        put_in_place(context(log, None)._replace(elsewhere=[names_beside_the_log, cut_off]), asked.pseudonym)
    assert put_in_place(context(log, None), asked.pseudonym)
    left = [text for text in places_of(log, tmp_path / "archive", OLD) if not any(each in text for each in LOOKALIKES)]
    assert left == []


def test_an_actor_without_an_id(log: Log, tmp_path: Path) -> None:
    deploy = Actor("cli:grace", -2)
    log.units.run_now(deploy, segments.create, SegmentDraft(name="s", description=None, constraints=[], project=None))
    fill(log, 20)
    done = forget(log, None, Person(name=" cli:grace "))
    assert done is not None
    assert done.pseudonym.startswith("former-actor-")
    assert done.events == 1
    assert not places_of(log, tmp_path / "none", ["cli:grace"])
    assert forget(log, None, Person(name="cli:grace")) is None, "the name stands nowhere any more"
    assert len(log.read(pseudonyms.all_pseudonyms)) == 1


def test_of_somebody_whom_the_log_never_names_nothing_is_looked_through(log: Log, tmp_path: Path) -> None:
    fill(log, 300)
    log.run(_give_out_ids, 5)
    blobs = place_in(tmp_path)
    archiver(log, blobs, RetentionPolicy(keep_events=100)).run(ALICE)
    before, files = whole(log, blobs), blobs.names("manifests") + blobs.names("segments")
    looked: list[Any] = []

    def elsewhere(_unit: Unit, _words: Replacement, position: int) -> None:
        looked.append(position)

    asked = log.units.run_now(ALICE, commands.ask_pseudonym, Person(user_id=5))
    watched = context(log, blobs)._replace(elsewhere=[elsewhere])
    assert put_in_place(watched, asked.pseudonym, lambda reached, last: looked.append((reached, last))) is None
    assert looked == []
    assert (whole(log, blobs), blobs.names("manifests") + blobs.names("segments")) == (before, files)
    assert log.read(pseudonyms.all_pseudonyms) == [], "nobody is told of it"


def _give_out_ids(unit: Unit, last: int) -> None:
    take_up_to(unit.tx, "users", last)


def test_who_is_still_there_is_not_forgotten(log: Log) -> None:
    user = log.run(users.create, draft(username="ada", email="ada@example.com", root_role=3))
    for person, error in (
        (Person(user_id=user.id), Conflict),
        (Person(name="ada"), Conflict),
        (Person(name="ADA@example.com"), Conflict),
        (Person(name=ALICE.name), Conflict),
        (Person(user_id=user.id + 1), NotFound),
        (Person(user_id=0), NotFound),
        (Person(), BadData),
        (Person(user_id=1, name="x"), BadData),
        (Person(name="x"), BadData),
        (Person(name="unleash_system_user"), BadData),
    ):
        with pytest.raises(error):
            log.units.run_now(ALICE, commands.ask_pseudonym, person)
    assert log.read(pseudonyms.all_pseudonyms) == []


def test_what_is_still_equals_what_was_kept(log: Log) -> None:
    seed(log)
    user = log.run(
        users.create, draft(username="grace", email="grace@example.com", name="Grace B. Hopper", root_role=3)
    )
    actor = Actor("grace@example.com", user.id)
    log.units.run_now(actor, create.create, "default", FlagDraft(name="hers"))
    segment = SegmentDraft(name="hers", description=None, constraints=[], project=None)
    log.units.run_now(actor, segments.create, segment)
    log.run(users.delete, user.id, lambda _unit, _user_id: None, searches.leave_shared_of, groups.leave_all)
    assert forget(log, None, Person(user_id=user.id))
    check_versions(log, {"flag", "flag-environment", "segment"})
    (state,) = log.read(flag_states, ["hers"]).values()
    assert state.created_by == f"former-user-{user.id}"


def test_a_successor_with_the_same_address_keeps_it(log: Log) -> None:
    first = log.run(users.create, draft(username="ops", email="ops@example.com", name="Olga P. Stone", root_role=3))
    log.units.run_now(
        Actor("ops@example.com", first.id),
        segments.create,
        SegmentDraft(name="one", description=None, constraints=[], project=None),
    )
    log.run(users.delete, first.id, lambda _unit, _user_id: None, searches.leave_shared_of, groups.leave_all)
    second = log.run(users.create, draft(username="ops", email="ops@example.com", name="Otto", root_role=3))
    log.units.run_now(
        Actor("ops@example.com", second.id),
        segments.create,
        SegmentDraft(name="two", description=None, constraints=[], project=None),
    )
    forget(log, None, Person(user_id=first.id))
    authors = {event.row.created_by_user_id: event.row.created_by for event in everything(log)}
    assert authors[first.id] == f"former-user-{first.id}"
    assert authors[second.id] == "ops@example.com"
    assert not [event for event in everything(log) if "Olga" in str(event)]


def test_a_hold_keeps_names_too(log: Log, tmp_path: Path) -> None:
    user_id = live_and_leave(log)
    hold = log.run(commands.place_hold, "case 4711")
    with pytest.raises(Conflict, match="case 4711"):
        log.units.run_now(ALICE, commands.ask_pseudonym, Person(user_id=user_id))
    log.run(commands.lift_hold, hold.id)
    asked = log.units.run_now(ALICE, commands.ask_pseudonym, Person(user_id=user_id))
    log.run(commands.place_hold, "case 4712")
    with pytest.raises(Conflict, match="case 4712"):
        put_in_place(context(log, None), asked.pseudonym)
    assert places_of(log, tmp_path / "archive", ["Grace B. Hopper"])


def test_archived_events_are_read_with_the_pseudonym_at_once(log: Log, tmp_path: Path) -> None:
    """A reader that has looked into a segment before sees the new one."""
    user_id = live_and_leave(log)
    blobs = place_in(tmp_path)
    archiver(log, blobs, RetentionPolicy(keep_events=200)).run(ALICE)
    archived = Archive(blobs)
    log.read(archived.between, 1, 500)
    forget(log, blobs, Person(user_id=user_id))
    assert not [row for row in log.read(archived.between, 1, 500) if "Hopper" in str(row)]


assert delivery_store.SOME < 1_203, "attempts are rewritten in more than one step"


def test_a_pseudonym_that_nobody_asked_for_is_not_put_in_place(log: Log) -> None:
    with pytest.raises(NotFound, match="person-0"):
        put_in_place(context(log, None), "person-0")
