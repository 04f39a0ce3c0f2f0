"""What a request asks for: its path and its query as they are meant, and no other.

Slashes that say nothing are left out (SDKs whose address ends with one double it); one that is written `%2F` is part of
a name. What is not UTF-8 means nothing, and a parameter that nobody reads would be a question that nobody answers.
"""

import difflib
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from flagkeeper.http.raw import Scope
from flagkeeper.kernel.errors import BadData, Detail

_INDEX = re.compile(r"\[\d+\]$")
_SLASH = "\0"
"""Stands for `%2F` while the path is taken apart. No path has a NUL of its own."""


def read_target(scope: Scope) -> str:
    """The path as routes know it, in which `%2F` has a sign of its own until `restored`.

    Raises:
        BadData: path or query are not UTF-8, or hold a NUL.
    """
    query: bytes = scope.get("query_string", b"")
    if b"%" in query:
        _decoded(query, "query")
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or path.encode()
    if b"%" in raw:
        parts = (_decoded(part, "path").replace("/", _SLASH) for part in raw.split(b"/") if part)
        return "/" + "/".join(parts)
    if b"//" in raw or raw.endswith(b"/"):
        return "/" + "/".join(part for part in path.split("/") if part)
    return path


def restored(text: str) -> str:
    """A path, or a part of one, with all its slashes."""
    return text.replace(_SLASH, "/")


def restored_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a path, likewise."""
    return {name: restored(value) if isinstance(value, str) else value for name, value in given.items()}


def demand_known(query: bytes, known: Mapping[str, bool]) -> None:
    """Demands that somebody reads every parameter of the query, and that none is given twice that means one thing.
    What begins with `_` only keeps caches away.

    Args:
        query: as it stands in the address.
        known: the names that are read, and whether each may come several times.

    Raises:
        BadData: it names the parameter, and the one that was probably meant.
    """
    if not query:
        return
    for name, times in Counter(name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)).items():
        if name in known or _INDEX.sub("[]", name) in known:
            if times > 1 and not known.get(name, True):
                raise _bad(name, f"The parameter {name} was given {times} times; it means one thing.")
        elif not name.startswith("_"):
            raise _bad(name, f"There is no parameter {name[:50]} here{_instead(name, known)}")


def _instead(name: str, known: Mapping[str, bool]) -> str:
    if near := difflib.get_close_matches(name, known, n=1):
        return f": did you mean {near[0]}?"
    return f": there are {', '.join(sorted(known))}." if known else ": it takes none."


def _bad(name: str, problem: str) -> BadData:
    return BadData(problem, Detail(problem, f"/query/{name[:50]}"))


def _decoded(text: bytes, where: str) -> str:
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        problem = f"The {where} of the address is not UTF-8."
        raise BadData(problem, Detail(problem, f"/{where}")) from None
    if "\0" in decoded:
        raise BadData("A NUL character is not allowed anywhere.", Detail("Remove %00.", f"/{where}"))
    return decoded
