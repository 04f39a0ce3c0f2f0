"""The event log over HTTP: lists, searches, who sees what, and what becomes of bad questions."""

from typing import Any

import pytest

from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.eventlog.read import LogPosition, log_position
from flagkeeper.storage.transaction import Transaction
from tests.deliveries import enable
from tests.log import ALICE
from tests.people import person
from tests.server import ADMIN, BACKEND, TestServer

EVENT_KEYS = {
    *("id", "type", "createdAt", "createdBy", "createdByUserId", "data", "preData", "tags", "featureName", "project"),
    *("environment", "label", "summary", "ip", "groupType", "groupId"),
}
MORE = {"actorKind", "credentialId", "traceId"}
"""Where they are known: the first events of a server are by nobody who sent a request."""
SEARCH = "/api/admin/search/events"
FLAGS = "/api/admin/projects/default/features"


@pytest.fixture
def flags(server: TestServer) -> list[str]:
    """Three flags, the first of which is on in development and has a tag."""
    names = ["alpha", "beta", "gamma"]
    for name in names:
        assert server.post(FLAGS, json={"name": name, "description": f"It is 100% {name}"}).status_code == 201
    server.post(f"{FLAGS}/alpha/environments/development/on")
    server.post("/api/admin/features/alpha/tags", json={"type": "simple", "value": "team-red"})
    return names


def found(server: TestServer, **parameters: str) -> list[str]:
    """Types and flags of what a search finds, newest first."""
    answer = server.get(SEARCH, params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json()["events"])
    return [f"{event['type']} {event['featureName'] or '-'}" for event in answer.json()["events"]]


def test_every_event_has_every_key_a_label_and_a_summary(server: TestServer, flags: list[str]) -> None:
    for path in ("/api/admin/events", "/api/admin/events?project=default", "/api/admin/events/alpha", SEARCH):
        events = server.get(path).json()["events"]
        assert events
        for event in events:
            assert EVENT_KEYS <= set(event) <= EVENT_KEYS | MORE
            assert event["label"] == EVENTS[event["type"]].about.label
            assert event["summary"]
            assert "\x1a" not in event["summary"]
    (on,) = server.get(SEARCH, params={"type": "IS:feature-environment-enabled"}).json()["events"]
    assert "(http://flagkeeper.test/projects/default/features/alpha)" in on["summary"]


def test_the_last_hundred(server: TestServer, flags: list[str]) -> None:
    for i in range(60):
        server.post(FLAGS, json={"name": f"more-{i}", "tags": [{"type": "simple", "value": f"tag-{i}"}]})
    answer = server.get("/api/admin/events").json()
    ids = [event["id"] for event in answer["events"]]

    assert set(answer) == {"version", "events", "totalEvents"}
    assert answer["version"] == 1
    assert ids == list(range(answer["totalEvents"], answer["totalEvents"] - 100, -1))
    assert server.get("/api/admin/events?project=").json()["events"] == answer["events"]


def test_all_events_of_a_project_and_of_a_flag(server: TestServer, flags: list[str]) -> None:
    for i in range(260):
        server.post(f"{FLAGS}/beta/environments/development/{'off' if i % 2 else 'on'}")
    of_project = server.get("/api/admin/events?project=default").json()
    of_flag = server.get("/api/admin/events/beta").json()

    assert of_project["totalEvents"] == len(of_project["events"]) > 260
    assert {event["project"] for event in of_project["events"]} == {"default"}
    assert (of_flag["version"], of_flag["toggleName"]) == (1, "beta")
    assert of_flag["totalEvents"] == len(of_flag["events"]) == 262
    for answer in (of_project, of_flag):
        ids = [event["id"] for event in answer["events"]]
        assert ids == sorted(set(ids), reverse=True)


def test_what_happens_while_a_list_is_read_is_not_in_it(
    server: TestServer, flags: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def and_then_it_happens(tx: Transaction) -> LogPosition:
        end = log_position(tx)
        server.services.units.run_now(ALICE, enable, "beta")
        return end

    last = server.last_id()
    monkeypatch.setattr("flagkeeper.readmodels.event_search.answers.log_position", and_then_it_happens)
    for expected in (last, last + 1):
        found = server.get("/api/admin/events?project=default").json()
        assert found["events"][0]["id"] == expected
        assert found["totalEvents"] == len(found["events"])


def test_unknown_names_have_no_events(server: TestServer) -> None:
    assert server.get("/api/admin/events?project=nobody").json() == {"version": 1, "events": [], "totalEvents": 0}
    assert server.get("/api/admin/events/nobody").json() == {
        "version": 1,
        "toggleName": "nobody",
        "events": [],
        "totalEvents": 0,
    }
    assert server.get(SEARCH, params={"feature": "IS:nobody"}).json() == {"events": [], "total": 0}


def test_each_filter(server: TestServer, flags: list[str]) -> None:
    newest = server.get(SEARCH).json()["events"][0]
    assert found(server, type="IS:feature-created") == [f"feature-created {name}" for name in reversed(flags)]
    assert found(server, feature="IS_ANY_OF:beta, nobody") == ["feature-created beta"]
    assert found(server, feature="IS:alpha", environment="IS:development") == [
        "feature-environment-enabled alpha",
        "feature-strategy-add alpha",
    ]
    assert found(server, id=f"IS:{newest['id']}") == ["feature-tagged alpha"]
    assert found(server, groupId=f"IS:{newest['groupId']}") == ["feature-tagged alpha", "tag-created alpha"]
    assert len(found(server, createdBy="IS:-42", project="IS:default", limit="1000")) == 6
    assert found(server, createdBy="IS:4711") == []


def test_text_is_a_substring_and_not_a_pattern(server: TestServer, flags: list[str]) -> None:
    assert found(server, query="IS 100% ALPHA") == ["feature-created alpha"]
    assert found(server, query="is 100_ alpha") == []
    assert found(server, query="TEAM-red", type="IS:feature-tagged") == ["feature-tagged alpha"]
    assert found(server, query="feature-created") == [], "types are not searched"


def test_days_are_inclusive(server: TestServer, flags: list[str]) -> None:
    today = server.events()[0]["createdAt"][:10]
    every = len(server.events())
    assert len(found(server, **{"from": f"IS:{today}", "to": f"IS:{today}", "limit": "1000"})) == every
    assert found(server, **{"from": "IS:2999-01-01"}) == []
    assert found(server, to="IS:1999-12-31") == []
    assert found(server, **{"from": f"IS:{today}", "to": "IS:2000-01-01"}) == []


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [
        ("3", "0", 3),
        ("3", "2", 3),
        ("", "", 50),
        ("1000", "0", 1000),
    ],
)
def test_pages(server: TestServer, limit: str, offset: str, expected: int) -> None:
    for i in range(60):
        server.post(FLAGS, json={"name": f"more-{i}"})
    every = [event["id"] for event in server.events()]
    answer = server.get(SEARCH, params={"limit": limit, "offset": offset}).json()
    skipped = int(offset) if offset.isdigit() and len(offset) < 10 else 0
    assert [event["id"] for event in answer["events"]] == every[skipped : skipped + expected]
    assert answer["total"] == len(every)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in ("0", "1001", "-1", "many", "1e2", "9" * 30, "\u0663")),
        *(("offset", value) for value in ("-5", "none", "9" * 30)),
        *((name, value) for name in ("type", "project", "feature") for value in ("IS:", "IS_ANY_OF:,", "IS_ANY_OF: ")),
        *((name, "IS:") for name in ("id", "groupId", "environment", "createdBy", "from", "to")),
    ],
)
def test_what_cannot_be_meant_is_no_other_question(server: TestServer, name: str, value: str) -> None:
    answer = server.get(SEARCH, params={name: value})
    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, f"/query/{name}")


def test_past_the_end_there_is_nothing(server: TestServer) -> None:
    answer = server.get(SEARCH, params={"offset": "5000"}).json()
    assert answer["events"] == []
    assert answer["total"] > 0


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"type": "feature-created"}, "type"),
        ({"type": "IS_NOT:feature-created"}, "type"),
        ({"id": "IS:abc"}, "id"),
        ({"id": "IS:" + "9" * 40}, "id"),
        ({"createdBy": "IS:admin"}, "createdBy"),
        ({"from": "2026-01-01"}, "from"),
        ({"from": "IS:yesterday"}, "from"),
        ({"to": "IS:2024-02-31"}, "to"),
        ({"to": "IS:2024-13-01"}, "to"),
        ({"project": ["IS:a", "IS:b"]}, "project"),
    ],
)
def test_a_malformed_filter_is_refused(server: TestServer, parameters: dict[str, Any], name: str) -> None:
    answer = server.get(SEARCH, params=parameters)
    assert answer.status_code == 400
    body = answer.json()
    assert set(body) == {"id", "name", "message", "details"}
    assert body["name"] == "BadDataError"
    assert body["details"][0]["path"] == f"/query/{name}"


def test_the_older_search(server: TestServer, flags: list[str]) -> None:
    path = "/api/admin/events/search"
    answer = server.post(path, json={"type": "feature-created", "project": "default", "limit": 2}).json()
    assert [event["featureName"] for event in answer["events"]] == [flags[2], flags[1]]
    assert (answer["version"], answer["totalEvents"]) == (1, 3)
    assert server.post(path, json={"feature": "beta", "query": "100%"}).json()["totalEvents"] == 1
    for wrong in ({"limit": 0}, {"limit": 101}, {"offset": -1}, {"type": [5]}):
        assert server.post(path, json=wrong).status_code == 400


def test_people_who_are_no_admins_see_events_of_projects_only(server: TestServer, flags: list[str]) -> None:
    ada = person(server, "ada", role="Viewer")
    assert server.get("/api/admin/events", token=ada.token).status_code == 403
    visible = server.get(SEARCH, params={"limit": "1000"}, token=ada.token).json()
    assert visible["total"] == len(visible["events"]) < len(server.events())
    older = server.post("/api/admin/events/search", json={}, token=ada.token).json()["events"]
    of_flag = server.get("/api/admin/events/alpha", token=ada.token).json()
    for event in (*visible["events"], *older, *of_flag["events"]):
        assert event["project"] is not None
        assert "ip" not in event, "addresses are for administrators"
    assert "tag-created" not in {event["type"] for event in of_flag["events"]}
    everybody = {creator["id"] for creator in server.get("/api/admin/event-creators").json()}
    seen = {creator["id"] for creator in server.get("/api/admin/event-creators", token=ada.token).json()}
    assert seen <= everybody


@pytest.mark.parametrize("path", ["/api/admin/events", "/api/admin/events/alpha", SEARCH, "/api/admin/event-creators"])
def test_nobody_reads_without_credentials(server: TestServer, path: str) -> None:
    assert server.get(path, token=None).json()["name"] == "AuthenticationRequired"
    assert server.get(path, token="*:*.wrong").json()["name"] == "UnauthorizedError"
    assert server.get(path, token=BACKEND).status_code == 403
    assert server.get(path, token=f"Bearer {ADMIN}").status_code == 200


def test_creators_by_the_names_they_have_today(server: TestServer, flags: list[str]) -> None:
    ada = person(server, "ada", role="Admin")
    server.post(FLAGS, json={"name": "by-ada"}, token=ada.token)
    creators = {creator["id"]: creator["name"] for creator in server.get("/api/admin/event-creators").json()}
    assert creators[-1337] == "Flagkeeper System"
    assert creators[-42] == "Admin tokens"
    assert list(creators) == sorted(creators)
    before = creators[ada.id]
    server.put(f"/api/admin/user-admin/{ada.id}", json={"name": "Ada Lovelace"})
    assert dict_of(server)[ada.id] == "Ada Lovelace" != before
    server.delete(f"/api/admin/user-admin/{ada.id}")
    assert dict_of(server)[ada.id].endswith("(deleted)")


def dict_of(server: TestServer) -> dict[int, str]:
    return {creator["id"]: creator["name"] for creator in server.get("/api/admin/event-creators").json()}
