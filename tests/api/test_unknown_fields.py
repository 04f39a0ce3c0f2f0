"""Fields that nobody knows, in the requests that are closed to them (ADR 0590)."""

import re
from typing import Any

import pytest

from tests.server import TestServer

LIMITED = {"/auth/simple/login", "/auth/reset/password-email", "/auth/reset/password"}
"""Ten a minute from one address: others ask these."""
TOLD = "Nothing takes a field {!r} here. Leave it out, or spell it right."


def closed(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Operations whose bodies are closed."""

    def is_closed(schema: dict[str, Any]) -> bool:
        name = schema.get("$ref", "").rpartition("/")[2]
        return (document["components"]["schemas"][name] if name else schema).get("additionalProperties") is False

    return [
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for content in [operation.get("requestBody", {}).get("content", {}).get("application/json")]
        if content and is_closed(content["schema"])
    ]


@pytest.mark.timeout(120)
def test_a_misspelt_field_is_named_and_nothing_is_stored(server: TestServer) -> None:
    operations = [each for each in closed(server.get("/docs/openapi.json").json()) if each[1] not in LIMITED]
    assert len(operations) >= 28, operations
    before = server.get("/api/admin/events").json()["totalEvents"]
    for method, path in operations:
        url = re.sub(r"\{\w*[iI]d\}|\{id\}", "1", path).replace("{projectId}", "default")
        answer = server.request(method, re.sub(r"\{\w+\}", "default", url), json={"nmae": "misspelt"})
        assert answer.status_code == 400, (method, path, answer.text)
        assert answer.json()["details"] == [{"message": TOLD.format("nmae"), "path": "/body/nmae"}], (method, path)
    assert server.get("/api/admin/events").json()["totalEvents"] == before


def test_a_user_with_a_misspelt_field_is_not_made(server: TestServer) -> None:
    body = {"username": "carol", "rootRole": 3}
    refused = server.post("/api/admin/user-admin", json={**body, "emial": "carol@example.com"})
    assert refused.status_code == 400
    assert refused.json()["details"] == [{"message": TOLD.format("emial"), "path": "/body/emial"}]
    assert "carol" not in server.get("/api/admin/user-admin").text
    assert server.post("/api/admin/user-admin", json=body).status_code == 201


def test_what_was_read_can_be_sent_back(server: TestServer) -> None:
    flags = "/api/admin/projects/default/features"
    made = server.post(flags, json={"name": "round", "stael": True})
    assert made.status_code == 201
    assert server.put(f"{flags}/round", json=server.get(f"{flags}/round").json()).status_code == 200
