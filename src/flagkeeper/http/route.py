"""Declaring a route: path, permission, status and documentation in one place.

```
@route.post("/api/admin/segments", permission=Permission.CREATE_SEGMENT, tag="Segments", operation="createSegment",
            summary="Create a segment", status=201, errors=(400, 409))
async def create(data: SegmentBody, caller: Caller, units: Units) -> SegmentOut: ...
```

`returns` documents the answer of a handler that sends bytes which are encoded already; `query` says what parameters of
the query mean, also those that the handler reads from the request itself.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from litestar import delete as litestar_delete
from litestar import get as litestar_get
from litestar import patch as litestar_patch
from litestar import post as litestar_post
from litestar import put as litestar_put
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from flagkeeper.http.errors import ErrorBody
from flagkeeper.http.permissions import Permission

PUBLIC = "public"
"""In place of a permission: nobody needs to be known."""
ANYBODY = "anybody"
"""In place of a permission: everybody who is known."""

Needed = Permission | tuple[Permission, ...] | str
PERMISSION = "permission"
QUERY = "query"

MEANING = {
    400: "The request is malformed or asks for something impossible; `details` says where and why.",
    401: "No credentials, or unknown, revoked or expired ones.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    409: "It conflicts with what exists already.",
    413: "The body is too large.",
    415: "The body must be application/json.",
    429: "Too many requests; `Retry-After` says when to try again.",
    503: "The database cannot be reached or written now; nothing was changed.",
}

Decorator = Callable[[Callable[..., Any]], HTTPRouteHandler]


def _declare(
    litestar: Callable[..., Any],
    path: str,
    *,
    permission: Needed,
    tag: str,
    operation: str,
    summary: str,
    status: int = 200,
    errors: Sequence[int] = (),
    returns: type | None = None,
    query: Mapping[str, str] | None = None,
    **more: Any,
) -> Decorator:
    expected = {*errors, 400, *(() if permission == PUBLIC else (401, 403))}
    if litestar is not litestar_get:
        expected |= {413, 415, 503}
    decorator: Decorator = litestar(
        path,
        status_code=status,
        opt={PERMISSION: permission, QUERY: query or {}},
        responses={
            code: ResponseSpec(ErrorBody, description=MEANING[code], generate_examples=False)
            for code in sorted(expected)
        }
        | ({status: ResponseSpec(returns, generate_examples=False)} if returns else {}),
        security=[] if permission == PUBLIC else [{"apiKey": []}, {"bearerToken": []}],
        summary=summary,
        description=_permission_text(permission),
        tags=[tag],
        operation_id=operation,
        **more,
    )
    return decorator


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
