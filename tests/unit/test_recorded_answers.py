"""Answers that a real Unleash 8.2 gave, held against what this server documents of its own: the same statuses, and
nothing that clients were sent is left out without a reason."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flagkeeper.app import openapi_document
from tools.contract import CONTRACT, REASONS, Difference, Interface, Operation, Reason, read_reasons
from tools.contract_schemas import Json, Schemas

RECORDED = Path(__file__).parents[1] / "data/recorded-answers.json"
_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null", dict: "object"}


MEANT = [
    Reason(
        "GET /api/admin/metrics/applications",
        "response 200: body.applications[].*",
        "An application may read several projects and environments: `usage` has them all.",
    ),
    Reason("GET /api/admin/user", "response 200: body.user.secret is left out", "A secret is shown once."),
    Reason("GET /api/admin/projects/*/strategies", "response 200: body[].milestoneId*", "There are no release plans."),
    Reason(
        "POST /api/admin/user-admin",
        "response 201: body.rootRole is integer*",
        "A role is answered by its id, as its schema says, however it was named.",
    ),
]
"""What the contract does not promise, and Unleash sends."""


def lacking(value: Any, schema: Json, schemas: Schemas, where: str = "body") -> Iterator[str]:
    """What a client that was sent `value` would miss in an answer of this schema; nothing is missed of a null."""
    shape = schemas.shape(schema)
    if value is not None and _NAMES.get(type(value), "array") not in shape.types:
        yield f"{where} is {' or '.join(sorted(shape.types))}, and was {value!r:.40}"
    elif isinstance(value, dict) and shape.properties:
        for name, each in value.items():
            if name in shape.properties:
                yield from lacking(each, shape.properties[name], schemas, f"{where}.{name}")
            else:
                yield f"{where}.{name} is left out"
    elif isinstance(value, list) and shape.items is not None:
        for each in value:
            yield from lacking(each, shape.items, schemas, f"{where}[]")


def operation_of(request: str, expected: Interface, served: Interface) -> Operation | None:
    """The operation that answers the request here. None: there is none."""
    method, _, target = request.partition(" ")
    path = target.partition("?")[0]
    fitting = [
        each
        for each in expected.operations.values()
        if each.method == method and re.fullmatch(re.sub(r"{[^}]*}", "[^/]+", each.path), path)
    ]
    found = min(fitting, key=lambda each: len(each.path_parameters), default=None)
    return found and served.operations.get(found.key)


def differences(recorded: list[Json], expected: Interface, served: Interface) -> Iterator[Difference]:
    for exchange in recorded:
        operation = operation_of(exchange["request"], expected, served)
        if operation is None:
            continue
        answer = operation.responses.get(str(exchange["status"]))
        if answer is None:
            yield Difference(str(operation), f"status {exchange['status']} is missing")
        elif "application/json" in answer:
            for each in lacking(exchange["response"], answer["application/json"], served.schemas):
                yield Difference(str(operation), f"response {exchange['status']}: {each}")
        elif exchange["response"] and isinstance(exchange["response"], dict | list):
            yield Difference(str(operation), f"response {exchange['status']}: there is no body")


def test_nothing_that_unleash_answers_is_left_out_without_a_reason() -> None:
    recorded = json.loads(RECORDED.read_text())
    expected = Interface.expected(json.loads(CONTRACT.read_text()))
    served = Interface.served(json.loads(openapi_document()))
    reasons = [*read_reasons(REASONS.read_text()), *MEANT]
    found = dict.fromkeys(differences(recorded, expected, served))
    assert [each for each in found if not any(reason.fits(each) for reason in reasons)] == []
    assert [reason for reason in MEANT if not any(map(reason.fits, found))] == []
    compared = [each for each in recorded if operation_of(each["request"], expected, served)]
    assert len(compared) >= 100


FLAG: Json = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
    },
}


def test_what_is_lacking_is_found() -> None:
    answer = {"200": {"content": {"application/json": {"schema": FLAG}}}}
    served = Interface.served(
        {
            "paths": {
                "/api/flags/{name}": {"get": {"responses": answer}},
                "/api/flags/all": {"get": {"responses": {"204": {}}}},
            }
        }
    )
    shown = {"name": "a", "on": True, "tags": [{"a": 1}, {"a": None}]}
    recorded = [
        {"request": "GET /api/flags/a?x=1", "status": 200, "response": shown},
        {"request": "GET /api/flags/a", "status": 201, "response": {}},
        {"request": "GET /api/flags/all", "status": 204, "response": [1]},
        {"request": "GET /api/nothing", "status": 200, "response": {}},
    ]
    assert [(each.operation, each.what) for each in differences(recorded, served, served)] == [
        ("GET /api/flags/{name}", "response 200: body.on is left out"),
        ("GET /api/flags/{name}", "response 200: body.tags[].a is string, and was 1"),
        ("GET /api/flags/{name}", "status 201 is missing"),
        ("GET /api/flags/all", "response 204: there is no body"),
    ]
