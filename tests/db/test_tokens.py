"""Changing tokens, on both databases."""

import pytest
from msgspec.structs import replace

from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.projects import store as project_store
from flagkeeper.features.projects.model import first_project
from flagkeeper.features.tokens import commands, queries
from flagkeeper.features.tokens.model import ApiToken, TokenType, draft, hash_of
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import draft as user_draft
from flagkeeper.kernel.errors import BadData, LimitExceeded
from flagkeeper.kernel.limits import Limits
from tests.log import Log

FUTURE = 4_000_000_000_000


@pytest.fixture
def seeded(log: Log) -> Log:
    for seed in (access.seed, environments.seed, projects.seed):
        log.run(seed)
    log.run(users.create, user_draft(username="ada", root_role=3))
    return log


def make(log: Log, name: str = "web", environment: str = "development", *projects: str) -> ApiToken:
    wanted = draft(name, TokenType.CLIENT, environment, list(projects) or None)
    token, _ = log.run(commands.create, wanted)
    assert isinstance(token, ApiToken)
    return token


def add_shop(unit: Unit) -> None:
    """A second project."""
    unit.silent("project/shop", "only tokens are looked at here")
    project_store.add(unit.tx, replace(first_project(unit.now), id="shop"))


def token_events(log: Log) -> list[tuple[str, str | None]]:
    found = log.events(limit=100)
    return [(event.type, event.project) for event in reversed(found) if event.type.startswith(("api-token-", "pat-"))]


def test_a_token_is_found_by_secret_and_by_id_and_by_what_is_shown(seeded: Log) -> None:
    token, secret = seeded.run(commands.create, draft("web", TokenType.FRONTEND, None, None))
    for text in (secret, str(token.id), token.shown):
        assert seeded.read(queries.find, text, EVERYTHING) == token
    for text in ("", "0", "-1", "9" * 30, "nobody", secret[:-1]):
        assert seeded.read(queries.find, text, EVERYTHING) is None


def test_a_chosen_secret(seeded: Log) -> None:
    token, secret = seeded.run(commands.create, draft("web", TokenType.CLIENT, None, None), "as I like it")
    assert (secret, token.shown) == ("as I like it", "***")


def test_enough_is_enough(seeded: Log) -> None:
    seeded.units._limits = Limits(api_tokens=2)
    make(seeded)
    make(seeded)
    with pytest.raises(LimitExceeded):
        make(seeded)


@pytest.mark.parametrize(("environment", "project"), [("nope", "default"), ("production", "nope")])
def test_a_token_of_nowhere(seeded: Log, environment: str, project: str) -> None:
    with pytest.raises(BadData):
        make(seeded, "web", environment, project)
    assert token_events(seeded) == []


def test_what_is_gone_stays_gone(seeded: Log) -> None:
    token = make(seeded)
    for _ in range(2):
        seeded.run(commands.delete, token.id)
        seeded.run(commands.set_expiry, token.id, FUTURE)
    assert token_events(seeded) == [("api-token-created", "*"), ("api-token-deleted", "*")]


def test_tokens_go_with_their_environment(seeded: Log) -> None:
    stays = make(seeded, "a", "development")
    make(seeded, "b", "production")
    seeded.run(commands.delete_of_environment, "production", 10)
    assert seeded.read(queries.all_tokens, EVERYTHING) == [stays]
    assert token_events(seeded)[2:] == [("api-token-deleted", "*")]


def test_tokens_go_with_their_project(seeded: Log) -> None:
    seeded.run(add_shop)
    make(seeded, "one", "development", "shop")
    make(seeded, "both", "development", "default", "shop")
    make(seeded, "all")
    seeded.run(commands.delete_of_project, "shop", 10)
    assert [token.projects for token in seeded.read(queries.all_tokens, EVERYTHING)] == [["default"], ["*"]]
    assert token_events(seeded)[3:] == [("api-token-deleted", "shop"), ("api-token-updated", "default")]


def test_how_many_tokens_an_environment_has(seeded: Log) -> None:
    make(seeded, "a", "development")
    make(seeded, "b", "development", "default")
    make(seeded, "c", "production", "default")
    seeded.run(commands.create, draft("d", TokenType.ADMIN, None, None))
    assert seeded.read(queries.count_by_environment, None, EVERYTHING) == {"development": 2, "production": 1}
    assert seeded.read(queries.count_by_environment, "default", EVERYTHING) == {"development": 2, "production": 1}
    assert seeded.read(queries.count_by_environment, "shop", EVERYTHING) == {"development": 1}


def test_when_tokens_were_used(seeded: Log) -> None:
    token, secret = seeded.run(commands.create, draft("web", TokenType.CLIENT, None, None))
    secret_hash = hash_of(secret)
    before = seeded.count()
    for moment in (5, 7):
        seeded.run(commands.record_seen, {secret_hash: moment, "nobody's": moment})
        assert seeded.read(queries.find, secret, EVERYTHING).seen_at == moment
    assert seeded.count() == before
    seeded.run(commands.set_expiry, token.id, FUTURE)
    seeded.run(commands.delete, token.id)
    assert seeded.read(queries.all_tokens, EVERYTHING) == []


def test_a_personal_token_and_its_user(seeded: Log) -> None:
    pat, secret = seeded.run(commands.create_pat, 1, "ci", FUTURE)
    assert seeded.read(queries.pats_of, 1) == [pat]
    assert seeded.read(queries.find, secret, EVERYTHING) is None
    seeded.run(commands.delete_pat, 2, pat.id)
    assert seeded.read(queries.pats_of, 1) == [pat]
    seeded.run(commands.delete_pats_of, 1)
    assert token_events(seeded) == [("pat-created", None), ("pat-deleted", None)]
