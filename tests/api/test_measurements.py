"""What applications measure, over HTTP."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.measurements import model
from flagkeeper.features.measurements.jobs import Measurements
from flagkeeper.features.measurements.slice import MEASUREMENTS
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.supervisor import Supervisor
from tests.people import person
from tests.server import BACKEND, FRONTEND, TestServer

CUSTOM, IMPACT = "/api/client/metrics/custom", "/internal-backstage/impact/metrics"
LIST = "/api/admin/custom-metrics"
COUNTER = {"name": "purchases", "help": "Sold", "type": "counter", "samples": [{"value": 2, "labels": {"plan": "a"}}]}
GAUGE = {"name": "queue", "help": "", "type": "gauge", "samples": [{"value": 7}]}
HISTOGRAM = {
    "name": "latency",
    "help": "Seconds",
    "type": "histogram",
    "samples": [{"count": 2, "sum": 0.5, "buckets": [{"le": 1, "count": 2}, {"le": "+Inf", "count": 2}]}],
}


def send(server: TestServer, *metrics: Any, app: str = "shop") -> None:
    body = {"appName": app, "instanceId": "i", "impactMetrics": list(metrics)}
    assert server.post("/api/client/metrics", token=BACKEND, json=body).status_code == 202
    server.call(server.services[MEASUREMENTS].flush())


def scraped(server: TestServer, path: str = IMPACT) -> dict[str, float]:
    """Numbers by the names of their series, without labels that are always there."""
    answer = server.get(path)
    assert answer.status_code == 200
    if answer.text:
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for each in family.samples:
            own = {name: value for name, value in each.labels.items() if name in ("plan", "le", "appName", "host")}
            sample = each.name.removesuffix("_total")  # which this parser adds to what counters are called
            found[" ".join([sample, *(own[name] for name in sorted(own))])] = each.value
    return found


def test_impact_metrics_add_up(server: TestServer) -> None:
    before = server.last_id()
    send(server, COUNTER, GAUGE, HISTOGRAM)
    send(server, COUNTER, {**GAUGE, "samples": [{"value": 4}]}, HISTOGRAM)
    send(server, COUNTER, app="cart")
    assert scraped(server) == {
        "purchases shop a": 4,
        "purchases cart a": 2,
        "queue shop": 4,
        "latency_bucket shop 1": 4,
        "latency_bucket shop +Inf": 4,
        "latency_sum shop": 1,
        "latency_count shop": 4,
    }
    text = server.get(IMPACT).text
    assert (
        '# HELP purchases Sold\n# TYPE purchases counter\npurchases{appName="cart",environment="development",' in text
    )
    assert 'metric_type="counter",origin="sdk",plan="a"' in text
    assert {each["type"] for each in server.events_after(before)} <= {"application-created"}


def test_a_proxy_hands_them_on(server: TestServer) -> None:
    body = {"applications": [], "metrics": [], "impactMetrics": [GAUGE]}
    assert server.post("/api/client/metrics/bulk", token=BACKEND, json=body).status_code == 202
    server.call(server.services[MEASUREMENTS].flush())
    assert scraped(server) == {"queue": 7}


def test_what_is_wrong_costs_nothing_else(server: TestServer) -> None:
    send(server, 7, None, {"name": "x"}, {**GAUGE, "type": "nope"}, {**COUNTER, "samples": [{"value": -1}]}, GAUGE)
    assert scraped(server) == {"queue shop": 7}
    send(server, {**COUNTER, "name": "queue"})
    assert scraped(server) == {"queue shop": 7}
    assert server.services[MEASUREMENTS].dropped == 6


def test_servers_add_to_the_same_numbers(server: TestServer) -> None:
    others = [Measurements(server.services.units, Supervisor()) for _ in range(3)]
    for other in others:
        server.call(taken(other))
    for other in (*others, *others):
        server.call(other.flush())
    assert scraped(server)["purchases shop a"] == 6


async def taken(measurements: Measurements) -> None:
    measurements.take_impact([COUNTER], "shop", "development")


def test_what_cannot_be_written_now_is_written_later(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    measurements = Measurements(server.services.units, Supervisor())
    server.call(taken(measurements))

    async def refuse(*_: object) -> None:
        raise Unavailable("not now")

    with monkeypatch.context() as patched:
        patched.setattr(Units, "run", refuse)
        with pytest.raises(Unavailable):
            server.call(measurements.flush())
    server.call(taken(measurements))
    server.call(measurements.flush())
    assert (scraped(server)["purchases shop a"], measurements.dropped) == (4, 0)


def test_names_and_series_are_bounded(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from flagkeeper.features.measurements import commands

    monkeypatch.setattr(commands, "MOST_METRICS", 2)
    monkeypatch.setattr(commands, "MOST_SAMPLES", 3)
    send(server, *({**GAUGE, "name": f"g{number}"} for number in range(4)))
    assert scraped(server).keys() == {"g0 shop", "g1 shop"}
    many = [{"value": number, "labels": {"host": str(number)}} for number in range(4)]
    send(server, {**GAUGE, "name": "g0", "samples": many})
    assert len(scraped(server)) == 3
    send(server, {**GAUGE, "name": "g0", "samples": [{"value": 100}]})
    assert scraped(server)["g0 shop"] == 100, "what is there goes on"


def test_custom_metrics(server: TestServer) -> None:
    sent = [
        {"name": "queue.length", "value": 3, "labels": {"host": "a"}},
        {"name": "queue.length", "value": 4.5, "labels": {"host": "b"}},
        {"name": "up", "value": 1},
        {"name": "0wrong", "value": 1},
    ]
    before = server.last_id()
    assert server.post(CUSTOM, token=BACKEND, json={"metrics": sent}).status_code == 202
    assert server.post(CUSTOM, token=BACKEND, json={"metrics": [{**sent[0], "value": 5}]}).status_code == 202
    server.call(server.services[MEASUREMENTS].flush())
    found = server.get(LIST).json()
    assert (found["count"], found["metricNames"]) == (3, ["queue_length", "up"])
    shown = [(each["name"], each["labels"], each["value"]) for each in found["metrics"]]
    assert shown == [("queue_length", {"host": "a"}, 5), ("queue_length", {"host": "b"}, 4.5), ("up", {}, 1)]
    assert all(each["timestamp"].endswith("Z") for each in found["metrics"])
    assert scraped(server, f"{LIST}/prometheus") == {"queue_length a": 5, "queue_length b": 4.5, "up": 1}
    assert (scraped(server), server.last_id()) == ({}, before)


@pytest.mark.parametrize("body", [{}, {"metrics": 7}, {"metrics": [{"name": "x"}]}, {"metrics": [{}] * 1001}, []])
def test_what_are_no_custom_metrics(server: TestServer, body: Any) -> None:
    answer = server.post(CUSTOM, token=BACKEND, json=body)
    assert (answer.status_code, answer.json()["name"]) == (400, "BadDataError")


def test_who_may(server: TestServer) -> None:
    assert server.post(CUSTOM, token=FRONTEND, json={"metrics": []}).status_code == 403
    assert server.post(CUSTOM, token="*:development.made-up", json={"metrics": []}).status_code == 401
    assert server.get(CUSTOM, token=BACKEND).status_code == 405
    editor = person(server, "ed", "Editor").token
    for path in (LIST, f"{LIST}/prometheus", IMPACT):
        assert server.get(path, token=editor).status_code == 403
        assert server.get(path, token="").status_code == 401


def test_what_nobody_sends_is_forgotten(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from flagkeeper.features.measurements import commands

    send(server, COUNTER)
    server.call(server.services[MEASUREMENTS].clean(server.services.units))
    assert scraped(server) == {"purchases shop a": 2}
    monkeypatch.setattr(commands, "KEPT", -model.KEPT)
    server.call(server.services[MEASUREMENTS].clean(server.services.units))
    assert server.get(IMPACT).text == ""
