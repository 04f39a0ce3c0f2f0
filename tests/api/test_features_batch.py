"""Flags, out of one environment and into another, with the events and in the order of Unleash."""

from typing import Any

import pytest

from tests.people import person
from tests.projects import add_project
from tests.server import TestServer

BATCH = "/api/admin/features-batch"
FLAGS = "/api/admin/projects/default/features"
Json = dict[str, Any]
LEGAL = [{"value": "paid", "description": "by card"}]
CONSTRAINT = {"contextName": "tier", "operator": "IN", "values": ["paid"]}


def exported(server: TestServer, **which: Any) -> Json:
    answer = server.post(f"{BATCH}/export", json={"environment": "development", **which})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


@pytest.mark.causes("features-exported", action="POST /api/admin/features-batch/export")
@pytest.mark.causes("features-imported", "feature-created", action="POST /api/admin/features-batch/import")
@pytest.mark.causes("feature-strategy-add", "tag-type-created", action="POST /api/admin/features-batch/import")
@pytest.mark.causes("feature-metadata-updated", action="POST /api/admin/features-batch/import")
@pytest.mark.causes("context-field-created", action="POST /api/admin/features-batch/import")
@pytest.mark.causes("feature-dependency-added", "feature-link-added", action="POST /api/admin/features-batch/import")
@pytest.mark.causes("feature-strategy-remove", action="POST /api/admin/features-batch/import")
def test_flags_go_out_and_come_in(server: TestServer) -> None:
    segment = server.post("/api/admin/segments", json={"name": "staff", "constraints": []}).json()["id"]
    server.post(FLAGS, json={"name": "moved", "description": "d", "tags": [{"type": "simple", "value": "one"}]})
    server.post(FLAGS, json={"name": "other"})
    server.post("/api/admin/context", json={"name": "tier", "sortOrder": 3, "legalValues": LEGAL})
    server.post("/api/admin/context", json={"name": "unused"})
    server.post(f"{FLAGS}/moved/link", json={"url": "https://why.test/", "title": "Why"})
    server.post("/api/admin/projects/default/features/moved/dependencies", json={"feature": "other", "enabled": False})
    strategy = {
        "name": "flexibleRollout",
        "constraints": [CONSTRAINT],
        "segments": [segment],
        "variants": [{"name": "a", "weight": 1000}],
    }
    server.post(f"{FLAGS}/moved/environments/development/strategies", json=strategy)
    server.post(f"{FLAGS}/moved/environments/development/on")
    variants = {"environments": ["development"], "variants": [{"name": "v", "weight": 1000}]}
    server.put(f"{FLAGS}/moved/variants-batch", json=variants)

    before = server.last_id()
    data = exported(server, features=["moved", "unknown"])
    (event,) = server.events_after(before)
    assert (event["type"], event["data"]["features"]) == ("features-exported", [{"name": "moved"}])
    assert data["segments"] == [{"id": segment, "name": "staff"}]
    assert data["featureTags"] == [{"featureName": "moved", "tagType": "simple", "tagValue": "one"}]
    assert [each["name"] for each in data["tagTypes"]] == ["simple"]
    assert "payload" not in data["featureStrategies"][0]["variants"][0]
    assert exported(server, tag="one") == exported(server, tag="simple:one") == data
    assert [each["name"] for each in exported(server, project="default")["features"]] == ["moved", "other"]

    server.delete(f"{FLAGS}/moved")
    body = {"project": "default", "environment": "production", "data": data}
    (archived,) = server.post(f"{BATCH}/validate", json=body).json()["warnings"]
    assert archived["affectedItems"] == ["moved"]
    server.delete("/api/admin/archive/moved")
    data["tagTypes"].append({"name": "fresh", "description": "", "icon": None})
    data["featureTags"].append({"featureName": "moved", "tagType": "fresh", "tagValue": "two"})
    assert server.post(f"{BATCH}/validate", json=body).json() == {"errors": [], "warnings": [], "permissions": []}

    before = server.last_id()
    assert server.post(f"{BATCH}/import", json=body).status_code == 200
    events = server.events_after(before)
    assert [event["type"] for event in events] == [
        *("feature-created", "feature-environment-variants-updated", "tag-type-created", "tag-created"),
        *("feature-tagged", "feature-tagged", "feature-strategy-add", "feature-environment-enabled"),
        *("feature-dependency-added", "feature-link-added", "features-imported"),
    ]
    assert len({(event["createdAt"], event["groupType"], event["groupId"]) for event in events}) == 1
    assert (events[-1]["project"], events[-1]["environment"]) == ("default", "production")

    data["features"][0]["description"] = "other"
    data["featureStrategies"][0]["parameters"] = {"rollout": "7"}
    before = server.last_id()
    assert server.post(f"{BATCH}/import", json=body).status_code == 200
    again = [event["type"] for event in server.events_after(before)]
    replaced = ["feature-strategy-remove", "feature-strategy-add"]
    assert again == ["feature-metadata-updated", *replaced, "features-imported"]

    (field,) = data["contextFields"]
    assert field == {"name": "tier", "description": None, "stickiness": False, "sortOrder": 3, "legalValues": LEGAL}
    (link,) = data["links"][0]["links"]
    data["contextFields"] += [{"name": "fresh", "legalValues": LEGAL}, {"name": "own", "project": "elsewhere"}]
    data["links"][0]["links"].append({"url": "b.test", "title": None})
    data["features"].append({"name": "parent"})
    data["dependencies"][0]["dependencies"].append({"feature": "parent", "variants": ["v"]})
    before = server.last_id()
    assert server.post(f"{BATCH}/import", json=body).status_code == 200
    assert [event["type"] for event in server.events_after(before)] == [
        *("feature-created", "context-field-created", "context-field-created"),
        *("feature-dependency-added", "feature-link-added", "features-imported"),
    ]
    moved = exported(server, features=["moved"])
    assert [(each["url"], each["title"]) for each in moved["links"][0]["links"]] == [
        (link["url"], "Why"),
        ("https://b.test", None),
    ]
    assert moved["dependencies"][0]["dependencies"] == [
        {"feature": "other", "enabled": False, "variants": []},
        {"feature": "parent", "enabled": True, "variants": ["v"]},
    ]
    assert server.get("/api/admin/context/own").json()["project"] == "default"

    many = [{"name": f"many-{i}"} for i in range(120)]
    more = {
        "features": many,
        "featureStrategies": [{"name": "default", "featureName": each["name"]} for each in many],
        "featureEnvironments": [{"name": each["name"], "enabled": True} for each in many],
        "tagTypes": [],
    }
    before = server.last_id()
    assert server.post(f"{BATCH}/import", json={**body, "data": more}).status_code == 200
    assert len({event["groupId"] for event in server.events_after(before)}) == 1
    assert len(server.events_after(before)) == 3 * 120 + 1


def test_what_stands_in_the_way_of_an_import_is_said_before(server: TestServer) -> None:
    add_project(server, "second")
    server.post("/api/admin/projects/second/features", json={"name": "elsewhere"})
    server.post("/api/admin/context", json={"name": "tier", "legalValues": [{"value": "paid"}]})
    viewer = person(server, "viewer", role="Viewer")
    data = {
        "features": [{"name": "a b"}, {"name": "twice"}, {"name": "twice"}, {"name": "elsewhere"}],
        "featureStrategies": [
            {"name": "unknown", "featureName": "twice", "segments": [5]},
            {"name": "default", "featureName": "nowhere"},
        ],
        "featureEnvironments": [{"name": "twice", "enabled": True, "variants": [{**ODD, "name": ""}]}],
        "featureTags": [{"featureName": "twice", "tagType": "none", "tagValue": "x"}],
        "segments": [{"id": 5, "name": "missing"}],
        "tagTypes": [{"name": "a/b"}],
        "contextFields": [{"name": "c d"}, {"name": "tier", "legalValues": [{"value": "gold"}]}],
        "dependencies": [
            {"feature": "twice", "dependencies": [{"feature": "absent"}, {"feature": "elsewhere"}]},
            {"feature": "a b", "dependencies": [{"feature": "twice"}]},
            {"feature": "nobody", "dependencies": []},
        ],
        "links": [{"feature": "a b", "links": [{"url": "ftp://x"}]}, {"feature": "twice", "links": TOO_MANY}],
    }
    body = {"project": "default", "environment": "development", "data": data}
    said = server.post(f"{BATCH}/validate", json=body, token=viewer.token).json()
    affected = {item for each in said["errors"] for item in each["affectedItems"]}
    assert {"a b", "twice", "elsewhere", "unknown", "missing", "nowhere", "none", "none:x", "a/b"} <= affected
    assert {"c d", "tier", "absent", "nobody"} <= affected
    for part in (
        "address that begins",
        "one level deep",
        "more than 10 links",
        "neither in it",
        "all the legal values",
    ):
        assert sum(part in each["message"] for each in said["errors"]) == 1, part
    assert [each["affectedItems"] for each in said["warnings"]] == [["elsewhere"]]
    (missing,) = said["permissions"]
    assert {"CREATE_CONTEXT_FIELD", "UPDATE_FEATURE_DEPENDENCY", "UPDATE_FEATURE"} <= set(missing["affectedItems"])
    assert {"CREATE_FEATURE", "CREATE_FEATURE_STRATEGY", "UPDATE_FEATURE_ENVIRONMENT", "CREATE_TAG_TYPE"} <= set(
        missing["affectedItems"]
    )
    before = server.last_id()
    refused = server.post(f"{BATCH}/import", json=body)
    assert (refused.status_code, refused.json()["name"]) == (400, "BadDataError")
    assert len(refused.json()["details"]) == len(said["errors"])
    fine = {**body, "data": {"features": [{"name": "new"}], "featureStrategies": [], "tagTypes": []}}
    assert server.post(f"{BATCH}/import", json=fine, token=viewer.token).status_code == 403
    for wrong, status in (
        ({**fine, "project": "none"}, 404),
        ({**fine, "environment": "none"}, 404),
        ({"project": "default"}, 400),
    ):
        assert server.post(f"{BATCH}/import", json=wrong).status_code == status
    for query, status in (({}, 400), ({"features": ["x"], "tag": "y"}, 400), ({"project": "none"}, 404)):
        assert server.post(f"{BATCH}/export", json={"environment": "development", **query}).status_code == status
    assert server.post(f"{BATCH}/export", json={"environment": "none", "features": []}).status_code == 404
    assert server.last_id() == before


TOO_MANY = [{"url": f"https://a.test/{number}"} for number in range(11)]
ODD = {"weight": 1000, "weightType": "variable", "stickiness": "default"}
