"""Roles in projects, and the first start, on both databases."""

import asyncio

import pytest
from structlog.testing import capture_logs

from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.features.access import commands, queries
from flagkeeper.features.access.model import MEMBER, OWNER, PREDEFINED
from flagkeeper.features.tokens.queries import all_tokens
from flagkeeper.features.users import queries as users
from flagkeeper.features.users.model.password import demand_strong, matches
from flagkeeper.first_start import first_start
from flagkeeper.kernel.errors import BadData
from flagkeeper.settings import Settings
from tests.log import Log

EMPTY = Settings(admin_password="Correct-horse-1")


def types(log: Log) -> list[str]:
    return [event.type for event in reversed(log.events())]


def start(log: Log, settings: Settings) -> None:
    asyncio.run(first_start(log.units, log.reader, settings))


def test_the_predefined_roles_are_stored_as_they_are_defined(log: Log) -> None:
    log.run(commands.seed)
    assert log.read(queries.all_roles) == list(PREDEFINED)
    assert types(log) == ["role-created"] * 6


def test_a_role_in_a_project_is_given_once(log: Log) -> None:
    log.run(commands.seed)
    for _ in range(2):
        log.run(commands.grant, "shop", 7, OWNER.id)
    log.run(commands.grant, "shop", 8, MEMBER.id)
    assert types(log)[6:] == ["project-access-added"] * 2


def test_a_user_who_goes_leaves_every_project(log: Log) -> None:
    log.run(commands.seed)
    for project, user_id, role in (("web", 7, OWNER), ("shop", 7, OWNER), ("shop", 7, MEMBER), ("shop", 8, MEMBER)):
        log.run(commands.grant, project, user_id, role.id)
    log.run(commands.revoke_user, 7)
    log.run(commands.revoke_user, 7)
    gone = log.events("type:project-access-user-roles-deleted", limit=10)
    assert [(event.project, event.pre_data) for event in gone] == [
        ("web", '{"roles":[4],"userId":7}'),
        ("shop", '{"roles":[4,5],"userId":7}'),
    ]
    assert log.read(queries.projects_of, 7, []) == []
    assert log.read(queries.projects_of, 8, []) == ["shop"]


def test_a_second_start_changes_nothing(log: Log) -> None:
    start(log, EMPTY)
    before = log.count()
    start(log, EMPTY)
    assert log.count() == before
    (admin,) = log.read(users.all_users)
    assert (admin.user.username, admin.user.root_role) == ("admin", 1)
    assert matches("Correct-horse-1", log.read(users.password_hashes, 1)[0])


def test_tokens_are_given_to_a_server_that_has_none(log: Log) -> None:
    start(log, EMPTY)
    given = Settings(admin_tokens=("*:*.a", "*:*.a"), backend_tokens=("default:production.b",), frontend_tokens=("c",))
    for _ in range(2):
        start(log, given)
    assert [(token.type, token.environment, token.projects) for token in log.read(all_tokens, EVERYTHING)] == [
        ("admin", "*", ["*"]),
        ("client", "production", ["default"]),
        ("frontend", "development", ["*"]),
    ]


def test_tokens_that_were_set_too_late_are_named_at_every_start(log: Log) -> None:
    start(log, Settings(admin_tokens=("*:*.a",)))
    later = Settings(admin_tokens=("*:*.a",), backend_tokens=("default:production.b", "default:production.secret"))
    for _ in range(2):
        with capture_logs() as told:
            start(log, later)
        (line,) = told
        assert (line["event"], line["variable"]) == ("setting_does_nothing", "INIT_BACKEND_API_TOKENS")
        assert line["why"].startswith("2 of its tokens do not exist.")
        assert "secret" not in str(line)
    assert len(log.read(all_tokens, EVERYTHING)) == 1
    with capture_logs() as told:
        start(log, Settings(admin_tokens=("*:*.a",)))
    assert told == []


@pytest.mark.parametrize("token", ["nope:development.x", "default:nope.x", "*:*.x"])
def test_a_given_token_that_cannot_be_stops_the_start(log: Log, token: str) -> None:
    with pytest.raises(BadData, match="INIT_BACKEND_API_TOKENS") as found:
        start(log, Settings(backend_tokens=(token,)))
    assert token not in found.value.message
    assert log.count() == 0


def test_a_made_up_password_is_printed_once(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    start(log, Settings(admin_username="boss"))
    printed = capsys.readouterr().out
    assert "username: boss" in printed
    password = next(line.split()[1] for line in printed.splitlines() if "password:" in line)
    demand_strong(password)
    assert matches(password, log.read(users.password_hashes, 1)[0])
    start(log, Settings(admin_username="boss"))
    assert capsys.readouterr().out == ""


def test_a_given_password_is_not_printed(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    start(log, EMPTY)
    assert capsys.readouterr().out == ""


def test_of_servers_that_start_at_once_one_fills_the_database(database_url: str) -> None:
    logs = [Log(database_url) for _ in range(3)]
    given = Settings(admin_password="Correct-horse-1", admin_tokens=("*:*.a",))

    async def race() -> None:
        await asyncio.gather(*(first_start(log.units, log.reader, given) for log in logs))

    try:
        asyncio.run(race())
        found = types(logs[0])
        assert found.count("user-created") == found.count("project-created") == found.count("api-token-created") == 1
        assert len(found) == logs[0].count()
        assert len({event.group_id for event in logs[0].events()}) == 1
    finally:
        for log in logs:
            log.close()
