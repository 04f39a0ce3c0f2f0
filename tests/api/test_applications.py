"""Applications: what they read, where they run, what is wrong with them, and what people say of them."""

from typing import Any

import pytest

from flagkeeper.features.usage.model import LONGEST_NAME
from flagkeeper.features.usage.slice import USAGE
from flagkeeper.kernel import clock
from tests.people import person
from tests.projects import add_project, flag_in, token_for
from tests.server import BACKEND, TestServer

Json = dict[str, Any]
APPLICATIONS = "/api/admin/metrics/applications"


def report(server: TestServer, application: str, *flags: str, token: str = BACKEND, **more: Any) -> None:
    """An application starts, and counts flags."""
    now = clock.to_iso(clock.now())
    about = {"appName": application, "instanceId": "i1", **more}
    started = {**about, "interval": 15, "started": now, "strategies": more.get("strategies", ["default"])}
    assert server.post("/api/client/register", json=started, token=token).status_code == 202
    bucket = {"start": now, "stop": now, "toggles": {flag: {"yes": 3, "no": 1, "variants": {}} for flag in flags}}
    assert server.post("/api/client/metrics", json={**about, "bucket": bucket}, token=token).status_code == 202
    server.call(server.services[USAGE].flush())


def without_times(value: Any) -> Any:
    """The same, with every time replaced by whether there is one."""
    if isinstance(value, dict):
        return {
            key: (each is not None) if key in ("lastSeen", "seenAt", "lastSeenAt") else without_times(each)
            for key, each in value.items()
        }
    return [without_times(each) for each in value] if isinstance(value, list) else value


def test_what_an_application_reads_and_what_is_wrong(server: TestServer) -> None:
    add_project(server, "other")
    flag_in(server, "default", "checkout")
    flag_in(server, "other", "elsewhere")
    old, new = "unleash-client-node:5.3.1", "unleash-node-sdk:6.6.0"
    report(server, "shop", "checkout", "ghost", sdkVersion=old, strategies=["default", "by-weather"])
    report(server, "shop", "checkout", instanceId="i2", sdkVersion=new, sdkType="frontend", token=BACKEND)
    everywhere = token_for(server, "everywhere", "*")
    report(server, "kiosk", "elsewhere", "ghost", sdkVersion="unleash-client-java:9", token=everywhere)

    found = server.get(f"{APPLICATIONS}/shop/overview").json()
    assert without_times(found) == {
        "projects": ["*"],
        "featureCount": 1,
        "environments": [
            {
                "name": "development",
                "instanceCount": 2,
                "sdks": [old, new],
                "frontendSdks": [new],
                "backendSdks": [old],
                "lastSeen": True,
                "issues": {"missingFeatures": ["ghost"], "outdatedSdks": [old]},
            }
        ],
        "issues": {"missingStrategies": []},
    }
    instances = server.get("/api/admin/metrics/instances/shop/environment/development").json()
    assert without_times(instances) == {
        "instances": [
            {"instanceId": "i2", "clientIp": "127.0.0.1", "sdkVersion": new, "lastSeen": True},
            {"instanceId": "i1", "clientIp": "127.0.0.1", "sdkVersion": old, "lastSeen": True},
        ]
    }
    for missing in ("shop/environment/production", "nobody/environment/development"):
        assert server.get(f"/api/admin/metrics/instances/{missing}").json() == {"instances": []}
    assert server.get("/api/admin/metrics/sdks/outdated").json() == {
        "sdks": [{"sdkVersion": old, "applications": ["shop"]}]
    }

    flags = "/api/admin/projects/default/features"
    asked = [{"environment": "development", "seenAt": True}]
    ghost: Json = {
        "name": "ghost",
        "lastSeenAt": True,
        "lastEventAt": None,
        "reports": [{"appName": "kiosk", "environments": asked}, {"appName": "shop", "environments": asked}],
    }
    assert without_times(server.get("/api/admin/metrics/unknown-flags").json()) == {"unknownFlags": [ghost]}
    assert server.post(flags, json={"name": "ghost"}).status_code == 201
    assert server.get("/api/admin/metrics/unknown-flags").json() == {"unknownFlags": []}, "it is there now"
    assert server.delete(f"{flags}/ghost").status_code == 202
    assert server.delete("/api/admin/archive/ghost").status_code == 200
    (gone,) = server.get("/api/admin/metrics/unknown-flags").json()["unknownFlags"]
    (deleted,) = server.events(type="IS:feature-deleted")
    assert gone["lastEventAt"] == deleted["createdAt"]

    applications = "/api/admin/projects/{}/applications"
    kiosk: Json = {"name": "kiosk", "environments": ["development"], "instances": ["i1"]}
    kiosk |= {"sdks": [{"name": "unleash-client-java", "versions": ["9"]}]}
    assert server.get(applications.format("other")).json() == {"applications": [kiosk], "total": 1}
    (shop,) = server.get(applications.format("default") + "?query=SH&limit=1").json()["applications"]
    assert (shop["instances"], [each["name"] for each in shop["sdks"]]) == (
        ["i1", "i2"],
        ["unleash-client-node", "unleash-node-sdk"],
    )
    assert server.get("/api/admin/projects/default/sdks/outdated").json()["sdks"][0]["applications"] == ["shop"]
    assert server.get("/api/admin/projects/other/sdks/outdated").json() == {"sdks": []}
    assert server.get(f"{APPLICATIONS}/nobody/overview").status_code == 404


@pytest.mark.causes(
    "application-created",
    "flagkeeper-application-updated",
    action="POST /api/admin/metrics/applications/{appName}",
)
@pytest.mark.causes("flagkeeper-application-deleted", action="DELETE /api/admin/metrics/applications/{appName}")
def test_what_people_say_of_an_application(server: TestServer) -> None:
    path = f"{APPLICATIONS}/shop"
    notes = {"url": "https://shop.example.com", "color": "red", "icon": "cart", "strategies": ["default"]}
    before = server.last_id()
    assert server.post(path, json=notes).status_code == 202
    assert server.post(path, json=notes).status_code == 202, "nothing changes, and nothing is recorded"
    assert server.post(path, json={"icon": "basket"}).status_code == 202
    found = server.get(path).json()
    assert {name: found[name] for name in notes} == {**notes, "icon": "basket"}
    report(server, "shop", sdkVersion="unleash-node-sdk:7.0.0")
    assert server.get(path).json()["icon"] == "basket", "what SDKs say is something else"
    assert server.delete(path).status_code == 200
    assert server.delete(path).status_code == 200, "nobody is there"
    assert server.get(path).status_code == 404
    created, updated, *_, deleted = server.events_after(before)
    assert (created["type"], created["data"]["url"]) == ("application-created", notes["url"])
    assert (updated["preData"]["icon"], updated["data"]["icon"]) == ("cart", "basket")
    assert (deleted["preData"]["appName"], deleted["data"]) == ("shop", None)
    assert deleted["createdBy"] == created["createdBy"] != "unleash_system_user"

    report(server, "shop")
    assert server.get(path).status_code == 200, "it runs, so it is there again"
    refused: list[tuple[str, Json, str]] = [
        ("shop", {"url": "javascript:alert(1)"}, "/body/url"),
        ("shop", {"icon": "a\nb"}, "/body/icon"),
        ("shop", {"color": "x" * (LONGEST_NAME + 1)}, "/body/color"),
        ("shop", {"strategies": ["a\u0007"]}, "/body/strategies"),
        ("shop", {"strategies": "default"}, "/body/strategies"),
        ("x" * (LONGEST_NAME + 1), {}, "/appName"),
        ("a%0Ab", {}, "/appName"),
    ]
    for name, body, place in refused:
        answer = server.post(f"{APPLICATIONS}/{name}", json=body)
        assert (answer.status_code, answer.json()["details"][0].get("path")) == (400, place), (name, body, answer.text)
    viewer = person(server, "viewer").token
    assert server.post(path, json={}, token=viewer).status_code == 403
    assert server.delete(path, token=viewer).status_code == 403
