"""An answer about the log that is given again is for the same question by somebody who may see the same."""

from typing import Any

import pytest

from flagkeeper.readmodels.event_search import recent
from tests.people import person
from tests.server import ADMIN, TestServer

PAGES = {
    "/api/admin/search/events?limit=20": "total",
    "/api/admin/log/events?limit=20&total=exact": "total",
    "/api/admin/events/lantern": "totalEvents",
}


@pytest.fixture(autouse=True)
def long_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "SECONDS", 600.0)


@pytest.fixture
def viewer(server: TestServer) -> str:
    found = person(server, "viewer").token
    assert server.post("/api/admin/projects/default/features", json={"name": "lantern"}).status_code == 201
    assert server.post("/api/admin/segments", json={"name": "s", "constraints": []}).status_code == 201
    return found


def asked(server: TestServer, path: str, token: str) -> dict[str, Any]:
    answer = server.get(path, token=token)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("first", ["administrator", "viewer"])
def test_a_reader_is_not_given_the_answer_of_another(server: TestServer, viewer: str, path: str, first: str) -> None:
    order = [ADMIN, viewer] if first == "administrator" else [viewer, ADMIN]
    for token in order * 2:
        events = asked(server, path, token)["events"]
        assert events
        assert all(("ip" in event) is (token == ADMIN) for event in events)
        if token == viewer:
            assert all(event["project"] for event in events)


@pytest.mark.parametrize("path", PAGES)
def test_a_kept_answer_ends_with_the_next_event(server: TestServer, viewer: str, path: str) -> None:
    before = [asked(server, path, ADMIN) for _ in range(2)]
    assert before[0] == before[1]
    server.post("/api/admin/projects/default/features/lantern/environments/development/on")
    after = asked(server, path, ADMIN)
    assert after["events"][0]["type"] == "feature-environment-enabled"
    assert after.get(PAGES[path]) != before[0].get(PAGES[path]) or PAGES[path] not in after


@pytest.mark.parametrize(
    "others",
    [
        ("/api/admin/search/events?limit=2", "/api/admin/search/events?limit=3"),
        ("/api/admin/search/events?limit=2", "/api/admin/search/events?limit=2&offset=1"),
        ("/api/admin/search/events?limit=2", "/api/admin/search/events?limit=2&type=IS:user-created"),
        ("/api/admin/log/events?limit=2", "/api/admin/log/events?limit=3"),
        ("/api/admin/log/events?limit=2", "/api/admin/log/events?limit=2&offset=1"),
        ("/api/admin/log/events?limit=2", "/api/admin/log/events?limit=2&total=exact"),
        ("/api/admin/log/events?limit=2&q=type:user-*", "/api/admin/log/events?limit=2&q=type:segment-*"),
        ("/api/admin/log/events?limit=2&q=lantern", "/api/admin/log/events?limit=2&q=-lantern"),
    ],
)
def test_questions_that_differ_in_one_thing_have_their_own_answers(
    server: TestServer, viewer: str, others: tuple[str, str]
) -> None:
    one, another = (asked(server, path, ADMIN) for path in others)
    assert one != another
    assert [asked(server, path, ADMIN) for path in others] == [one, another]
