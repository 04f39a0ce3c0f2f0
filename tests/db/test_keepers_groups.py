"""The laws of keepers and steps, on groups."""

from random import Random

import pytest

from flagkeeper.features.access import commands as access
from flagkeeper.features.groups import commands, queries, steps
from flagkeeper.features.groups.model import GroupDraft
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import draft
from flagkeeper.kernel.errors import BadData, Conflict, InvalidOperation, NameExists, NotFound
from tests.keeping import StandingIn, check_steps
from tests.log import Log
from tests.story import SEEDS, Change, attempt, tell

KINDS = {"group"}
PORTS = StandingIn({})
ADA, EVE = 1, 2


def user(username: str) -> Change:
    return lambda unit: users.create(unit, draft(username=username, root_role=3), None)


def group(name: str, *members: int, scim_id: str | None = None, **more: object) -> Change:
    return lambda unit: commands.create(unit, GroupDraft(name=name, users=list(members), **more), scim_id)  # type: ignore[arg-type]


def change(group_id: int, name: str, *members: int, by_provider: bool = False, **more: object) -> Change:
    wanted = GroupDraft(name=name, users=list(members), **more)  # type: ignore[arg-type]
    return lambda unit: commands.update(unit, group_id, wanted, by_provider=by_provider)


BEGINNING: list[Change] = [access.seed, user("ada"), user("eve")]
STORY: list[Change] = [
    group("team", ADA),
    group("kept", EVE, scim_id="x1", mappings_sso=["a", "b"], root_role=2),
    change(1, "crew", EVE, ADA, description="All"),
    change(1, "crew", EVE, ADA, description="All"),
    lambda unit: commands.remove_user(unit, 1, ADA),
    lambda unit: commands.remove_user(unit, 1, ADA),
    lambda unit: commands.add_user(unit, 1, ADA),
    lambda unit: commands.add_user(unit, 1, ADA),
    change(2, "kept", EVE, root_role=3),
    change(2, "theirs", by_provider=True),
    lambda unit: commands.set_scim_id(unit, 1, "x2"),
    lambda unit: commands.set_scim_id(unit, 1, None),
    lambda unit: commands.leave_all(unit, EVE),
    lambda unit: commands.delete(unit, 1),
    lambda unit: commands.delete_kept_by_provider(unit),
]


def test_every_command(log: Log) -> None:
    for each in BEGINNING:
        log.run(each)
    tell(log, STORY, kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS) > 6


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (group(""), BadData),
        (group("crew", 99), BadData),
        (group("crew", root_role=4), BadData),
        (group("team"), NameExists),
        (change(2, "team", EVE, by_provider=True), NameExists),
        (change(2, "other", EVE), InvalidOperation),
        (change(2, "kept", ADA), InvalidOperation),
        (change(99, "x"), NotFound),
        (lambda unit: commands.add_user(unit, 1, 99), BadData),
        (lambda unit: commands.add_user(unit, 99, ADA), NotFound),
        (lambda unit: commands.remove_user(unit, 99, ADA), NotFound),
        (lambda unit: commands.delete(unit, 99), NotFound),
        (lambda unit: commands.set_scim_id(unit, 99, "x"), NotFound),
        (lambda unit: commands.restore(unit, queries.group(unit.tx, 1).state()), Conflict),
    ],
)
def test_what_is_refused_is_refused_in_a_rehearsal_too(log: Log, wanted: Change, error: type[Exception]) -> None:
    for each in [*BEGINNING, group("team", ADA), group("kept", EVE, scim_id="x1")]:
        log.run(each)
    assert isinstance(attempt(log, wanted, kinds=KINDS), error)


def test_what_is_read(log: Log) -> None:
    for each in [*BEGINNING, group("team", EVE, ADA), group("kept", EVE, scim_id="x1")]:
        log.run(each)
    assert [each.users for each in log.read(queries.all_groups)] == [[ADA, EVE], [EVE]]
    assert [each.name for each in log.read(queries.of_user, EVE)] == ["team", "kept"]
    kept = log.read(queries.with_scim_id, "x1")
    assert kept is not None
    assert (kept.name, log.read(queries.id_of_name, "kept")) == ("kept", kept.id)
    assert log.read(queries.with_scim_id, "x2") is None
    assert steps.OPS


def random_change(dice: Random) -> Change:
    name, number = f"team {dice.random()}", dice.randint(1, 4)
    members = dice.sample([ADA, EVE], dice.randint(0, 2))
    changes: list[Change] = [
        group(name, *members, scim_id=dice.choice([None, name])),
        change(number, name, *members, by_provider=dice.random() < 0.5),
        change(number, name, *members, mappings_sso=["a"], root_role=2, by_provider=True),
        lambda unit: commands.add_user(unit, number, dice.choice([ADA, EVE])),
        lambda unit: commands.leave_all(unit, ADA),
        lambda unit: commands.delete(unit, number),
    ]
    return dice.choice(changes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens(log: Log, seed: int) -> None:
    for each in BEGINNING:
        log.run(each)
    dice = Random(seed)
    refused = [attempt(log, random_change(dice), kinds=KINDS) for _ in range(30)]
    assert refused.count(None) > 5
    assert check_steps(log, PORTS, kinds=KINDS) > 3
