"""The laws of keepers and steps, on users and on who has which role in a project."""

from random import Random

import msgspec
import pytest

from flagkeeper.eventlog import versions
from flagkeeper.eventlog.catalogue.project import ProjectDeleted
from flagkeeper.eventlog.step import Step
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.access import queries as access_queries
from flagkeeper.features.access.model import MEMBER, OWNER
from flagkeeper.features.groups import commands as groups
from flagkeeper.features.logins.model import Visit
from flagkeeper.features.searches.commands import leave_shared_of
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.users import commands, queries, steps
from flagkeeper.features.users.model.user import UserChange, UserDraft, UserState, draft
from flagkeeper.features.users.ports import GROUPS_OF_USER, SEARCHES_OF_USER, TOKENS_OF_USER
from flagkeeper.keepers import KEEPERS, OPS
from flagkeeper.kernel.errors import BadData, Conflict, InvalidOperation, NotFound
from tests.keeping import StandingIn, check_removals, check_steps, rehearse
from tests.log import Log
from tests.story import SEEDS, Change, attempt, tell

KINDS = {"user", "role", "project-access", "pat"}
PORTS = StandingIn(
    {TOKENS_OF_USER: tokens.delete_pats_of, SEARCHES_OF_USER: leave_shared_of, GROUPS_OF_USER: groups.leave_all}
)
ADMIN, EDITING, VIEWING = 1, 2, 3
BOSS, ADA, EVE = 1, 2, 3
"""The ids of users, in the order in which they come."""
FUTURE = 4_000_000_000_000


def op(step: Step) -> Change:
    return lambda unit: OPS.run(unit, step, PORTS)


def user(username: str | None, role: int = VIEWING, email: str | None = None, name: str | None = None) -> Change:
    return lambda unit: commands.create(unit, draft(username=username, email=email, name=name, root_role=role), "hash")


def change(user_id: int, wanted: UserChange) -> Change:
    return lambda unit: commands.update(unit, user_id, wanted)


def delete(user_id: int) -> Change:
    ports = (TOKENS_OF_USER, SEARCHES_OF_USER, GROUPS_OF_USER)
    return lambda unit: commands.delete(unit, user_id, *map(PORTS.answer, ports))


def forget_shop(unit: Unit) -> None:
    unit.record(ProjectDeleted(project="shop"), also=access.forget_project(unit, "shop"))


BEGINNING: list[Change] = [access.seed, user("boss", ADMIN)]
STORY: list[Change] = [
    *BEGINNING,
    user("ada", EDITING, "ada@example.com", "Ada"),
    user(None, email="eve@example.com"),
    op(Step("user.create", UserDraft(username=" root ", email=None, name="", root_role=ADMIN))),
    change(ADA, UserChange(email="ada@example.org")),
    change(ADA, UserChange(email="ada@example.org", name="Ada")),
    change(ADA, UserChange(email=None, name=None, root_role=ADMIN)),
    change(EVE, UserChange(name="Eve")),
    change(EVE, UserChange(root_role=EDITING)),
    lambda unit: commands.set_password(unit, ADA, "another"),
    lambda unit: commands.log_in(unit, commands.Proven(ADA, "another", None, None), "session", Visit("192.0.2.1")),
    lambda unit: commands.login_failed(unit, ADA, Visit()),
    lambda unit: commands.log_out(unit, ADA),
    lambda unit: tokens.create_pat(unit, ADA, "ci", FUTURE),
    lambda unit: access.grant(unit, "shop", ADA, OWNER.id),
    lambda unit: access.grant(unit, "shop", EVE, MEMBER.id),
    lambda unit: access.grant(unit, "shop", EVE, MEMBER.id),
    lambda unit: access.grant(unit, "web", ADA, OWNER.id),
    delete(ADA),
    lambda unit: access.revoke_user(unit, ADA),
    op(Step("user.restore", UserState(id=ADA, username="ada", email="x@y.z", name=None, root_role=1, created_at=5))),
    delete(ADA),
    forget_shop,
    forget_shop,
]


def test_every_command(log: Log) -> None:
    tell(log, STORY, kinds=KINDS)
    refused = {"project-access/shop", "project-access/web", "pat/1"}
    assert check_steps(log, PORTS, kinds=KINDS, refused=refused) == 4 + 2
    assert check_removals(log, PORTS, kinds={"user"}) == 3


def test_who_comes_back_is_who_they_were_and_has_no_password(log: Log) -> None:
    tell(log, [*BEGINNING, user("ada", EDITING, "ada@example.com", "Ada")], kinds=KINDS)
    before = log.read(queries.user, ADA)
    state = before.user.state()
    log.run(tokens.create_pat, ADA, "ci", FUTURE)
    log.run(access.grant, "shop", ADA, OWNER.id)
    tell(log, [delete(ADA), op(Step("user.restore", state))], kinds=KINDS)
    assert log.read(queries.user, ADA) == before
    assert log.read(queries.password_hashes, ADA) == []
    assert log.read(access_queries.projects_of, ADA, []) == []
    (event,) = log.events(limit=1)
    assert (event.type, event.data) == ("user-created", msgspec.json.encode(before.user.payload()).decode())


def test_what_an_older_version_kept_does_not_say_when_a_user_was_created(log: Log) -> None:
    tell(log, [*BEGINNING, user("ada")], kinds=KINDS)
    keeper = KEEPERS.of_kind("user")
    now = log.read(queries.user, ADA).user.state()
    then = msgspec.structs.replace(now, created_at=None)
    assert keeper.steps(f"user/{ADA}", now, then) == []
    log.run(delete(ADA))
    moment = log.run(lambda unit: unit.now)
    log.run(op(keeper.steps(f"user/{ADA}", None, then)[0]))
    assert log.read(queries.user, ADA).user.created_at >= moment


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (user("ada"), BadData),
        (user("eve", email="ADA@example.com"), BadData),
        (change(ADA, UserChange(email=None, root_role=99)), BadData),
        (change(BOSS, UserChange(root_role=VIEWING)), InvalidOperation),
        (change(99, UserChange(name="x")), NotFound),
        (delete(BOSS), InvalidOperation),
        (delete(99), NotFound),
        (lambda unit: commands.set_password(unit, 99, "hash"), NotFound),
        (op(Step("user.create", UserDraft(username=None, email=" ", name=None, root_role=3))), BadData),
        (op(Step("user.create", UserDraft(username="x", email=None, name=None, root_role=99))), BadData),
    ],
)
def test_what_is_refused_is_refused_in_a_rehearsal_too(log: Log, wanted: Change, error: type[Exception]) -> None:
    tell(log, [*BEGINNING, user("ada", email="ada@example.com")], kinds=KINDS)
    assert isinstance(attempt(log, wanted, kinds=KINDS), error)


def test_a_user_is_not_brought_back_twice_nor_over_others_nor_out_of_nothing(log: Log) -> None:
    tell(log, [*BEGINNING, user("ada", email="ada@example.com"), user("eve")], kinds=KINDS)
    ada = log.read(queries.user, ADA).user.state()
    assert isinstance(attempt(log, op(Step("user.restore", ada)), kinds=KINDS), Conflict)
    for id_ in (0, -1, 4):
        wanted = msgspec.structs.replace(ada, id=id_, username="new", email=None)
        assert isinstance(attempt(log, op(Step("user.restore", wanted)), kinds=KINDS), BadData)
    tell(log, [delete(ADA), user("ada"), user(None, email="ada@example.com")], kinds=KINDS)
    for taken in ({"username": "ada", "email": None}, {"username": None}):
        wanted = msgspec.structs.replace(ada, **taken)
        assert isinstance(attempt(log, op(Step("user.restore", wanted)), kinds=KINDS), BadData)


def test_steps_are_what_routes_do(log: Log) -> None:
    tell(log, [*BEGINNING, user("ada")], kinds=KINDS)
    story = [
        Step("user.update", steps.Update(id=ADA, change=UserChange(email="Ada@Example.com", root_role=EDITING))),
        Step("user.delete", steps.Delete(id=ADA)),
    ]
    for step in story:
        assert OPS.decode(OPS.encode(step)) == step
    told = rehearse(log, story, PORTS)
    assert [event.type for event in told.events] == ["user-updated", "user-deleted"]
    tell(log, map(op, story), kinds=KINDS)
    assert log.read(queries.users_of, [ADA]) == []


def random_change(dice: Random, number: int) -> Change:
    """To any user but the first two, who stay administrators. No name is given twice, so everybody can come back."""
    someone = dice.randint(3, 7)
    email = dice.choice([None, f"user{number}@example.com"])
    role, project_role = dice.choice([ADMIN, EDITING, VIEWING]), dice.choice([OWNER.id, MEMBER.id])
    name = dice.choice([None, "A", "B"])
    changes: list[Change] = [
        user(f"user{number}", role, email),
        change(someone, UserChange(email=email, name=name)),
        change(someone, UserChange(root_role=role)),
        delete(someone),
        lambda unit: access.grant(unit, "shop", someone, project_role),
        lambda unit: commands.set_password(unit, someone, "hash"),
        lambda unit: commands.restore(unit, _last(unit, someone)),
    ]
    return dice.choice(changes)


def _last(unit: Unit, user_id: int) -> UserState:
    kept = versions.history(unit.tx, f"user/{user_id}")
    states = [state for state in map(KEEPERS.state, kept) if isinstance(state, UserState)]
    if not states:
        raise NotFound(f"There never was a user {user_id}.")
    return states[-1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens(log: Log, seed: int) -> None:
    tell(log, [*BEGINNING, user("deputy", ADMIN), user("ada"), user("eve")], kinds=KINDS)
    dice = Random(seed)
    changes = [random_change(dice, number) for number in range(30)]
    refused = [attempt(log, each, kinds=KINDS) for each in changes]
    assert refused.count(None) > 10
    assert check_steps(log, PORTS, kinds={"user"}) > 1
    assert check_removals(log, PORTS, kinds={"user"}) >= 2
