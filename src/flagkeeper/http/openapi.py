"""The OpenAPI 3.1 document, made from what the routes declare: nothing is written twice.

Schemas come from msgspec, which keeps defaults, constraints and tags of unions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from litestar import Litestar, MediaType, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.routes import HTTPRoute

from flagkeeper.http.change_headers import ANSWERED, ASKED, EVENTS
from flagkeeper.http.errors import ErrorBody
from flagkeeper.http.route import ACCEPTS, ANYBODY, HEADERS, JSON_ONLY, MEANING, PERMISSION, PUBLIC, QUERY, Scope

SECURITY_SCHEMES = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "A bare token."},
    "bearerToken": {"type": "http", "scheme": "bearer", "description": "A token after `Bearer `."},
    "session": {"type": "apiKey", "in": "cookie", "name": "unleash-session", "description": "What a login gives."},
}
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
"""What OpenAPI knows."""
_NOT_PARAMETERS = frozenset({"data", "body", "request", "socket", "scope", "state", "headers", "cookies", "query"})
"""What a handler may ask for by name that is no parameter of the request."""
_WIRE_NAMES = {
    **dict.fromkeys(("feature", "flag", "feature_name"), "featureName"),
    "person_id": "userId",
    **dict.fromkeys(("account_id", "integration_id", "segment_id", "user_id", "pat_id", "type_id", "splash_id"), "id"),
    **dict.fromkeys(("banner_id", "chart_id", "feedback_id"), "id"),
    "project": "projectId",
}
"""Path parameters that clients know by another name than camel case gives."""
_REFERENCE = "#/components/schemas/{name}"
_FACTS = re.compile(r"\s*\((?:facts|design)[:,][^()]*\)", re.IGNORECASE)
"""Remarks for those who read the source."""

Json = dict[str, Any]


class RawParameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of a raw operation, other than those in its path."""

    name: str
    description: str
    where: str = "query"
    """`query` or `header`."""
    type: Any = str
    required: bool = False


class RawOperation(msgspec.Struct, frozen=True, kw_only=True):
    """Describes an endpoint that is plain ASGI, so that it stands in the document like any other."""

    method: str
    path: str
    """Parameters in braces, by their wire names: `/api/client/features/{featureName}`."""
    operation: str
    tag: str
    summary: str
    access: str
    """One sentence: which credentials it needs."""
    scope: Scope
    """What its answer may contain."""
    public: bool = False
    """Whether it needs none."""
    parameters: Sequence[RawParameter] = ()
    body: Any = None
    """The type of the request's body. None: there is none."""
    answer: Any = None
    """The type of the answer's body. None: there is none."""
    media_type: str = "application/json"
    status: int = 200
    others: Mapping[int, str] = {}
    """Further answers without a body, and what they mean: `304`."""
    errors: Sequence[int] = ()


class Documented(msgspec.Struct, frozen=True, kw_only=True):
    """What a document is made of."""

    title: str
    version: str
    description: str
    application: Litestar
    base_path: str = ""
    """Where all of it is found."""
    raw: Sequence[RawOperation] = ()
    events: Mapping[str, type[msgspec.Struct]] = {}
    """The types of events by wire name."""
    event_model: type[msgspec.Struct] | None = None
    """What all events look like on the wire; its `type` becomes the enumeration of `events`."""


def build_document(documented: Documented) -> Json:
    """The whole document. Takes some tenths of a second: call it once, off the event loop."""
    found = [*_operations_of_routes(documented.application), *map(_operation_of_raw, documented.raw)]
    models = [documented.event_model] if documented.event_model else []
    kinds = list(documented.events.values())
    types = [ErrorBody, *models, *kinds, *(kind for operation in found for kind in operation.types())]
    schemas, components = _short_names(*msgspec.json.schema_components(types, ref_template=_REFERENCE))
    schema_of = _Schemas(types, schemas)
    for kind in components.values():
        _clean(kind)
    asked = _reached((schema_of(body) for each in found for body in each.body.values()), components)
    for name in _reached((schema_of(each.answer) for each in found if each.answer is not None), components) - asked:
        _promise(components[name])
    if documented.event_model:
        _describe_events(components, documented.event_model, documented.events)
    paths: dict[str, Json] = {}
    for operation in sorted(found, key=lambda each: (each.path, each.method)):
        paths.setdefault(operation.path, {})[operation.method] = operation.described(schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": documented.title, "version": documented.version, "description": documented.description},
        "servers": [{"url": documented.base_path or "/"}],
        "tags": [{"name": tag} for tag in sorted({operation.tag for operation in found})],
        "paths": paths,
        "components": {
            "securitySchemes": SECURITY_SCHEMES,
            "responses": _errors(schema_of(ErrorBody)),
            "schemas": dict(sorted(components.items())),
        },
    }


def _short_names(schemas: Any, components: dict[str, Json]) -> tuple[Any, dict[str, Json]]:
    """Structs of one name have their modules in front of it, with dots. In place of those they get the name of their
    slice: `TagsTagList`, and what else it takes to tell them apart.

    Raises:
        TypeError: it takes more than there is.
    """
    short: dict[str, str] = {}
    for name in components:
        modules = [_camel(each) for each in name.split(".")[2:-1]]
        own = _camel(name.rpartition(".")[2]) if modules else name
        # `flagkeeper.features.tags.schemas`: the slice comes third.
        short[name] = modules[0] + own if modules else own
        if name in components and [*short.values()].count(short[name]) > 1:
            short[name] = "".join(modules) + own
    if len({*short.values()}) < len(components):
        raise TypeError(f"Two schemas have one name: {sorted(short.values())}")
    longer = {_REFERENCE.format(name=name): _REFERENCE.format(name=new) for name, new in short.items() if new != name}

    def renamed(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: renamed(value) for key, value in part.items()}
        if isinstance(part, list | tuple):
            return [renamed(value) for value in part]
        return longer.get(part, part) if isinstance(part, str) else part

    return renamed(schemas), {short[name]: renamed(kind) for name, kind in components.items()}


def _camel(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def _errors(body: Json) -> Json:
    content = {"application/json": {"schema": body}}
    return {f"Error{status}": {"description": meaning, "content": content} for status, meaning in MEANING.items()}


class _Schemas:
    """Finds the schema of a type."""

    def __init__(self, types: Sequence[Any], schemas: Sequence[Json]) -> None:
        self._by_id = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}

    def __call__(self, kind: Any) -> Json:
        return self._by_id[id(kind)]


class _Parameter(msgspec.Struct):
    name: str
    where: str
    kind: Any
    required: bool
    description: str = ""
    default: Any = None

    def described(self, schema_of: _Schemas) -> Json:
        schema = dict(schema_of(self.kind))
        if self.default is not None:
            schema["default"] = msgspec.to_builtins(self.default)
        said = {"description": self.description} if self.description else {}
        return {"name": self.name, "in": self.where, "required": self.required, "schema": schema, **said}


class _Operation(msgspec.Struct):
    """One operation, wherever it was declared."""

    path: str
    method: str
    operation: str
    tag: str
    summary: str
    description: str
    permissions: list[str]
    public: bool
    parameters: list[_Parameter]
    body: Mapping[str, Any]
    """Its types, by media type. Empty: there is none."""
    answer: Any
    media_type: str
    status: int
    errors: Sequence[int]
    needs_body: bool = True
    others: Mapping[int, str] = {}
    deprecated: bool = False
    headers: Mapping[str, str] = {}
    """Of its answer, and what they say."""

    def types(self) -> Iterator[Any]:
        yield from self.body.values()
        yield from () if self.answer is None else (self.answer,)
        yield from (parameter.kind for parameter in self.parameters)

    def described(self, schema_of: _Schemas) -> Json:
        found: Json = {
            "operationId": self.operation,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
            "x-permissions": self.permissions,
            "parameters": [parameter.described(schema_of) for parameter in self.parameters],
            "responses": self._responses(schema_of),
            "security": [] if self.public else [{name: []} for name in SECURITY_SCHEMES],
        }
        if not found["parameters"]:
            del found["parameters"]
        if self.deprecated:
            found["deprecated"] = True
        if self.body:
            content = {media_type: {"schema": schema_of(body)} for media_type, body in self.body.items()}
            found["requestBody"] = {"required": self.needs_body, "content": content}
        return found

    def _responses(self, schema_of: _Schemas) -> Json:
        answer: Json = {"description": HTTPStatus(self.status).phrase}
        if self.answer is not None:
            answer["content"] = {self.media_type: {"schema": schema_of(self.answer)}}
        if self.headers:
            answer["headers"] = {
                name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in self.headers.items()
            }
        described = {self.status: answer}
        described |= {status: {"description": meaning} for status, meaning in self.others.items()}
        described |= {status: {"$ref": f"#/components/responses/Error{status}"} for status in self.errors}
        return {str(status): described[status] for status in sorted(described)}


def _operations_of_routes(application: Litestar) -> Iterator[_Operation]:
    for route in application.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.operation_id is not None:
                    yield _operation_of_route(route, handler)


def _operation_of_route(route: HTTPRoute, handler: HTTPRouteHandler) -> _Operation:
    names = {name: _wire_name(name) for name in route.path_parameters}
    (method,) = handler.http_methods - {"HEAD"}
    needed = handler.opt[PERMISSION]
    in_path = [
        _Parameter(names[name], "path", str if parameter.type is Path else parameter.type, True)
        for name, parameter in route.path_parameters.items()
    ]
    return _Operation(
        path=re.sub(r"\{(\w+)\}", lambda match: f"{{{names[match[1]]}}}", route.path_format),
        method=method.lower(),
        operation=str(handler.operation_id),
        tag=next(iter(handler.tags or ()), ""),
        summary=handler.summary or "",
        description=str(handler.description or ""),
        permissions=_permissions(needed),
        public=needed == PUBLIC,
        parameters=[*in_path, *_asked_for(handler, names), *_of_a_change(method)],
        body=_bodies(handler),
        needs_body=_needs_body(handler),
        answer=_answer(handler),
        media_type=_media_type(handler.media_type),
        status=handler.status_code,
        errors=sorted(status for status in handler.responses or () if status >= 400),
        headers={**handler.opt[HEADERS], **({} if method == "GET" else {EVENTS: ANSWERED})},
        deprecated=bool(handler.deprecated),
    )


def _bodies(handler: HTTPRouteHandler) -> Mapping[str, Any]:
    """The types of a route's body, by media type."""
    accepted: Mapping[str, Any] = handler.opt[ACCEPTS]
    if accepted is not JSON_ONLY:
        return accepted
    data = handler.parsed_fn_signature.parameters.get("data")
    return {} if data is None else {"application/json": _without_none(data.raw)}


def _needs_body(handler: HTTPRouteHandler) -> bool:
    data = handler.parsed_fn_signature.parameters.get("data")
    return data is None or not data.has_default


def _asked_for(handler: HTTPRouteHandler, in_path: Mapping[str, str]) -> Iterator[_Parameter]:
    """Parameters of the query and headers: what a handler asks for that nothing else provides."""
    provided = {*in_path, *handler.resolve_dependencies(), *_NOT_PARAMETERS}
    described = dict(handler.opt[QUERY])
    for name, field in handler.parsed_fn_signature.parameters.items():
        if name in provided:
            continue
        said = field.kwarg_definition if isinstance(field.kwarg_definition, ParameterKwarg) else ParameterKwarg()
        default = field.default if field.has_default else None
        yield _Parameter(
            name=said.name or name,
            where=said.param_type.value,
            kind=_without_none(field.annotation),
            required=not field.has_default and not field.is_optional,
            description=said.description or described.pop(said.name or name, ""),
            default=default,
        )
    for name, description in described.items():
        yield _Parameter(name, "query", str, False, description)


def _of_a_change(method: str) -> Iterator[_Parameter]:
    """What may be said of every change."""
    if method != "GET":
        for name, description in ASKED.items():
            yield _Parameter(name, "header", str, False, description)


def _operation_of_raw(raw: RawOperation) -> _Operation:
    in_path = [_Parameter(name, "path", str, True) for name in re.findall(r"\{(\w+)\}", raw.path)]
    return _Operation(
        path=raw.path,
        method=raw.method.lower(),
        operation=raw.operation,
        tag=raw.tag,
        summary=raw.summary,
        description=raw.access,
        permissions=[],
        public=raw.public,
        parameters=[
            *in_path,
            *(_Parameter(each.name, each.where, each.type, each.required, each.description) for each in raw.parameters),
        ],
        body={} if raw.body is None else {"application/json": raw.body},
        answer=raw.answer,
        media_type=raw.media_type,
        status=raw.status,
        errors=raw.errors,
        others=raw.others,
    )


def _wire_name(name: str) -> str:
    first, *rest = name.split("_")
    return _WIRE_NAMES.get(name) or first + "".join(word.capitalize() for word in rest)


def _permissions(needed: Any) -> list[str]:
    """Any one of them is enough."""
    if needed in (PUBLIC, ANYBODY):
        return []
    return [str(each) for each in (needed if isinstance(needed, tuple) else (needed,))]


def _answer(handler: HTTPRouteHandler) -> Any:
    """The type of what a handler answers with. None: it has no body."""
    if declared := (handler.responses or {}).get(handler.status_code):
        return declared.data_container
    kind = handler.parsed_fn_signature.return_type.annotation
    if issubclass(get_origin(kind) or (kind if isinstance(kind, type) else object), Response):
        kind = next(iter(get_args(kind)), None)
    return None if kind is NoneType else kind


def _media_type(declared: MediaType | str | None) -> str:
    return (declared.value if isinstance(declared, MediaType) else declared) or "application/json"


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (UnionType, Union):
        return Union[tuple(each for each in get_args(kind) if each is not NoneType)]  # noqa: UP007 - made at run time
    return kind


def _clean(schema: Json) -> None:
    """Takes remarks for readers of the source out of a component's descriptions."""
    if "description" in schema:
        schema["description"] = _FACTS.sub("", " ".join(schema["description"].split()))


def _reached(schemas: Iterable[Json], components: Mapping[str, Json]) -> set[str]:
    """The names of the components that `schemas` refer to, directly or not."""
    found: set[str] = set()
    waiting: list[Any] = list(schemas)
    while waiting:
        part = waiting.pop()
        name = str(part.get("$ref", "")).rpartition("/")[2] if isinstance(part, dict) else ""
        if name in components and name not in found:
            found.add(name)
            waiting.append(components[name])
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return found


def _promise(answer: Json) -> None:
    """Makes required what an answer always has: a field with a default is left out by clients only."""
    always = [name for name, schema in answer.get("properties", {}).items() if "default" in schema]
    if always:
        answer["required"] = [*answer.get("required", ()), *always]


def _describe_events(components: dict[str, Json], model: type[msgspec.Struct], events: Mapping[str, Any]) -> None:
    """Makes of each event type's component what it looks like on the wire, and of all of them one union."""
    components["EventType"] = {"title": "EventType", "type": "string", "enum": list(events)}
    components[model.__name__]["properties"]["type"] = {"$ref": _REFERENCE.format(name="EventType")}
    references = {}
    for wire_name, kind in events.items():
        own = {name: schema for name, schema in components[kind.__name__]["properties"].items() if name != "tags"}
        for schema in own.values():
            schema.pop("default", None)
        components[kind.__name__] = {
            "title": kind.__name__,
            "description": f"{kind.about.label}: what an event of type `{wire_name}` carries.",
            "allOf": [{"$ref": _REFERENCE.format(name=model.__name__)}],
            "properties": {"type": {"const": wire_name}, **own},
        }
        references[wire_name] = _REFERENCE.format(name=kind.__name__)
    components["TypedEvent"] = {
        "title": "TypedEvent",
        "description": "An event, its payloads described by its type.",
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "type", "mapping": references},
    }
