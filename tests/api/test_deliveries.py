"""What people can do about deliveries: see, replay, try out, and ask what would have happened."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from flagkeeper.integrations.delivery.model import MOST_ATTEMPTS
from tests.deliveries import until_now
from tests.receiver import FINE, Answer, Receiver, always
from tests.server import BACKEND, Host, TestServer, settings_for

FLAGS = "/api/admin/projects/default/features"


@pytest.fixture
def server(host: Host, database_url: str) -> Iterator[TestServer]:
    """A server that may speak to this machine, and is not patient."""
    settings = settings_for(database_url, allow_private_integrations=True, retry_scale=0.000_001)
    with TestServer(host, settings) as server:
        yield server


def body(url: str, **changes: Any) -> dict[str, Any]:
    return {
        "provider": "webhook",
        "enabled": True,
        "parameters": {"url": url},
        "events": ["feature-created"],
        **changes,
    }


def add(server: TestServer, url: str, **changes: Any) -> str:
    """The path of a new integration."""
    answer = server.post("/api/admin/addons", json=body(url, **changes))
    assert answer.status_code == 201, answer.text
    return f"/api/admin/addons/{answer.json()['id']}"


def create(server: TestServer, *names: str) -> None:
    for name in names:
        assert server.post(FLAGS, json={"name": name}).status_code == 201


def deliveries(server: TestServer, path: str, **parameters: str) -> list[dict[str, Any]]:
    answer = server.get(f"{path}/deliveries", params={"limit": "100", **parameters})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["deliveries"]
    return found


def settled(server: TestServer, path: str, number: int) -> None:
    until_now(lambda: len(deliveries(server, path)) == number and not deliveries(server, path, state="waiting"))


def test_the_list_of_deliveries(server: TestServer) -> None:
    with Receiver(lambda arrival: FINE if arrival.event["featureName"] == "a" else Answer(400)) as receiver:
        path = add(server, receiver.url)
        create(server, "a", "b", "c")
        settled(server, path, 3)
        c, b, a = deliveries(server, path)
        assert [each["state"] for each in (a, b, c)] == ["done", "dead", "dead"]
        assert a["eventId"] < b["eventId"] < c["eventId"]
        assert set(a) == {"eventId", "eventType", "state", "attempts", "dueAt", "messageId", "since"}
        assert (a["eventType"], a["attempts"], a["dueAt"]) == ("feature-created", 1, None)
        assert deliveries(server, path, state="dead") == [c, b]
        page = server.get(f"{path}/deliveries", params={"limit": "1", "offset": "1"}).json()
        assert page == {"deliveries": [b], "total": 3}
        moment = server.get(f"/api/admin/log/events/{b['eventId']}").json()["event"]["createdAt"]
        for span, total in (({"from": moment}, 2), ({"to": moment}, 1), ({"from": moment, "to": moment}, 0)):
            assert server.get(f"{path}/deliveries", params={**span, "limit": "1"}).json()["total"] == total, span
        assert server.get(f"{path}/deliveries", params={"state": "lost"}).status_code == 400
        for bad, where in (({"from": "yesterday"}, "from"), ({"to": "soon"}, "to")):
            answer = server.get(f"{path}/deliveries", params=bad)
            assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, f"/query/{where}")


def test_one_delivery_is_replayed(server: TestServer) -> None:
    with Receiver(always(Answer(422))) as receiver:
        path = add(server, receiver.url)
        create(server, "a")
        settled(server, path, 1)
        (dead,) = deliveries(server, path)
        receiver.decide = always(FINE)
        answer = server.post(f"{path}/deliveries/{dead['eventId']}/replay")
        assert answer.status_code == 202, answer.text
        assert answer.json()["messageId"] == dead["messageId"]
        until_now(lambda: deliveries(server, path)[0]["state"] == "done")
        assert [each.message_id for each in receiver.arrivals] == [dead["messageId"]] * 2
        assert server.post(f"{path}/deliveries/99999/replay").status_code == 404
        assert server.post(f"{path}/deliveries/{2**70}/replay").status_code == 404
        assert server.post(f"{path}/deliveries/abc/replay").status_code == 400
        assert server.post(f"/api/admin/addons/99/deliveries/{dead['eventId']}/replay").status_code == 404


def test_what_died_is_replayed_when_the_receiver_is_back(server: TestServer) -> None:
    with Receiver(always(Answer(500))) as receiver:
        path = add(server, receiver.url, events=["feature-created", "feature-archived"])
        create(server, *(f"flag-{i}" for i in range(5)))
        assert server.delete(f"{FLAGS}/flag-0").status_code == 202
        settled(server, path, 6)
        # On so short a schedule the cleaning job may come by, and give up what is older than the schedule allows, also
        # what is about to be sent once more: that may still arrive, and counts as a repetition.
        made = [each["attempts"] for each in deliveries(server, path)]
        assert sum(made) <= len(receiver.arrivals) <= 6 * MOST_ATTEMPTS
        receiver.decide = always(FINE)
        replay = f"{path}/deliveries/replay"
        assert server.post(replay, json={"types": ["feature-archived"]}).json() == {"replayed": 1}
        settled(server, path, 6)
        assert len(deliveries(server, path, state="dead")) == 5
        assert server.post(replay, json={"to": "2020-01-01T00:00:00Z"}).json() == {"replayed": 0}
        assert server.post(replay, json={"from": "2020-01-01"}).json() == {"replayed": 5}
        settled(server, path, 6)
        assert not deliveries(server, path, state="dead")
        assert server.post(replay, json={}).json() == {"replayed": 0}
        assert server.post(replay, json={"states": ["done"]}).json() == {"replayed": 6}
        settled(server, path, 6)
        accepted = Counter(receiver.accepted)
        assert len(accepted) == 6
        assert min(accepted.values()) >= 2


def test_a_replay_that_makes_no_sense(server: TestServer) -> None:
    with Receiver() as receiver:
        replay = f"{add(server, receiver.url)}/deliveries/replay"
    for bad, where in (({"from": "yesterday"}, "/body/from"), ({"states": ["lost"]}, "/body/states/0")):
        answer = server.post(replay, json=bad)
        assert answer.status_code == 400
        assert answer.json()["details"][0]["path"] == where
    assert server.post("/api/admin/addons/99/deliveries/replay", json={}).status_code == 404


def test_a_test_message_goes_the_way_of_all_others_and_says_what_it_is(server: TestServer) -> None:
    secret = "whsec_" + "A" * 43 + "="
    with Receiver() as receiver:
        path = add(server, receiver.url, parameters={"url": receiver.url, "signingSecret": secret}, enabled=False)
        before = server.last_id()
        answer = server.post(f"{path}/test")
        assert answer.status_code == 200, answer.text
        assert (answer.json()["state"], answer.json()["stateDetails"]) == ("success", "Status code: 200 - OK")
        assert answer.json()["details"]["url"].endswith("/*****")
        (arrival,) = receiver.arrivals
        assert arrival.event["data"]["test"] is True
        assert "test" in arrival.event["summary"]
        assert arrival.event["type"] == "feature-created"
        assert arrival.message_id.startswith("msg_test_")
        assert arrival.headers["webhook-signature"].startswith("v1,")
        assert server.last_id() == before, "nothing happened, so nothing is recorded"
        assert server.get(f"{path}/events").json() == {"integrationEvents": []}
        receiver.decide = always(Answer(403))
        assert server.post(f"{path}/test").json()["stateDetails"] == "Status code: 403 - Forbidden"
    failed = server.post(f"{path}/test").json()
    assert failed["state"] == "failed"
    assert failed["stateDetails"].startswith("No answer: ")
    assert server.post("/api/admin/addons/99/test").status_code == 404


def test_a_dry_run_sends_nothing_and_says_what_would_have_been_sent(server: TestServer) -> None:
    with Receiver() as receiver:
        create(server, "a", "b")
        assert server.delete(f"{FLAGS}/a").status_code == 202
        asked = body(receiver.url, events=["feature-created", "feature-archived", "segment-created"])
        answer = server.post("/api/admin/addons/dry-run", json=asked)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["days"], found["total"]) == (7, 3)
        assert found["byType"] == {"feature-archived": 1, "feature-created": 2}
        assert [each["featureName"] for each in found["samples"]] == ["a", "b"]
        assert found["samples"][0] in server.events()
        elsewhere = server.post("/api/admin/addons/dry-run", json=body(receiver.url, projects=["elsewhere"])).json()
        assert (elsewhere["total"], elsewhere["samples"]) == (0, [])
        assert server.get("/api/admin/addons").json()["addons"] == []
        assert receiver.arrivals == []
    unknown = server.post("/api/admin/addons/dry-run", json=body("http://example.com", provider="pigeon"))
    assert unknown.status_code == 400


def test_who_may_do_this(server: TestServer) -> None:
    with Receiver() as receiver:
        path = add(server, receiver.url)
    asks = [
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/1/replay", None),
        ("POST", f"{path}/deliveries/replay", {}),
        ("POST", f"{path}/test", None),
        ("POST", "/api/admin/addons/dry-run", body("http://example.com")),
    ]
    for method, where, sent in asks:
        for token, status in ((None, 401), ("unknown", 401), (BACKEND, 403)):
            assert server.request(method, where, token=token, json=sent).status_code == status, where


def test_metrics_are_served(server: TestServer) -> None:
    with Receiver() as receiver:
        path = add(server, receiver.url)
        create(server, "a")
        settled(server, path, 1)
    text = server.get("/internal-backstage/prometheus").text
    assert 'flagkeeper_deliveries_total{outcome="delivered",provider="webhook"} 1.0' in text
    for name in ("flagkeeper_delivery_lag_seconds_bucket", "flagkeeper_deliveries_oldest_waiting_seconds"):
        assert name in text


def test_no_secret_in_what_people_see(server: TestServer) -> None:
    parameters = {"authorization": "Bearer top-secret", "customHeaders": '{"X-Key": "hush-hush"}'}
    with Receiver() as receiver:
        url = receiver.url + "/very-private"
        path = add(server, url, parameters={"url": url, **parameters})
        create(server, "a")
        settled(server, path, 1)
        assert receiver.arrivals[0].headers["authorization"] == "Bearer top-secret"
        seen = server.get(f"{path}/events").text + server.get(f"{path}/deliveries").text
        seen += server.post(f"{path}/test").text
    for secret in ("top-secret", "hush-hush", "very-private"):
        assert secret not in seen
