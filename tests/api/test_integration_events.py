"""GET /api/admin/addons/{id}/events: every attempt, as the documentation shows it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from flagkeeper.integrations.delivery.slice import DELIVERIES
from tests.deliveries import until_now
from tests.receiver import Answer, Receiver, always, in_turn
from tests.server import BACKEND, Host, TestServer, settings_for

FLAGS = "/api/admin/projects/default/features"


@pytest.fixture
def server(host: Host, database_url: str) -> Iterator[TestServer]:
    """A server that may speak to this machine, and is not patient."""
    settings = settings_for(database_url, allow_private_integrations=True, retry_scale=0.000_1)
    with TestServer(host, settings) as server:
        yield server


def add(server: TestServer, url: str, **changes: Any) -> int:
    body = {
        "provider": "webhook",
        "enabled": True,
        "parameters": {"url": url},
        "events": ["feature-created"],
        **changes,
    }
    answer = server.post("/api/admin/addons", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def create(server: TestServer, *names: str) -> None:
    for name in names:
        assert server.post(FLAGS, json={"name": name}).status_code == 201


def told(server: TestServer, number: int, **parameters: Any) -> list[dict[str, Any]]:
    answer = server.get(f"/api/admin/addons/{number}/events", params=parameters)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"integrationEvents"}
    found: list[dict[str, Any]] = answer.json()["integrationEvents"]
    return found


def test_an_attempt_has_everything_that_the_documentation_shows(server: TestServer) -> None:
    with Receiver() as receiver:
        number = add(server, receiver.url)
        create(server, "my.first.feature")
        until_now(lambda: told(server, number))
        (found,) = told(server, number)
    assert set(found) == {"id", "integrationId", "createdAt", "state", "stateDetails", "event", "details"}
    assert found["id"].isdigit()
    assert isinstance(found["id"], str)
    assert found["integrationId"] == number
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["createdAt"])
    assert (found["state"], found["stateDetails"]) == ("success", "Attempt 1 of 10: Status code: 200 - OK.")
    logged = next(each for each in server.events() if each["type"] == "feature-created")
    assert found["event"] == logged, "the whole event, with label, summary and ip"
    assert {"label", "summary", "ip", "tags", "groupType", "groupId", "preData", "featureName"} <= set(found["event"])
    host = receiver.url.rpartition("/")[0]
    assert found["details"]["url"] == f"{host}/*****", "where it went, without what may be a secret"
    assert found["details"]["body"]["featureName"] == "my.first.feature"


def test_a_failure_says_which_attempt_it_was_and_why(server: TestServer) -> None:
    with Receiver(in_turn(Answer(429), Answer(503), Answer(400))) as receiver:
        number = add(server, receiver.url)
        create(server, "a")
        until_now(lambda: len(told(server, number)) == 3)
        found = told(server, number)
    assert [each["state"] for each in found] == ["failed"] * 3
    assert [each["stateDetails"].partition(" Next try")[0] for each in found] == [
        "Attempt 3 of 10: Status code: 400 - Bad Request. Not tried again.",
        "Attempt 2 of 10: Status code: 503 - Service Unavailable.",
        "Attempt 1 of 10: Status code: 429 - Too Many Requests.",
    ]
    assert [int(each["id"]) for each in found] == sorted((int(each["id"]) for each in found), reverse=True)
    assert len({each["event"]["id"] for each in found}) == 1


def test_what_arrived_although_something_was_wrong_is_told_apart(server: TestServer) -> None:
    """Headers that were stored before there were rules for them: they are left out, and it is said."""
    with Receiver() as receiver:
        number = add(server, receiver.url, parameters={"url": receiver.url, "bodyTemplate": "{{event.id}}"})
        create(server, "a")
        until_now(lambda: told(server, number))
        assert told(server, number)[0]["details"]["body"] == str(told(server, number)[0]["event"]["id"])
        assert receiver.arrivals[0].body.decode() == told(server, number)[0]["details"]["body"]


def test_pages(server: TestServer) -> None:
    with Receiver() as receiver:
        number = add(server, receiver.url)
        create(server, *(f"flag-{i}" for i in range(60)))
        until_now(lambda: len(told(server, number, limit=100)) == 60)
        everything = [each["id"] for each in told(server, number, limit="100")]
        assert everything == sorted(everything, key=int, reverse=True)
        for parameters, expected in (
            ({}, everything[:50]),
            ({"limit": "1"}, everything[:1]),
            ({"limit": "20", "offset": "50"}, everything[50:]),
            ({"offset": "55"}, everything[55:]),
            ({"offset": "60"}, []),
            ({"offset": str(2**62)}, []),
        ):
            assert [each["id"] for each in told(server, number, **parameters)] == expected, parameters


def test_only_those_of_the_integration(server: TestServer) -> None:
    with Receiver() as receiver:
        one, other = add(server, receiver.url), add(server, receiver.url, events=["feature-archived"])
        create(server, "a")
        until_now(lambda: told(server, one))
        assert told(server, other) == []


@pytest.mark.parametrize("bad", ["abc", "1x", "-1", "1.5"])
def test_an_id_that_is_no_number(server: TestServer, bad: str) -> None:
    answer = server.get(f"/api/admin/addons/{bad}/events")
    assert (answer.status_code, answer.json()["name"]) == (400, "BadDataError")


@pytest.mark.parametrize("unknown", ["1", "0", str(2**63 - 1), str(2**70)])
def test_an_id_that_nobody_has(server: TestServer, unknown: str) -> None:
    answer = server.get(f"/api/admin/addons/{unknown}/events")
    assert answer.status_code == 404
    assert {"id", "name", "message"} <= set(answer.json())


def test_only_administrators(server: TestServer) -> None:
    with Receiver() as receiver:
        number = add(server, receiver.url)
    path = f"/api/admin/addons/{number}/events"
    for token, status in ((None, 401), ("unknown", 401), (BACKEND, 403)):
        answer = server.get(path, token=token)
        assert answer.status_code == status
        assert "message" in answer.json()
    assert server.get(path, headers={"Authorization": "Bearer *:*.test-admin-token"}, token=None).status_code == 200


def test_a_deleted_integration_has_none_any_more(server: TestServer) -> None:
    with Receiver() as receiver:
        number = add(server, receiver.url)
        create(server, "a")
        until_now(lambda: told(server, number))
        assert server.delete(f"/api/admin/addons/{number}").status_code == 200
        for path in ("events", "deliveries"):
            assert server.get(f"/api/admin/addons/{number}/{path}").status_code == 404
        server.call(server.services[DELIVERIES].cleaning.run(server.services.units))
        again = add(server, receiver.url)
        assert again != number
        assert told(server, again) == []


def test_it_works_for_an_integration_that_is_off(server: TestServer) -> None:
    with Receiver(always(Answer(410))) as receiver:
        number = add(server, receiver.url)
        create(server, "a")
        until_now(lambda: not server.get(f"/api/admin/addons/{number}").json()["enabled"])
        (found,) = told(server, number)
        assert found["stateDetails"].endswith("The receiver is gone: the integration is switched off.")
        changed = server.events()[0]
        assert (changed["type"], changed["createdBy"]) == ("addon-config-updated", "unleash_system_user")
        assert (changed["preData"]["enabled"], changed["data"]["enabled"]) == (True, False)
