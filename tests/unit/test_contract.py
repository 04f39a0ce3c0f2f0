"""The comparison with the expected HTTP interface: two small documents, and every kind of difference."""

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from flagkeeper.app import openapi_document
from tools import contract
from tools.contract import CONTRACT, REASONS, Difference, Interface, Reason, Report, compare, read_reasons, show
from tools.contract_schemas import Comparison, Schemas

Json = dict[str, Any]

FLAG = {"$ref": "#/components/schemas/flag"}
FLAG_SCHEMA: Json = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "parents": {"type": "array", "items": FLAG}},
}
SHOW: Json = {
    "path": "/api/flags/{flagName}",
    "method": "GET",
    "tag": "Flags",
    "operationId": "showFlag",
    "edition": "oss",
    "query_params": [{"name": "depth", "required": False, "schema": {"type": "string"}}],
    "responses": {"200": {"content": {"application/json": FLAG}}, "404": {"$ref": "#/errorBody"}},
}
CREATE: Json = {
    "path": "/api/flags",
    "method": "POST",
    "tag": "Flags",
    "operationId": "createFlag",
    "edition": "oss",
    "body": {"required": True, "content": {"application/json": FLAG}},
    "responses": {"201": {"content": {"application/json": FLAG}, "headers": {"location": {"type": "string"}}}},
}
APPROVE: Json = {
    "path": "/api/changes/{id}",
    "method": "PUT",
    "tag": "Changes",
    "operationId": "approve",
    "edition": "enterprise",
    "responses": {"200": {}},
}
SERVED: Json = {
    "openapi": "3.1.0",
    "paths": {
        "/api/flags/{name}": {
            "get": {
                "operationId": "showFlag",
                "tags": ["Flags"],
                "parameters": [{"name": "until", "in": "query", "required": True, "schema": {"type": "string"}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": FLAG}}},
                    "403": {"$ref": "#/components/responses/Forbidden"},
                },
            },
        },
        "/api/flags": {
            "post": {
                "operationId": "makeFlag",
                "tags": ["Feature flags"],
                "responses": {"201": {"content": {"text/csv": {"schema": {"type": "string"}}}}},
            }
        },
        "/health": {"get": {"operationId": "health", "responses": {"200": {}}}},
    },
    "components": {
        "responses": {"Forbidden": {"description": "Forbidden"}},
        "schemas": {"flag": {**FLAG_SCHEMA, "properties": {"name": {"type": "string"}, "parents": {"items": FLAG}}}},
    },
}


def expected(*endpoints: Json, changed: Json | None = None, schemas: Json | None = None) -> Interface:
    return Interface.expected(
        {
            "endpoints": list(endpoints),
            "endpointsOssExtra82": [],
            "operationsChangedIn82": changed or {},
            "schemas": {"flag": {}},
            "schemasChangedIn82": {"flag": FLAG_SCHEMA},
            "schemasNewIn82": schemas or {},
            "errorBody": {"type": "object", "properties": {"id": {"type": "string"}}},
        }
    )


def report(*reasons: Reason) -> Report:
    return compare(expected(SHOW, CREATE, APPROVE), Interface.served(SERVED), list(reasons))


def test_operations_are_matched_whatever_their_parameters_are_called() -> None:
    found = report()
    assert [each.operation_id for each in found.present] == ["showFlag", "createFlag"]
    assert [each.operation_id for each in found.missing] == ["approve"]
    assert [each.operation_id for each in found.own] == ["health"]


def test_every_difference_of_an_operation_is_found() -> None:
    assert report().undeclared == [
        Difference("GET /api/flags/{flagName}", "path parameter name, expected flagName"),
        Difference("GET /api/flags/{flagName}", "query parameter depth is missing"),
        Difference("GET /api/flags/{flagName}", "query parameter until is required"),
        Difference("GET /api/flags/{flagName}", "status 403 is not expected"),
        Difference("GET /api/flags/{flagName}", "status 404 is missing"),
        Difference("POST /api/flags", "operationId is makeFlag, expected createFlag"),
        Difference("POST /api/flags", "area is Feature flags, expected Flags"),
        Difference("POST /api/flags", "request: application/json is missing"),
        Difference("POST /api/flags", "response 201: application/json is missing"),
        Difference("POST /api/flags", "response 201: header location is missing"),
    ]


def test_components_other_than_schemas_are_followed() -> None:
    served = {
        "paths": {"/a": {"put": {"responses": {"200": {"$ref": "#/components/responses/Flag"}}}}},
        "components": {"responses": {"Flag": {"content": {"application/json": {"schema": STRING}}}}},
    }
    assert Interface.served(served).operations["PUT /a"].responses == {"200": {"application/json": STRING}}


def test_later_versions_are_laid_over_the_base() -> None:
    changed: Json = {"GET /api/flags/{flagName}": {"responses": {"204": {}}}}
    assert list(expected(SHOW, changed=changed).operations["GET /api/flags/{}"].responses) == ["204"]


def test_a_reason_takes_its_differences_out_of_the_undeclared_ones() -> None:
    named = Reason("POST /api/flags", "operationId is makeFlag, expected createFlag", "a better name")
    starred = Reason("* /api/flags*", "status * is *", "statuses of our own")
    found = report(named, starred)
    assert [(reason, len(fitting)) for reason, fitting in found.deliberate] == [(named, 1), (starred, 2)]
    assert len(found.undeclared) == 7
    assert found.stale == []


def test_a_reason_for_nothing_is_stale() -> None:
    stale = Reason("GET /api/flags/{flagName}", "status 401 is missing", "once it was")
    assert report(stale).stale == [stale]


def test_everything_is_shown() -> None:
    text = StringIO()
    stale = Reason("GET /nowhere", "status 401 is missing", "once it was")
    meant = Reason("GET *", "status 404 is missing", "flags are always found")
    show(report(meant, stale), Console(file=text, width=200), present=True)
    shown = text.getvalue()
    for each in (
        "Missing operations: 1",
        "PUT /api/changes/{id} (enterprise)",
        "GET /api/flags/{flagName} (open source)",
        "Operations of our own: 1",
        "GET /health",
        "Deliberate differences: 1",
        "flags are always found (1)",
        "Undeclared differences: 9",
        "response 201: header location is missing",
        "Nothing differs as a reason says: GET /nowhere: status 401 is missing",
    ):
        assert each in shown


@pytest.mark.parametrize(
    ("reasons", "paths", "status"),
    [
        ("", {}, 0),
        ('[[reasons]]\noperation="*"\ndifference="*"\nreason=""', {}, 1),
        ("", {"/health": {"get": {"responses": {}}}}, 1),
    ],
)
def test_stale_reasons_and_undeclared_differences_are_failures(
    reasons: str, paths: Json, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "served.json").write_text(json.dumps({"paths": paths}))
    (tmp_path / "reasons.toml").write_text(reasons)
    monkeypatch.setattr(contract, "REASONS", tmp_path / "reasons.toml")
    monkeypatch.setattr(sys, "argv", ["contract", "--served", str(tmp_path / "served.json")])
    assert contract.main() == status


def test_a_reason_may_be_for_several_differences() -> None:
    assert read_reasons('[[reasons]]\noperation="a"\ndifference=["b", "c"]\nreason="d"') == [
        Reason("a", "b", "d"),
        Reason("a", "c", "d"),
    ]


def test_reasons_are_read_strictly() -> None:
    with pytest.raises(Exception, match="unknown field `why`"):
        read_reasons('[[reasons]]\noperation="a"\ndifference="b"\nreason="c"\nwhy="d"')


def test_the_contract_agrees_with_itself() -> None:
    """All 349 operations are read, and none differs from itself."""
    document = json.loads(CONTRACT.read_text())
    known = Interface.expected(document)
    assert len(known.operations) == 349
    assert compare(known, known, []).undeclared == []


def test_the_server_differs_from_the_contract_only_where_it_means_to() -> None:
    found = compare(
        Interface.expected(json.loads(CONTRACT.read_text())),
        Interface.served(json.loads(openapi_document())),
        read_reasons(REASONS.read_text()),
    )
    assert [f"{each.operation}: {each.what}" for each in found.undeclared] == []
    assert found.stale == []
    assert len(found.present) >= 120


def obj(**properties: Json) -> Json:
    return {"type": "object", "properties": properties}


STRING: Json = {"type": "string"}
TIME: Json = {"type": "string", "format": "date-time"}
NUMBER: Json = {"type": "number"}
INTEGER: Json = {"type": "integer"}
NULLABLE: Json = {"type": "string", "nullable": True}
STRING_OR_NULL: Json = {"anyOf": [{"type": "string"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("wanted", "given", "in_responses", "in_requests"),
    [
        (STRING, STRING, [], []),
        (NULLABLE, STRING_OR_NULL, [], []),
        (NULLABLE, {"type": ["string", "null"]}, [], []),
        (NULLABLE, STRING, [], ["body may not be null"]),
        (STRING, STRING_OR_NULL, ["body may be null"], []),
        (NUMBER, INTEGER, [], ["body is integer, expected number"]),
        (INTEGER, NUMBER, ["body is number, expected integer"], []),
        (STRING, INTEGER, ["body is integer, expected string"], ["body is integer, expected string"]),
        (STRING, {}, ["body is not described"], []),
        (TIME, TIME, [], []),
        (TIME, {"anyOf": [TIME, {"type": "null"}]}, ["body may be null"], []),
        (
            {"oneOf": [TIME, NUMBER]},
            STRING,
            ["body is any text, expected date-time"],
            ["body is string, expected number or string"],
        ),
        (STRING, TIME, [], []),
        (obj(a=STRING), obj(a=STRING, b=STRING), [], []),
        (obj(a=STRING), obj(), ["body.a is left out"], ["body.a is missing"]),
        ({**obj(a=STRING), "required": ["a"]}, obj(), ["body.a is missing"], ["body.a is missing"]),
        (obj(a=obj(b=STRING)), obj(a=obj()), ["body.a.b is left out"], ["body.a.b is missing"]),
        (
            {"type": "array", "items": obj(a=STRING)},
            {"type": "array", "items": obj()},
            ["body[].a is left out"],
            ["body[].a is missing"],
        ),
        (
            {"type": "array", "items": STRING},
            {"type": "array", "prefixItems": [STRING, INTEGER], "items": False},
            ["body[] is integer or string, expected string"],
            [],
        ),
        ({**obj(a=STRING), "required": ["a"]}, obj(a=STRING), ["body.a is optional"], []),
        (obj(a=STRING), {**obj(a=STRING), "required": ["a"]}, [], ["body.a is required"]),
        (obj(), {**obj(b=STRING), "required": ["b"]}, [], ["body.b is required, and no client knows it"]),
        (
            {"enum": ["a", "b"]},
            {"enum": ["b", "c"]},
            ["body may also be c"],
            ["body does not accept a"],
        ),
        ({"enum": ["a"]}, STRING, ["body is any string, expected one of a"], []),
        (STRING, {"enum": ["a", "b"]}, [], ["body is one of a or b, expected any string"]),
        ({"oneOf": [obj(a=STRING), obj(b=STRING)]}, obj(a=STRING), ["body.b is left out"], ["body.b is missing"]),
        (obj(a=STRING, b=STRING), {"anyOf": [obj(a=STRING), obj(b=STRING)]}, [], []),
        (obj(a=STRING, b=STRING), {"allOf": [obj(a=STRING), obj(b=STRING)]}, [], []),
        (
            obj(a=STRING),
            {"anyOf": [obj(a=STRING), obj(a=INTEGER)]},
            ["body.a is integer or string, expected string"],
            [],
        ),
    ],
)
def test_schemas_are_compared_from_the_clients_side(
    wanted: Json, given: Json, in_responses: list[str], in_requests: list[str]
) -> None:
    schemas = Schemas({})
    assert list(Comparison(schemas, schemas, request=False).differences(wanted, given)) == in_responses
    assert list(Comparison(schemas, schemas, request=True).differences(wanted, given)) == in_requests


def test_schemas_that_contain_themselves_are_compared_once() -> None:
    ours = Schemas({"#/components/schemas/flag": obj(name=INTEGER, parents={"type": "array", "items": FLAG})})
    theirs = Schemas({"#/components/schemas/flag": FLAG_SCHEMA})
    assert list(Comparison(theirs, ours, request=False).differences(FLAG, FLAG)) == [
        "body.name is integer, expected string",
        "body.name is optional",
    ]
