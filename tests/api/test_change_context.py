"""Events say why, and with what they were made; answers say which events there are."""

import json
import re
from typing import Any

import pytest

from tests.people import browser, person
from tests.server import ADMIN, TestServer

FLAGS = "/api/admin/projects/default/features"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PERCENT = {"X-Change-Reason": "UTF-8''Zahlung%20gr%C3%B6%C3%9Fer%20machen", "X-Change-Ticket": "OPS-7"}
SAID = {"reason": "Zahlung größer machen", "ticket": "OPS-7"}
MORE = ("reason", "ticket", "cause", "actorKind", "credentialId", "traceId")


def more_of(event: dict[str, Any]) -> dict[str, Any]:
    return {name: event[name] for name in MORE if name in event}


def ids(shown: str) -> list[int]:
    """What `X-Flagkeeper-Events` names."""
    found: list[int] = []
    for each in shown.split(","):
        first, _, last = each.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def test_a_change_says_why_and_its_answer_which_events_it_made(server: TestServer) -> None:
    before = server.last_id()
    headers = {**PERCENT, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    assert server.post(FLAGS, json={"name": "checkout"}, headers=headers).status_code == 201
    answer = server.post(f"{FLAGS}/checkout/environments/development/on", headers=headers)
    created, *of_switch = server.events_after(before)
    assert len(of_switch) == 2
    assert answer.headers["x-flagkeeper-events"] == f"{before + 2}-{before + 3}"
    (admin_token,) = (each for each in server.get("/api/admin/api-tokens").json()["tokens"] if each["type"] == "admin")
    for event in (created, *of_switch):
        told = {**SAID, "actorKind": "token", "credentialId": str(admin_token["id"]), "traceId": TRACE}
        assert more_of(event) == told
        assert event["groupType"] == "transaction"


def test_a_change_that_says_nothing(server: TestServer) -> None:
    answer = server.post(FLAGS, json={"name": "checkout"}, headers={"X-Request-Id": "from-the-proxy"})
    (event,) = server.events(feature="IS:checkout")
    assert {"reason", "ticket", "cause"}.isdisjoint(event)
    assert (event["actorKind"], event["traceId"]) == ("token", "from-the-proxy")
    assert answer.headers["x-flagkeeper-events"] == str(event["id"])


def test_what_records_nothing_names_no_event(server: TestServer) -> None:
    assert "x-flagkeeper-events" not in server.get(FLAGS).headers
    body = {"name": "checkout"}
    assert "x-flagkeeper-events" in server.post(FLAGS, json=body).headers
    refused = server.post(FLAGS, json=body)
    assert refused.status_code == 409
    assert "x-flagkeeper-events" not in refused.headers
    off = server.post(f"{FLAGS}/checkout/environments/development/off")
    assert (off.status_code, "x-flagkeeper-events" in off.headers) == (200, False)


def test_a_change_in_chunks_names_all_of_its_events(server: TestServer) -> None:
    names = [f"flag-{number}" for number in range(230)]
    for name in names:
        server.post(FLAGS, json={"name": name})
    before = server.last_id()
    answer = server.post("/api/admin/projects/default/archive", json={"features": names}, headers=PERCENT)
    events = server.events_after(before)
    assert len(events) == len(names)
    assert ids(answer.headers["x-flagkeeper-events"]) == [event["id"] for event in events]
    assert {event["reason"] for event in events} == {SAID["reason"]}


def test_who_acts_by_what(server: TestServer) -> None:
    ada = person(server, "ada", "Admin")
    before = server.last_id()
    with browser(server, "ada") as session:
        session.post(FLAGS, json={"name": "by-session"})
        made = session.post(
            "/api/admin/user/tokens", json={"description": "script", "expiresAt": "2099-01-01T00:00:00.000Z"}
        )
    server.post(FLAGS, json={"name": "by-pat"}, token=made.json()["secret"])
    found = {event["type"] + str(event["featureName"] or ""): event for event in server.events_after(before)}
    by_session, by_pat = found["feature-createdby-session"], found["feature-createdby-pat"]
    assert (by_session["actorKind"], "credentialId" in by_session) == ("user", False)
    assert (by_pat["actorKind"], by_pat["credentialId"]) == ("pat", str(made.json()["id"]))
    assert by_session["createdByUserId"] == by_pat["createdByUserId"] == ada.id
    first = next(event for event in server.events() if event["type"] == "project-created")
    assert more_of(first) == {"actorKind": "system"}


def test_no_secret_is_among_it(server: TestServer) -> None:
    server.post(FLAGS, json={"name": "checkout"})
    text = json.dumps(server.events(feature="IS:checkout"))
    assert ADMIN not in text
    assert not re.search(r"[0-9a-f]{40}", text)


@pytest.mark.parametrize("header", ["X-Change-Reason", "X-Change-Ticket"])
def test_what_cannot_be_said_stops_every_change_before_it_begins(server: TestServer, header: str) -> None:
    document = server.get("/docs/openapi.json").json()
    changes = [
        (method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "get" and path.startswith("/api/admin")
    ]
    assert len(changes) > 80
    before = server.last_id()
    for method, path, operation in changes:
        assert {"X-Change-Reason", "X-Change-Ticket"} <= {each["name"] for each in operation["parameters"]}, path
        success = min(operation["responses"])
        assert "X-Flagkeeper-Events" in operation["responses"][success]["headers"], path
        concrete = re.sub(r"\{\w+\}", "1", path)
        answer = server.request(method.upper(), concrete, headers={header: "\u202e".encode()})
        assert answer.status_code == 400, (method, concrete, answer.text)
        assert [each["path"] for each in answer.json()["details"]] == [f"/header/{header}"], (method, concrete)
        assert "x-flagkeeper-events" not in answer.headers
    assert server.last_id() == before


def test_strangers_are_not_told_what_is_wrong(server: TestServer) -> None:
    assert server.post(FLAGS, json={"name": "x"}, token=None, headers={"X-Change-Reason": ""}).status_code == 401


def test_it_can_be_searched(server: TestServer) -> None:
    server.post(FLAGS, json={"name": "checkout"}, headers=PERCENT)
    server.post(FLAGS, json={"name": "banner"}, headers={"X-Change-Reason": "autumn sale", "X-Change-Ticket": "ops-8"})
    ada = person(server, "ada", "Admin")
    server.post(FLAGS, json={"name": "by-ada"}, token=ada.token)

    def found(query: str) -> set[str]:
        answer = server.get("/api/admin/log/events", params={"q": f"type:feature-created {query}"})
        assert answer.status_code == 200, answer.text
        return {event["featureName"] for event in answer.json()["events"]}

    assert found("reason:grosser") == found("GRÖSSER") == found('"hlung größ"') == {"checkout"}
    assert found("reason:checkout") == set()
    assert found("ticket:ops-7,ops-9") == {"checkout"}
    assert found("ticket:ops-*") == found("reason:*") == {"checkout", "banner"}
    assert found("-reason:*") == found("actor:pat") == {"by-ada"}
    assert found("actor:token -reason:sale") == {"checkout"}
    assert found("ops-8") == {"banner"}
    assert server.get("/api/admin/log/events", params={"q": "actor:robot"}).status_code == 400


def test_exports_have_it(server: TestServer) -> None:
    server.post(FLAGS, json={"name": "checkout"}, headers=PERCENT)
    answer = server.get("/api/admin/log/export?format=ndjson&q=flag:checkout", headers={"X-Change-Ticket": "AUDIT-1"})
    (event,) = (json.loads(line) for line in answer.text.splitlines())
    assert more_of(event) == more_of(server.events(feature="IS:checkout")[0])
    assert SAID.items() <= event.items()
    exported = server.events(type="IS:flagkeeper-events-exported")[0]
    assert exported["ticket"] == "AUDIT-1"
    assert answer.headers["x-flagkeeper-events"] == str(exported["id"])


def test_what_is_not_known_is_left_out(server: TestServer) -> None:
    """`null` would be news to clients that know no such field."""
    for event in server.events():
        assert all(event.get(name, "absent") is not None for name in MORE)
