"""A moment without a zone is UTC, wherever the server stands."""

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from flagkeeper.eventlog.query import parse
from flagkeeper.eventlog.query.parameters import read_parameters
from flagkeeper.kernel import clock
from flagkeeper.readmodels.views.moments import read_moment
from tests.people import person
from tests.server import TestServer

WRITTEN = "2026-03-08T02:30:00"
"""In New York there is no such time: clocks jump from two to three."""
MOMENT = 1_772_937_000_000


@pytest.fixture(params=["America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"], autouse=True)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where this process is, for as long as the test runs."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_the_zone_of_the_process_is_not_the_one_of_the_test() -> None:
    assert int(datetime.fromisoformat(WRITTEN).timestamp()) * 1000 != MOMENT


@pytest.mark.parametrize("written", [WRITTEN, f"{WRITTEN}Z", f"{WRITTEN}+00:00", "2026-03-08T08:00:00+05:30"])
def test_every_reader_of_a_moment(written: str) -> None:
    assert clock.from_iso(written) == MOMENT
    assert clock.of_datetime(datetime.fromisoformat(written)) == MOMENT
    assert read_moment(written, "at") == MOMENT
    assert parse(f'since:"{written}"', clock.now()).since == MOMENT
    assert clock.to_iso(MOMENT) == f"{WRITTEN}.000Z"


def test_days_begin_in_utc() -> None:
    day = clock.from_iso("2026-03-08T00:00:00Z")
    assert parse("since:2026-03-08", clock.now()).since == day
    assert read_moment("2026-03-08", "at") == day
    assert read_parameters([("from", "IS:2026-03-08")]).since == day


def test_what_a_body_says(server: TestServer) -> None:
    body = {"tokenName": "web", "type": "client", "environment": "development", "expiresAt": "2099-03-08T02:30:00"}
    assert server.post("/api/admin/api-tokens", json=body).json()["expiresAt"] == "2099-03-08T02:30:00.000Z"
    ada = person(server, "ada")
    pat = {"description": "ci", "expiresAt": "2099-03-08T02:30:00"}
    made = server.post("/api/admin/user/tokens", json=pat, token=ada.token).json()
    assert made["expiresAt"] == "2099-03-08T02:30:00.000Z"


def test_what_is_found_around_now(server: TestServer) -> None:
    """An event of this minute is found by moments of this minute that name no zone, by every way of asking."""
    newest = server.events(limit="1")[0]
    at = newest["createdAt"].removesuffix("Z")
    for path in (
        f"log/events?q=since:{at}",
        f"log/what-changed?at={at}&window=1m",
        f"log/timeline?to={at}&span=1h",
        f"log/counts?bucket=hour&q=since:{at}",
    ):
        answer = server.get(f"/api/admin/{path}")
        assert answer.status_code == 200, answer.text
    found = server.get(f"/api/admin/log/events?q=since:{at}").json()["events"]
    assert newest["id"] in [each["id"] for each in found]
    assert server.get(f"/api/admin/log/what-changed?at={at}&window=1m").json()["at"] == newest["createdAt"]
