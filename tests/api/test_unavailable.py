"""What cannot be answered now says when to ask again, wherever it is asked."""

import pytest

from flagkeeper.http.errors import STATUS, answer
from flagkeeper.kernel import errors
from tests.server import TestServer

FLAGS = "/api/admin/projects/default/features"


@pytest.mark.parametrize("kind", [kind for kind, status in STATUS.items() if status in (429, 503)])
def test_every_such_error_has_a_time(kind: type[errors.FlagkeeperError]) -> None:
    made = kind("Not now.", 7) if kind is errors.RateLimited else kind("Not now.")
    assert int(answer(made).headers["Retry-After"]) >= 1


def test_no_other_error_has_one() -> None:
    assert "Retry-After" not in answer(errors.BadData("Never.")).headers
    assert "Retry-After" not in answer(errors.NotFound("Never.")).headers


def test_a_change_that_cannot_be_stored_now(server: TestServer) -> None:
    there = server.post("/api/admin/segments", json={"name": "there", "constraints": []}).json()["id"]
    server.services.units.writer.stop()
    before = server.last_id()
    for refused in (
        server.post(FLAGS, json={"name": "checkout"}),
        server.post("/api/admin/segments", json={"name": "staff", "constraints": []}),
        server.delete(f"/api/admin/segments/{there}"),
    ):
        assert refused.status_code == 503, refused.text
        assert int(refused.headers["retry-after"]) >= 1
        assert {"id", "name", "message", "details"} <= refused.json().keys()
    assert server.last_id() == before
