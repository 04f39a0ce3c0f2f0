"""A database of the previous release, what that release answered on it, and how such answers are compared.

`tools/make_upgrade_data.py` makes the files of `tests/data/upgrade`.
"""

import fnmatch
import gzip
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psycopg

from flagkeeper.settings import Settings
from tests.server import TestServer, settings_for

FOLDER = Path(__file__).parent / "data/upgrade"
SECRET_KEY = "the key that seals the secrets of integrations in tests"
HEADERS = ("content-type", "etag", "location")
"""Headers that belong to an answer."""
VOLATILE = frozenset({"seenAt", "lastSeen"})
"""Fields that change when one asks for them."""


class Answer(NamedTuple):
    """A request, and what the previous release answered to it."""

    method: str
    path: str
    token: str | None
    json: Any
    status: int
    headers: dict[str, str]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def settings(url: str, **changes: Any) -> Settings:
    """Those of the server that made the data; what it delivered is kept for ever."""
    return settings_for(url, secret_keys=(SECRET_KEY,), integration_events_days=100_000, **changes)


def ask(server: TestServer, method: str, path: str, token: str | None, body: Any = None) -> Answer:
    answer = server.request(method, path, token=token, **({} if body is None else {"json": body}))
    headers = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    return Answer(method, path, token, body, answer.status_code, headers, _content(answer))


def _content(answer: httpx.Response) -> Any:
    if answer.content and answer.headers.get("content-type", "").startswith("application/json"):
        return json.loads(answer.content, object_hook=_settled)
    return answer.text


def _settled(found: dict[str, Any]) -> dict[str, Any]:
    """A request's own id is new each time, and so is when somebody was last seen."""
    own = {"id"} if {"name", "message", "details"} <= found.keys() else set()
    return {name: "volatile" if name in VOLATILE | own else value for name, value in found.items()}


def differences(before: Answer, after: Answer) -> Iterator[str]:
    """What a client of the previous release would miss, as `path: before -> after`. Fields that are new are fine."""
    old = {"status": before.status, "headers": before.headers, "body": before.body}
    new = {"status": after.status, "headers": after.headers, "body": after.body}
    allowed = [each["path"] for each in meant() if asks(each, before)]
    for path, was, now in _differences("", old, new):
        if not any(fnmatch.fnmatchcase(path, pattern) for pattern in allowed):
            yield f"{before} {path}: {json.dumps(was)[:200]} -> {json.dumps(now)[:200]}"


def _differences(path: str, was: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for name, value in was.items():
            yield from _differences(f"{path}/{name}", value, now.get(name, "missing"))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for number, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _differences(f"{path}/{number}", one, other)
    elif was != now:
        yield path, was, now


def meant() -> list[dict[str, str]]:
    """Differences that a release means to make: patterns of a request and of a path in its answer, and the reason."""
    with (FOLDER / "meant.toml").open("rb") as file:
        found: list[dict[str, str]] = tomllib.load(file).get("difference", [])
    return found


def asks(difference: dict[str, str], answer: Answer) -> bool:
    """Whether a difference that is meant is one of this answer."""
    return fnmatch.fnmatchcase(str(answer), difference["request"])


def save(kind: str, database: bytes, answers: list[Answer]) -> None:
    """Writes the files of one kind of database; the same content gives the same bytes."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / _name(kind)).write_bytes(gzip.compress(database, mtime=0))
    lines = "\n".join(json.dumps(answer._asdict(), sort_keys=True) for answer in answers)
    (FOLDER / f"answers-{kind}.jsonl.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))


def answers(kind: str) -> list[Answer]:
    lines = gzip.decompress((FOLDER / f"answers-{kind}.jsonl.gz").read_bytes()).decode().splitlines()
    return [Answer(**json.loads(line)) for line in lines]


def restore_sqlite(path: Path) -> None:
    path.write_bytes(gzip.decompress((FOLDER / _name("sqlite")).read_bytes()))


def restore_postgresql(url: str) -> None:
    """Fills an empty database."""
    dump = gzip.decompress((FOLDER / _name("postgresql")).read_bytes()).decode()
    with psycopg.connect(url) as connection:
        connection.execute(dump.encode())


def without_settings(dump: str) -> str:
    """A dump of `pg_dump` that any version of PostgreSQL understands, and that does not need `psql`."""
    return re.sub(r"^(SET|SELECT pg_catalog\.set_config|\\|--).*\n|^\n", "", dump, flags=re.MULTILINE)


def _name(kind: str) -> str:
    return {"sqlite": "sqlite.db.gz", "postgresql": "postgresql.sql.gz"}[kind]
