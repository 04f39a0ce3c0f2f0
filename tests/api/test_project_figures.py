"""How projects get on, as their members and dashboards see it."""

from typing import Any

from flagkeeper.features.access import commands as access
from flagkeeper.features.access.model import OWNER
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from flagkeeper.readmodels.project_figures.jobs import note_health
from tests.api.test_applications import report
from tests.deliveries import until_now
from tests.people import person
from tests.sdk import run
from tests.server import TestServer

Json = dict[str, Any]
PROJECT = "/api/admin/projects/default"
FLAGS = f"{PROJECT}/features"


def read(server: TestServer, path: str, **more: Any) -> Any:
    answer = server.get(path, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def added_up(server: TestServer, events: int) -> None:
    """Waits until so many events of the project count."""

    def counted() -> bool:
        days = read(server, f"{PROJECT}/status")["activityCountByDate"]
        return bool(sum(each["count"] for each in days) == events)

    until_now(counted)


def project_events(server: TestServer) -> int:
    return len(server.events(project="IS:default"))


def test_figures_follow_what_happens(server: TestServer) -> None:
    assert read(server, f"{PROJECT}/overview")["onboardingStatus"] == {"status": "onboarding-started"}
    for name, type_ in (("checkout", "release"), ("basket", "release"), ("lab", "experiment"), ("gone", "release")):
        assert server.post(FLAGS, json={"name": name, "type": type_}).status_code == 201
    first = read(server, f"{PROJECT}/overview")["onboardingStatus"]
    assert first == {"status": "first-flag-created", "feature": "checkout"}
    for path in ("checkout/environments/production", "basket/environments/development"):
        assert server.post(f"{FLAGS}/{path}/on").status_code == 200
    assert server.patch(f"{FLAGS}/basket", json=[{"op": "replace", "path": "/stale", "value": True}]).status_code == 200
    assert server.delete(f"{FLAGS}/gone").status_code == 202
    owner = person(server, "owner")
    run(server, access.grant, "default", owner.id, OWNER.id)
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))
    report(server, "shop", "basket", "lab")
    added_up(server, project_events(server))

    stats = {
        "avgTimeToProdCurrentWindow": 0.0,
        "createdCurrentWindow": 4,
        "createdPastWindow": 0,
        "archivedCurrentWindow": 1,
        "archivedPastWindow": 0,
        "projectActivityCurrentWindow": project_events(server),
        "projectActivityPastWindow": 0,
        "projectMembersAddedCurrentWindow": 1,
    }
    frame = {"name": "Default", "mode": "open", "health": 67, "technicalDebt": 33, "members": 1, "stats": stats}
    places = [{"environment": "development"}, {"environment": "production"}]
    types = [{"type": "experiment", "count": 1}, {"type": "release", "count": 2}]
    overview = read(server, f"{PROJECT}/overview")
    expected = {**frame, "environments": places, "featureTypeCounts": types, "archivedAt": None, "linkTemplates": []}
    expected |= {"onboardingStatus": {"status": "onboarded"}}
    assert {name: overview[name] for name in expected} == expected

    today = clock.to_iso(clock.now())[:10]
    status = read(server, f"{PROJECT}/status")
    assert status["activityCountByDate"] == [{"date": today, "count": stats["projectActivityCurrentWindow"]}]
    assert (status["health"], status["technicalDebt"]) == ({"current": 67}, {"current": 33})
    assert (status["resources"], status["staleFlags"]) == ({"members": 1, "apiTokens": 0, "segments": 0}, {"total": 1})
    stages = {name: stage["currentFlags"] for name, stage in status["lifecycleSummary"].items()}
    assert stages == {"initial": 1, "preLive": 2, "live": 0, "completed": 0, "archived": 1}
    assert status["lifecycleSummary"]["archived"]["last30Days"] == 1

    counts = {"activeCount": 2, "staleCount": 1, "potentiallyStaleCount": 0}
    health = read(server, f"{PROJECT}/health-report")
    assert {name: health[name] for name in (*frame, *counts)} == {**frame, **counts}
    listed = {each["name"]: each for each in read(server, FLAGS)["features"]}
    assert {each["name"]: each for each in health["features"]} == listed
    insights = read(server, f"{PROJECT}/insights")
    delivery = {"features": [{"name": "checkout", "timeToProduction": 0.0}], "projectAverage": 0.0}
    assert insights == {
        "stats": stats,
        "health": {"rating": 67, **counts},
        "technicalDebt": {"rating": 33, **counts},
        "leadTime": delivery,
        "featureTypeCounts": types,
        "members": {"currentMembers": 1, "change": 1},
    }
    assert read(server, f"{PROJECT}/dora") == delivery


def test_what_somebody_looks_at_first(server: TestServer) -> None:
    ada = person(server, "ada")
    run(server, access.grant, "default", ada.id, OWNER.id)
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))
    for name in ("first", "second"):
        assert server.post(FLAGS, json={"name": name}, token=ada.token).status_code == 201
    assert server.post(FLAGS, json={"name": "of somebody else"}).status_code == 400
    server.call(server.services.units.run(SYSTEM, note_health))
    person(server, "root", "Admin")
    assert server.put("/api/admin/user-admin/1", json={"name": "Boss"}).status_code == 200

    found = read(server, "/api/admin/personal-dashboard", token=ada.token)
    figures = {"health": 100, "technicalDebt": 0, "memberCount": 1, "featureCount": 2}
    assert found["projects"] == [{"id": "default", "name": "Default", **figures}]
    assert found["flags"] == [{"name": name, "project": "default", "type": "release"} for name in ("second", "first")]
    assert [owner["name"] for owner in found["projectOwners"]] == ["ada"]
    assert [(each.get("name"), each["username"]) for each in found["admins"]] == [("Boss", "admin"), (None, "root")]
    assert len({each["imageUrl"] for each in found["admins"]}) == 2
    assert "email" not in str(found)

    details = read(server, "/api/admin/personal-dashboard/default", token=ada.token)
    newest = server.events(project="IS:default")[:10]
    assert [each["id"] for each in details["latestEvents"]] == [each["id"] for each in newest]
    assert [each["summary"] for each in details["latestEvents"]] == [each["summary"] for each in newest]
    assert details["roles"] == [{"id": OWNER.id, "name": "Owner", "type": "project"}]
    assert [owner["name"] for owner in details["owners"]] == ["ada"]
    assert details["onboardingStatus"] == {"status": "first-flag-created", "feature": "first"}
    assert details["insights"] == {
        "avgHealthCurrentWindow": 100,
        "avgHealthPastWindow": None,
        "totalFlags": 2,
        "activeFlags": 2,
        "staleFlags": 0,
        "potentiallyStaleFlags": 0,
        "health": 100,
        "technicalDebt": 0,
    }
    for path in ("", "/default"):
        assert server.get(f"/api/admin/personal-dashboard{path}").status_code == 403, "a token is nobody"
    for path in ("overview", "status", "health-report", "insights", "dora"):
        assert server.get(f"/api/admin/projects/nowhere/{path}").status_code == 404
    assert server.get("/api/admin/personal-dashboard/nowhere", token=ada.token).status_code == 404
