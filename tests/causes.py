"""Whether tests show what they say: a mark `causes("feature-created", action="POST /api/admin/...")` claims that this
request was sent, and that events of these types were recorded because of it."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import pytest

Types = Callable[[int], set[str]]
"""The types of all events after one."""

ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S*)")
LATER = re.compile(r"/api/(client|frontend|proxy)/|/edge/")
"""What SDKs send is recorded together with what others send, a moment later."""


class Claim(NamedTuple):
    """That a request to `path` causes events of a type."""

    method: str
    path: str
    type: str

    def is_about(self, method: str, path: str) -> bool:
        """`path` has the query, which counts only where the claim names one."""
        pattern = re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(self.path))
        asked = path if "?" in self.path else path.partition("?")[0]
        return method == self.method and re.fullmatch(pattern, asked) is not None


class Claims:
    """Those of the test that runs, and what was seen of them."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self.unseen = set(claims)
        self._later: list[tuple[set[Claim], int]] = []

    def about(self, method: str, path: str) -> set[Claim]:
        return {claim for claim in self.unseen if claim.is_about(method, path)}

    def answered(self, claims: set[Claim], path: str, status: int, before: int, types: set[str]) -> None:
        """A request that `claims` are about is answered. `before` was the newest event when it came, and `types` are
        those of the events since."""
        if LATER.match(path) or status == 202:
            self._later.append((claims, before))
        elif status < 400:
            self._see(claims, types)

    def settle(self, types: Types) -> None:
        """The server of the test ends: what was to be recorded later has been."""
        for claims, before in self._later:
            self._see(claims, types(before))

    def _see(self, claims: set[Claim], types: set[str]) -> None:
        self.unseen -= {claim for claim in claims if claim.type in types}


_claims = Claims(())


def current() -> Claims:
    """The claims of the test that runs in this process."""
    return _claims


def begin(marks: Iterable[pytest.Mark]) -> Claims:
    global _claims  # noqa: PLW0603 - tests of one process run one after the other
    routes = [(ROUTE.fullmatch(mark.kwargs["action"]), mark.args) for mark in marks]
    _claims = Claims(Claim(found[1], found[2], kind) for found, kinds in routes if found for kind in kinds)
    return _claims
