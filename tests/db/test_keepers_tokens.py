"""The laws of keepers and steps, on tokens."""

from random import Random
from typing import Any

import msgspec
import pytest

from flagkeeper.eventlog.step import Demand, Step
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.projects import store as project_store
from flagkeeper.features.projects.model import first_project
from flagkeeper.features.tokens import commands, queries, steps
from flagkeeper.features.tokens.model import TokenType, draft, hash_of
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import draft as user_draft
from flagkeeper.keepers import OPS
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.errors import BadData, Conflict, Forbidden, LimitExceeded, NameExists, NotFound
from tests.keeping import StandingIn, check_removals, check_steps, read_now
from tests.log import Log
from tests.story import SEEDS, Change, attempt, tell

KINDS = {"api-token", "pat"}
PORTS = StandingIn({})
ADA = Actor("ada", 1)
FUTURE = 4_000_000_000_000
CLIENT, FRONTEND, ADMIN = TokenType


def op(name: str, payload: msgspec.Struct) -> Change:
    return lambda unit: OPS.run(unit, Step(name, payload), PORTS)


def token(
    name: str, *projects: str, type_: TokenType = CLIENT, environment: str | None = None, expires_at: int | None = None
) -> Change:
    wanted = draft(name, type_, environment, list(projects) or None, expires_at)
    return lambda unit: commands.create(unit, wanted)


def new(payload: Any = steps.NewToken, **fields: Any) -> Any:
    given = {"name": "web", "type": CLIENT, "environment": "development", "projects": ["default"]}
    return payload(**(given | fields))


def add_shop(unit: Unit) -> None:
    unit.silent("project/shop", "only tokens are looked at here")
    project_store.add(unit.tx, msgspec.structs.replace(first_project(unit.now), id="shop"))


@pytest.fixture
def seeded(log: Log) -> Log:
    for seed in (access.seed, environments.seed, projects.seed, add_shop):
        log.run(seed)
    log.run(users.create, user_draft(username="ada", root_role=3))
    return log


STORY: list[Change] = [
    token("1"),
    token("2", "default", type_=FRONTEND, environment="production", expires_at=FUTURE),
    token("3", "shop"),
    token("4", "shop", "default"),
    token("5", type_=ADMIN),
    token("6", environment="production"),
    lambda unit: commands.create(unit, draft("7", CLIENT, None, None), "a secret of mine"),
    lambda unit: commands.set_expiry(unit, 1, FUTURE),
    lambda unit: commands.set_expiry(unit, 1, FUTURE),
    lambda unit: commands.set_expiry(unit, 1, None),
    lambda unit: commands.set_expiry(unit, 1, 5),
    lambda unit: commands.set_expiry(unit, 99, 5),
    lambda unit: commands.record_seen(unit, {hash_of("a secret of mine"): 5}),
    lambda unit: commands.set_expiry(unit, 7, FUTURE + 1),
    lambda unit: commands.delete(unit, 6),
    lambda unit: commands.delete(unit, 6),
    lambda unit: commands.delete_of_environment(unit, "production", 10),
    lambda unit: commands.delete_of_project(unit, "shop", 10),
    lambda unit: commands.create_pat(unit, ADA.user_id, "ci", FUTURE),
    lambda unit: commands.create_pat(unit, ADA.user_id, "laptop", FUTURE),
    lambda unit: commands.delete_pat(unit, ADA.user_id, 1),
    lambda unit: commands.delete_pat(unit, ADA.user_id, 1),
    op("api-token.create", new(name="8", projects=["*", "default"])),
    op("api-token.create-in-project", new(steps.NewProjectToken, name="9")),
    op("api-token.create-in-project", new(steps.NewProjectToken, name="10", type=FRONTEND)),
    op("api-token.set-expiry", steps.SetExpiry(id=9, type=CLIENT, expires_at=FUTURE)),
    op("api-token.delete", steps.Delete(id=10, type=FRONTEND)),
    op("api-token.delete", steps.Delete(id=10, type=CLIENT)),
    op("api-token.delete-in-project", steps.DeleteInProject(id=9, project="default")),
    op("api-token.delete-in-project", steps.DeleteInProject(id=9, project="default")),
    op("pat.create", steps.NewPat(description="step", expires_at=FUTURE)),
    op("pat.delete", steps.DeletePat(id=3)),
]


def test_every_command(seeded: Log) -> None:
    tell(seeded, STORY, kinds=KINDS, actor=ADA)
    gone = {f"api-token/{number}" for number in (2, 3, 6, 9, 10)} | {"pat/1", "pat/3"}
    assert check_steps(seeded, PORTS, kinds=KINDS, refused={*gone, "api-token/4"}) == 3 + 1
    assert check_removals(seeded, PORTS, kinds=KINDS, actor=ADA) == 5 + 1
    tell(seeded, [lambda unit: commands.delete_pats_of(unit, ADA.user_id)], kinds=KINDS)
    assert check_removals(seeded, PORTS, kinds=KINDS, actor=ADA) == 5


def test_the_first_tokens(seeded: Log) -> None:
    def first_start(unit: Unit) -> None:
        commands.seed(unit, ADMIN, ["*:*.a"])
        commands.seed(unit, FRONTEND, ["default:production.b"])

    tell(seeded, [first_start], kinds=KINDS)
    assert check_removals(seeded, PORTS, kinds=KINDS, actor=ADA) == 2


def test_whoever_makes_a_token_gets_its_secret_and_nobody_else(seeded: Log) -> None:
    made, secret = seeded.run(op("api-token.create", new()))
    assert seeded.read(queries.tokens_of, [made.id]) == [made]
    _, pat_secret = seeded.units.run_now(ADA, op("pat.create", steps.NewPat(description="ci", expires_at=FUTURE)))
    for state, _ in seeded.read(read_now, KINDS).values():
        told = msgspec.json.encode(state).decode()
        for hidden in (secret, pat_secret):
            assert hidden[-20:] not in told
            assert hash_of(hidden) not in told


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (token("a", "nothing"), BadData),
        (token("a", environment="nothing"), BadData),
        (op("api-token.create", new(environment="*")), BadData),
        (op("api-token.create", new(name=" ")), BadData),
        (op("api-token.set-expiry", steps.SetExpiry(id=1, type=FRONTEND, expires_at=None)), Conflict),
        (op("api-token.delete", steps.Delete(id=1, type=FRONTEND)), Conflict),
        (op("api-token.delete-in-project", steps.DeleteInProject(id=1, project="shop")), Conflict),
        (op("api-token.delete-in-project", steps.DeleteInProject(id=1, project="default")), Conflict),
        (lambda unit: commands.create_pat(unit, ADA.user_id, "ci", FUTURE), NameExists),
        (op("pat.create", steps.NewPat(description="ci", expires_at=FUTURE)), NotFound),
        (op("pat.create", steps.NewPat(description="ci", expires_at=1)), BadData),
        (op("pat.delete", steps.DeletePat(id=1)), Forbidden),
    ],
)
def test_what_is_refused_is_refused_in_a_rehearsal_too(seeded: Log, wanted: Change, error: type[Exception]) -> None:
    """Who does it (Alice) is no user here, and the token opens two projects."""
    tell(seeded, [token("1", "default", "shop", expires_at=5)], kinds=KINDS)
    tell(seeded, [lambda unit: commands.create_pat(unit, ADA.user_id, "ci", FUTURE)], kinds=KINDS)
    assert isinstance(attempt(seeded, wanted, kinds=KINDS), error)


def test_nobody_has_too_many_personal_tokens(seeded: Log) -> None:
    for number in range(10):
        seeded.run(commands.create_pat, ADA.user_id, str(number), FUTURE)
    refused = attempt(seeded, lambda unit: commands.create_pat(unit, ADA.user_id, "x", FUTURE), kinds=KINDS)
    assert isinstance(refused, LimitExceeded)


def test_who_may() -> None:
    def demands(name: str, payload: msgspec.Struct) -> tuple[tuple[Demand, ...], ...]:
        return OPS.demands(Step(name, payload))

    assert demands("api-token.create", new(type=FRONTEND)) == ((Demand("CREATE_FRONTEND_API_TOKEN"),),)
    assert demands("api-token.create-in-project", new(steps.NewProjectToken)) == (
        (Demand("CREATE_PROJECT_API_TOKEN", "default"),),
    )
    assert demands("api-token.set-expiry", steps.SetExpiry(id=1, type=CLIENT, expires_at=None)) == (
        (Demand("UPDATE_CLIENT_API_TOKEN"),),
    )
    assert demands("api-token.delete", steps.Delete(id=1, type=ADMIN)) == ((Demand("ADMIN"),),)
    assert demands("api-token.delete-in-project", steps.DeleteInProject(id=1, project="shop")) == (
        (Demand("DELETE_PROJECT_API_TOKEN", "shop"),),
    )
    assert demands("pat.create", steps.NewPat(description="x", expires_at=1)) == ()
    assert demands("pat.delete", steps.DeletePat(id=1)) == ()


@pytest.mark.parametrize(
    ("op", "token"),
    [
        ("api-token.create", {"type": "admin", "environment": "*", "projects": ["*"]}),
        ("api-token.create-in-project", {"type": "client", "environment": "x", "projects": ["*"]}),
        ("api-token.create-in-project", {"type": "client", "environment": "x", "projects": ["a", "b"]}),
    ],
)
def test_a_step_makes_no_more_than_its_route(op: str, token: dict[str, Any]) -> None:
    with pytest.raises(BadData, match="no step"):
        OPS.decode(msgspec.json.encode({"op": op, "payload": {"name": "a", **token}}))


def random_change(dice: Random) -> Change:
    number = dice.randint(1, 8)
    name, expires_at = f"t{number}", dice.choice([None, FUTURE, FUTURE + number])
    changes: list[Change] = [
        token(name, type_=dice.choice([CLIENT, FRONTEND]), environment=dice.choice(["development", "production"])),
        lambda unit: commands.set_expiry(unit, number, expires_at),
        lambda unit: commands.set_expiry(unit, number, FUTURE),
        lambda unit: commands.delete(unit, number),
        lambda unit: commands.create_pat(unit, ADA.user_id, name, FUTURE),
        lambda unit: commands.delete_pat(unit, ADA.user_id, number),
    ]
    return dice.choice(changes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens(seeded: Log, seed: int) -> None:
    tell(seeded, [token("first")], kinds=KINDS)
    dice = Random(seed)
    refused = [attempt(seeded, random_change(dice), kinds=KINDS) for _ in range(30)]
    assert refused.count(None) > 10
    gone = [path for path, (_, now) in seeded.read(read_now, KINDS).items() if now is None]
    check_steps(seeded, PORTS, kinds=KINDS, refused=gone)
    assert check_removals(seeded, PORTS, kinds=KINDS, actor=ADA) >= 1
