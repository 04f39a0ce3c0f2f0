"""The marks `causes` are kept to their word: what a test only makes happen by itself does not count."""

import pytest

from flagkeeper.features.access import commands as access
from flagkeeper.kernel.actor import SYSTEM
from tests import causes
from tests.causes import Claim
from tests.people import person
from tests.server import TestServer

FLAGS = "/api/admin/projects/{projectId}/features"


def claimed(*types: str, action: str) -> causes.Claims:
    return causes.begin([pytest.mark.causes(*types, action=action).mark])


def test_only_what_the_request_records_counts(server: TestServer) -> None:
    claims = claimed("feature-created", "tag-created", action=f"POST {FLAGS}")
    body = {"name": "a", "tags": [{"type": "simple", "value": "core"}]}
    assert server.post("/api/admin/projects/default/features", json={"name": "a b"}).status_code == 400
    assert len(claims.unseen) == 2
    assert server.post("/api/admin/projects/default/features", json={"name": "b"}).status_code == 201
    assert claims.unseen == {Claim("POST", FLAGS, "tag-created")}
    assert server.post("/api/admin/projects/default/features", json=body).status_code == 201
    assert not claims.unseen


def test_what_the_test_does_itself_does_not(server: TestServer) -> None:
    ada = person(server, "ada")
    claims = claimed("project-access-added", action="GET /api/admin/user-admin/{id}")
    server.call(server.services.units.run(SYSTEM, access.grant, "default", ada.id, 5))
    assert server.get(f"/api/admin/user-admin/{ada.id}").status_code == 200
    assert claims.unseen
    claimed(action="first start")


@pytest.mark.parametrize(
    ("path", "is_about"),
    [
        ("/api/admin/features/a", True),
        ("/api/admin/features/a?x=1", True),
        ("/api/admin/features/a/b", False),
        ("/api/admin/features", False),
    ],
)
def test_which_requests_a_claim_is_about(path: str, is_about: bool) -> None:
    assert Claim("PUT", "/api/admin/features/{name}", "x").is_about("PUT", path) is is_about
    assert not Claim("PUT", "/api/admin/features/{name}", "x").is_about("POST", path)
    assert Claim("PUT", "/api/admin/features/{name}?x=1", "x").is_about("PUT", path) is path.endswith("?x=1")
