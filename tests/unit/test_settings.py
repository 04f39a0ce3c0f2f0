"""Settings: from which variables they come, and what is refused."""

import re
from inspect import getsource
from pathlib import Path

import pytest

from flagkeeper import settings as settings_module
from flagkeeper.kernel.errors import BadData
from flagkeeper.settings import DEFAULT_DATABASE, Settings, read_settings


def test_without_variables_there_are_defaults() -> None:
    settings = read_settings({})
    assert settings == Settings()
    assert (settings.database_url, settings.port, settings.base_url()) == (
        DEFAULT_DATABASE,
        4242,
        "http://localhost:4242",
    )
    assert settings.admin_password is None, "a default password would be everybody's"


def test_names_that_unleash_uses_work() -> None:
    settings = read_settings(
        {
            "DATABASE_URL": "postgres://a:b@db/c",
            "PORT": "80",
            "UNLEASH_URL": "https://flags.example/",
            "INIT_ADMIN_API_TOKENS": "*:*.one, *:*.two",
            "INIT_CLIENT_API_TOKENS": "default:development.three",
            "INIT_FRONTEND_API_TOKENS": "default:development.four",
            "UNLEASH_DEFAULT_ADMIN_USERNAME": "root",
            "UNLEASH_DEFAULT_ADMIN_PASSWORD": "Correct-horse-1",
            "UNLEASH_SEGMENTS_LIMIT": "7",
            "LOG_LEVEL": "WARNING",
            "SECURE_HEADERS": "true",
        }
    )
    assert settings.base_url() == "https://flags.example"
    assert settings.admin_tokens == ("*:*.one", "*:*.two")
    assert settings.backend_tokens == ("default:development.three",)
    assert settings.frontend_tokens == ("default:development.four",)
    assert (settings.admin_username, settings.admin_password) == ("root", "Correct-horse-1")
    assert (settings.limits.segments, settings.log_level, settings.secure_cookies) == (7, "warning", True)


def test_our_name_of_a_variable_wins_and_empty_means_unset() -> None:
    both = {"FLAGKEEPER_DATABASE_URL": "sqlite:///ours.db", "DATABASE_URL": "sqlite:///theirs.db"}
    assert read_settings(both).database_url == "sqlite:///ours.db"
    assert read_settings({"FLAGKEEPER_DATABASE_URL": " ", **both, "PORT": ""}).port == 4242


def test_a_database_may_be_given_in_parts() -> None:
    parts = {"DATABASE_HOST": "db", "DATABASE_USERNAME": "me", "DATABASE_PASSWORD": "a@b/c", "DATABASE_NAME": "flags"}
    assert read_settings(parts).database_url == "postgresql://me:a%40b%2Fc@db:5432/flags"
    assert read_settings({"DATABASE_HOST": "db"}).database_url == "postgresql://unleash_user@db:5432/unleash"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("AUTH_TYPE", "enterprise"),
        ("LOG_LEVEL", "loud"),
        ("FLAGKEEPER_LOG_FORMAT", "xml"),
        ("FLAGKEEPER_ACCESS_LOG", "perhaps"),
        ("FLAGKEEPER_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("UNLEASH_SEGMENTS_LIMIT", "0"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(BadData, match=name):
        read_settings({name: value})


def test_a_server_without_login_listens_to_this_machine_only() -> None:
    assert read_settings({"AUTH_TYPE": "none"}).host == "127.0.0.1"
    with pytest.raises(BadData, match="FLAGKEEPER_ALLOW_OPEN"):
        read_settings({"AUTH_TYPE": "none", "HTTP_HOST": "0.0.0.0"})
    assert read_settings({"AUTH_TYPE": "none", "HTTP_HOST": "0.0.0.0", "FLAGKEEPER_ALLOW_OPEN": "1"}).host == "0.0.0.0"


def test_the_readme_names_every_variable() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    variables = set(re.findall(r'"([A-Z][A-Z0-9_]{3,})"', getsource(settings_module)))
    assert {"DATABASE_URL", "LOG_LEVEL", "HTTP_PORT"} <= variables
    assert {name for name in variables if f"`{name}`" not in readme} == set()
