"""Builds the Litestar application from routes: guard, errors, body rules. The composition root gives it the routes."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.serialization import default_serializer
from litestar.types import Serializer

from flagkeeper.http.caller import Caller
from flagkeeper.http.errors import answer, internal_error
from flagkeeper.http.gate import demand_permission
from flagkeeper.kernel.errors import (
    BadData,
    Detail,
    FlagkeeperError,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    WrongContentType,
)

LARGEST_BODY = 500_000
"""Bytes of a JSON body. Unleash takes 100 kB, and 500 kB for imports; one limit for all is enough."""

log = structlog.get_logger("flagkeeper.http")


def build(routes: Sequence[HTTPRouteHandler], dependencies: Mapping[str, Provide], state: Any) -> Litestar:
    """The admin API. `state.services` must offer `gate`; it is read per request."""
    application = Litestar(
        route_handlers=list(routes),
        dependencies={"caller": Provide(_caller, sync_to_thread=False), **dependencies},
        before_request=_let_in,
        exception_handlers={Exception: _error_response},
        request_max_body_size=LARGEST_BODY,
        response_class=_Answer,
        openapi_config=None,
        logging_config=None,
        state=state,
    )
    _resolve_one_by_one(application)
    return application


def _resolve_one_by_one(application: Litestar) -> None:
    """Litestar resolves dependencies that need nothing of each other in a task group, which took 15 % of the time of a
    toggle. Ours only look up an attribute: each becomes a batch of its own, which is resolved at once."""
    for route in application.routes:
        if isinstance(route, HTTPRoute):
            for _, parameters in route.route_handler_map.values():
                parameters.dependency_batches = [{each} for batch in parameters.dependency_batches for each in batch]


async def _let_in(request: Request[Any, Any, Any]) -> None:
    """Before every handler: who calls, may they, and is the body one that we take? (As a guard of Litestar's, the first
    two would cost a copy of the handler per request.)"""
    await demand_permission(request)
    await _check_body(request)


class _Answer(Response[Any]):
    """An answer that has nothing to say has an empty body, not `null`."""

    def render(self, content: Any, media_type: str, enc_hook: Serializer = default_serializer) -> bytes:
        return b"" if content is None else super().render(content, media_type, enc_hook)


def _caller(request: Request[Any, Any, Any]) -> Caller:
    caller: Caller = request.state.caller
    return caller


async def _check_body(request: Request[Any, Any, Any]) -> None:
    """Bodies are JSON and say so; no text anywhere holds a NUL, and no id in a path has more than 64 bits, which no
    database of ours can keep.

    Raises:
        WrongContentType, BadData, NotFound: as they say.
    """
    if any(isinstance(value, int) and abs(value) >= 2**63 for value in request.path_params.values()):
        raise NotFound("There is nothing with this id.")
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise BadData("A NUL character is not allowed anywhere.")
    if request.scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return
    body = await request.body()
    if not body:
        return
    media_type, _ = request.content_type
    if media_type != "application/json":
        raise WrongContentType("The body must be JSON. Send it with the header `Content-Type: application/json`.")
    if b"\\u0000" in body:
        raise BadData("A NUL character is not allowed anywhere.", Detail("Remove \\u0000 from the body.", "/body"))


def _error_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    named = _named(error)
    if named is None:
        failed = internal_error()
        log.error("request_failed", error_id=failed.body.id, path=request.scope["path"], exc_info=error)
    else:
        failed = answer(named)
        if failed.status >= 500:
            log.error("request_failed", error_id=failed.body.id, path=request.scope["path"], exc_info=error)
    return Response(failed.encode(), status_code=failed.status, media_type="application/json", headers=failed.headers)


def _named(error: Exception) -> FlagkeeperError | None:
    """Our own name for an error of the framework. None: a defect."""
    match error:
        case FlagkeeperError():
            return error
        case ValidationException():
            return BadData("The request is not valid; `details` says what is wrong.", *_details(error))
        case RequestEntityTooLarge():
            return TooLarge(f"The body may not be larger than {LARGEST_BODY} bytes.")
        case NotFoundException():
            return NotFound("There is nothing at this path.")
        case MethodNotAllowedException():
            return MethodNotAllowed("This path does not know that method.")
        case ClientException():
            return BadData(error.detail or "The request is malformed.")
        case HTTPException() if error.status_code < 500:
            return BadData(error.detail)
    return None


def _details(error: ValidationException) -> list[Detail]:
    found = error.extra if isinstance(error.extra, list) else []
    return [_detail(each) for each in found if isinstance(each, dict)]


def _detail(found: dict[str, Any]) -> Detail:
    message, key, given = str(found.get("message", "")), str(found.get("key", "")), found.get("source", "body")
    source = str(given.value if isinstance(given, Enum) else given)
    if message.strip("'\"") == key:
        message = f"The {source} is missing." if key == "data" else f"{key} is missing."
    place = (
        ""
        if key in ("", "data")
        else "/" + key.removeprefix("data.").replace(".", "/").replace("[", "/").replace("]", "")
    )
    return Detail(message.replace("`", ""), f"/{source}{place}")
