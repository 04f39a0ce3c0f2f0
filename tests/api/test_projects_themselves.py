"""Projects themselves over HTTP: made, changed, put away, brought back."""

from typing import Any

import pytest

from tests.people import person
from tests.server import BACKEND, TestServer

PROJECTS = "/api/admin/projects"
NAMING = {"pattern": "[a-z]+[.]", "example": "shop.", "description": "A word and a dot"}


def made(server: TestServer, **body: Any) -> dict[str, Any]:
    answer = server.post(PROJECTS, json={"name": "Shop", **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(server: TestServer, project: str, *, archived: bool = False, **more: Any) -> dict[str, Any] | None:
    found = server.get(f"{PROJECTS}?archived={str(archived).lower()}", **more).json()["projects"]
    return next((each for each in found if each["id"] == project), None)


def flag(server: TestServer, project: str, name: str) -> int:
    return server.post(f"{PROJECTS}/{project}/features", json={"name": name}).status_code


@pytest.mark.causes("project-created", action="POST /api/admin/projects")
@pytest.mark.causes("project-environment-added", action="POST /api/admin/projects")
def test_a_new_project_has_the_environments_that_are_offered(server: TestServer) -> None:
    server.post("/api/admin/environments", json={"name": "idle", "type": "test", "enabled": False})
    before = server.last_id()

    answer = server.post(PROJECTS, json={"name": "The Shop!", "description": "Where we sell", "featureLimit": 3})

    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == "projects/the-shop"
    assert answer.json() == {
        "id": "the-shop",
        "name": "The Shop!",
        "description": "Where we sell",
        "mode": "open",
        "defaultStickiness": "default",
        "featureLimit": 3,
        "environments": ["development", "production"],
        "changeRequestEnvironments": [],
    }
    created, *attached = server.events_after(before)
    assert (created["type"], created["project"], created["preData"]) == ("project-created", "the-shop", None)
    assert {"id": "the-shop", "mode": "open", "featureLimit": 3, "health": 100}.items() <= created["data"].items()
    assert created["data"]["environments"] == ["development", "production"]
    assert [(each["type"], each["environment"]) for each in attached] == [
        ("project-environment-added", "development"),
        ("project-environment-added", "production"),
    ]
    assert {each["groupId"] for each in attached} == {created["groupId"]}
    assert listed(server, "the-shop") is not None
    overview = server.get(f"{PROJECTS}/the-shop/overview").json()
    assert [each["environment"] for each in overview["environments"]] == ["development", "production"]
    assert flag(server, "the-shop", "basket") == 201


def test_ids_come_from_names_with_numbers_where_they_are_taken(server: TestServer) -> None:
    ids = [
        made(server, name=name)["id"] for name in ("Café  Süd", "cafe-sud", "Cafe süd", "日本", "Archive", "validate")
    ]
    assert ids == ["cafe-sud", "cafe-sud-1", "cafe-sud-2", "project", "archive-1", "validate-1"]
    assert made(server, name="Café", id="My.Shop")["id"] == "My.Shop"


def test_only_some_environments(server: TestServer) -> None:
    assert made(server, id="shop", environments=["production"], mode="protected")["environments"] == ["production"]
    seen = server.get("/api/admin/environments/project/shop").json()["environments"]
    assert [(each["name"], each["visible"]) for each in seen] == [("development", False), ("production", True)]


@pytest.mark.causes("project-access-added", action="POST /api/admin/projects")
def test_whoever_makes_a_project_owns_it(server: TestServer) -> None:
    editor = person(server, "editor", "Editor")
    before = server.last_id()
    assert server.post(PROJECTS, json={"name": "Mine", "mode": "private"}, token=editor.token).status_code == 201
    assert [each["type"] for each in server.events_after(before)][-1] == "project-access-added"
    mine = listed(server, "mine", token=editor.token)
    assert mine is not None
    assert [owner["name"] for owner in mine["owners"]] == ["editor"]
    assert server.put(f"{PROJECTS}/mine", json={"name": "Ours"}, token=editor.token).status_code == 200
    other = person(server, "other", "Editor").token
    assert listed(server, "mine", token=other) is None
    assert server.put(f"{PROJECTS}/mine", json={"name": "Stolen"}, token=other).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({"name": " "}, 400, "/body/name"),
        ({"name": "x" * 101}, 400, "/body/name"),
        ({"name": "a\u202eb"}, 400, "/body/name"),
        ({"id": "a/b"}, 400, "/body/id"),
        ({"id": ".."}, 400, "/body/id"),
        ({"id": "archive"}, 400, "/body/id"),
        ({"id": "default"}, 409, None),
        ({"mode": "secret"}, 400, None),
        ({"defaultStickiness": ""}, 400, "/body/defaultStickiness"),
        ({"featureLimit": 0}, 400, "/body/featureLimit"),
        ({"environments": ["nowhere"]}, 400, "/body/environments"),
        ({"environments": []}, 400, "/body/environments"),
        ({"changeRequestEnvironments": [{"name": "production"}]}, 400, "/body/changeRequestEnvironments"),
    ],
)
def test_what_cannot_be_a_project(server: TestServer, body: dict[str, Any], status: int, path: str | None) -> None:
    before = server.last_id()
    answer = server.post(PROJECTS, json={"name": "Shop", **body})
    assert answer.status_code == status, answer.text
    assert path in (None, answer.json()["details"][0].get("path"))
    assert server.last_id() == before


@pytest.mark.parametrize(
    ("id_", "status"), [("shop", 200), ("default", 409), ("a b", 400), ("roles", 400), ("", 400), (["shop"], 400)]
)
def test_is_an_id_free(server: TestServer, id_: Any, status: int) -> None:
    assert server.post(f"{PROJECTS}/validate", json={"id": id_}).status_code == status


@pytest.mark.causes("project-updated", action="PUT /api/admin/projects/{projectId}")
def test_what_a_project_is_changes_and_what_is_left_out_stays(server: TestServer) -> None:
    made(server, description="Old", featureLimit=7)
    before = server.last_id()
    assert server.put(f"{PROJECTS}/shop", json={"name": "Store", "mode": "protected"}).status_code == 200
    assert server.put(f"{PROJECTS}/shop", json={"name": "Store"}).status_code == 200
    (changed,) = server.events_after(before)
    assert (changed["type"], changed["project"]) == ("project-updated", "shop")
    assert (changed["preData"]["name"], changed["preData"]["mode"]) == ("Shop", "open")
    assert (changed["data"]["name"], changed["data"]["mode"]) == ("Store", "protected")
    assert (changed["data"]["description"], changed["data"]["featureLimit"]) == ("Old", 7)
    overview = server.get(f"{PROJECTS}/shop/overview").json()
    assert (overview["name"], overview["description"], overview["featureLimit"]) == ("Store", "Old", 7)
    assert server.put(f"{PROJECTS}/shop", json={"name": "Store", "description": None}).status_code == 200
    assert server.get(f"{PROJECTS}/shop/overview").json()["description"] is None
    assert server.put(f"{PROJECTS}/nowhere", json={"name": "x"}).status_code == 404
    assert server.put(f"{PROJECTS}/shop", json={}).status_code == 400


@pytest.mark.causes("project-updated", action="PUT /api/admin/projects/{projectId}/settings")
def test_what_a_project_wants_of_its_flags(server: TestServer) -> None:
    made(server)
    before = server.last_id()
    templates = [{"title": "Ticket", "urlTemplate": "https://tickets.test/{{project}}/{{feature}}"}]
    body = {"featureNaming": NAMING, "linkTemplates": templates, "featureLimit": 1}
    assert server.put(f"{PROJECTS}/shop/settings", json=body).status_code == 200
    (changed,) = server.events_after(before)
    assert changed["preData"]["featureNaming"] == {"pattern": None, "example": None, "description": None}
    assert (changed["data"]["featureNaming"], changed["data"]["linkTemplates"]) == (NAMING, templates)
    overview = server.get(f"{PROJECTS}/shop/overview").json()
    assert (overview["featureNaming"], overview["linkTemplates"]) == (NAMING, templates)

    refused = server.post(f"{PROJECTS}/shop/features", json={"name": "basket"})
    assert (refused.status_code, refused.json()["name"]) == (400, "PatternError")
    assert flag(server, "shop", "basket.") == 201
    links = server.get(f"{PROJECTS}/shop/features/basket.").json()["links"]
    assert [(each["title"], each["url"]) for each in links] == [("Ticket", "https://tickets.test/shop/basket.")]
    full = server.post(f"{PROJECTS}/shop/features", json={"name": "another."})
    assert (full.status_code, full.json()["name"]) == (400, "ExceedsLimitError")
    assert server.put(f"{PROJECTS}/shop/settings", json={"featureNaming": None}).status_code == 200
    assert server.get(f"{PROJECTS}/shop/overview").json()["featureNaming"]["pattern"] is None
    assert server.put(f"{PROJECTS}/shop/settings", json={"featureNaming": NAMING}).status_code == 200
    assert server.put(f"{PROJECTS}/shop/settings", json={"featureNaming": {"pattern": None}}).status_code == 200
    assert server.put(f"{PROJECTS}/shop/settings", json={"featureLimit": None}).status_code == 200
    assert flag(server, "shop", "Another") == 201


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"featureNaming": {"pattern": "("}}, "/body/featureNaming/pattern"),
        ({"featureNaming": {"pattern": "(?=a)b"}}, "/body/featureNaming/pattern"),
        ({"featureNaming": {"pattern": "a\\s"}}, "/body/featureNaming/pattern"),
        ({"featureNaming": {"pattern": "a b"}}, "/body/featureNaming/pattern"),
        ({"featureNaming": {"pattern": "[a-z]+", "example": "ab1"}}, "/body/featureNaming/example"),
        ({"featureNaming": {"pattern": None, "example": "ab"}}, "/body/featureNaming/pattern"),
        ({"featureNaming": {"pattern": "", "description": "ab"}}, "/body/featureNaming/pattern"),
        ({"linkTemplates": [{"urlTemplate": "javascript:alert(1)"}]}, "/body/linkTemplates/0/urlTemplate"),
        ({"linkTemplates": [{"urlTemplate": "https://a/b c"}]}, "/body/linkTemplates/0/urlTemplate"),
        ({"linkTemplates": [{"urlTemplate": "https://a/b", "title": "x" * 251}]}, "/body/linkTemplates/0/title"),
        ({"linkTemplates": [{"urlTemplate": "https://a/b"}] * 11}, "/body/linkTemplates"),
    ],
)
def test_settings_that_cannot_be(server: TestServer, body: dict[str, Any], path: str) -> None:
    before = server.last_id()
    answer = server.put(f"{PROJECTS}/default/settings", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["details"][0]["path"] == path
    assert server.last_id() == before


@pytest.mark.causes("project-archived", action="POST /api/admin/projects/archive/{projectId}")
@pytest.mark.causes("project-revived", action="POST /api/admin/projects/revive/{projectId}")
def test_a_project_goes_into_the_archive_and_comes_back(server: TestServer) -> None:
    made(server)
    assert flag(server, "shop", "basket") == 201
    before = server.last_id()
    busy = server.post(f"{PROJECTS}/archive/shop")
    assert (busy.status_code, busy.json()["name"]) == (403, "InvalidOperationError")
    assert server.last_id() == before
    assert server.delete(f"{PROJECTS}/shop/features/basket").status_code == 202
    before = server.last_id()

    for _ in range(2):
        assert server.post(f"{PROJECTS}/archive/shop").status_code == 200
    (archived,) = server.events_after(before)
    assert (archived["type"], archived["project"], archived["data"]) == ("project-archived", "shop", None)
    assert listed(server, "shop") is None
    there = listed(server, "shop", archived=True)
    assert there is not None
    assert there["archivedAt"] == archived["createdAt"]
    assert server.get(f"{PROJECTS}/shop/overview").status_code == 404
    assert flag(server, "shop", "another") == 404
    assert server.put(f"{PROJECTS}/shop", json={"name": "x"}).status_code == 404
    assert server.post(PROJECTS, json={"name": "x", "id": "shop"}).status_code == 409

    for _ in range(2):
        assert server.post(f"{PROJECTS}/revive/shop").status_code == 200
    (revived,) = server.events_after(archived["id"])
    assert (revived["type"], revived["project"]) == ("project-revived", "shop")
    assert listed(server, "shop") is not None
    assert flag(server, "shop", "another") == 201
    assert server.post(f"{PROJECTS}/archive/nowhere").status_code == 404
    assert server.post(f"{PROJECTS}/revive/nowhere").status_code == 404


def test_the_first_project_stays(server: TestServer) -> None:
    before = server.last_id()
    answer = server.post(f"{PROJECTS}/archive/default")
    assert (answer.status_code, answer.json()["name"]) == (403, "InvalidOperationError")
    assert server.last_id() == before


def test_only_those_who_may(server: TestServer) -> None:
    made(server)
    viewer = person(server, "viewer").token
    before = server.last_id()
    for method, path, body in (
        ("POST", PROJECTS, {"name": "Mine"}),
        ("POST", f"{PROJECTS}/validate", {"id": "mine"}),
        ("PUT", f"{PROJECTS}/shop", {"name": "Mine"}),
        ("PUT", f"{PROJECTS}/shop/settings", {"mode": "private"}),
        ("POST", f"{PROJECTS}/archive/shop", None),
        ("POST", f"{PROJECTS}/revive/shop", None),
    ):
        more: dict[str, Any] = {} if body is None else {"json": body}
        for token in (viewer, BACKEND):
            assert server.request(method, path, token=token, **more).status_code == 403, path
        assert server.request(method, path, token=None, **more).status_code == 401
    assert server.last_id() == before


def test_what_a_list_says_of_how_projects_get_on(server: TestServer) -> None:
    made(server, name="Empty")
    made(server)
    assert flag(server, "shop", "basket") == 201
    assert flag(server, "shop", "another") == 201
    server.post(f"{PROJECTS}/shop/stale", json={"features": ["another"], "stale": True})
    empty, shop = listed(server, "empty"), listed(server, "shop")
    assert empty is not None
    assert shop is not None
    assert empty["onboardingStatus"] == {"status": "onboarding-started"}
    assert shop["onboardingStatus"] == {"status": "first-flag-created", "feature": "basket"}
    assert (empty["cleanupCount"], shop["cleanupCount"]) == (0, 1)
    assert (empty["avgTimeToProduction"], shop["avgTimeToProduction"]) == (0, 0)
    for name in ("empty", "shop"):
        overview = server.get(f"{PROJECTS}/{name}/overview").json()
        found = listed(server, name)
        assert found is not None
        assert overview["onboardingStatus"] == found["onboardingStatus"]


def test_what_terraform_calls_for_a_project(server: TestServer) -> None:
    """Each answer has what is compared with the plan, and what is read back is what was asked for."""
    plan = {"id": "infra", "name": "Infra", "description": "As code", "mode": "protected"}
    created = server.post(PROJECTS, json=plan)
    assert created.status_code == 201
    assert plan.items() <= created.json().items()

    def read() -> dict[str, Any] | None:
        found = listed(server, "infra")
        return found and {key: found[key] for key in plan}

    assert read() == plan
    changed = {"name": "Infrastructure", "description": "By hand", "mode": "private", "defaultStickiness": "userId"}
    assert server.put(f"{PROJECTS}/infra", json=changed).status_code == 200
    naming = {"featureNaming": {"pattern": "infra-.*", "example": "infra-x", "description": ""}}
    assert server.put(f"{PROJECTS}/infra/settings", json=naming).status_code == 200
    found = listed(server, "infra")
    assert found is not None
    assert changed.items() <= found.items()
    overview = server.get(f"{PROJECTS}/infra/overview").json()
    assert changed.items() <= overview.items()
    assert overview["featureNaming"] == {"pattern": "infra-.*", "example": "infra-x", "description": None}

    path = f"{PROJECTS}/infra/environments"
    assert server.delete(f"{path}/production").status_code == 200
    assert server.post(path, json={"environment": "production"}).status_code == 200
    seen = server.get("/api/admin/environments/project/infra").json()["environments"]
    assert {each["name"] for each in seen if each["visible"]} == {"development", "production"}

    assert server.delete(f"{PROJECTS}/infra").status_code == 200
    assert read() is None


def test_what_terraform_calls_for_an_environment(server: TestServer) -> None:
    plan = {"name": "staging", "type": "preproduction"}
    created = server.post("/api/admin/environments", json=plan)
    assert created.status_code == 201
    path = "/api/admin/environments/staging"
    assert plan.items() <= server.get(path).json().items()
    assert created.json() == server.get(path).json()
    changed = server.put("/api/admin/environments/update/staging", json={"type": "test", "sortOrder": 7})
    assert changed.json() == server.get(path).json()
    assert (changed.json()["type"], changed.json()["sortOrder"]) == ("test", 7)
    assert server.delete(path).status_code == 200
    assert server.get(path).status_code == 404
