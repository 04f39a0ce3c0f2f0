"""Declaring a route: path, permission, status and documentation in one place.

```
@route.post("/api/admin/segments", permission=Permission.CREATE_SEGMENT, scope=route.PROJECT, tag="Segments",
            operation="createSegment", summary="Create a segment", status=201, errors=(400, 409))
async def create(data: SegmentBody, caller: Caller, units: Units) -> SegmentOut: ...
```

`returns` documents the answer of a handler that sends bytes which are encoded already; `query` says what parameters of
the query mean, also those that the handler reads from the request itself; `accepts` has the media types of a body that
the handler reads itself, each with the type that documents it. `in_maintenance` lets a change through while the server
is closed for others. `for_browsers` answers errors with a page where a page is wanted: browsers are led there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, TypeVar

from litestar import delete as litestar_delete
from litestar import get as litestar_get
from litestar import patch as litestar_patch
from litestar import post as litestar_post
from litestar import put as litestar_put
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body

from flagkeeper.http.errors import ErrorBody
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.limits import MOST_AT_ONCE

ItemT = TypeVar("ItemT")

PUBLIC = "public"
"""In place of a permission: nobody needs to be known."""
ANYBODY = "anybody"
"""In place of a permission: everybody who is known."""


class Scope(StrEnum):
    """Whose things a route is about, so what its answer may contain."""

    INSTANCE = "instance"
    """Things of the whole server: all callers with the permission see all of them."""
    PROJECT = "project"
    """Things of projects: those of projects of which the caller may not know are not there, and not counted."""
    OWN = "own"
    """Only what is the caller's."""


INSTANCE, PROJECT, OWN = Scope

Needed = Permission | tuple[Permission, ...] | str
LARGEST_OF_STRANGERS = 32_768
"""Bytes of a body from somebody who needs no credentials: a login, or some hundred tokens."""
PERMISSION = "permission"
SCOPE = "scope"
QUERY = "query"
ALLOWED = "allowed"
"""Of a handler: the methods of its path."""
KNOWN = "known"
"""Of a handler: the parameters of the query that are read, and whether each may come several times."""
SENT_AS = "sent_as"
"""Of a handler: what clients call those parameters that it has by other names."""
IN_MAINTENANCE = "in_maintenance"
ACCEPTS = "accepts"
JSON_ONLY: Mapping[str, Any] = {"application/json": None}
"""What a route takes unless it says otherwise: JSON, of the type of its `data`."""
HEADERS = "headers"
FOR_BROWSERS = "for_browsers"

MEANING = {
    400: "The request is malformed or asks for something impossible; `details` says where and why.",
    401: "No credentials, or unknown, revoked or expired ones.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    409: "It conflicts with what exists already.",
    413: "The body is too large.",
    415: "The body must be application/json.",
    422: "This way to log in is switched off.",
    429: "Too many requests; `Retry-After` says when to try again.",
    503: "The database cannot be reached or written now, or the server is in maintenance; nothing was changed.",
}

ListOf = Annotated[list[ItemT], Body(max_items=MOST_AT_ONCE)]
"""A body that is a list, as long as `limits.AtOnce` allows lists within a body."""

Decorator = Callable[[Callable[..., Any]], HTTPRouteHandler]


def _declare(
    litestar: Callable[..., Any],
    path: str,
    *,
    permission: Needed,
    scope: Scope,
    tag: str,
    operation: str,
    summary: str,
    status: int = 200,
    errors: Sequence[int] = (),
    returns: type | None = None,
    query: Mapping[str, str] | None = None,
    accepts: Mapping[str, Any] | None = None,
    in_maintenance: bool = False,
    for_browsers: bool = False,
    answered: Mapping[str, str] | None = None,
    **more: Any,
) -> Decorator:
    if not isinstance(scope, Scope):
        raise TypeError(f"{path}: the scope must be INSTANCE, PROJECT or OWN, not {scope!r}")
    expected = {*errors, 400, *(() if permission == PUBLIC else (401, 403))}
    if litestar is not litestar_get:
        expected |= {413, 415, 503}
        if permission == PUBLIC:
            more.setdefault("request_max_body_size", LARGEST_OF_STRANGERS)
    decorator: Decorator = litestar(
        path,
        status_code=status,
        opt={
            PERMISSION: permission,
            SCOPE: scope,
            QUERY: query or {},
            ACCEPTS: accepts or JSON_ONLY,
            HEADERS: answered or {},
            IN_MAINTENANCE: in_maintenance,
            FOR_BROWSERS: for_browsers,
        },
        responses={
            code: ResponseSpec(ErrorBody, description=MEANING[code], generate_examples=False)
            for code in sorted(expected)
        }
        | ({status: ResponseSpec(returns, generate_examples=False)} if returns else {}),
        security=[] if permission == PUBLIC else [{"apiKey": []}, {"bearerToken": []}],
        summary=summary,
        description=f"{_permission_text(permission)} {_SEEN[scope]}".strip(),
        tags=[tag],
        operation_id=operation,
        **more,
    )
    return decorator


_SEEN = {
    Scope.INSTANCE: "",
    Scope.PROJECT: "What belongs to projects of which you may not know is not there.",
    Scope.OWN: "It is about what is yours.",
}


def demand_declared(handlers: Iterable[HTTPRouteHandler]) -> None:
    """Demands that every route says who may call it and what it shows, and leaves authentication to the application.

    Raises:
        TypeError: one does not.
    """
    for handler in handlers:
        name = f"the route {handler.handler_name}"
        if PERMISSION not in handler.opt or not isinstance(handler.opt.get(SCOPE), Scope):
            raise TypeError(f"{name} declares no permission and scope: use flagkeeper.http.route")
        if handler.before_request is not None:
            raise TypeError(f"{name} has a before_request of its own, which would take the place of authentication")


def _permission_text(needed: Needed) -> str:
    if needed == PUBLIC:
        return "Needs no credentials."
    if needed == ANYBODY:
        return "Needs any valid admin API credential."
    names = needed if isinstance(needed, tuple) else (needed,)
    return "Needs the permission " + " or ".join(f"`{name}`" for name in names) + "."


get = partial(_declare, litestar_get)
post = partial(_declare, litestar_post)
put = partial(_declare, litestar_put)
patch = partial(_declare, litestar_patch)
delete = partial(_declare, litestar_delete)
