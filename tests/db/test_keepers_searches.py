"""The laws of keepers and steps, on saved searches. Their owner takes the steps."""

from random import Random

import pytest
from msgspec.structs import replace

from flagkeeper.eventlog import versions
from flagkeeper.eventlog.step import Demand
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.groups import commands as groups
from flagkeeper.features.searches import commands, queries
from flagkeeper.features.searches.keeper import SearchKeeper
from flagkeeper.features.searches.model import Asker, SavedSearch, SearchDraft, SearchState, owner_of
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import draft as user_draft
from flagkeeper.keepers import KEEPERS, OPS
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.errors import BadData, Conflict, Forbidden, InvalidOperation, NameExists, NotFound
from tests.keeping import StandingIn, check_steps, rehearse
from tests.log import Log
from tests.story import SEEDS, Change, attempt, tell

KINDS = {"search"}
PORTS = StandingIn({})


@pytest.fixture
def ada(log: Log) -> Actor:
    """A person, and another one who is an administrator as well."""
    log.run(access.seed)
    log.run(users.create, user_draft(username="root", root_role=1))
    return Actor("ada", log.run(users.create, user_draft(username="ada", root_role=1)).id)


def draft(name: str, query: str = "", description: str | None = None, *, shared: bool = False) -> SearchDraft:
    return SearchDraft(name=name, query=query, description=description, shared=shared)


def create(wanted: SearchDraft) -> Change:
    return lambda unit: commands.create(unit, wanted)


def update(name: str, wanted: SearchDraft) -> Change:
    return lambda unit: commands.update(unit, _id(unit, name), wanted, _asker(unit))


def delete(name: str) -> Change:
    return lambda unit: commands.delete(unit, _id(unit, name), _asker(unit))


def _asker(unit: Unit) -> Asker:
    return Asker(user_id=owner_of(unit.actor), is_admin=False)


def _id(unit: Unit, name: str) -> int:
    found = [each.id for each in queries.searches_for(unit.tx, _asker(unit)) if each.name == name]
    return found[0] if found else 99


def states(log: Log, search_id: int) -> list[SearchState | None]:
    return [SearchState.unpack(each.schema, each.state) for each in log.read(versions.history, f"search/{search_id}")]


def test_every_command(log: Log, ada: Actor) -> None:
    story = [
        create(draft("night", "since:2h")),
        update("night", draft("night", "since:8h", "Who did it?", shared=True)),
        update("night", draft("night", "since:8h", " Who did it? ", shared=True)),
        update("night", draft("day", "since:8h")),
        create(draft("private")),
        create(draft("gone", "by:ada", "Mine", shared=True)),
        delete("gone"),
        create(draft("left", shared=True)),
        update("left", draft("left behind", shared=True)),
    ]
    tell(log, story, kinds=KINDS, actor=ada)
    assert check_steps(log, PORTS, kinds=KINDS, actor=ada) == 4
    tell(log, [lambda unit: commands.leave_shared_of(unit, ada.user_id)], kinds=KINDS, actor=ada)


def test_searches_of_nobody_are_for_administrators(log: Log) -> None:
    asker = Asker(user_id=None, is_admin=True)
    story: list[Change] = [
        create(draft("a", shared=True)),
        lambda unit: commands.update(unit, 1, draft("b", shared=True), asker),
        create(draft("c", "by:x", shared=True)),
        lambda unit: commands.delete(unit, 2, asker),
    ]
    tell(log, story, kinds=KINDS, actor=SYSTEM)
    assert check_steps(log, PORTS, kinds=KINDS) == 2
    for path, (now, then) in {"search/1": states(log, 1), "search/2": states(log, 2)[::-1]}.items():
        for before, after in ((now, then), (then, now)):
            (step,) = SearchKeeper().steps(path, before, after)
            assert OPS.demands(step) == ((Demand("ADMIN"),),)


def test_a_search_comes_back_as_it_was(log: Log, ada: Actor) -> None:
    saved: SavedSearch = log.units.run_now(ada, commands.create, draft("night", "since:2h", "Who?"))
    (state,) = states(log, saved.id)
    assert state is not None
    asker = Asker(user_id=ada.user_id, is_admin=False)

    def bring_back(unit: Unit) -> None:
        commands.restore(unit, state, asker)

    present = attempt(log, bring_back, kinds=KINDS, actor=ada)
    assert isinstance(present, Conflict)
    other = Actor("somebody else", ada.user_id)
    tell(log, [delete("night")], kinds=KINDS, actor=ada)
    tell(log, [bring_back], kinds=KINDS, actor=other)
    (restored,) = log.read(queries.searches_among, [saved.id])
    assert replace(restored, updated_at=saved.updated_at) == saved
    assert restored.updated_at >= saved.updated_at


def test_a_search_is_brought_back_for_nobody_else(log: Log, ada: Actor) -> None:
    saved = log.units.run_now(ada, commands.create, draft("mine"))
    shared = log.units.run_now(ada, commands.create, draft("ours", shared=True))
    tell(log, [delete("mine"), delete("ours")], kinds=KINDS, actor=ada)
    expected: list[tuple[int, type[Exception]]] = [(saved.id, NotFound), (shared.id, Forbidden)]
    for search_id, error in expected:
        state, gone = states(log, search_id)
        steps = SearchKeeper().steps(f"search/{search_id}", gone, state)
        assert OPS.demands(steps[0]) == ()
        with pytest.raises(error):
            rehearse(log, steps, PORTS)


def test_the_name_may_be_taken_meanwhile(log: Log, ada: Actor) -> None:
    saved = log.units.run_now(ada, commands.create, draft("night"))
    tell(log, [delete("night"), create(draft("night"))], kinds=KINDS, actor=ada)
    state, gone = states(log, saved.id)
    with pytest.raises(NameExists):
        rehearse(log, SearchKeeper().steps(f"search/{saved.id}", gone, state), PORTS, ada)


def test_an_owner_who_is_gone_gets_nothing_back(log: Log, ada: Actor) -> None:
    shared = log.units.run_now(ada, commands.create, draft("ours", shared=True))
    mine = log.units.run_now(ada, commands.create, draft("mine"))
    log.run(users.delete, ada.user_id, lambda _unit, _user_id: None, commands.leave_shared_of, groups.leave_all)
    owned, nobodys = states(log, shared.id)
    with pytest.raises(InvalidOperation, match="another owner"):
        SearchKeeper().steps(f"search/{shared.id}", nobodys, owned)
    private, gone = states(log, mine.id)
    assert private is not None
    assert list(SearchKeeper().refers(f"search/{mine.id}", private)) == [f"user/{ada.user_id}"]
    with pytest.raises(Conflict):
        rehearse(log, SearchKeeper().steps(f"search/{mine.id}", gone, private), PORTS, ada)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (create(draft("")), BadData),
        (create(draft("a", "colour:red")), BadData),
        (update("nothing", draft("a")), NotFound),
        (delete("nothing"), NotFound),
        (update("night", draft("day")), NameExists),
    ],
)
def test_what_is_refused_is_refused_in_a_rehearsal_too(
    log: Log, ada: Actor, change: Change, error: type[Exception]
) -> None:
    tell(log, [create(draft("night")), create(draft("day"))], kinds=KINDS, actor=ada)
    assert isinstance(attempt(log, change, kinds=KINDS, actor=ada), error)


def random_change(dice: Random) -> Change:
    name, word = dice.choice(["a", "b"]), dice.choice(["", "since:1h", "by:ada"])
    wanted = draft(dice.choice(["a", "b", "c"]), word, word, shared=dice.random() < 0.5)
    return dice.choice([create(wanted), update(name, wanted), update(name, wanted), delete(name)])


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens(log: Log, ada: Actor, seed: int) -> None:
    dice = Random(seed)
    refused = [attempt(log, random_change(dice), kinds=KINDS, actor=ada) for _ in range(30)]
    assert refused.count(None) > 5
    for name in ("a", "b", "c"):  # names are free again: deleted searches may come back
        attempt(log, delete(name), kinds=KINDS, actor=ada)
    assert check_steps(log, PORTS, kinds=KINDS, actor=ada) > 3


def test_nobody_knows_who_saved_a_search_of_the_first_schema(log: Log, ada: Actor) -> None:
    saved = log.units.run_now(ada, commands.create, draft("night"))
    state = replace(saved.state(), created_by=None, created_at=None)
    path = f"search/{saved.id}"
    assert KEEPERS.of_path(path).steps(path, saved.state(), state) == []
    with pytest.raises(InvalidOperation, match="who saved this search"):
        SearchKeeper().steps(path, None, state)
