"""The API browser: the OpenAPI document, and a page of our own that shows it and lets one try it."""

import gzip
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from litestar import Response
from litestar.params import FromPath, HeaderParameter
from litestar.response import Redirect

from flagkeeper.http import route
from flagkeeper.http.conditional import accepts_gzip, is_named
from flagkeeper.kernel.errors import NotFound

TAG = "Operational"
_FOLDER = Path(__file__).parent / "docs"
_MEDIA_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}

IfNoneMatch = Annotated[str | None, HeaderParameter(name="If-None-Match", description="The entity tag that you have.")]
AcceptEncoding = Annotated[str | None, HeaderParameter(name="Accept-Encoding", description="`gzip` is understood.")]


class Prepared:
    """Bytes that do not change while the server runs: made at the first request, or before it by `make`."""

    def __init__(self, media_type: str, content: Callable[[], bytes]) -> None:
        self._media_type = media_type
        self._content = content
        self._lock = threading.Lock()
        self._made: tuple[bytes, bytes, str] | None = None

    def make(self) -> tuple[bytes, bytes, str]:
        """The content as it is and packed, and its entity tag."""
        with self._lock:
            if self._made is None:
                content = self._content()
                tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
                self._made = content, gzip.compress(content, mtime=0), tag
            return self._made

    def forget(self) -> None:
        """It is to be made again: what it is made of has changed."""
        with self._lock:
            self._made = None

    def answer(self, known: str | None, accepted: str | None) -> Response[bytes]:
        content, packed, tag = self.make()
        headers = {"ETag": tag, "Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding"}
        if known and is_named(known.encode("latin-1"), tag.encode()):
            return Response(b"", status_code=304, headers=headers)
        if accepted and accepts_gzip(accepted.encode("latin-1")):
            headers["Content-Encoding"] = "gzip"
            content = packed
        return Response(content, media_type=self._media_type, headers=headers)


_PAGES = {
    path.name: Prepared(_MEDIA_TYPES[path.suffix], path.read_bytes)
    for path in sorted(_FOLDER.iterdir())
    if path.suffix in _MEDIA_TYPES
}


@route.get(
    "/",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="findFirstPage",
    summary="Leads to the page that people see first",
    status=302,
)
async def find_first(base_path: str) -> Redirect:
    return Redirect(f"{base_path}/docs/openapi")


@route.get(
    "/docs",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="findApiBrowser",
    summary="Leads to the page that shows this interface",
    status=302,
)
async def find(base_path: str) -> Redirect:
    return Redirect(f"{base_path}/docs/openapi")


@route.get(
    "/docs/openapi",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="browseApi",
    summary="A page that shows this interface and lets you try it",
    returns=str,
    media_type="text/html",
)
async def browse(known: IfNoneMatch = None, accepted: AcceptEncoding = None) -> Response[bytes]:
    return _PAGES["index.html"].answer(known, accepted)


@route.get(
    "/docs/assets/{name:str}",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getApiBrowserFile",
    summary="What that page is made of",
    errors=(404,),
    returns=str,
    media_type="text/plain",
)
async def asset(name: FromPath[str], known: IfNoneMatch = None, accepted: AcceptEncoding = None) -> Response[bytes]:
    if name not in _PAGES:
        raise NotFound("There is no such file.")
    return _PAGES[name].answer(known, accepted)


@route.get(
    "/docs/openapi.json",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getOpenApiDocument",
    summary="This interface as an OpenAPI 3.1 document",
    returns=dict,
)
async def document(openapi: Prepared, known: IfNoneMatch = None, accepted: AcceptEncoding = None) -> Response[bytes]:
    return openapi.answer(known, accepted)


ROUTES = [find_first, find, browse, asset, document]
