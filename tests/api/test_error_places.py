"""What is wrong is named as the caller sent it: every parameter of every query, every field of every body."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Run, fresh_sqlite, started
from tests.server import BACKEND, FRONTEND, Host, TestServer, settings_for

JSON = {"Content-Type": "application/json"}
NONSENSE: list[Any] = [{"no": ["such"]}, [{"no": "such"}], "\u2603 no such", -7.5]
"""Some of it is wrong for every field."""


@pytest.fixture
def server(host: Host, run: Run, tmp_path: Path) -> Iterator[TestServer]:
    """On SQLite only: no database has a part in this."""
    with fresh_sqlite(run, tmp_path, started) as url, TestServer(host, settings_for(url)) as server:
        yield server


def operations(server: TestServer) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for path, found in server.get("/docs/openapi.json").json()["paths"].items():
        target = "/".join("1" if step.startswith("{") else step for step in path.split("/"))
        for method, operation in found.items():
            yield method.upper(), path, target, operation


def token_for(path: str) -> dict[str, Any]:
    sdk = {"/api/client": BACKEND, "/api/frontend": FRONTEND}
    return next(({"token": token} for start, token in sdk.items() if path.startswith(start)), {})


def test_every_parameter_is_named_as_it_was_sent(server: TestServer) -> None:
    refused = 0
    for method, path, target, operation in operations(server):
        if method != "GET" or not path.startswith("/api/admin/") or path.endswith("/log/stream"):
            continue
        named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        for name in sorted(named):
            answer = server.get(target, params={name: "\u2603 no:such"})
            if answer.status_code == 400:
                refused += 1
                places = {detail.get("path") for detail in answer.json()["details"]}
                assert f"/query/{name}" in places or places <= {f"/query/{each}" for each in named}, (path, name)
    assert refused > 30


def test_every_field_is_named_as_it_was_sent(server: TestServer) -> None:
    components = server.get("/docs/openapi.json").json()["components"]["schemas"]
    refused = 0
    for method, path, target, operation in operations(server):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        schema = components.get(body.get("$ref", "").rpartition("/")[2], {})
        for name in schema.get("properties", {}):
            for nonsense in NONSENSE:
                answer = server.request(method, target, json={name: nonsense}, headers=JSON, **token_for(path))
                if answer.status_code != 400:
                    continue
                refused += 1
                for detail in answer.json()["details"]:
                    place = detail.get("path", "/body")
                    first = place.split("/")[2] if place.count("/") > 1 else None
                    assert place.startswith("/body"), (method, path, name, nonsense, detail)
                    assert first is None or first in schema["properties"], (method, path, name, nonsense, detail)
    assert refused > 300
