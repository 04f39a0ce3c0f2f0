"""Charts of impact metrics over HTTP."""

from typing import Any

import pytest

from flagkeeper.features.charts.model import LONGEST_TEXT, MOST_CHARTS, MOST_LABELS
from flagkeeper.features.measurements.slice import MEASUREMENTS
from flagkeeper.features.projects.model import Mode
from tests.people import person
from tests.projects import add_project, set_mode_of
from tests.server import BACKEND, TestServer

INSTANCE = "/api/admin/impact-metrics/config"
FLAG = "/api/admin/projects/default/features/checkout/impact-metrics/config"
CHART: dict[str, Any] = {
    "metricName": "purchases",
    "timeRange": "week",
    "yAxisMin": "zero",
    "aggregationMode": "rps",
    "labelSelectors": {"plan": ["a", "b"], "appName": ["*"]},
}
PLACES = pytest.mark.parametrize("place", [INSTANCE, FLAG])


@pytest.fixture(autouse=True)
def _flag(server: TestServer) -> None:
    assert server.post("/api/admin/projects/default/features", json={"name": "checkout"}).status_code == 201


def save(server: TestServer, place: str, **changes: Any) -> dict[str, Any]:
    answer = server.post(place, json={**CHART, **changes})
    assert answer.status_code == 200, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


def listed(server: TestServer, place: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get(place).json()["configs"]
    return found


def told(chart: dict[str, Any]) -> dict[str, Any]:
    """How events show it."""
    return {**{name: chart[name] for name in (*CHART, "id")}, "title": chart.get("title")}


@PLACES
def test_a_chart_is_made_changed_and_deleted(server: TestServer, place: str) -> None:
    before = server.last_id()
    made = save(server, place)
    assert made == {**CHART, "id": made["id"], "displayName": "purchases", "step": "3h", "type": "unknown"}
    changed = save(server, place, id=made["id"], title="Sold", timeRange="hour")
    assert changed == {**made, "title": "Sold", "timeRange": "hour", "step": "1m"}
    assert save(server, place, id=made["id"], title="Sold", timeRange="hour") == changed
    assert (listed(server, place), listed(server, FLAG if place is INSTANCE else INSTANCE)) == ([changed], [])
    assert server.delete(f"{place}/{made['id']}").status_code == 204
    assert listed(server, place) == []
    found = [
        (each["type"], each["project"], each["featureName"], each["data"], each["preData"])
        for each in server.events_after(before)
    ]
    where = ("default", "checkout") if place is FLAG else (None, None)
    assert found == [
        ("impact-metric-created", *where, told(made), None),
        ("impact-metric-updated", *where, told(changed), told(made)),
        ("impact-metric-deleted", *where, None, told(changed)),
    ]


def test_the_type_is_that_of_what_sdks_send(server: TestServer) -> None:
    made = save(server, FLAG)
    sent = {"name": "purchases", "type": "counter", "samples": [{"value": 1}]}
    body = {"appName": "shop", "impactMetrics": [sent]}
    assert server.post("/api/client/metrics", token=BACKEND, json=body).status_code == 202
    server.call(server.services[MEASUREMENTS].flush())
    assert listed(server, FLAG) == [{**made, "type": "counter"}]


def test_the_charts_of_a_deleted_flag_go_with_it(server: TestServer) -> None:
    own, other = save(server, FLAG), save(server, INSTANCE)
    server.delete("/api/admin/projects/default/features/checkout")
    assert server.get(FLAG).status_code == 404
    before = server.last_id()
    assert server.delete("/api/admin/archive/checkout").status_code == 200
    types = [each["type"] for each in server.events_after(before)]
    assert types == ["impact-metric-deleted", "feature-deleted"]
    assert server.events_after(before)[0]["preData"] == told(own)
    server.post("/api/admin/projects/default/features", json={"name": "checkout"})
    assert (listed(server, FLAG), listed(server, INSTANCE)) == ([], [other])


@PLACES
@pytest.mark.parametrize(
    "wrong",
    [
        {"metricName": " "},
        {"metricName": "x" * (LONGEST_TEXT + 1)},
        {"timeRange": "year"},
        {"yAxisMin": 0},
        {"aggregationMode": "p42"},
        {"labelSelectors": {"plan": "a"}},
        {"labelSelectors": {f"l{number}": [] for number in range(MOST_LABELS + 1)}},
        {"labelSelectors": {"plan": ["x"] * 101}},
        {"labelSelectors": {"plan": ["two\nlines"]}},
        {"title": "x" * (LONGEST_TEXT + 1)},
    ],
)
def test_what_cannot_be_charted(server: TestServer, place: str, wrong: dict[str, Any]) -> None:
    before = server.last_id()
    answer = server.post(place, json={**CHART, **wrong})
    (name,) = wrong
    assert (answer.status_code, answer.json()["details"][0]["path"].split("/")[:3]) == (400, ["", "body", name])
    assert (server.last_id(), listed(server, place)) == (before, [])


@PLACES
def test_charts_have_their_place(server: TestServer, place: str) -> None:
    elsewhere = INSTANCE if place is FLAG else FLAG
    made = save(server, place)
    before = server.last_id()
    for path, body in ((elsewhere, {**CHART, "id": made["id"]}), (place, {**CHART, "id": "made-up"})):
        assert server.post(path, json=body).status_code == 404
    for path in (f"{elsewhere}/{made['id']}", f"{place}/made-up", f"{FLAG.replace('checkout', 'no')}/{made['id']}"):
        assert server.delete(path).status_code == 404
    assert server.post(FLAG.replace("default", "other"), json=CHART).status_code == 404
    assert (server.last_id(), listed(server, place)) == (before, [made])
    for _ in range(MOST_CHARTS - 1):
        save(server, place)
    assert server.post(place, json=CHART).status_code == 400
    save(server, elsewhere)


@pytest.mark.causes("impact-metric-created", action="POST /api/admin/impact-metrics/config")
@pytest.mark.causes("impact-metric-deleted", action="DELETE /api/admin/impact-metrics/config/{id}")
@pytest.mark.causes(
    "impact-metric-created",
    action="POST /api/admin/projects/{projectId}/features/{featureName}/impact-metrics/config",
)
@pytest.mark.causes(
    "impact-metric-deleted",
    action="DELETE /api/admin/projects/{projectId}/features/{featureName}/impact-metrics/config/{id}",
)
def test_who_may(server: TestServer) -> None:
    of_flag, of_none = save(server, FLAG), save(server, INSTANCE)
    viewer, editor = person(server, "vera").token, person(server, "ed", "Editor").token
    for token, may in ((viewer, False), (editor, True)):
        assert server.post(FLAG, token=token, json={**CHART, "id": of_flag["id"]}).status_code == (200 if may else 403)
        assert server.post(INSTANCE, token=token, json=CHART).status_code == 403
        assert server.delete(f"{INSTANCE}/{of_none['id']}", token=token).status_code == 403
        assert server.get(INSTANCE, token=token).json()["configs"] == [of_none]
        assert server.get(FLAG, token=token).json()["configs"] == [of_flag]
    assert server.delete(f"{FLAG}/{of_flag['id']}", token=viewer).status_code == 403
    assert server.delete(f"{FLAG}/{of_flag['id']}", token=editor).status_code == 204
    assert server.delete(f"{INSTANCE}/{of_none['id']}").status_code == 204


def test_hidden_projects_have_no_charts(server: TestServer) -> None:
    add_project(server, "hush")
    server.post("/api/admin/projects/hush/features", json={"name": "secret-plan"})
    hidden = "/api/admin/projects/hush/features/secret-plan/impact-metrics/config"
    made = save(server, hidden)
    set_mode_of(server, "hush", Mode.PRIVATE)
    editor = person(server, "ed", "Editor").token
    for path in (hidden, hidden.replace("secret-plan", "none"), hidden.replace("hush", "nowhere")):
        answers = [
            server.get(path, token=editor),
            server.post(path, token=editor, json={**CHART, "id": made["id"]}),
            server.delete(f"{path}/{made['id']}", token=editor),
        ]
        assert [each.status_code for each in answers] == [404, 404, 404]
