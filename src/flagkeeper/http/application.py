"""Builds the Litestar application from routes: guard, errors, body rules. The composition root gives it the routes."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import structlog
from litestar import Litestar, Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.serialization import default_serializer
from litestar.types import Scope, Serializer

from flagkeeper.http.authenticator import demand_permission, like_hidden
from flagkeeper.http.body import explained, read_body
from flagkeeper.http.caller import Caller
from flagkeeper.http.change_headers import read_context
from flagkeeper.http.errors import answer, internal_error
from flagkeeper.http.pages import error_page
from flagkeeper.http.route import (
    ACCEPTS,
    ALLOWED,
    FOR_BROWSERS,
    IN_MAINTENANCE,
    JSON_ONLY,
    KNOWN,
    QUERY,
    SENT_AS,
    demand_declared,
)
from flagkeeper.http.target import demand_known, restored, restored_parameters
from flagkeeper.kernel.errors import (
    BadCredentials,
    BadData,
    Detail,
    FlagkeeperError,
    InMaintenance,
    LoginRequired,
    MethodNotAllowed,
    NotFound,
    Unavailable,
    WrongContentType,
    allowed_methods,
)
from flagkeeper.kernel.lenient import meant_as

if TYPE_CHECKING:
    from litestar._kwargs.dependencies import DependencyContainer
    from litestar._kwargs.types import Extractor

LARGEST_BODY = 500_000
"""Bytes of a JSON body. Unleash takes 100 kB, and 500 kB for imports; one limit for all is enough."""

READS = ("GET", "HEAD", "OPTIONS")
ADMINISTERED = "/api/admin/"
CLOSED = "/api/"
"""What is below this path needs a login, whether or not it exists."""

_IS_JSON = re.compile(r"application/[^/;\s]+\+json")
"""Kinds of JSON by the names that RFC 6839 gives them, such as that of JSON Patch."""
_PARAMETER = re.compile(r"\{[^}]*\}")
"""Of a path: what it is called makes no other path of it."""
_MISSING_PARAMETER = re.compile(r"Missing required (\w+) parameter '(.+)' for path ", re.DOTALL)

log = structlog.get_logger("flagkeeper.http")


def build(routes: Sequence[HTTPRouteHandler], dependencies: Mapping[str, Provide], state: Any) -> Litestar:
    """The admin API. `state.services` must offer `authenticator` and `in_maintenance`; both are read per request.

    Raises:
        TypeError: a route does not say who may call it (`route.demand_declared`).
    """
    demand_declared(routes)
    application = Litestar(
        route_handlers=list(routes),
        dependencies={"caller": Provide(_caller, sync_to_thread=False), **dependencies},
        before_request=_let_in,
        exception_handlers={Exception: _error_response},
        after_exception=[_strangers_first],
        request_max_body_size=LARGEST_BODY,
        request_class=_Request,
        response_class=Answer,
        openapi_config=None,
        logging_config=None,
        state=state,
    )
    _give_at_once(application)
    _note_what_is_known(application)
    return application


def _give_at_once(application: Litestar) -> None:
    """Litestar reads what a dependency takes as if a client had sent it, and calls it in a task of its own: that took a
    fifth of the time of a toggle. Ours take the request, or each other, and wait for nothing: they are called.

    Raises:
        TypeError: a dependency takes something else.
    """
    for route in application.routes:
        if isinstance(route, HTTPRoute):
            for _, parameters in route.route_handler_map.values():
                wanted = [each for batch in parameters.dependency_batches for each in batch]
                if wanted:
                    parameters.dependency_batches = []
                    parameters.extractors.append(_giver(wanted))


def _giver(wanted: "Sequence[DependencyContainer]") -> "Extractor":
    """Gives a handler its dependencies, which are in an order in which each comes after those that it takes."""
    known = {"request"}
    calls: list[tuple[str, Callable[..., Any], tuple[str, ...]]] = []
    for each in wanted:
        taken = tuple(each.provide.signature_model._fields)
        if not known.issuperset(taken):
            raise TypeError(f"{each.key} takes {', '.join(taken)}: dependencies take the request, or each other")
        known.add(each.key)
        calls.append((each.key, each.provide.dependency, taken))

    async def give(values: dict[str, Any], connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        values["request"] = connection
        for name, provide, taken in calls:
            values[name] = provide(**{each: values[each] for each in taken})

    return give


def _note_what_is_known(application: Litestar) -> None:
    """Every handler knows the methods of its path, and which parameters of the query it reads, also those that it takes
    from the request itself."""
    routes = [each for each in application.routes if isinstance(each, HTTPRoute)]
    methods: dict[str, set[str]] = defaultdict(set)
    for route in routes:
        methods[_PARAMETER.sub("{}", route.path_format)].update(route.route_handler_map)
    for route in routes:
        allowed = allowed_methods(methods[_PARAMETER.sub("{}", route.path_format)])
        for handler, parameters in route.route_handler_map.values():
            taken = {each.field_alias: each.is_sequence for each in parameters.expected_query_params}
            handler.opt[ALLOWED] = allowed
            handler.opt[SENT_AS] = {
                each.field_name: each.field_alias
                for each in (*parameters.expected_query_params, *parameters.expected_header_params)
            }
            handler.opt[KNOWN] = {**taken, **dict.fromkeys(handler.opt.get(QUERY, ()), True)}


async def _let_in(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Before every handler: who calls, may they, why do they, and are query and body ones that we take? (As a guard of
    Litestar's, the first two would cost a copy of the handler per request.) OPTIONS is answered here."""
    scope = request.scope
    scope["path"] = restored(scope["path"])
    scope["path_params"] = restored_parameters(scope["path_params"])
    if scope["method"] == "OPTIONS":
        return Answer(None, status_code=204, headers={"Allow": ", ".join(request.route_handler.opt[ALLOWED])})
    await demand_permission(request)
    if scope["path"].startswith(CLOSED):
        demand_known(scope["query_string"], request.route_handler.opt[KNOWN])
    # its scope is a TypedDict, ours a mapping
    request.state.context = read_context(request.scope)  # type: ignore[arg-type]
    _demand_open(request)
    await _check_body(request)
    return None


def _demand_open(request: Request[Any, Any, Any]) -> None:
    """Raises `InMaintenance` for what may change something on the admin API while that is closed for changes."""
    if request.method in READS or not request.scope["path"].startswith(ADMINISTERED):
        return
    if request.app.state.services.in_maintenance and not request.route_handler.opt.get(IN_MAINTENANCE):
        raise InMaintenance("The server is in maintenance: nothing can be changed now. Reading goes on.")


class _Request(Request[Any, Any, Any]):
    """A request whose body is read by our own rules; and as it is meant, where people and their scripts administer."""

    _read: bytes | None = None
    _own_state: State | None = None

    @property
    def state(self) -> State:
        """Litestar makes a new one, with a lock, each time that somebody asks."""
        own = self._own_state
        if own is None:
            own = self._own_state = State(self.scope.get("state"))
        return own

    async def body(self) -> bytes:
        if self._read is None:
            largest = self.route_handler.resolve_request_max_body_size() or LARGEST_BODY
            # its scope and messages are TypedDicts, ours mappings
            self._read = await read_body(self.scope, self.receive, largest)  # type: ignore[arg-type]
        return self._read

    async def json(self) -> Any:
        field = self.route_handler.parsed_data_field
        value = await super().json()
        lenient = field is not None and self.scope["path"].startswith(ADMINISTERED)
        return meant_as(field.annotation)(value) if field is not None and lenient else value


class Answer(Response[Any]):
    """An answer that has nothing to say has an empty body, not `null`."""

    def render(self, content: Any, media_type: str, enc_hook: Serializer = default_serializer) -> bytes:
        return b"" if content is None else super().render(content, media_type, enc_hook)


def _caller(request: Request[Any, Any, Any]) -> Caller:
    caller: Caller = request.state.caller
    return caller


async def _check_body(request: Request[Any, Any, Any]) -> None:
    """Bodies are JSON and say so; no text in them holds a NUL, and no id in a path has more than 64 bits, which no
    database of ours can keep.

    Raises:
        WrongContentType, BadData, NotFound: as they say.
    """
    if any(isinstance(value, int) and abs(value) >= 2**63 for value in request.path_params.values()):
        raise NotFound("There is nothing with this id.")
    if request.scope["method"] in READS:
        return
    body = await request.body()
    if not body:
        return
    media_type, _ = request.content_type
    accepted = request.route_handler.opt.get(ACCEPTS, JSON_ONLY)
    if media_type not in accepted and not (accepted is JSON_ONLY and _IS_JSON.fullmatch(media_type)):
        if accepted is JSON_ONLY:
            raise WrongContentType("The body must be JSON. Send it with the header `Content-Type: application/json`.")
        raise WrongContentType(f"The body must be one of {', '.join(accepted)}, and its `Content-Type` must say so.")
    if b"\\u0000" in body:
        raise BadData("A NUL character is not allowed anywhere.", Detail("Remove \\u0000 from the body.", "/body"))


async def _strangers_first(error: Exception, scope: Scope) -> None:
    """Whoever is not known is told so, and not what there is and what not."""
    if isinstance(error, NotFoundException | MethodNotAllowedException) and scope["path"].startswith(CLOSED):
        request = _Request(scope)
        try:
            await request.app.state.services.authenticator.caller(request)
        except (LoginRequired, BadCredentials) as refused:
            request.state.refused = refused
        except FlagkeeperError:
            return  # a token of an SDK: it is known


def _error_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    named = request.state.get("refused") or _named(error, request)
    if isinstance(named, NotFound):
        named = like_hidden(request, named)
    if named is None:
        failed = internal_error()
        log.error("request_failed", error_id=failed.body.id, route=_route(request), exc_info=error)
    else:
        failed = answer(named)
        if isinstance(named, Unavailable):
            log.warning("unavailable", error_id=failed.body.id, route=_route(request), reason=named.message)
        elif failed.status >= 500 and not isinstance(named, InMaintenance):  # that is no failure: somebody meant it
            log.error("request_failed", error_id=failed.body.id, route=_route(request), exc_info=error)
    if _wants_page(request):
        return Response(error_page(failed), status_code=failed.status, media_type="text/html", headers=failed.headers)
    return Response(failed.encode(), status_code=failed.status, media_type="application/json", headers=failed.headers)


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    handler = request.scope.get("route_handler")
    led_here = isinstance(handler, HTTPRouteHandler) and handler.opt.get(FOR_BROWSERS, False)
    return led_here and "text/html" in request.headers.get("accept", "")


def _route(request: Request[Any, Any, Any]) -> str:
    """The path as it was declared: a real one may hold a secret."""
    return str(request.scope.get("path_template") or "none")


def _named(error: Exception, request: Request[Any, Any, Any]) -> FlagkeeperError | None:
    """Our own name for an error of the framework. None: a defect."""
    match error:
        case FlagkeeperError():
            return error
        case ValidationException():
            return BadData("The request is not valid; `details` says what is wrong.", *_details(error, request))
        case NotFoundException():
            return NotFound("There is nothing at this path.")
        case MethodNotAllowedException():
            allowed = (error.headers or {}).get("allow", "").split(", ")
            return MethodNotAllowed(f"This path knows {', '.join(allowed_methods(allowed))} only.", allowed)
        case ClientException():
            return BadData(error.detail or "The request is malformed.")
        case HTTPException() if error.status_code < 500:
            return BadData(error.detail)
    return None


def _details(error: ValidationException, request: Request[Any, Any, Any]) -> list[Detail]:
    if missing := _MISSING_PARAMETER.match(error.detail):
        kind, name = missing.groups()
        return [Detail(f"The {kind} parameter {name} is missing.", f"/{kind}/{name}")]
    _, _, place = str(error.__cause__).partition(" - at `$.data")
    found = error.extra if isinstance(error.extra, list) else []
    sent_as = request.route_handler.opt[SENT_AS]
    return [_detail(each, place, sent_as) for each in found if isinstance(each, dict)]


def _detail(found: dict[str, Any], place: str, sent_as: Mapping[str, str]) -> Detail:
    """`place` is where in the body msgspec met the first problem; Litestar knows it only below an object's fields."""
    message, key, given = str(found.get("message", "")), str(found.get("key", "")), found.get("source", "body")
    source = str(given.value if isinstance(given, Enum) else given)
    if message.strip("'\"") == key:
        return (
            Detail("The body is missing.", "/body")
            if key == "data"
            else Detail(f"{key} is missing.", f"/{source}/{key}")
        )
    if source == "body":
        return explained(message, place if key == "data" else f".{key.removeprefix('data.')}" if key else "")
    return Detail(message.replace("`", ""), f"/{source}/{sent_as.get(key, key)}")
