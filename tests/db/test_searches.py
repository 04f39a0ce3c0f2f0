"""Saved searches in the database: names are taken once, whoever is first, and people are forgotten in them."""

from concurrent.futures import wait

import pytest

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.features.access import commands as access
from flagkeeper.features.groups import commands as groups
from flagkeeper.features.searches import commands, queries, store
from flagkeeper.features.searches.model import Asker, SavedSearch, SearchDraft, SearchState
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import draft as user_draft
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.errors import Conflict, NameExists, NotFound
from tests.log import Log


@pytest.fixture
def ada(log: Log) -> Actor:
    log.run(access.seed)
    return Actor("ada", log.run(users.create, user_draft(username="ada", root_role=1)).id)


def draft(name: str, query: str = "", *, shared: bool = False) -> SearchDraft:
    return SearchDraft(name=name, query=query, shared=shared)


def save(log: Log, actor: Actor, wanted: SearchDraft) -> SavedSearch:
    return log.units.run_now(actor, commands.create, wanted)


def seen(log: Log, actor: Actor) -> list[SavedSearch]:
    found: list[SavedSearch] = log.read(queries.searches_for, Asker(user_id=actor.user_id, is_admin=False))
    return found


@pytest.mark.parametrize("nobody", [False, True])
def test_of_several_who_take_a_name_at_once_one_gets_it(log: Log, ada: Actor, *, nobody: bool) -> None:
    actor, other = (SYSTEM if nobody else ada), Log(log.database)
    asker = Asker(user_id=None if nobody else ada.user_id, is_admin=True)
    old = save(log, actor, draft("old", shared=True))
    for number in range(10):
        name = f"search {number}"
        futures = [
            other.units.submit(actor, commands.create, draft(name, shared=True)),
            log.units.submit(actor, commands.update, old.id, draft(name, shared=True), asker),
            other.units.submit(actor, commands.create, draft(name, shared=True)),
        ]
        wait(futures)
        failures = [each.exception() for each in futures if each.exception() is not None]
        assert [type(each) for each in failures] == [NameExists, NameExists]
    names = [each.name for each in seen(log, ada)]
    assert len(set(names)) == len(names)
    other.close()


def test_whoever_was_deleted_meanwhile_saves_nothing(log: Log, ada: Actor) -> None:
    with pytest.raises(Conflict, match="deleted meanwhile"):
        save(log, Actor("gone", ada.user_id + 1), draft("mine"))
    assert seen(log, ada) == []
    assert save(log, ada, draft("mine")).name == "mine"


def test_a_search_that_is_changed_while_its_owner_goes(log: Log, ada: Actor) -> None:
    other = Log(log.database)
    admin = Asker(user_id=None, is_admin=True)
    log.run(users.create, user_draft(username="root", root_role=1))
    shared = [save(log, ada, draft(f"search {number}", shared=True)) for number in range(20)]
    changes = [
        other.units.submit(SYSTEM, commands.update, each.id, draft(f"new {each.id}", shared=True), admin)
        for each in reversed(shared)
    ]
    log.units.run_now(
        SYSTEM, users.delete, ada.user_id, lambda _unit, _user_id: None, commands.leave_shared_of, groups.leave_all
    )
    wait(changes)
    left = log.read(queries.searches_for, admin)
    assert {(each.user_id, each.name) for each in left} == {(None, f"new {each.id}") for each in shared}
    other.close()


def test_versions_tell_what_a_search_was(log: Log, ada: Actor) -> None:
    saved = save(log, ada, draft("night", "since:2h"))
    assert SearchState.unpack(SearchState.schema, saved.state().pack()) == saved.state()


def test_names_of_a_person_become_one_pseudonym(log: Log, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SOME", 2)
    replacement = Replacement("former-user-9", ["grace", "grace@example.com"])
    for name, query in (("grace", "by:grace"), ("grace@example.com", "-by:bot,grace@example.com"), ("other", "by:x")):
        save(log, ada, draft(name, query))
    nobodys = save(log, Actor("grace", -42), draft("disgrace", "grace", shared=True))
    before, position = log.count(), 0
    while (reached := log.run(commands.forget_names, replacement, position)) is not None:
        assert reached > position
        position = reached

    found = {each.name: each for each in seen(log, ada)}
    assert sorted(found) == ["disgrace", "former-user-9", "former-user-9 (2)", "other"]
    assert found["former-user-9"].query == "by:former-user-9"
    assert found["former-user-9 (2)"].query == "-by:bot,former-user-9"
    assert (found["disgrace"].created_by, found["disgrace"].query) == ("former-user-9", "former-user-9")
    assert found["disgrace"].updated_at == nobodys.updated_at
    assert log.count() == before


def test_a_shared_search_is_found_by_name_or_id(log: Log, ada: Actor) -> None:
    save(log, ada, draft("private"))
    for name in ("first", "1"):
        save(log, ada, draft(name, shared=True))
    for wanted, name in (("first", "first"), ("1", "1"), ("2", "first")):
        assert log.read(queries.shared_search, wanted).name == name
    for wanted in ("private", "First", "", "0"):
        with pytest.raises(NotFound, match="There are: 1, first"):
            log.read(queries.shared_search, wanted)
