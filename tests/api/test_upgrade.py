"""What the previous release stored is served as it served it, and the log goes on after it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from flagkeeper.eventlog.version import Snapshot
from flagkeeper.storage.statement import Query, columns
from tests import upgrade
from tests.databases import Run, fresh_postgresql
from tests.server import BACKEND, Host, TestServer
from tests.versions import kinds_of, own_versions

_VERSIONS: Query[Any] = Query(
    select(own_versions.c.event_id, own_versions.c.kind, own_versions.c.schema, own_versions.c.state), columns
)


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upgrade") / "previous.db"
    upgrade.restore_sqlite(path)
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def upgraded(kind: str, host: Host, run: Run, sqlite_file: Path, tmp_path: Path) -> Iterator[TestServer]:
    """This server, on a copy of the database of the previous release."""
    if kind == "sqlite":
        path = tmp_path / "previous.db"
        shutil.copyfile(sqlite_file, path)
        with TestServer(host, upgrade.settings(f"sqlite:///{path}")) as server:
            yield server
    else:
        with (
            fresh_postgresql(run, upgrade.restore_postgresql) as url,
            TestServer(host, upgrade.settings(url)) as server,
        ):
            yield server


def test_the_same_questions_get_the_same_answers(upgraded: TestServer, kind: str) -> None:
    recorded = upgrade.answers(kind)
    assert len(recorded) >= 100
    found: list[str] = []
    for before in recorded:
        after = upgrade.ask(upgraded, before.method, before.path, before.token, before.json)
        found += upgrade.differences(before, after)
    assert not found, "\n".join([f"{len(found)} differences", *found])


def test_every_meant_difference_has_a_reason_and_is_one() -> None:
    recorded = [answer for kind in ("sqlite", "postgresql") for answer in upgrade.answers(kind)]
    for each in upgrade.meant():
        assert each.keys() == {"request", "path", "reason"}
        assert len(each["reason"]) > 20, each
        assert any(upgrade.asks(each, answer) for answer in recorded), each


def test_a_client_that_is_up_to_date_stays_so(upgraded: TestServer, kind: str) -> None:
    """What an SDK kept from before is still what it would be sent."""
    known = [each for each in upgrade.answers(kind) if each.path == "/api/client/features" and each.status == 200]
    assert len(known) == 2
    for before in known:
        tag = {"If-None-Match": before.headers["etag"]}
        assert upgraded.get(before.path, token=before.token, headers=tag).status_code == 304


def test_an_upgrade_leaves_the_log_as_it_is_and_goes_on_after_it(upgraded: TestServer, kind: str) -> None:
    before = next(each for each in upgrade.answers(kind) if each.path == "/api/admin/search/events?limit=15")
    last = before.body["events"][0]["id"]
    assert upgraded.last_id() == last
    flag = "/api/admin/projects/default/features/checkout"
    assert upgraded.patch(flag, json=[{"op": "replace", "path": "/description", "value": "new"}]).is_success
    (event,) = upgraded.events_after(last)
    assert (event["id"], event["type"]) == (last + 1, "feature-metadata-updated")
    created = upgraded.events(feature="IS:checkout", type="IS:feature-created")[0]
    assert event["preData"]["description"] == created["data"]["description"]
    assert event["createdAt"] > created["createdAt"]


def test_every_state_that_the_previous_release_kept_can_be_read(upgraded: TestServer) -> None:
    kinds = {each.kind: each for each in kinds_of(Snapshot)}
    rows = upgraded.services.reader.now(lambda tx: tx.all(_VERSIONS))
    assert len(rows) > 300
    for event, kind, schema, state in rows:
        found = kinds[kind].unpack(schema, state)
        assert found is None or found.pack(), event


def test_tokens_of_before_open_what_they_opened(upgraded: TestServer) -> None:
    """Also after the server has read its tables anew because a token came along."""
    body = {"tokenName": "late", "type": "client", "environment": "development"}
    late = upgraded.post("/api/admin/api-tokens", json=body).json()["secret"]
    shown = [upgraded.get("/api/client/features", token=token).json()["features"] for token in (BACKEND, late)]
    assert shown[0] == shown[1] != []
