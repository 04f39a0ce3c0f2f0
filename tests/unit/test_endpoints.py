"""Which endpoint answers an SDK, and what pages of other sites may read of it: without a server."""

from typing import Any

import pytest

from flagkeeper.http import route
from flagkeeper.http.cross_origin import cross_origin
from flagkeeper.http.endpoints import Endpoints
from flagkeeper.http.openapi import RawOperation
from flagkeeper.http.raw import JSON, Message, Receive, Scope, Send, respond
from flagkeeper.kernel.errors import NotFound

A, B = "https://a.test", "https://b.test"


async def listed(_scope: Scope, _receive: Receive, send: Send) -> None:
    await respond(send, 200, b"all", (JSON,))


async def one(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["path"].endswith("none"):
        raise NotFound("None.")
    await respond(send, 200, f"{scope['path']} of {scope['path_template']}".encode())


def operation(method: str, path: str) -> RawOperation:
    return RawOperation(method=method, path=path, operation="o", tag="T", summary="s", access="a", scope=route.PROJECT)


OPERATIONS = [operation("GET", "/f"), operation("POST", "/f"), operation("GET", "/f/{name}")]


async def asked(
    path: str, method: str = "GET", origins: tuple[str, ...] | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes] | None:
    """The answer at this path. None: there is none. `origins`: of pages that may read it."""
    found: dict[str, Any] = {"/f": listed, "/f/": one}
    if origins is not None:
        found = dict(cross_origin(found, lambda: origins))
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": given}
    served = await Endpoints(found, OPERATIONS).serve(path, scope, None, send)  # type: ignore[arg-type]  # nothing comes
    if not served:
        assert sent == []
        return None
    start, body = sent
    return start["status"], {key.decode(): value.decode() for key, value in start["headers"]}, body["body"]


async def test_a_path_has_an_endpoint_or_stands_below_one() -> None:
    for path, body in (("/f", b"all"), ("/f/a", b"/f/a of /f/"), ("/f/a\0b", b"/f/a/b of /f/")):
        answer = await asked(path)
        assert answer is not None
        assert (answer[0], answer[2]) == (200, body)
    assert await asked("/g") is None
    assert await asked("/f/a/b") is None
    status, _, body = await asked("/f/none") or (0, {}, b"")
    assert (status, b"NotFoundError" in body) == (404, True)


@pytest.mark.parametrize(("path", "methods"), [("/f", "GET, HEAD, OPTIONS, POST"), ("/f/a", "GET, HEAD, OPTIONS")])
async def test_which_methods_it_knows(path: str, methods: str) -> None:
    status, headers, body = await asked(path, "OPTIONS") or (0, {}, b"")
    assert (status, sorted(headers["allow"].split(", ")), body) == (204, methods.split(", "), b"")
    assert "access-control-max-age" not in headers


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [(("*",), A, "*"), (("*", B), A, "*"), ((A, B), A, A), ((B,), A, None), ((A,), "", None), ((), A, None)],
)
async def test_which_pages_may_read_an_answer(origins: tuple[str, ...], origin: str, allowed: str | None) -> None:
    asking = {"origin": origin} if origin else {}
    for path in ("/f", "/f/none"):
        _, headers, _ = await asked(path, origins=origins, **asking) or (0, {}, b"")
        assert headers.get("access-control-allow-origin") == allowed
        assert headers.get("access-control-allow-credentials") == (None if allowed is None else "true")
        assert (headers["vary"], headers["access-control-expose-headers"]) == ("Origin", "ETag")
    for wanted in ({}, {"access_control_request_headers": "x-a,x-b"}):
        status, headers, _ = await asked("/f", "OPTIONS", origins, **asking, **wanted) or (0, {}, b"")
        assert (status, headers.get("access-control-allow-origin")) == (204, allowed)
        assert headers.get("access-control-allow-headers") == wanted.get("access_control_request_headers")
        assert headers["access-control-max-age"] == "86400"
        assert "PATCH" in headers["access-control-allow-methods"]
