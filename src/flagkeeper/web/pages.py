"""The web interface: one page for every path that no route has, and the files that it is made of.

`tools/build_ui.py` builds them into `ui/` beside this module. The page is read again when a build has taken the place
of another, so that a server which began before its first build shows it.
"""

import secrets
from pathlib import Path
from typing import NamedTuple

from flagkeeper.http.conditional import accepts
from flagkeeper.http.raw import Scope, Send, header, respond

BUILT = Path(__file__).parent / "ui"
"""Where the build puts the interface: `index.html`, and `assets/`, whose names hold a hash of their content."""
ASSETS = "/assets/"

_MEDIA_TYPES = {
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".woff2": b"font/woff2",
    ".json": b"application/json; charset=utf-8",
}
_PACKED = (("br", ".br"), ("gzip", ".gz"))
"""Content codings that the build makes beside an asset, the smallest first."""

_HTML = (b"content-type", b"text/html; charset=utf-8")
_NO_STORE = (b"cache-control", b"no-store")
_FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
_VARY = (b"vary", b"Accept-Encoding")

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types default"
)

_NOT_BUILT = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3"><title>Flagkeeper</title></head>
<body><h1>The web interface is not built yet</h1>
<p>The server runs, and its API answers: <a href="docs/openapi">the API in the browser</a>.</p>
<p><code>make run</code> builds the interface beside the server, which takes about a minute the first time; this page
then shows it by itself. The build needs the package registries of Python and npm: if it failed, the terminal says why,
and <code>make ui</code> tries again.</p></body></html>
"""


class _Page(NamedTuple):
    built: int
    """When, in nanoseconds."""
    text: str


class Pages:
    """Answers GET for people's browsers.

    Args:
        reserved: the first parts of all paths that belong to routes; they are never a page.
        built: the folder of a build.
    """

    def __init__(self, reserved: frozenset[str], built: Path = BUILT) -> None:
        self._reserved = reserved
        self._built = built
        self._page: _Page | None = None
        self._assets: dict[str, Path] = {}

    def shows(self, scope: Scope) -> bool:
        """Whether this request is for a page or a file of one."""
        if scope["method"] != "GET":
            return False
        path: str = scope["path"]
        if path.startswith(ASSETS):
            return True
        wanted = header(scope, b"accept") or ""
        return "text/html" in wanted and path.split("/", 2)[1] not in self._reserved

    async def answer(self, scope: Scope, base_path: str, send: Send) -> None:
        """`base_path` is where people find the server below its host: empty, or `/flags`."""
        path: str = scope["path"]
        if path.startswith(ASSETS):
            scope["path_template"] = "/assets/{name}"
            await self._file(scope, path.removeprefix(ASSETS), send)
        else:
            scope["path_template"] = "/{page}"
            await self._index(base_path, send)

    async def _index(self, base_path: str, send: Send) -> None:
        page = self._current()
        if page is None:
            await respond(send, 503, _NOT_BUILT, (_HTML, _NO_STORE, (b"retry-after", b"3")))
            return
        nonce = secrets.token_urlsafe(16)
        text = page.text.replace('="./', f'="{base_path}/').replace("{base-path}", base_path).replace("{nonce}", nonce)
        policy = (b"content-security-policy", _POLICY.format(nonce=nonce).encode())
        await respond(send, 200, text.encode(), (_HTML, _NO_STORE, policy))

    def _current(self) -> _Page | None:
        """The page of the newest build."""
        index = self._built / "index.html"
        try:
            built = index.stat().st_mtime_ns
            if self._page is None or self._page.built != built:
                self._page = _Page(built, index.read_text(encoding="utf-8"))
                self._assets = {each.name: each for each in (self._built / "assets").iterdir()}
        except FileNotFoundError:
            return None
        return self._page

    async def _file(self, scope: Scope, name: str, send: Send) -> None:
        self._current()
        found = self._assets.get(name)
        media_type = _MEDIA_TYPES.get(found.suffix) if found else None
        if found is None or media_type is None:
            await respond(send, 404, b"There is no such file.", ((b"content-type", b"text/plain"), _NO_STORE))
            return
        headers = [(b"content-type", media_type), _FOREVER, _VARY]
        accepted = (header(scope, b"accept-encoding") or "").encode("latin-1")
        for coding, suffix in _PACKED:
            packed = self._assets.get(name + suffix)
            if packed and accepts(accepted, coding.encode()):
                found = packed
                headers.append((b"content-encoding", coding.encode()))
                break
        await respond(send, 200, found.read_bytes(), tuple(headers))
