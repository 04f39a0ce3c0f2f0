"""What SDKs and proxies send, and what people read of it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flagkeeper.features.flags.commands import create
from flagkeeper.features.flags.model.flag import FlagDraft
from flagkeeper.features.retention.slice import RETENTION
from flagkeeper.features.tokens.slice import SEEN_TOKENS
from flagkeeper.features.usage.model import Collected
from flagkeeper.features.usage.slice import USAGE
from flagkeeper.integrations.delivery.slice import DELIVERIES
from flagkeeper.kernel import clock
from tests.log import ALICE
from tests.server import ADMIN, BACKEND, FRONTEND, TestServer

Json = dict[str, Any]

REGISTRATION = {
    "appName": "shop",
    "instanceId": "i1",
    "connectionId": "6c5f140d-8c71-49b2-a368-d5e47ce55e36",
    "platformName": "CPython",
    "platformVersion": "3.11.7",
    "yggdrasilVersion": "0.20.8",
    "specVersion": "6.1.0",
    "sdkVersion": "unleash-python-sdk:6.9.1",
    "strategies": ["default", "flexibleRollout"],
    "started": "2026-11-22T01:24:40.619197+00:00",
    "interval": 15,
}


def metrics(toggles: Json | None = None, **more: Any) -> Json:
    now = clock.to_iso(clock.now())
    return {
        "appName": "shop",
        "instanceId": "i1",
        "bucket": {"start": now, "stop": now[:-1] + "953720Z", "toggles": toggles or {}},
        **more,
    }


def bulk(**more: Any) -> Json:
    return {
        "applications": [
            {
                "appName": "behind-edge",
                "environment": "production",
                "instanceId": "e1",
                "interval": 15,
                "started": "2026-11-22T00:00:00.000Z",
                "strategies": ["default"],
                "connectVia": [{"appName": "edge", "instanceId": "x"}],
                "sdkVersion": "unleash-client-java:9",
            }
        ],
        "metrics": [
            {
                "featureName": "checkout",
                "appName": "behind-edge",
                "environment": place,
                "timestamp": clock.to_iso(clock.now()),
                "yes": 3,
                "no": 1,
                "variants": {"blue": 2},
            }
            for place in ("development", "production")
        ],
        **more,
    }


def send(server: TestServer, path: str, body: Any, token: str | None = BACKEND) -> httpx.Response:
    return server.post(f"/api/client/{path}", json=body, token=token)


@pytest.fixture
def flag(server: TestServer) -> str:
    server.call(server.services.units.run(ALICE, create.create, "default", FlagDraft(name="checkout")))
    return "checkout"


@pytest.fixture
def written(server: TestServer) -> Callable[[], None]:
    """Writes what was collected, which happens every few seconds."""
    return lambda: server.call(server.services[USAGE].flush())


@pytest.mark.causes("application-created", "client-register", action="POST /api/client/register")
def test_an_sdk_registers(server: TestServer, written: Callable[[], None]) -> None:
    before = server.last_id()
    for instance in ("i1", "i2", "i2"):
        answer = send(server, "register", {**REGISTRATION, "instanceId": instance})
        assert (answer.status_code, answer.content) == (202, b"")
        assert answer.headers["x-unleash-version"] == "8.2.0"
    written()
    created, registered = server.events_after(before)
    assert (created["type"], registered["type"]) == ("application-created", "client-register")
    for event in (created, registered):
        assert (event["createdBy"], event["createdByUserId"], event["ip"]) == ("unleash_system_user", -1337, "")
        assert event["featureName"] is event["project"] is event["environment"] is None
    assert created["data"]["appName"] == "shop"
    assert created["data"]["strategies"] == ["default", "flexibleRollout"]
    assert registered["data"] == {
        "appName": "shop",
        "environment": "development",
        "sdkName": "unleash-python-sdk",
        "sdkVersion": "6.9.1",
        "metadata": {
            "platformName": "CPython",
            "platformVersion": "3.11.7",
            "yggdrasilVersion": "0.20.8",
            "specVersion": "6.1.0",
        },
    }
    found = server.get("/api/admin/metrics/applications/shop").json()
    assert [each["instanceId"] for each in found["instances"]] == ["i1", "i2"]
    assert found["instances"][0] | {"lastSeen": "", "createdAt": ""} == {
        "appName": "shop",
        "instanceId": "i1",
        "sdkVersion": "unleash-python-sdk:6.9.1",
        "sdkType": "backend",
        "clientIp": "127.0.0.1",
        "lastSeen": "",
        "createdAt": "",
        "environment": "development",
    }
    assert found["links"] == {"self": "/api/applications/shop"}


TAKEN_REGISTRATIONS: list[Json] = [
    {"started": 1700000000},
    {"started": 1700000000.5, "unknown": {"more": 1}},
    {"instanceId": None, "yggdrasilVersion": None, "sdkVersion": None},
    {"interval": 0.5, "strategies": []},
    {"sdkFlavor": "x", "sdkType": "backend", "projects": ["default"]},
]


def test_registrations_that_are_taken(server: TestServer) -> None:
    for changes in TAKEN_REGISTRATIONS:
        assert send(server, "register", {**REGISTRATION, **changes}).status_code == 202, changes


REFUSED_REGISTRATIONS: list[tuple[str, Json, str]] = [
    ("appName", {}, "/body/appName"),
    ("interval", {}, "/body/interval"),
    ("strategies", {}, "/body/strategies"),
    ("started", {}, "/body/started"),
    ("", {"appName": ""}, "/body/appName"),
    ("", {"appName": "x" * 256}, "/body/appName"),
    ("", {"interval": "soon"}, "/body/interval"),
    ("", {"strategies": "default"}, "/body/strategies"),
    ("", {"appName": "a\0b"}, "/body"),
]


def test_registrations_that_are_refused(server: TestServer) -> None:
    for without, changes, place in REFUSED_REGISTRATIONS:
        body = {key: value for key, value in {**REGISTRATION, **changes}.items() if key != without}
        demand_refusal(send(server, "register", body), place)


def demand_refusal(answer: httpx.Response, place: str) -> None:
    assert answer.status_code == 400
    assert answer.json()["name"] == "BadDataError"
    assert answer.json()["details"][0]["path"] == place


@pytest.mark.causes("client-metrics", action="POST /api/client/metrics")
def test_an_sdk_reports_what_it_counted(server: TestServer, flag: str, written: Callable[[], None]) -> None:
    before = server.last_id()
    for _ in range(2):
        counted = {flag: {"yes": 5, "no": 2, "variants": {"blue": 3, "disabled": 2}}, "never.seen": {"yes": 1, "no": 0}}
        answer = send(server, "metrics", metrics(counted))
        assert (answer.status_code, answer.content) == (202, b"")
        written()
    created, reported = server.events_after(before)
    assert (created["type"], reported["type"]) == ("application-created", "client-metrics")
    assert reported["data"]["toggles"] == 2
    assert reported["data"]["environment"] == "development"
    assert (reported["createdBy"], reported["createdByUserId"]) == ("unleash_system_user", -1337)
    summary = server.get(f"/api/admin/client-metrics/features/{flag}").json()
    (hour,) = summary.pop("lastHourUsage")
    assert (hour["featureName"], hour["environment"], hour["yes"], hour["no"]) == (flag, "development", 10, 4)
    shown = server.get(f"/api/admin/projects/default/features/{flag}").json()["environments"]
    assert [(each["name"], each["yes"], each["no"]) for each in shown] == [
        ("development", 10, 4),
        ("production", 0, 0),
    ]
    production = server.get(f"/api/admin/projects/default/features/{flag}/environments/production").json()
    assert (production["name"], production["environment"], production["yes"]) == (flag, "production", 0)
    assert summary == {"version": 1, "maturity": "stable", "featureName": flag, "seenApplications": ["shop"]}
    raw = server.get(f"/api/admin/client-metrics/features/{flag}/raw?hoursBack=2").json()
    assert (raw["version"], raw["maturity"]) == (1, "stable")
    empty, now = raw["data"]
    assert (empty["yes"], empty["no"], "variants" in empty) == (0, 0, False)
    assert now == {
        "featureName": flag,
        "appName": "shop",
        "environment": "development",
        "timestamp": hour["timestamp"],
        "yes": 10,
        "no": 4,
        "variants": {"blue": 6, "disabled": 4},
    }
    (seen,) = server.get("/api/admin/metrics/applications/shop").json()["seenToggles"]
    assert (seen["name"], seen["project"], seen["archived"]) == (flag, "default", False)


TAKEN_METRICS: list[Json] = [
    metrics(),
    metrics(bucket=None),
    {"appName": "shop"},
    metrics({"a": {"yes": 1, "no": 0, "variants": None}}),
    metrics({"a": {}}),
    metrics({"a": {"yes": -1}, "b": {"yes": 2**70}, "x\0y": {"yes": 1}}),
    metrics(bucket={"start": 1795310702237, "stop": 1795310702.5, "toggles": {}}),
    metrics(impactMetrics=[{"name": "c1", "help": "h", "type": "nope", "samples": []}]),
    metrics(impactMetrics="nonsense", unknown=[1]),
]


def test_metrics_that_are_taken(server: TestServer) -> None:
    for body in TAKEN_METRICS:
        assert send(server, "metrics", body).status_code == 202, body


REFUSED_METRICS: list[tuple[Json, str]] = [
    ({}, "/body/appName"),
    (metrics(bucket={"start": "x", "stop": "y", "toggles": {}}), "/body/bucket/start"),
    (metrics(bucket={"start": 1, "stop": "y", "toggles": {}}), "/body/bucket/stop"),
    (metrics(bucket={"start": 1, "stop": 1}), "/body/bucket/toggles"),
    (metrics(bucket={"start": -5, "stop": 5, "toggles": {}}), "/body/bucket/start"),
]


def test_metrics_that_are_refused(server: TestServer) -> None:
    for body, place in REFUSED_METRICS:
        demand_refusal(send(server, "metrics", body), place)


def test_a_body_that_is_no_json(server: TestServer) -> None:
    answer = server.post("/api/client/metrics", content=b"{", token=BACKEND)
    assert answer.status_code == 400
    too_large = server.post("/api/client/metrics", content=b"[" * 1_000_001, token=BACKEND)
    assert too_large.status_code == 413


@pytest.mark.causes("application-created", "client-metrics", "client-register", action="POST /api/client/metrics/bulk")
def test_a_proxy_reports_for_many(server: TestServer, flag: str, written: Callable[[], None]) -> None:
    """Applications keep their environment; metrics of another environment than the token's are left out."""
    answer = send(server, "metrics/bulk", bulk(seenTokens=["x"], impactMetrics=[]))
    assert (answer.status_code, answer.content) == (202, b"")
    written()
    (application,) = server.get("/api/admin/metrics/applications").json()["applications"]
    assert application["usage"] == [{"project": "*", "environments": ["production"]}]
    assert application["strategies"] == ["default"]
    raw = server.get(f"/api/admin/client-metrics/features/{flag}/raw?hoursBack=1").json()["data"]
    assert [(each["environment"], each["yes"], each["no"], each["variants"]) for each in raw] == [
        ("development", 3, 1, {"blue": 2})
    ]
    kinds = sorted(event["type"] for event in server.events() if event["type"].startswith(("client-", "application-")))
    assert kinds == ["application-created", "client-metrics", "client-register"]


REFUSED_BULKS: list[tuple[Json, str]] = [
    ({"applications": []}, "/body/metrics"),
    ({"metrics": []}, "/body/applications"),
    (bulk(applications={}), "/body/applications"),
    (bulk(metrics="none"), "/body/metrics"),
]


@pytest.mark.parametrize(
    "bad",
    [
        {"featureName": "x\0y"},
        {"featureName": 7},
        {"appName": "a\x1b[2J"},
        {"appName": ""},
        {"appName": "x" * 256},
        {"yes": -1},
        {"no": 2**70},
        {"timestamp": "yesterday"},
        {"timestamp": -1},
        {"variants": {"v": "many"}},
        {"environment": None},
    ],
)
def test_one_that_errs_does_not_cost_the_others_their_counts(
    server: TestServer, flag: str, written: Callable[[], None], bad: Json
) -> None:
    good = bulk()["metrics"][0]
    wrong = {**good, "appName": "careless", **bad} if "appName" not in bad else {**good, **bad}
    app = {"appName": "careless", "instanceId": "1"}
    answer = send(server, "metrics/bulk", bulk(metrics=[wrong, good, 7], applications=[app, *bulk()["applications"]]))
    assert (answer.status_code, answer.content) == (202, b"")
    written()
    raw = server.get(f"/api/admin/client-metrics/features/{flag}/raw?hoursBack=1").json()["data"]
    assert [(each["appName"], each["yes"], each["no"]) for each in raw] == [(good["appName"], 3, 1)]
    (application,) = server.get("/api/admin/metrics/applications").json()["applications"]
    assert application["appName"] == bulk()["applications"][0]["appName"]
    assert "flagkeeper_usage_dropped_total 3.0" in server.get("/internal-backstage/prometheus").text


def test_an_sdk_whose_name_would_control_a_terminal(server: TestServer, flag: str) -> None:
    for path, body in (("register", REGISTRATION), ("metrics", metrics())):
        for field in ("appName", "instanceId", "sdkVersion"):
            answer = send(server, path, {**body, field: "a\u202eb"})
            assert (answer.status_code, "Control characters" in answer.json()["message"]) == (400, True)


def test_tokens_that_a_proxy_was_shown_count_as_used(server: TestServer) -> None:
    told: list[Any] = [[FRONTEND, "unknown", 7, None], "nonsense", None, {}]
    for seen in told:
        assert send(server, "metrics/bulk", bulk(seenTokens=seen)).status_code == 202
    server.call(server.services[SEEN_TOKENS].flush())
    used = {each["type"]: each["seenAt"] for each in server.get("/api/admin/api-tokens").json()["tokens"]}
    assert used["frontend"] is not None


def test_bulks_that_are_refused(server: TestServer) -> None:
    for body, place in REFUSED_BULKS:
        demand_refusal(send(server, "metrics/bulk", body), place)


def test_who_may_not_report(server: TestServer) -> None:
    for token, status in ((None, 401), ("nobody", 401), (FRONTEND, 403), (ADMIN, 403)):
        for path in ("register", "metrics", "metrics/bulk"):
            assert send(server, path, {}, token).status_code == status, (token, path)


def test_reports_are_posted(server: TestServer) -> None:
    assert server.get("/api/client/metrics", token=BACKEND).status_code == 405


def test_applications_are_found_by_name(server: TestServer, written: Callable[[], None]) -> None:
    for name in ("Shop", "shop_2", "basket"):
        send(server, "register", {**REGISTRATION, "appName": name})
    written()

    def names(query: str) -> tuple[list[str], int]:
        found = server.get(f"/api/admin/metrics/applications{query}").json()
        return [each["appName"] for each in found["applications"]], found["total"]

    assert set(names("")[0]) == {"Shop", "shop_2", "basket"}
    assert set(names("?query=SHOP")[0]) == {"Shop", "shop_2"}
    assert names("?query=p_") == (["shop_2"], 1)
    assert names("?query=shop&limit=1")[1] == 2
    assert names("?query=a&sortBy=appName&sortOrder=desc&limit=1&offset=0")[0] == ["basket"]
    assert server.get("/api/admin/metrics/applications?sortBy=colour").status_code == 400
    assert server.get("/api/admin/metrics/applications/nobody").status_code == 404


def test_a_flag_that_nobody_reads(server: TestServer, flag: str) -> None:
    found = server.get(f"/api/admin/client-metrics/features/{flag}")
    assert found.json() == {
        "version": 1,
        "maturity": "stable",
        "featureName": flag,
        "lastHourUsage": [],
        "seenApplications": [],
    }
    assert server.get(f"/api/admin/client-metrics/features/{flag}/raw").json()["data"] == []


def test_a_flag_that_there_is_not_has_no_metrics(server: TestServer, flag: str) -> None:
    for path in ("nobody", "nobody/raw"):
        answer = server.get(f"/api/admin/client-metrics/features/{path}")
        assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError")
    server.delete(f"/api/admin/projects/default/features/{flag}")
    assert server.get(f"/api/admin/client-metrics/features/{flag}").status_code == 200


def test_what_is_dropped_shows_in_the_metrics(server: TestServer) -> None:
    assert "flagkeeper_usage_dropped_total 0.0" in server.get("/internal-backstage/prometheus").text


def test_what_the_system_records_is_found_by_its_name_and_by_no_other(
    server: TestServer, flag: str, written: Callable[[], None]
) -> None:
    """Tokens of `INIT_` variables are all called `admin`, as the first administrator is."""
    for token in server.get("/api/admin/api-tokens").json()["tokens"]:
        assert token["tokenName"] == "admin"
    send(server, "register", REGISTRATION)
    send(server, "metrics", metrics({flag: {"yes": 5, "no": 2}}))
    send(server, "metrics/bulk", bulk())
    written()
    server.call(server.services[RETENTION].archive())
    server.call(server.services[DELIVERIES].cleaning.run(server.services.units))
    server.call(server.services[USAGE].clean(server.services.units))
    events = server.events()
    assert {"application-created", "client-register", "client-metrics", "user-created"} <= {
        event["type"] for event in events
    }
    for event in events:
        of_system = event["createdByUserId"] == -1337
        assert of_system == (event["createdBy"] == "unleash_system_user"), event
        assert not of_system or event["ip"] == ""
    for query, found in (("by:admin", False), ("by:unleash_system_user", True), ("user:-1337", True)):
        answer = server.get("/api/admin/log/events", params={"q": f"{query} type:client-*,application-*"}).json()
        assert bool(answer["events"]) is found, query


def test_what_finds_no_room_is_sent_again_and_counts_once(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender is told when; nothing is half counted."""
    for name in ("first", "second"):
        server.post("/api/admin/projects/default/features", json={"name": name})
    usage = server.services[USAGE]
    server.call(usage.stop())  # it writes when the test says so
    monkeypatch.setattr(usage, "_collected", Collected(most=1))

    def report(flag: str) -> httpx.Response:
        moment = clock.to_iso(clock.now())
        toggles = {flag: {"yes": 3, "no": 0}}
        body = {"appName": "shop", "instanceId": "i", "bucket": {"start": moment, "stop": moment, "toggles": toggles}}
        return server.post("/api/client/metrics", token=BACKEND, json=body)

    assert report("first").status_code == 202
    refused = report("second")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert refused.json()["name"] == "RateLimitError"
    server.call(usage.flush())
    assert report("second").status_code == 202
    server.call(usage.flush())
    for name in ("first", "second"):
        counted = server.get(f"/api/admin/client-metrics/features/{name}/raw").json()["data"]
        assert sum(each["yes"] for each in counted) == 3
    assert usage.dropped == 0
