"""Compares the HTTP interface that Flagkeeper documents with the one that Unleash's clients expect.

    python -m tools.contract [--served FILE] [--present]

It prints which operations are there and which are missing, by area and edition of the original; then every
difference of the operations that are there: parameters, bodies, statuses and the rest of what a client can notice.
A difference that is meant has its reason in tools/contract_reasons.toml; any other is a failure. Operations that are
missing are none. A reason that fits no difference is one, or the reasons would soon tell of another server.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.contract_schemas import Comparison, Json, Schemas

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "tests/data/openapi-contract.json"
REASONS = ROOT / "tools/contract_reasons.toml"
EDITIONS = {"oss": "open source", "enterprise": "enterprise"}
_PARAMETER = re.compile(r"{([^}]*)}")
METHODS = ("get", "post", "put", "patch", "delete")


class Operation(NamedTuple):
    """One operation of either document."""

    method: str
    path: str
    area: str
    edition: str
    operation_id: str
    deprecated: bool
    query: dict[str, bool]
    """Whether a parameter of the query is required, by name."""
    body: Json
    """Schemas by media type."""
    responses: dict[str, Json]
    """Schemas by media type, by status."""
    headers: dict[str, list[str]]
    """Names by status."""

    @property
    def key(self) -> str:
        """The same for both documents: parameters of a path are known by their place."""
        return f"{self.method} {_PARAMETER.sub('{}', self.path)}"

    @property
    def path_parameters(self) -> list[str]:
        return _PARAMETER.findall(self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Interface(NamedTuple):
    """All operations of a document by key, and its schemas."""

    operations: dict[str, Operation]
    schemas: Schemas

    @classmethod
    def expected(cls, document: Json) -> Self:
        """The contract's file: the base of it, with what later versions changed laid over it."""
        schemas = {**document["schemas"], **document["schemasChangedIn82"], **document["schemasNewIn82"]}
        references = {f"#/components/schemas/{name}": schema for name, schema in schemas.items()}
        changed = document["operationsChangedIn82"]
        found = [
            _expected_operation({**each, **changed.get(f"{each['method']} {each['path']}", {})})
            for each in [*document["endpoints"], *document["endpointsOssExtra82"]]
        ]
        return cls({each.key: each for each in found}, Schemas({**references, "#/errorBody": document["errorBody"]}))

    @classmethod
    def served(cls, document: Json) -> Self:
        """An OpenAPI 3.1 document."""
        found = [
            _served_operation(method.upper(), path, operation, document)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method in METHODS
        ]
        schemas = document.get("components", {}).get("schemas", {})
        references = {f"#/components/schemas/{name}": schema for name, schema in schemas.items()}
        return cls({each.key: each for each in found}, Schemas(references))


def _expected_operation(found: Json) -> Operation:
    return Operation(
        method=found["method"],
        path=found["path"],
        area=found["tag"],
        edition=found["edition"],
        operation_id=found["operationId"],
        deprecated=found.get("deprecated", False),
        query={each["name"]: each.get("required", False) for each in found.get("query_params", [])},
        body=found.get("body", {}).get("content", {}),
        responses={
            status: {"application/json": response} if "$ref" in response else response.get("content", {})
            for status, response in found["responses"].items()
        },
        headers={status: list(response.get("headers", {})) for status, response in found["responses"].items()},
    )


def _served_operation(method: str, path: str, found: Json, document: Json) -> Operation:
    parameters = [_followed(each, document) for each in found.get("parameters", [])]
    responses = {status: _followed(each, document) for status, each in found.get("responses", {}).items()}
    return Operation(
        method=method,
        path=path,
        area=next(iter(found.get("tags", [])), ""),
        edition="",
        operation_id=found.get("operationId", ""),
        deprecated=found.get("deprecated", False),
        query={each["name"]: each.get("required", False) for each in parameters if each["in"] == "query"},
        body=_by_media_type(_followed(found.get("requestBody", {}), document)),
        responses={status: _by_media_type(each) for status, each in responses.items()},
        headers={status: list(each.get("headers", {})) for status, each in responses.items()},
    )


def _followed(part: Json, document: Json) -> Json:
    """`part`, or the component that it refers to."""
    if "$ref" not in part:
        return part
    found = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def _by_media_type(message: Json) -> Json:
    return {media_type: each.get("schema", {}) for media_type, each in message.get("content", {}).items()}


class Difference(NamedTuple):
    """Something about an operation that clients do not expect."""

    operation: str
    what: str


def differences(expected: Interface, served: Interface) -> list[Difference]:
    """Every difference of the operations that both have."""
    return [
        Difference(str(operation), what)
        for key, operation in expected.operations.items()
        if key in served.operations
        for what in dict.fromkeys(_compare(expected, served, key))
    ]


def _compare(expected: Interface, served: Interface, key: str) -> Iterator[str]:
    wanted, given = expected.operations[key], served.operations[key]
    if given.operation_id != wanted.operation_id:
        yield f"operationId is {given.operation_id or 'missing'}, expected {wanted.operation_id}"
    if given.area != wanted.area:
        yield f"area is {given.area or 'missing'}, expected {wanted.area}"
    if given.deprecated != wanted.deprecated:
        yield f"deprecated is {str(given.deprecated).lower()}"
    for name, other in zip(wanted.path_parameters, given.path_parameters, strict=True):
        if name != other:
            yield f"path parameter {other}, expected {name}"
    for name in wanted.query:
        if name not in given.query:
            yield f"query parameter {name} is missing"
    for name, required in given.query.items():
        if required and not wanted.query.get(name):
            yield f"query parameter {name} is required"
    yield from _compare_bodies(wanted, given, Comparison(expected.schemas, served.schemas, request=True))
    yield from _compare_responses(wanted, given, Comparison(expected.schemas, served.schemas, request=False))


def _compare_bodies(wanted: Operation, given: Operation, comparison: Comparison) -> Iterator[str]:
    for media_type, schema in wanted.body.items():
        if media_type in given.body:
            for each in comparison.differences(schema, given.body[media_type]):
                yield f"request: {each}"
        else:
            yield f"request: {media_type} is missing"
    if given.body and not wanted.body:
        yield "request: there is a body, expected none"


def _compare_responses(wanted: Operation, given: Operation, comparison: Comparison) -> Iterator[str]:
    for status in sorted(wanted.responses.keys() | given.responses.keys()):
        if status not in given.responses:
            yield f"status {status} is missing"
        elif status not in wanted.responses:
            yield f"status {status} is not expected"
        else:
            for media_type, schema in wanted.responses[status].items():
                if media_type in given.responses[status]:
                    for each in comparison.differences(schema, given.responses[status][media_type]):
                        yield f"response {status}: {each}"
                else:
                    yield f"response {status}: {media_type} is missing"
            for header in wanted.headers[status]:
                if header.lower() not in map(str.lower, given.headers[status]):
                    yield f"response {status}: header {header} is missing"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason as the file has it: for one difference or several, each of which must be found."""

    operation: str
    difference: str | list[str]
    reason: str


class Reason(msgspec.Struct, frozen=True):
    """Why some differences are meant. `*` in the first two stands for anything."""

    operation: str
    difference: str
    reason: str

    def fits(self, found: Difference) -> bool:
        return _matches(self.operation, found.operation) and _matches(self.difference, found.what)


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None


class Report(NamedTuple):
    """The outcome: everything that there is to say."""

    present: list[Operation]
    missing: list[Operation]
    own: list[Operation]
    deliberate: list[tuple[Reason, list[Difference]]]
    undeclared: list[Difference]
    stale: list[Reason]


def compare(expected: Interface, served: Interface, reasons: list[Reason]) -> Report:
    found = differences(expected, served)
    meant: dict[int, list[Difference]] = {}
    undeclared = []
    for each in found:
        fitting = [position for position, reason in enumerate(reasons) if reason.fits(each)]
        if not fitting:
            undeclared.append(each)
        for position in fitting:
            meant.setdefault(position, []).append(each)
    return Report(
        present=[each for key, each in expected.operations.items() if key in served.operations],
        missing=[each for key, each in expected.operations.items() if key not in served.operations],
        own=[each for key, each in served.operations.items() if key not in expected.operations],
        deliberate=[(reasons[position], fitting) for position, fitting in sorted(meant.items())],
        undeclared=undeclared,
        stale=[reason for position, reason in enumerate(reasons) if position not in meant],
    )


def read_reasons(text: str) -> list[Reason]:
    """Raises `msgspec.ValidationError` for a reason that is none."""
    entries = msgspec.convert(tomllib.loads(text).get("reasons", []), list[Entry])
    return [
        Reason(entry.operation, difference, entry.reason)
        for entry in entries
        for difference in ([entry.difference] if isinstance(entry.difference, str) else entry.difference)
    ]


def show(report: Report, console: Console, *, present: bool) -> None:
    console.print(_table(report))
    if present:
        _list(console, "Operations that are there", report.present)
    _list(console, "Missing operations", report.missing)
    _list(console, "Operations of our own", report.own)
    console.print(f"\n[bold]Deliberate differences: {sum(len(found) for _, found in report.deliberate)}[/]")
    for text in dict.fromkeys(reason.reason for reason, _ in report.deliberate):
        found = [each for reason, fitting in report.deliberate if reason.reason == text for each in fitting]
        console.print(f"  [bold]{escape(text)}[/] ({len(found)})")
        _differences(console, found)
    console.print(f"\n[bold]Undeclared differences: {len(report.undeclared)}[/]")
    _differences(console, report.undeclared)
    for reason in report.stale:
        console.print(f"[red]Nothing differs as a reason says:[/] {escape(f'{reason.operation}: {reason.difference}')}")


def _table(report: Report) -> Table:
    """Rows are areas; cells say how many of the expected operations are there."""
    table = Table("Area", *EDITIONS.values(), "missing", title="Operations that are there")
    there = {each.key for each in report.present}
    everything = [*report.present, *report.missing]
    for area in [*sorted({each.area for each in everything}), ""]:
        chosen = [each for each in everything if area in ("", each.area)]
        cells = []
        for edition in EDITIONS:
            known = [each.key in there for each in chosen if each.edition == edition]
            cells.append(f"{sum(known)} of {len(known)}" if known else "-")
        gone = sum(each.key not in there for each in chosen)
        table.add_row(area or "All", *cells, str(gone or "-"), style=None if area else "bold")
    return table


def _list(console: Console, title: str, operations: list[Operation]) -> None:
    console.print(f"\n[bold]{title}: {len(operations)}[/]")
    for area in sorted({each.area for each in operations}):
        console.print(f"  {escape(area) or 'No area'}")
        for each in operations:
            if each.area == area:
                edition = f" ({EDITIONS[each.edition]})" if each.edition else ""
                console.print(f"    {escape(str(each))}{edition}")


def _differences(console: Console, found: list[Difference]) -> None:
    for operation in dict.fromkeys(each.operation for each in found):
        console.print(f"    {escape(operation)}")
        for each in found:
            if each.operation == operation:
                console.print(f"      {escape(each.what)}")


def _served_document() -> bytes:
    from flagkeeper.app import openapi_document

    return openapi_document()


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the documented HTTP interface with the expected one.")
    parser.add_argument("--served", type=Path, help="an OpenAPI document instead of this server's own")
    parser.add_argument("--present", action="store_true", help="also list the operations that are there")
    chosen = parser.parse_args()
    document: Any = msgspec.json.decode(chosen.served.read_bytes() if chosen.served else _served_document())
    report = compare(
        Interface.expected(msgspec.json.decode(CONTRACT.read_bytes())),
        Interface.served(document),
        read_reasons(REASONS.read_text()),
    )
    show(report, Console(highlight=False, soft_wrap=True), present=chosen.present)
    return 1 if report.stale or report.undeclared else 0


if __name__ == "__main__":
    sys.exit(main())
