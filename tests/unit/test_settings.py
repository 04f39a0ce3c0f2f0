"""Settings: from which variables they come, what is refused, and what is said to do nothing."""

import re
from pathlib import Path

import pytest

from flagkeeper.edge.settings import read_edge_settings
from flagkeeper.environment.database import DatabaseParts, Tls
from flagkeeper.environment.reader import Environment
from flagkeeper.environment.variable import Handling
from flagkeeper.environment.variables import VARIABLES, variable
from flagkeeper.kernel.errors import BadData
from flagkeeper.settings import DEFAULT_DATABASE, Settings, read_settings
from tools.document_settings import FILE, page


def test_without_variables_there_are_defaults() -> None:
    settings = read_settings({"PATH": "/bin", "HOME": "/root"})
    assert settings == Settings()
    assert (settings.database_url, settings.port, settings.base_url()) == (
        DEFAULT_DATABASE,
        4242,
        "http://localhost:4242",
    )
    assert settings.admin_password is None, "a default password would be everybody's"


def test_names_and_values_that_unleash_uses_work() -> None:
    settings = read_settings(
        {
            "DATABASE_URL": "postgres://a:b@db/c",
            "HTTP_PORT": "80",
            "PORT": "81",
            "UNLEASH_URL": "https://flags.example/",
            "INIT_ADMIN_API_TOKENS": "*:*.one, *:*.two",
            "INIT_CLIENT_API_TOKENS": "default:development.three",
            "INIT_FRONTEND_API_TOKENS": "default:development.four",
            "UNLEASH_DEFAULT_ADMIN_USERNAME": "root",
            "UNLEASH_DEFAULT_ADMIN_PASSWORD": "Correct-horse-1",
            "UNLEASH_SEGMENTS_LIMIT": "0",
            "LOG_LEVEL": "WARN",
            "SECURE_HEADERS": "on",
            "REQUEST_LOGGER_ENABLE": "t",
            "SESSION_TTL_HOURS": "8",
            "MAX_PARALLEL_SESSIONS": "2",
            "USER_INACTIVITY_THRESHOLD_IN_DAYS": "90",
            "SERVER_KEEPALIVE_TIMEOUT": "15",
            "FLAGKEEPER_EVALUATIONS_PER_MINUTE": "600",
            "GRACEFUL_SHUTDOWN_TIMEOUT": "1500",
            "DATABASE_DISABLE_MIGRATION": "true",
            "AUTH_ENABLE_API_TOKEN": "true",
        }
    )
    assert (settings.base_url(), settings.port) == ("https://flags.example", 80)
    assert settings.admin_tokens == ("*:*.one", "*:*.two")
    assert settings.backend_tokens == ("default:development.three",)
    assert settings.frontend_tokens == ("default:development.four",)
    assert (settings.admin_username, settings.admin_password) == ("root", "Correct-horse-1")
    assert (settings.limits.segments, settings.log_level, settings.secure_cookies) == (0, "warning", True)
    assert (settings.session_hours, settings.most_sessions, settings.access_log) == (8, 2, True)
    assert (settings.idle_time, settings.drain_time, settings.migrates) == (15, 1.5, False)
    assert settings.inactive_after_days == 90
    assert settings.evaluations_per_minute == 600
    assert settings.unused == ()
    levels = {"fatal": "critical", "error": "error", "warn": "warning", "Warning": "warning", "debug": "debug"}
    assert {read_settings({"LOG_LEVEL": given}).log_level for given in levels} == set(levels.values())


def test_our_name_of_a_variable_wins_and_empty_means_unset() -> None:
    both = {"FLAGKEEPER_DATABASE_URL": "sqlite:///ours.db", "DATABASE_URL": "sqlite:///theirs.db"}
    assert read_settings(both).database_url == "sqlite:///ours.db"
    assert read_settings({**both, "FLAGKEEPER_DATABASE_URL": " ", "PORT": ""}).database_url == "sqlite:///theirs.db"


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        (
            {"HOST": "db", "USERNAME": "me", "PASSWORD": "a@b/c%", "NAME": "flags", "PORT": "5433"},
            DatabaseParts(host="db", user="me", password="a@b/c%", name="flags", port="5433"),
        ),
        ({"HOST": "db"}, DatabaseParts(host="db", user="unleash_user", name="unleash")),
        ({"NAME": "flags"}, DatabaseParts(host="localhost", user="unleash_user", name="flags")),
        ({"HOST": "[::1]"}, DatabaseParts(host="::1", user="unleash_user", name="unleash")),
        ({"HOST": "/cloudsql/a:b:c"}, DatabaseParts(host="/cloudsql/a:b:c", user="unleash_user", name="unleash")),
        ({"HOST": "a, b", "PORT": "1,2"}, DatabaseParts(host="a,b", port="1,2", user="unleash_user", name="unleash")),
        (
            {"SSL": "true"},
            DatabaseParts(host="localhost", user="unleash_user", name="unleash", tls=Tls(mode="verify-full")),
        ),
    ],
)
def test_a_database_in_parts_is_the_one_that_is_used(given: dict[str, str], parts: DatabaseParts) -> None:
    settings = read_settings({f"DATABASE_{name}": value for name, value in given.items()})
    assert (settings.database_url, settings.database_parts) == ("postgresql://", parts)


@pytest.mark.parametrize(
    ("given", "tls"),
    [
        ({"": "false"}, Tls(mode="disable")),
        ({"": '{"rejectUnauthorized": false}'}, Tls(mode="require")),
        ({"": '{"ca": "-----BEGIN X"}'}, Tls(mode="verify-full", ca="-----BEGIN X")),
        ({"_CA_FILE": __file__}, Tls(mode="verify-full", ca=__file__)),
        ({"_CA_FILE": __file__, "_REJECT_UNAUTHORIZED": "false"}, Tls(mode="require", ca=__file__)),
        ({"_CERT_FILE": __file__, "_KEY_FILE": __file__}, Tls(mode="verify-full", cert=__file__, key=__file__)),
        ({"_CA_CONFIG": '{"rejectUnauthorized": true, "ca": ""}'}, Tls(mode="verify-full")),
        ({"_REJECT_UNAUTHORIZED": "true"}, Tls(mode="verify-full")),
    ],
)
def test_how_a_database_is_encrypted(given: dict[str, str], tls: Tls) -> None:
    variables = {f"DATABASE_SSL{name}": value for name, value in given.items()}
    assert read_settings({"DATABASE_URL": "postgres://db/x", **variables}).database_parts.tls == tls


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("HTTP_PORT", "tcp://10.0.0.1:80"),
        ("AUTH_TYPE", "enterprise"),
        ("AUTH_TYPE", "demo"),
        ("AUTH_ENABLE_API_TOKEN", "false"),
        ("LOG_LEVEL", "loud"),
        ("FLAGKEEPER_LOG_FORMAT", "xml"),
        ("FLAGKEEPER_ACCESS_LOG", "perhaps"),
        ("FLAGKEEPER_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("FLAGKEEPER_PROXY_HEADER", "x-client"),
        ("UNLEASH_PROJECTS_LIMIT", "0"),
        ("UNLEASH_URL", "not-a-url"),
        ("UNLEASH_URL", "lb.example.com/unleash"),
        ("UNLEASH_URL", "javascript:alert(1)"),
        ("UNLEASH_URL", "https://"),
        ("UNLEASH_URL", "https://a:99999"),
        ("UNLEASH_URL", "https://a/?b"),
        ("FLAGKEEPER_URL", 'https://a/"><script>'),
        ("BASE_URI_PATH", "/../x"),
        ("BASE_URI_PATH", "https://a/x"),
        ("DATABASE_HOST", "postgres://db/x"),
        ("DATABASE_HOST", "db:5432"),
        ("DATABASE_PORT", "tcp://10.0.0.1:5432"),
        ("DATABASE_SSL", "maybe"),
        ("DATABASE_SSL", '{"servername": "x"}'),
        ("DATABASE_SSL_CA_FILE", "/no/such/file"),
        ("DATABASE_PASSWORD_FILE", "/no/such/file"),
        ("DATABASE_USER", "me"),
        ("FLAGKEEPER_DATABSE_URL", "sqlite:///x.db"),
        ("ENABLED_ENVIRONMENTS", "production"),
        ("UNLEASH_PAT_KILL_SWITCH", "true"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(BadData, match=name):
        read_settings({name: value})


def test_two_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    for variables in (
        {"DATABASE_URL": "sqlite:///x.db", "DATABASE_HOST": "db"},
        {"DATABASE_PASSWORD": "x", "DATABASE_PASSWORD_FILE": __file__},
        {"UNLEASH_URL": "https://a/x", "BASE_URI_PATH": "/y"},
    ):
        with pytest.raises(BadData):
            read_settings(variables)


def test_secrets_may_stand_in_files(tmp_path: Path) -> None:
    for secret in (each.name for each in VARIABLES.values() if each.secret):
        file = tmp_path / secret
        file.write_text("postgres://db/x\n")
        read = Environment({f"{secret}_FILE": str(file)})
        assert read(secret) == "postgres://db/x"
        assert read.unused() == ()


def test_what_does_nothing_is_said_and_what_clusters_set_is_not() -> None:
    settings = read_settings(
        {
            "CHECK_VERSION": "false",
            "UNLEASH_EXPERIMENTAL_SIGNALS": "true",
            "CSP_ALLOWED_SCRIPT": "x",
            "UNLEASH_WHATEVER": "1",
            "UNLEASH_SERVICE_HOST": "10.0.0.1",
            "UNLEASH_PORT": "tcp://10.0.0.1:4242",
            "UNLEASH_PORT_4242_TCP_ADDR": "10.0.0.1",
            "FLAGKEEPER_SERVICE_PORT_HTTP": "80",
            "FLAGKEEPER_PORT": "tcp://10.0.0.3:80",
            "DATABASE_SERVICE_HOST": "10.0.0.2",
        }
    )
    assert [each.name for each in settings.unused] == [
        "CHECK_VERSION",
        "CSP_ALLOWED_SCRIPT",
        "UNLEASH_EXPERIMENTAL_SIGNALS",
        "UNLEASH_WHATEVER",
    ]


def test_where_people_find_the_server() -> None:
    for variables, url, path in (
        ({"HTTP_HOST": "::1"}, "http://[::1]:4242", ""),
        ({"HTTP_HOST": "[::1]", "PORT": "80"}, "http://[::1]:80", ""),
        ({"HTTP_HOST": "::"}, "http://localhost:4242", ""),
        ({"BASE_URI_PATH": "unleash/"}, "http://localhost:4242/unleash", "/unleash"),
        ({"BASE_URI_PATH": "/"}, "http://localhost:4242", ""),
        ({"UNLEASH_URL": "https://x/a/b/"}, "https://x/a/b", "/a/b"),
        ({"UNLEASH_URL": "https://x", "BASE_URI_PATH": "/a"}, "https://x/a", "/a"),
    ):
        settings = read_settings(variables)
        assert (settings.base_url(), settings.base_path()) == (url, path), variables


def test_a_server_without_login_listens_to_this_machine_only() -> None:
    assert read_settings({"AUTH_TYPE": "none"}).host == "127.0.0.1"
    with pytest.raises(BadData, match="FLAGKEEPER_ALLOW_OPEN"):
        read_settings({"AUTH_TYPE": "none", "HTTP_HOST": "0.0.0.0"})
    assert read_settings({"AUTH_TYPE": "none", "HTTP_HOST": "0.0.0.0", "FLAGKEEPER_ALLOW_OPEN": "1"}).host == "0.0.0.0"


def test_every_variable_in_the_list_is_read_and_every_other_is_said_to_do_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: set[str] = set()
    ask = Environment.__call__

    def noting(self: Environment, *names: str) -> str | None:
        asked.update(names)
        return ask(self, *names)

    monkeypatch.setattr(Environment, "__call__", noting)
    read_settings({})
    read_edge_settings({"UPSTREAM_URL": "http://flags.example", "TOKENS": "*:development.some-token"})
    assert asked == {each.name for each in VARIABLES.values() if each.handling is Handling.HONOURED}
    assert variable("DATABASE_PASSWORD_FILE") is variable("DATABASE_PASSWORD")
    assert variable("HTTP_PORT_FILE") is None


def test_the_table_of_settings_is_that_of_the_list_and_the_readme_leads_to_it() -> None:
    assert FILE.read_text() == page(), "make docs writes it again"
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    named = set(re.findall(r"^\| (`[A-Z].*?) \|", readme, re.MULTILINE))
    mentioned = {name for cell in named for name in re.findall(r"`([A-Z][A-Z0-9_]{3,})`", cell)}
    assert {name for name in mentioned if variable(name) is None} == set()
    assert "docs/settings.md" in readme


def test_origins_are_those_that_browsers_send() -> None:
    assert read_settings({"UNLEASH_FRONTEND_API_ORIGINS": "*"}).frontend_origins == ("*",)
    several = {"UNLEASH_FRONTEND_API_ORIGINS": "https://Shop.example.com:443, http://[::1]:3000,http://localhost:80"}
    found = read_settings(several).frontend_origins
    assert found == ("https://shop.example.com", "http://[::1]:3000", "http://localhost")
    for wrong in (
        "shop.example.com",
        "https://shop.example.com/",
        "https://*.example.com",
        "https://a.test, none",
        "https://münchen.example",
    ):
        with pytest.raises(BadData, match="UNLEASH_FRONTEND_API_ORIGINS"):
            read_settings({"UNLEASH_FRONTEND_API_ORIGINS": wrong})


def test_a_token_is_of_one_kind() -> None:
    for name in ("INIT_BACKEND_API_TOKENS", "INIT_CLIENT_API_TOKENS"):
        with pytest.raises(BadData, match=f"{name}.*in common") as found:
            read_settings(
                {name: "*:development.one", "INIT_FRONTEND_API_TOKENS": "*:development.two,*:development.one"}
            )
        assert "development.one" not in found.value.message
    twice = read_settings({"INIT_ADMIN_API_TOKENS": "*:*.one,*:*.one"})
    assert twice.admin_tokens == ("*:*.one", "*:*.one")
