"""Random HTTP exchanges over raw sockets: every route that there is, with wrong names, methods, headers, queries and
bodies, and requests that are cut, doubled or no HTTP at all. The same seed makes the same exchanges."""

import gzip
import json
import random
import re
import socket
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

import zstandard

from tests.server import ADMIN, BACKEND, FRONTEND, PASSWORD

TOKENS = (
    *(ADMIN,) * 9,
    ADMIN,
    ADMIN,
    ADMIN,
    BACKEND,
    BACKEND,
    FRONTEND,
    "",
    "Bearer",
    f"Bearer {ADMIN}",
    "*:*.wrong",
    "\xff",
    "a" * 9_000,
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ODD_METHODS = ("PROPFIND", "TRACE", "get", "CONNECT", "G\x00T", "")
WORDS = (
    *(
        "default",
        "default",
        "development",
        "development",
        "checkout",
        "checkout",
        "1",
        "0",
        "-1",
        "99999999999999999999",
        "admin",
        "simple",
        "*",
        "..",
        ".",
    ),
    *("%2F", "a%2Fb", "%00", "%ff", "%C3%28", "%zz", "%", "größe", "%E2%80%AE", "a+b", "a;b", "a" * 300, "'--", '"'),
)
QUERIES = (
    *(
        "",
        "",
        "q=flag:a",
        "q=(a OR b",
        "q=-(type:feature-* OR NOT by:x) since:1h",
        "q=%22",
        "limit=1",
        "limit=-1",
        "limit=x",
    ),
    *(
        "type=IS:feature-created",
        "type=x",
        "archived=true",
        "archived=1&archived=0",
        "tag=a:b&tag=c",
        "&&",
        "=",
        "%ff=1",
    ),
    *("_=1", "x[]=1", "project=default", "q=" + "(" * 500, "q=" + "a*," * 300, "format=csv", "format=exe", "tz=Mars"),
)
TYPES = (
    *("application/json", "application/json", "application/json", "application/json; charset=utf-16", "text/plain", ""),
    *(
        'application/json;charset="',
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "\xff/\x80",
    ),
)
HEADERS = ("X-Change-Reason", "X-Change-Ticket", "X-Forwarded-For", "Cookie", "If-None-Match", "Range")
LEAVES = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    2**70,
    "",
    "a",
    "default",
    "\0",
    "\u202e",
    "\ud83d\ude00",
    "x" * 5_000,
    PASSWORD,
)
KEYS = (
    *(
        "name",
        "type",
        "value",
        "description",
        "tokenName",
        "projects",
        "environment",
        "constraints",
        "values",
        "operator",
    ),
    *(
        "contextName",
        "parameters",
        "rollout",
        "variants",
        "weight",
        "payload",
        "tags",
        "features",
        "segments",
        "events",
    ),
    *(
        "provider",
        "url",
        "query",
        "username",
        "password",
        "appName",
        "bucket",
        "toggles",
        "metrics",
        "applications",
        "op",
    ),
)
_UNSENT = ("/logout", "/api/admin/log/stream", "/api/client/streaming")
"""One ends what others do, the other never ends."""

_OPEN = ("/api/client", "/api/frontend", "/auth", "/edge", "/ofrep", "/invite")
"""What SDKs and strangers call: few paths, which get a third of all requests."""


_TOLD = (b'"message"', b'"detail"', b'"errorDetails"')
"""Where errors say what is wrong: ours, those of SCIM and those of OFREP."""


class Exchange(NamedTuple):
    sent: bytes
    status: int
    """0: the connection was closed without an answer."""
    answer: bytes


class Exchanges:
    """Makes them, one after the other."""

    def __init__(self, document: dict[str, Any], seed: int) -> None:
        self._rng = random.Random(seed)
        self._paths = {path: list(known) for path, known in document["paths"].items() if path not in _UNSENT}
        self._open = [path for path in self._paths if path.startswith(_OPEN)]

    def request(self) -> bytes:
        """The next request, or what takes its place."""
        rng = self._rng
        if rng.random() < 0.02:
            return rng.randbytes(rng.randrange(1, 400))
        path = rng.choice(self._open if rng.random() < 0.3 else list(self._paths))
        method = rng.choice(self._paths[path]).upper() if rng.random() < 0.8 else rng.choice(METHODS + ODD_METHODS)
        body = self._body() if method not in ("GET", "HEAD", "OPTIONS") or rng.random() < 0.05 else b""
        lines = [f"{method} {self._target(path)} HTTP/1.1", "Host: flagkeeper", "Connection: close"]
        if token := rng.choice(TOKENS):
            lines.append(f"Authorization: {token}")
        if body and (kind := rng.choice(TYPES)):
            lines.append(f"Content-Type: {kind}")
        if body and rng.random() < 0.1:
            lines.append(f"Content-Encoding: {rng.choice(('gzip', 'zstd', 'deflate', 'br', 'gzip, gzip', ''))}")
            body = rng.choice((gzip.compress(body, mtime=0), zstandard.compress(body), body, body))
        if rng.random() < 0.1:
            lines.append(f"{rng.choice(HEADERS)}: \xfc{rng.random()}")
        lines.append(f"Content-Length: {len(body) if rng.random() < 0.98 else rng.choice(('-1', 'x', '5', '1e3'))}")
        whole = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body
        return whole if rng.random() < 0.98 else whole[: rng.randrange(len(whole))]

    def _target(self, template: str) -> str:
        rng = self._rng
        path = re.sub(r"\{\w+\}", lambda _: rng.choice(WORDS), template)
        if rng.random() < 0.1:
            path = path.replace("/", rng.choice(("//", "/./", "/%2F")), rng.choice((1, 9)))
        query = rng.choice(QUERIES).replace(" ", "%20").replace('"', "%22")
        return f"{path}?{query}" if query else path

    def _body(self) -> bytes:
        rng = self._rng
        if rng.random() < 0.1:
            return rng.choice(
                (b"{", b"[" * 300, b"\xff\xfe{}", b"\xef\xbb\xbf{}", b'{"name":"\xfc"}', b"null", b'"', b"1e999")
            )
        return json.dumps(self._value(0)).encode()

    def _value(self, depth: int) -> Any:
        rng = self._rng
        kind = rng.random()
        if depth < 4 and (kind < 0.55 or depth == 0):
            return {rng.choice(KEYS): self._value(depth + 1) for _ in range(rng.randrange(6))}
        if depth < 4 and kind < 0.7:
            return [self._value(depth + 1) for _ in range(rng.randrange(4))]
        return rng.choice(LEAVES)


def exchange(port: int, request: bytes) -> Exchange:
    """Sends it, says that nothing else comes, and reads whatever is answered."""
    answer = b""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while received := connection.recv(65_536):
                answer += received
        except (BrokenPipeError, ConnectionResetError):
            pass
    head = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return Exchange(request, int(head[1]) if head else 0, answer)


def wrong(found: Sequence[Exchange]) -> list[str]:
    """What nobody should be answered: an error of ours, or one without a word for whoever has to mend it."""
    return [f"{each.status}: {each.sent[:600]!r} -> {each.answer[-300:]!r}" for each in found if _is_wrong(each)]


def _is_wrong(found: Exchange) -> bool:
    told = found.status < 400 or found.sent.startswith(b"HEAD ") or any(each in found.answer for each in _TOLD)
    return found.status >= 500 or not told
