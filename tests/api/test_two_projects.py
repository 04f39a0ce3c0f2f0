"""What a second project must not see, take or be sent: with one project alone nobody would notice."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.people import person
from tests.projects import add_project, flag_in, token_for
from tests.server import TestServer

FEATURES = "/api/client/features"
LOG = "/api/admin/log"
SEGMENTS = "/api/admin/segments"


@pytest.fixture(autouse=True)
def shop(server: TestServer) -> None:
    """Two projects with a flag each."""
    add_project(server, "shop")
    flag_in(server, "default", "checkout")
    flag_in(server, "shop", "basket")


def sent(server: TestServer, token: str, path: str = FEATURES, **headers: str) -> list[str]:
    answer = server.get(path, token=token, headers=headers)
    assert answer.status_code == 200, answer.text
    return [flag["name"] for flag in answer.json()["features"]]


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_an_answer_that_is_kept_is_for_tokens_of_the_same_projects(server: TestServer, coding: str) -> None:
    """Tokens that differ in nothing but their projects, each asking as often as it takes to be given a kept answer."""
    expected = {
        token_for(server, "all", "*"): ["basket", "checkout"],
        token_for(server, "one", "default"): ["checkout"],
        token_for(server, "another", "shop"): ["basket"],
        token_for(server, "both", "shop", "default"): ["basket", "checkout"],
    }
    for _ in range(3):
        for token, names in expected.items():
            assert sent(server, token, **{"Accept-Encoding": coding}) == names
            assert sent(server, token, f"{FEATURES}?namePrefix=b", **{"Accept-Encoding": coding}) == [
                name for name in names if name == "basket"
            ]


def test_an_etag_of_another_project_is_no_hit(server: TestServer) -> None:
    one, another = token_for(server, "one", "default"), token_for(server, "another", "shop")
    for _ in range(2):
        tags = [server.get(FEATURES, token=token).headers["etag"] for token in (one, another)]
        assert server.get(FEATURES, token=one, headers={"If-None-Match": tags[0]}).status_code == 304
        assert server.get(FEATURES, token=another, headers={"If-None-Match": tags[0]}).status_code == 200
        assert server.get(FEATURES, token=one, headers={"If-None-Match": tags[1]}).status_code == 200


def test_one_flag_is_for_tokens_of_its_project(server: TestServer) -> None:
    token = token_for(server, "one", "default")
    for _ in range(2):
        assert server.get(f"{FEATURES}/checkout", token=token).status_code == 200
        assert server.get(f"{FEATURES}/basket", token=token).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "project:*",
        'project:"*"',
        "project:*,default",
        "-project:shop",
        "type:api-token-*",
        "project:* type:*",
        "everywhere",
        "-project:default",
    ],
)
def test_no_query_shows_a_viewer_tokens_for_all_projects(server: TestServer, query: str) -> None:
    """Their events have the project `*`, which is no pattern there."""
    for name, projects in (("all-of-everywhere", ("*",)), ("here", ("default",))):
        token_for(server, name, *projects)
    viewer = person(server, "viewer").token
    asked = quote(query)

    def found(token: str) -> list[dict[str, Any]]:
        answer = server.get(f"{LOG}/events?limit=100&q={asked}", token=token)
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()["events"]
        return events

    assert [each for each in found(viewer) if each["project"] in ("*", None)] == []
    counted = server.get(f"{LOG}/counts?bucket=total&by=project&q={asked}", token=viewer).json()
    assert {each["value"] for each in counted["by"]["project"]["values"]} <= {"default", "shop"}
    assert counted["total"]["events"] == len(found(viewer))
    for path in (f"{LOG}/events", f"{LOG}/what-changed"):
        answer = server.get(f"{path}?limit=100&q={asked}", token=viewer)
        assert answer.status_code == 200
        assert "all-of-everywhere" not in answer.text


def test_administrators_do_find_them(server: TestServer) -> None:
    token_for(server, "everywhere", "*")
    for query in ("project:*", 'project:"*"', "type:api-token-created everywhere"):
        events = server.get(f"{LOG}/events?limit=100&q={quote(query)}").json()["events"]
        newest = next(each for each in events if each["project"] == "*")
        assert "everywhere" in newest["data"].values(), query


def use(server: TestServer, project: str, flag: str, segment: int) -> None:
    path = f"/api/admin/projects/{project}/features/{flag}/environments/development/strategies"
    answer = server.post(path, json={"name": "flexibleRollout", "segments": [segment]})
    assert answer.status_code == 200, answer.text


def test_a_segment_that_another_project_uses_is_not_taken(server: TestServer) -> None:
    body: dict[str, Any] = {"name": "staff", "constraints": [], "project": None}
    segment = server.post(SEGMENTS, json=body).json()["id"]
    use(server, "shop", "basket", segment)
    before = server.last_id()
    refused = server.put(f"{SEGMENTS}/{segment}", json={**body, "project": "default"})
    assert (refused.status_code, refused.json()["name"]) == (403, "InvalidOperationError")
    assert server.last_id() == before
    assert server.get(f"{SEGMENTS}/{segment}").json().get("project") is None
    assert server.put(f"{SEGMENTS}/{segment}", json={**body, "project": "shop"}).status_code == 204


def test_nor_one_that_the_project_itself_uses_too(server: TestServer) -> None:
    body: dict[str, Any] = {"name": "staff", "constraints": [], "project": None}
    segment = server.post(SEGMENTS, json=body).json()["id"]
    use(server, "default", "checkout", segment)
    use(server, "shop", "basket", segment)
    for project in ("default", "shop"):
        assert server.put(f"{SEGMENTS}/{segment}", json={**body, "project": project}).status_code == 403
    assert server.put(f"{SEGMENTS}/{segment}", json={**body, "name": "people"}).status_code == 204


def test_a_segment_of_one_project_is_not_for_flags_of_another(server: TestServer) -> None:
    segment = server.post(SEGMENTS, json={"name": "own", "constraints": [], "project": "default"}).json()["id"]
    path = "/api/admin/projects/shop/features/basket/environments/development/strategies"
    before = server.last_id()
    assert server.post(path, json={"name": "default", "segments": [segment]}).status_code in (400, 403, 409)
    assert server.last_id() == before
