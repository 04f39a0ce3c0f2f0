"""The description of the interface is complete, sound, and true; and the page that shows it asks nobody else."""

import gzip
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urljoin

import jsonschema_rs
import msgspec
import pytest
from litestar.routes import HTTPRoute

from flagkeeper.app import DEPENDENCIES, RAW_OPERATIONS, ROUTES, openapi_document
from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.http.application import build
from flagkeeper.http.openapi import METHODS
from flagkeeper.http.permissions import Permission
from tests.server import TestServer

Json = dict[str, Any]


@cache
def document() -> Json:
    found: Json = msgspec.json.decode(openapi_document())
    return found


def operations() -> Iterator[tuple[str, str, Json]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def everything_in(node: Any) -> Iterator[Json]:
    """Every object inside `node`."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from everything_in(each)


def resolve(reference: str) -> Any:
    found: Any = document()
    assert reference.startswith("#/")
    for step in reference[2:].split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def test_it_is_openapi_and_says_what_it_describes() -> None:
    assert document()["openapi"] == "3.1.0"
    assert {"title", "version", "description"} <= document()["info"].keys()
    assert document()["tags"] == sorted(document()["tags"], key=lambda tag: tag["name"])
    assert {tag["name"] for tag in document()["tags"]} == {tag for _, _, each in operations() for tag in each["tags"]}


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names)), sorted({name for name in names if names.count(name) > 1})
    assert all(operation["summary"] and operation["description"] for _, _, operation in operations())


def test_every_reference_leads_somewhere() -> None:
    for node in everything_in(document()):
        if isinstance(node.get("$ref"), str):
            assert resolve(node["$ref"])
        for reference in (node.get("discriminator") or {}).get("mapping", {}).values():
            assert resolve(reference)


def test_every_schema_is_a_schema() -> None:
    for name, schema in document()["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}), name


def test_every_parameter_of_a_path_is_declared() -> None:
    for path, method, operation in operations():
        declared = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"]
        assert sorted(declared) == sorted(re.findall(r"\{(\w+)\}", path)), (method, path)
        assert all(each["required"] for each in operation.get("parameters", ()) if each["in"] == "path")
        names = [(each["name"], each["in"]) for each in operation.get("parameters", ())]
        assert len(names) == len(set(names)), (method, path)


def test_every_route_is_described() -> None:
    application = build(ROUTES, DEPENDENCIES, None)
    routes = {
        (re.sub(r"\{\w+\}", "{}", route.path_format), method)
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for method in map(str, set(route.methods) - {"OPTIONS", "HEAD"})
    }
    routes |= {(re.sub(r"\{\w+\}", "{}", raw.path), raw.method.upper()) for raw in RAW_OPERATIONS}
    described = {(re.sub(r"\{\w+\}", "{}", path), method.upper()) for path, method, _ in operations()}
    assert described == routes


def test_parameters_have_the_names_that_clients_know() -> None:
    for path, _, _ in operations():
        names = re.findall(r"\{(\w+)\}", path)
        assert not {"project", "feature", "flag", "projectName"} & set(names), path
        assert all(re.fullmatch(r"[a-z]+[a-zA-Z]*", name) for name in names), path


def test_what_answers_always_have_is_required_and_what_clients_may_leave_out_is_not() -> None:
    schemas = document()["components"]["schemas"]
    assert {"version", "roles"} == set(schemas["RoleList"]["required"])
    assert {"version", "maturity"} < set(schemas["FlagUsageOut"]["required"])
    assert "secret" not in schemas["PatOut"]["required"]
    assert set(schemas["StrategyDraft"]["required"]) == {"name"}
    assert "values" not in schemas["Constraint"]["required"], "clients send it, too"


def test_what_is_out_of_date_is_said_to_be() -> None:
    assert [path for path, _, operation in operations() if operation.get("deprecated")] == [
        "/api/admin/events",
        "/api/admin/events/{featureName}",
        "/api/admin/features/{featureName}",
        "/api/admin/projects/{projectId}/dora",
        *["/api/admin/projects/{projectId}/groups/{holderId}/roles/{roleId}"] * 3,
        "/api/admin/projects/{projectId}/health-report",
        "/api/admin/projects/{projectId}/insights",
        *["/api/admin/projects/{projectId}/users/{holderId}/roles/{roleId}"] * 3,
    ]


def test_permissions_are_named_and_exist() -> None:
    for path, method, operation in operations():
        for name in operation["x-permissions"]:
            assert name in Permission.__members__, (method, path)
            assert name in operation["description"]
        assert bool(operation["security"]) != ("Needs no credentials" in operation["description"]), (method, path)


def test_errors_are_described_by_what_they_look_like() -> None:
    for path, method, operation in operations():
        assert method in METHODS, path
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                body = resolve(answer["$ref"])["content"]["application/json"]["schema"]
                assert body == {"$ref": "#/components/schemas/ErrorBody"}
        if path != "/scim/v2/{name}":  # says what is answered where there is nothing
            assert any(int(status) < 400 for status in operation["responses"])


def test_every_event_type_has_its_schema() -> None:
    schemas = document()["components"]["schemas"]
    assert schemas["EventType"]["enum"] == list(EVENTS)
    assert list(schemas["TypedEvent"]["discriminator"]["mapping"]) == list(EVENTS)


def test_events_are_what_their_schemas_say(server: TestServer) -> None:
    """Those of a first start, and of some changes."""
    made = server.post("/api/admin/segments", json={"name": "staff", "constraints": []}).json()
    server.put(f"/api/admin/segments/{made['id']}", json={"name": "beta", "constraints": []})
    server.delete(f"/api/admin/segments/{made['id']}")
    server.post("/api/admin/tag-types", json={"name": "team", "description": "who", "icon": None})
    validator = jsonschema_rs.validator_for(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": "#/components/schemas/TypedEvent",
            "components": document()["components"],
        }
    )
    events = server.events()
    assert len({event["type"] for event in events}) > 5
    for event in events:
        validator.validate(event)


def test_nothing_in_it_speaks_of_the_source(server: TestServer) -> None:
    text = openapi_document().decode()
    assert all(name.isalnum() for name in document()["components"]["schemas"]), "the name of a module"
    assert "facts" not in text
    assert ".md" not in text


def test_it_is_served_packed_and_only_once(server: TestServer) -> None:
    whole = server.get("/docs/openapi.json", token=None, headers={"Accept-Encoding": "identity"})
    assert whole.content == openapi_document()
    assert "content-encoding" not in whole.headers
    packed = server.get("/docs/openapi.json", token=None, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == whole.content
    assert int(packed.headers["content-length"]) < len(whole.content) / 5
    assert len(gzip.compress(whole.content)) >= int(packed.headers["content-length"]) * 0.9
    known = server.get("/docs/openapi.json", token=None, headers={"If-None-Match": whole.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize("path", ["/docs", "/docs/openapi", "/docs/openapi/"])
def test_there_is_a_page_that_shows_it(server: TestServer, path: str) -> None:
    page = server.get(path, token=None, follow_redirects=True)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


def test_the_page_asks_no_other_host_and_has_no_script_in_its_markup(server: TestServer) -> None:
    page = server.get("/docs/openapi", token=None).text
    linked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(linked) >= 4
    for path in linked:
        found = server.get(urljoin("/docs/openapi", path), token=None)
        assert found.status_code == 200, path
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", found.text) or path.endswith(".json")
        assert found.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|style=", page)
    assert server.get("/docs/assets/passwd", token=None).status_code == 404
    assert server.get("/docs/assets/..%2Fapi_browser.py", token=None).status_code == 404


@pytest.mark.parametrize("path", ["/features", "/api/admin/nothing", "/index.html"])
def test_what_is_not_there_is_said_in_json(server: TestServer, path: str) -> None:
    missing = server.get(path)
    assert missing.status_code == 404
    assert missing.json()["name"] == "NotFoundError"
