"""Tokens without a database: drafts, textual forms, what lists show."""

import re

import pytest

from flagkeeper.features.tokens.model import (
    TokenType,
    check_pat,
    draft,
    draft_of_secret,
    hash_of,
    new_api_secret,
    new_pat_secret,
    shown,
)
from flagkeeper.kernel.errors import BadData

CLIENT, FRONTEND, ADMIN = TokenType.CLIENT, TokenType.FRONTEND, TokenType.ADMIN


def test_defaults() -> None:
    made = draft("web", CLIENT, None, None)
    assert (made.environment, made.projects, made.expires_at) == ("development", ["*"], None)


def test_all_projects_swallow_the_others() -> None:
    assert draft("web", CLIENT, "production", ["a", "*", "b"]).projects == ["*"]
    assert draft("web", CLIENT, "production", ["b", "a", "b"]).projects == ["b", "a"]


def test_an_admin_token_opens_everything() -> None:
    made = draft("root", ADMIN, "development", ["a"])
    assert (made.environment, made.projects) == ("*", ["*"])


@pytest.mark.parametrize(
    ("name", "environment", "projects", "path"),
    [
        ("", None, None, "/body/tokenName"),
        ("  ", None, None, "/body/tokenName"),
        ("n" * 256, None, None, "/body/tokenName"),
        ("web", "*", None, "/body/environment"),
        ("web", None, [], "/body/projects"),
        ("web", None, ["a", ""], "/body/projects"),
    ],
)
def test_a_draft_that_cannot_be(name: str, environment: str | None, projects: list[str] | None, path: str) -> None:
    with pytest.raises(BadData) as caught:
        draft(name, CLIENT, environment, projects)
    assert caught.value.details[0].path == path


@pytest.mark.parametrize(
    ("secret", "type_", "environment", "projects"),
    [
        ("default:development.insecure", CLIENT, "development", ["default"]),
        ("*:production.insecure", FRONTEND, "production", ["*"]),
        ("[]:production.insecure", CLIENT, "production", ["*"]),
        ("*:*.insecure", ADMIN, "*", ["*"]),
        ("any text at all", CLIENT, "development", ["*"]),
        ("any text at all", ADMIN, "*", ["*"]),
    ],
)
def test_what_a_given_secret_says(secret: str, type_: TokenType, environment: str, projects: list[str]) -> None:
    made = draft_of_secret(secret, type_)
    assert (made.name, made.type, made.environment, made.projects) == ("admin", type_, environment, projects)


def test_a_given_secret_of_an_sdk_names_its_environment() -> None:
    with pytest.raises(BadData):
        draft_of_secret("*:*.insecure", CLIENT)


@pytest.mark.parametrize(
    ("projects", "pattern"),
    [
        (["*"], r"\*:development\.[0-9a-f]{56}"),
        (["shop"], r"shop:development\.[0-9a-f]{56}"),
        (["shop", "web"], r"\[\]:development\.[0-9a-f]{56}"),
    ],
)
def test_a_fresh_secret(projects: list[str], pattern: str) -> None:
    wanted = draft("web", CLIENT, None, projects)
    secret = new_api_secret(wanted)
    assert re.fullmatch(pattern, secret)
    assert secret != new_api_secret(wanted)
    assert shown(secret) == secret[:-50] + "***"
    assert re.fullmatch(r"user:[0-9a-f]{56}", new_pat_secret())


@pytest.mark.parametrize("secret", ["*:*.unleash-insecure-admin-api-token", "short", "a.b", "x:y.z"])
def test_what_is_shown_of_a_short_secret_gives_nothing_away(secret: str) -> None:
    scope = re.match(r"[^:]+:[^.]+\.", secret)
    assert shown(secret) == (scope[0] if scope else "") + "***"


def test_a_hash_is_of_the_whole_secret() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", hash_of("default:development.x"))
    assert hash_of("default:development.x") != hash_of("*:development.x")


@pytest.mark.parametrize(
    ("description", "expires_at", "path"),
    [("", 2, "/body/description"), ("x" * 256, 2, "/body/description"), ("ci", 1, "/body/expiresAt")],
)
def test_a_personal_token_that_cannot_be(description: str, expires_at: int, path: str) -> None:
    with pytest.raises(BadData) as caught:
        check_pat(description, expires_at, 1)
    assert caught.value.details[0].path == path
