"""Log lines: one form for all, an id per request, and never a secret."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from flagkeeper.http.logging import HIDDEN, REQUEST_ID, configure_logging, hide_secrets, next_request_id

TOKENS = [
    "*:*.d1f7b9ad4bb1a9f1d4cf2f2e5c3c0a6e",
    "default:development.f13c8106d9b3fd2e6dd91bd0d2e2fa9b5d1c7b3a",
    "[]:production.0123456789abcdef0123456789abcdef",
    "user:0123456789abcdef0123456789abcdef",
    "scim:0123456789abcdef0123456789abcdef",
]


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What is logged, with logging as a server has it for one test."""
    root = logging.getLogger()
    before, kept = (root.level, root.handlers[:]), structlog.get_config()
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging("json", "info")
    yield stream
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    structlog.configure(**kept)


@pytest.mark.parametrize(
    ("level", "expected"), [("debug", logging.WARNING), ("info", logging.WARNING), ("error", logging.ERROR)]
)
@pytest.mark.usefixtures("logs")
def test_libraries_say_no_more_than_warnings(level: str, expected: int) -> None:
    configure_logging("json", level)
    assert {logging.getLogger(name).level for name in ("uvicorn", "asyncio", "sqlalchemy", "aiohttp")} == {expected}
    assert logging.getLogger().level == getattr(logging, level.upper())
    assert len(logging.getLogger().handlers) == 1


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_hidden_wherever_it_stands(token: str) -> None:
    event = {"path": f"/api/admin/api-tokens/{token}", "more": {"list": [token, 1]}, "error": f"bad {token}!"}
    shown = hide_secrets(None, "info", event)
    assert token not in json.dumps(shown)
    assert token.rpartition(".")[2][:16] not in json.dumps(shown)


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "a" * 100_000 + ":" + "a." * 50_000, "://" + "a" * 100_000, "a:" * 50_000]
)
def test_long_text_is_gone_through_once(text: str) -> None:
    start = time.process_time()
    assert hide_secrets(None, "info", {"path": text})["path"] == text
    assert hide_secrets(None, "info", {"path": f"{text} {TOKENS[1]}"})["path"] == f"{text} {HIDDEN}"
    assert time.process_time() - start < 5


def test_what_is_called_a_secret_is_hidden() -> None:
    shown = hide_secrets(
        None,
        "info",
        {"password": "hunter22", "Authorization": "x", "headers": {"cookie": "a=b", "host": "c"}, "token": None},
    )
    assert shown == {
        "password": HIDDEN,
        "Authorization": HIDDEN,
        "headers": {"cookie": HIDDEN, "host": "c"},
        "token": None,
    }


def test_the_password_in_an_address_is_hidden() -> None:
    shown = hide_secrets(None, "info", {"error": "cannot reach postgresql://me:hunter22@db.example:5432/flags"})
    assert shown["error"] == f"cannot reach postgresql://{HIDDEN}@db.example:5432/flags"


@pytest.mark.parametrize(
    "harmless", ["2026-11-22T04:11:07.123Z", "segment/1", "http://localhost:4242/docs", "flag checkout: on", "a:b.c"]
)
def test_the_rest_is_left_alone(harmless: str) -> None:
    assert hide_secrets(None, "info", {"event": harmless}) == {"event": harmless}


def test_our_lines_and_those_of_libraries_look_the_same(logs: StringIO) -> None:
    reset = REQUEST_ID.set("7-a")
    structlog.get_logger("flagkeeper.test").info("hello", password="hunter22", n=1)
    REQUEST_ID.reset(reset)
    logging.getLogger("some.library").warning("%s of them", 3)
    logging.getLogger("some.library").info("shown too")
    logging.getLogger("uvicorn.error").info("Started server process")
    ours, theirs, more = (json.loads(line) for line in logs.getvalue().splitlines())
    assert (ours["event"], ours["level"], ours["logger"], ours["n"]) == ("hello", "info", "flagkeeper.test", 1)
    assert (ours["password"], ours["request_id"]) == (HIDDEN, "7-a")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("3 of them", "warning", "some.library")
    assert more["event"] == "shown too"
    assert set(theirs) == {"event", "level", "logger", "timestamp"}


def test_an_exception_is_logged_without_the_values_of_variables(logs: StringIO) -> None:
    secret_of_mine = "hunter" + "22"
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger("flagkeeper.test").exception("failed", n=len(secret_of_mine))
    line = json.loads(logs.getvalue())
    assert "ValueError: broken" in line["exception"]
    assert secret_of_mine not in json.dumps(line)


def test_a_proxy_may_name_a_request_but_not_write_into_the_log() -> None:
    assert next_request_id("abc-123:4.5") == "abc-123:4.5"
    for bad in (None, "", "two words", "x" * 65, "a\nb", "é"):
        assert next_request_id(bad) != bad
    assert next_request_id(None) != next_request_id(None)


def test_nothing_that_is_logged_controls_the_terminal(logs: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", logs)
    configure_logging("console", "info")
    try:
        raise ValueError("\x1b[2J\u202eevil")
    except ValueError:
        structlog.get_logger("test").error("failed", one="/a\x1b[31m\x9b\u2066", two="b\nforged", exc_info=True)
    written = logs.getvalue()
    assert not set(written) & set("\x1b\x9b\u202e\u2066")
    assert "one=/a\\u001b[31m" in written
    assert "\\u001b[2J\\u202eevil\n" in written
    assert "\nforged" not in written
