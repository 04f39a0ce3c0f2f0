"""What hangs on flags, over HTTP: dependencies, links, their lives, and favourites."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import bindparam, update

from flagkeeper.eventlog.catalogue.payload import LinkTemplate
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.projects.tables import projects
from flagkeeper.features.usage.slice import USAGE
from flagkeeper.kernel import clock
from flagkeeper.storage.statement import Write
from tests.deliveries import until_now
from tests.people import person
from tests.sdk import run
from tests.server import BACKEND, TestServer

FLAGS = "/api/admin/projects/default/features"


def make(server: TestServer, *names: str) -> None:
    for name in names:
        assert server.post(FLAGS, json={"name": name}).status_code == 201


def told(server: TestServer, before: int) -> list[tuple[str, str | None, Any, Any]]:
    return [
        (event["type"], event["featureName"], event["data"], event["preData"]) for event in server.events_after(before)
    ]


@pytest.mark.causes(
    "feature-dependency-added", action="POST /api/admin/projects/{projectId}/features/{child}/dependencies"
)
@pytest.mark.causes(
    "feature-dependency-removed",
    action="DELETE /api/admin/projects/{projectId}/features/{child}/dependencies/{parent}",
)
@pytest.mark.causes(
    "feature-dependencies-removed", action="DELETE /api/admin/projects/{projectId}/features/{child}/dependencies"
)
def test_flags_depend_on_others_one_level_deep(server: TestServer) -> None:
    make(server, "parent", "child", "other", "gone")
    assert server.delete(f"{FLAGS}/gone").status_code == 202
    assert server.get("/api/admin/projects/default/dependencies").json() is False
    before = server.last_id()
    card = {"feature": "parent", "enabled": True, "variants": ["card"]}
    for body in ({"feature": "parent"}, {"feature": "parent"}, card, {"feature": "other", "enabled": False}):
        assert server.post(f"{FLAGS}/child/dependencies", json=body).status_code == 200
    last = server.last_id()
    for path, parent, said in (
        ("child", "child", "cannot depend on itself"),
        ("parent", "child", "'child' depends on another one itself"),
        ("parent", "other", "depend on 'parent'"),
        ("other", "child", "'child' depends on another one itself"),
        ("child", "nobody", "no flag 'nobody' in the project"),
        ("child", "gone", "'gone' is archived. Revive it"),
    ):
        refused = server.post(f"{FLAGS}/{path}/dependencies", json={"feature": parent})
        assert (refused.status_code, refused.json()["name"]) == (403, "InvalidOperationError"), (path, parent)
        assert said in refused.json()["message"]
    refusals: list[dict[str, Any]] = [{}, {"feature": []}, {"feature": "parent", "variants": [""]}]
    refusals.append({"feature": "parent", "enabled": "x"})
    for wrong in refusals:
        assert server.post(f"{FLAGS}/child/dependencies", json=wrong).status_code == 400
    assert server.post(f"{FLAGS}/nobody/dependencies", json={"feature": "parent"}).status_code == 404
    assert server.last_id() == last, "nothing of what was refused is stored"

    seen = server.get(f"{FLAGS}/child").json()
    off = {"feature": "other", "enabled": False, "variants": []}
    assert (seen["dependencies"], seen["children"]) == ([off, card], [])
    assert server.get(f"{FLAGS}/parent").json()["children"] == ["child"]
    assert server.get("/api/admin/projects/default/dependencies").json() is True
    assert server.get(f"{FLAGS}/parent/parents").json() == [], "others depend on it"
    make(server, "fresh")
    assert server.get(f"{FLAGS}/fresh/parents").json() == ["other", "parent"]
    until_now(lambda: sent(server)["child"].get("dependencies") == [off, card])
    assert "dependencies" not in sent(server)["parent"]

    for _ in range(2):
        assert server.delete(f"{FLAGS}/child/dependencies/other").status_code == 200
        assert server.delete(f"{FLAGS}/child/dependencies").status_code == 200
    until_now(lambda: "dependencies" not in sent(server)["child"])
    plain, switched = {"feature": "parent", "enabled": True}, {"feature": "other", "enabled": False}
    assert [each for each in told(server, before) if each[1] == "child"] == [
        ("feature-dependency-added", "child", plain, None),
        ("feature-dependency-removed", "child", {"feature": "parent"}, plain),
        ("feature-dependency-added", "child", card, None),
        ("feature-dependency-added", "child", switched, None),
        ("feature-dependency-removed", "child", {"feature": "other"}, switched),
        ("feature-dependencies-removed", "child", None, {"dependencies": [card]}),
    ]


def test_a_parent_is_archived_with_its_children_or_after_them(server: TestServer) -> None:
    make(server, "a-parent", "child")
    server.post(f"{FLAGS}/child/dependencies", json={"feature": "a-parent"})
    assert server.post(f"{FLAGS}/child/clone", json={"name": "twin"}).status_code == 201
    assert server.get(f"{FLAGS}/twin").json()["dependencies"][0]["feature"] == "a-parent"
    before = server.last_id()
    archive = "/api/admin/projects/default/archive"
    some, all_ = {"features": ["a-parent", "child"]}, {"features": ["a-parent", "child", "twin"]}

    for check, parents in ((some, ["a-parent"]), (all_, [])):
        found = server.post(archive + "/validate", json=check).json()
        assert found == {"parentsWithChildFeatures": parents, "hasDeletedDependencies": True}
    assert server.delete(f"{FLAGS}/a-parent").status_code == 403
    assert server.post(archive, json=some).status_code == 403
    assert server.last_id() == before, "nothing of a batch is archived that cannot be"
    assert server.post(archive, json=all_).status_code == 202
    kinds = [each[:2] for each in told(server, before)]
    assert kinds[-1] == ("feature-archived", "a-parent")
    assert kinds[:2] == [("feature-dependencies-removed", "child"), ("feature-archived", "child")]
    assert server.post("/api/admin/archive/revive/child").status_code == 200
    assert server.get(f"{FLAGS}/child").json()["dependencies"] == []
    assert server.post(f"{FLAGS}/child/dependencies", json={"feature": "a-parent"}).status_code == 403


@pytest.mark.causes("feature-link-added", action="POST /api/admin/projects/{projectId}/features/{featureName}/link")
@pytest.mark.causes(
    "feature-link-updated", action="PUT /api/admin/projects/{projectId}/features/{featureName}/link/{linkId}"
)
@pytest.mark.causes(
    "feature-link-removed", action="DELETE /api/admin/projects/{projectId}/features/{featureName}/link/{linkId}"
)
@pytest.mark.causes("feature-link-added", action="POST /api/admin/projects/{projectId}/features")
def test_links(server: TestServer) -> None:
    run(
        server, set_link_templates, [LinkTemplate(title="Board", url_template="https://b.test/{{project}}/{{feature}}")]
    )
    before = server.last_id()
    make(server, "flag")
    assert server.post(f"{FLAGS}/flag/link", json={"url": "docs.test/x", "title": "Docs"}).status_code == 204
    template, docs = server.get(f"{FLAGS}/flag").json()["links"]
    assert (template["url"], template["title"]) == ("https://b.test/default/flag", "Board")
    assert docs == {"id": docs["id"], "url": "https://docs.test/x", "title": "Docs", "feature": "flag"}
    for _ in range(2):
        assert server.put(f"{FLAGS}/flag/link/{docs['id']}", json={"url": "http://docs.test"}).status_code == 204
    assert server.delete(f"{FLAGS}/flag/link/{docs['id']}").status_code == 204
    assert server.delete(f"{FLAGS}/flag/link/{docs['id']}").status_code == 404
    assert server.put(f"{FLAGS}/flag/link/{docs['id']}", json={"url": "docs.test"}).status_code == 404
    old, new = {"url": "https://docs.test/x", "title": "Docs"}, {"url": "http://docs.test", "title": None}
    assert told(server, before)[1:] == [
        ("feature-link-added", "flag", {"url": "https://b.test/default/flag", "title": "Board"}, None),
        ("feature-link-added", "flag", old, None),
        ("feature-link-updated", "flag", new, old),
        ("feature-link-removed", "flag", None, new),
    ]
    before = server.last_id()
    for url in (
        "",
        "ftp://x.test",
        "javascript:alert(1)",
        "javascript://x.test/%0Aalert(1)",
        "https://a b",
        "x" * 2001,
        "https://x@y.test",
    ):
        refused = server.post(f"{FLAGS}/flag/link", json={"url": url})
        assert (refused.status_code, refused.json()["details"][0]["path"]) == (400, "/body/url"), url
    assert server.post(f"{FLAGS}/flag/link", json={"url": "x.test", "title": "x" * 251}).status_code == 400
    assert server.last_id() == before
    for number in range(9):
        assert server.post(f"{FLAGS}/flag/link", json={"url": f"x.test/{number}"}).status_code == 204
    assert server.post(f"{FLAGS}/flag/link", json={"url": "x.test"}).status_code == 400, "ten are enough"


_SET_TEMPLATES = Write[Any](
    update(projects).where(projects.c.id == bindparam("id")).values(link_templates=bindparam("templates"))
)


def set_link_templates(unit: Unit, templates: list[LinkTemplate]) -> None:
    unit.silent("project/default", "what projects record is not what tests of flags are about")
    stored = [{"title": each.title, "urlTemplate": each.url_template} for each in templates]
    unit.tx.write(_SET_TEMPLATES, id="default", templates=msgspec.json.encode(stored).decode())


def stages(server: TestServer, flag: str) -> list[str]:
    return [each["stage"] for each in server.get(f"{FLAGS}/{flag}/lifecycle").json()]


def sent(server: TestServer) -> dict[str, Any]:
    """What SDKs are sent, by flag; it follows the log."""
    found = server.get("/api/client/features", token=BACKEND).json()["features"]
    return {flag["name"]: flag for flag in found}


def in_status(server: TestServer) -> dict[str, int]:
    """How many flags are in each stage, as the status of the project says."""
    summary = server.get("/api/admin/projects/default/status").json()["lifecycleSummary"]
    return {stage: told["currentFlags"] for stage, told in summary.items()}


def use(server: TestServer, token: str, flag: str) -> None:
    now = clock.to_iso(clock.now())
    bucket = {"start": now, "stop": now, "toggles": {flag: {"yes": 1, "no": 1}}}
    body = {"appName": "app", "instanceId": "i", "bucket": bucket}
    assert server.post("/api/client/metrics", json=body, token=token).status_code == 202
    server.call(server.services[USAGE].flush())


@pytest.mark.causes(
    "feature-completed", action="POST /api/admin/projects/{projectId}/features/{featureName}/lifecycle/complete"
)
@pytest.mark.causes(
    "feature-uncompleted", action="POST /api/admin/projects/{projectId}/features/{featureName}/lifecycle/uncomplete"
)
def test_the_life_of_a_flag(server: TestServer) -> None:
    make(server, "flag", "idle")
    flag = f"{FLAGS}/flag"
    token = {"tokenName": "p", "type": "client", "environment": "production", "projects": ["*"]}
    production = server.post("/api/admin/api-tokens", json=token).json()["secret"]
    assert stages(server, "flag") == ["initial"]
    use(server, BACKEND, "flag")
    use(server, production, "flag")
    assert stages(server, "flag") == ["initial", "pre-live"], "it is off in production"
    assert server.post(f"{flag}/environments/production/on").status_code == 200
    use(server, production, "flag")
    assert stages(server, "flag") == ["initial", "pre-live", "live"]
    assert server.post(f"{flag}/environments/production/off").status_code == 200
    assert in_status(server) == {"initial": 1, "preLive": 0, "live": 1, "completed": 0, "archived": 0}
    before = server.last_id()
    body: dict[str, str]
    for body in ({}, {"status": "lost"}, {"status": "kept", "statusValue": "x" * 101}):
        assert server.post(f"{flag}/lifecycle/complete", json=body).status_code == 400
    for body in ({"status": "kept"}, {"status": "kept"}, {"status": "discarded"}):
        assert server.post(f"{flag}/lifecycle/complete", json=body).status_code == 200
    assert server.get(flag).json()["lifecycle"]["status"] == "discarded"
    counted = {"initial": 1, "preLive": 0, "live": 0, "completed": 1, "archived": 0}
    assert server.get("/api/admin/lifecycle/count").json() == in_status(server) == counted
    for _ in range(2):
        assert server.post(f"{flag}/lifecycle/uncomplete").status_code == 200
    assert [(kind, data) for kind, _, data, _ in told(server, before)] == [
        ("feature-completed", {"status": "kept", "kept": True}),
        ("feature-uncompleted", None),
        ("feature-completed", {"status": "discarded", "kept": False}),
        ("feature-uncompleted", None),
    ]
    server.post(f"{flag}/lifecycle/complete", json={"status": "kept", "statusValue": "blue"})
    server.delete(flag)
    counted = {"initial": 1, "preLive": 0, "live": 0, "completed": 0, "archived": 1}
    assert server.get("/api/admin/lifecycle/count").json() == in_status(server) == counted
    assert server.post("/api/admin/archive/revive/flag").status_code == 200
    assert stages(server, "flag") == ["initial"], "its life begins again"
    assert server.get(f"{FLAGS}/nobody/lifecycle").status_code == 404


@pytest.mark.causes("feature-favorited", action="POST /api/admin/projects/{projectId}/features/{featureName}/favorites")
@pytest.mark.causes(
    "feature-unfavorited", action="DELETE /api/admin/projects/{projectId}/features/{featureName}/favorites"
)
@pytest.mark.causes("project-favorited", action="POST /api/admin/projects/{projectId}/favorites")
@pytest.mark.causes("project-unfavorited", action="DELETE /api/admin/projects/{projectId}/favorites")
def test_favourites_are_a_persons_own(server: TestServer) -> None:
    make(server, "a", "b", "c")
    anna, ben = (person(server, name, "Editor").token for name in ("anna", "ben"))
    before = server.last_id()
    for token in (anna, anna, ben):
        assert server.post(f"{FLAGS}/b/favorites", json={}, token=token).status_code == 200
        assert server.post("/api/admin/projects/default/favorites", json={}, token=token).status_code == 200
    assert server.post(f"{FLAGS}/b/favorites", json={}).status_code == 403, "an admin token is nobody"
    assert server.post(f"{FLAGS}/none/favorites", json={}, token=anna).status_code == 404
    assert server.post("/api/admin/projects/none/favorites", json={}, token=anna).status_code == 404
    listed = server.get(FLAGS, token=anna).json()["features"]
    assert [(each["name"], each["favorite"]) for each in listed] == [("b", True), ("a", False), ("c", False)]
    assert server.get(f"{FLAGS}/b", token=anna).json()["favorite"] is True
    assert server.get(f"{FLAGS}/b").json()["favorite"] is False
    assert server.get("/api/admin/projects", token=anna).json()["projects"][0]["favorite"] is True
    for _ in range(2):
        assert server.delete(f"{FLAGS}/b/favorites", token=anna).status_code == 200
        assert server.delete("/api/admin/projects/default/favorites", token=anna).status_code == 200
    assert server.get(f"{FLAGS}/b", token=ben).json()["favorite"] is True
    assert [(event["type"], event["createdBy"]) for event in server.events_after(before)] == [
        ("feature-favorited", "anna"),
        ("project-favorited", "anna"),
        ("feature-favorited", "ben"),
        ("project-favorited", "ben"),
        ("feature-unfavorited", "anna"),
        ("project-unfavorited", "anna"),
    ]
    server.delete(f"{FLAGS}/b")
    assert server.delete("/api/admin/archive/b").status_code == 200
    make(server, "b")
    assert server.get(f"{FLAGS}/b", token=ben).json()["favorite"] is False, "another flag with that name"


@pytest.mark.causes("feature-strategy-update", action="POST /api/admin/segments/strategies")
def test_segments_of_a_strategy_and_who_worked_on_a_flag(server: TestServer) -> None:
    make(server, "flag")
    segments = [
        server.post("/api/admin/segments", json={"name": name, "constraints": []}).json()["id"] for name in ("a", "b")
    ]
    path = f"{FLAGS}/flag/environments/development/strategies"
    strategy = server.post(path, json={"name": "default"}).json()["id"]
    wanted = {"projectId": "default", "strategyId": strategy, "environmentId": "development", "segmentIds": segments}
    answer = server.post("/api/admin/segments/strategies", json=wanted)
    assert (answer.status_code, answer.json()) == (201, wanted)
    found = server.get(f"/api/admin/segments/strategies/{strategy}").json()["segments"]
    assert [(each["name"], each["usedInFeatures"]) for each in found] == [("a", 1), ("b", 1)]
    assert server.get("/api/admin/segments/strategies/none").json() == {"segments": []}
    for change, status in (
        ({"strategyId": "none"}, 404),
        ({"environmentId": "production"}, 404),
        ({"projectId": "none"}, 404),
        ({"segmentIds": [99]}, 404),
        ({"segmentIds": ["x"]}, 400),
    ):
        assert server.post("/api/admin/segments/strategies", json={**wanted, **change}).status_code == status, change
    anna = person(server, "anna", "Editor")
    assert (
        server.post("/api/admin/segments/strategies", json=wanted, token=person(server, "v").token).status_code == 403
    )
    server.put(f"{FLAGS}/flag", json={"description": "x"}, token=anna.token)
    users = server.get(f"{FLAGS}/flag").json()["collaborators"]["users"]
    assert [each["id"] for each in users] == [-42, anna.id]
    assert server.get("/api/admin/projects/default/flag-creators").json() == [{"id": -42, "name": users[0]["name"]}]
