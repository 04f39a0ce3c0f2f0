"""Clients of several servers: each change goes to any of those that run, and can be found in the log afterwards.

What finds it is the address that it comes from: each has one of its own, and servers believe their clients' proxies.
"""

import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import quote

import msgspec

from tests.replicas import Replica, Replicas
from tests.server import ADMIN
from tests.storm import FLAGS, headers

SHARED = [f"shared-{number}" for number in range(8)]
"""Flags that everybody changes."""
ENVIRONMENT = "environments/development"
PATIENCE = 8.0
"""Seconds that an answer is waited for."""
LIVING = 5
"""Tokens that there are at a time."""
TRIED = 4
"""Revoked tokens that are tried at a time."""
WATCHED = 6.0
"""Seconds for which it is tried whether a revoked token still opens something."""
SOON = 2.0
"""Seconds after which it must not."""


class Change(msgspec.Struct):
    """A change that was asked for. Times are those of this machine, in seconds."""

    address: str
    type: str
    """The event that it causes."""
    server: str
    sent: float
    may_be_nothing: bool
    """There may have been nothing to change."""
    acknowledged: float | None = None


class Answer(msgspec.Struct):
    """`status` is None when none came. The change may have been made even so."""

    status: int | None
    body: Any = None

    @property
    def fine(self) -> bool:
        return self.status is not None and self.status < 300

    @property
    def refused(self) -> bool:
        return self.status is not None and 400 <= self.status < 500


class Journal:
    """What was asked for, what was answered, and what should not have been."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.unexpected: list[str] = []
        self.answers: Counter[str] = Counter()
        self.slowest = 0.0
        self._numbers = itertools.count(1)

    def begin(self, type_: str, server: Replica, *, may_be_nothing: bool) -> Change:
        address = str(IPv4Address("10.0.0.0") + next(self._numbers))
        change = Change(address, type_, server.name, time.time(), may_be_nothing)
        self.changes.append(change)
        return change

    def acknowledged_times(self) -> list[float]:
        return sorted(change.acknowledged for change in list(self.changes) if change.acknowledged is not None)

    def note(self, what: str, answer: Answer, retry_after: str | None, seconds: float) -> None:
        self.answers["none" if answer.status is None else str(answer.status)] += 1
        self.slowest = max(self.slowest, seconds)
        if answer.status is not None and answer.status >= 500:
            if answer.status != 503:
                self.unexpected.append(f"{what}: {answer.status} {answer.body}")
            elif not (retry_after or "").isdigit():
                self.unexpected.append(f"{what}: 503 without Retry-After: {answer.body}")


class Caller:
    """Speaks to servers, one request at a time."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._connections: dict[int, HTTPConnection] = {}

    def change(
        self, server: Replica, type_: str, method: str, path: str, body: Any = None, *, may_be_nothing: bool = False
    ) -> Answer:
        """Asks for a change that is known by the event that it causes."""
        change = self._journal.begin(type_, server, may_be_nothing=may_be_nothing)
        answer = self.ask(server, method, path, body, address=change.address)
        if answer.fine:
            change.acknowledged = time.time()
        return answer

    def ask(
        self, server: Replica, method: str, path: str, body: Any = None, *, token: str = ADMIN, address: str = ""
    ) -> Answer:
        connection = self._connections.get(server.port)
        if connection is None:
            connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
            self._connections[server.port] = connection
        started, retry_after = time.monotonic(), None
        try:
            given = {**headers(token), **({"X-Forwarded-For": address} if address else {})}
            connection.request(method, path, None if body is None else json.dumps(body), given)
            response = connection.getresponse()
            text = response.read()
            retry_after = response.headers["Retry-After"]
            answer = Answer(response.status, json.loads(text) if text else None)
        except (OSError, HTTPException):
            connection.close()
            answer = Answer(None)
        self._journal.note(f"{server.name}: {method} {path}", answer, retry_after, time.monotonic() - started)
        return answer

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()


class OwnFlag(msgspec.Struct):
    """A flag that one client alone changes, as this client knows it."""

    name: str
    on: bool = False
    strategies: list[str] = []
    tags: list[str] = []

    @property
    def path(self) -> str:
        return f"{FLAGS}/{self.name}/{ENVIRONMENT}"


class Client:
    """Changes flags of its own, whose state it knows, flags of all, and segments. What it loses sight of, because no
    answer came or the server could not say, it leaves alone from then on."""

    def __init__(self, replicas: Replicas, journal: Journal, name: str, seed: int) -> None:
        self._replicas = replicas
        self._journal = journal
        self._caller = Caller(journal)
        self._name = name
        self._choose = random.Random(f"{seed}-{name}")
        self._numbers = itertools.count(1)
        self._flags: list[OwnFlag] = []
        self._segments: list[int] = []

    def run(self, stopping: threading.Event, pace: float) -> None:
        steps: list[Callable[[], None]] = [
            *(self._create, self._switch_shared, self._describe_shared, self._describe_shared),
            *([self._switch, self._add_strategy, self._change_strategy, self._remove_strategy] * 2),
            *(self._describe, self._tag, self._untag, self._make_segment, self._delete_segment, self._delete),
        ]
        while not stopping.wait(pace):
            self._choose.choice(steps)()
        self._caller.close()

    def _new(self, kind: str) -> str:
        return f"{kind}-{self._name}-{next(self._numbers)}"

    def _send(self, type_: str, method: str, path: str, body: Any = None, **how: bool) -> Answer:
        server = self._replicas.any(self._choose)
        answer = self._caller.change(server, type_, method, path, body, **how)
        if answer.refused:
            self._journal.unexpected.append(f"{server.name}: {method} {path}: {answer.status} {answer.body}")
        return answer

    def _on_own(self, flag: OwnFlag, type_: str, method: str, path: str, body: Any = None) -> Answer | None:
        """None: nobody knows any more what this flag looks like."""
        answer = self._send(type_, method, path, body)
        if answer.fine:
            return answer
        self._flags.remove(flag)
        return None

    def _own(self, fit: Callable[[OwnFlag], bool] = lambda _: True) -> Iterator[OwnFlag]:
        """One that fits, or none."""
        found = [flag for flag in self._flags if fit(flag)]
        if found:
            yield self._choose.choice(found)

    def _create(self) -> None:
        name = self._new("flag")
        if len(self._flags) < 12 and self._send("feature-created", "POST", FLAGS, {"name": name}).fine:
            self._flags.append(OwnFlag(name, strategies=[], tags=[]))

    def _switch(self) -> None:
        for flag in self._own(lambda flag: bool(flag.strategies)):
            type_ = f"feature-environment-{'disabled' if flag.on else 'enabled'}"
            if self._on_own(flag, type_, "POST", f"{flag.path}/{'off' if flag.on else 'on'}", {}):
                flag.on = not flag.on

    def _add_strategy(self) -> None:
        for flag in self._own(lambda flag: len(flag.strategies) < 5):
            body = {"name": "flexibleRollout", "title": self._new("title"), "parameters": self._rollout()}
            answer = self._on_own(flag, "feature-strategy-add", "POST", f"{flag.path}/strategies", body)
            if answer:
                flag.strategies.append(answer.body["id"])

    def _change_strategy(self) -> None:
        for flag in self._own(lambda flag: bool(flag.strategies)):
            path = f"{flag.path}/strategies/{self._choose.choice(flag.strategies)}"
            body = {"name": "flexibleRollout", "title": self._new("title"), "parameters": self._rollout()}
            self._on_own(flag, "feature-strategy-update", "PUT", path, body)

    def _remove_strategy(self) -> None:
        # The last one would take the flag off.
        for flag in self._own(lambda flag: len(flag.strategies) > 1):
            strategy = self._choose.choice(flag.strategies)
            if self._on_own(flag, "feature-strategy-remove", "DELETE", f"{flag.path}/strategies/{strategy}"):
                flag.strategies.remove(strategy)

    def _rollout(self) -> dict[str, str]:
        return {"rollout": str(self._choose.randrange(101))}

    def _describe(self) -> None:
        for flag in self._own():
            self._on_own(flag, "feature-metadata-updated", "PATCH", f"{FLAGS}/{flag.name}", self._description())

    def _describe_shared(self) -> None:
        path = f"{FLAGS}/{self._choose.choice(SHARED)}"
        self._send("feature-metadata-updated", "PATCH", path, self._description())

    def _description(self) -> list[dict[str, str]]:
        return [{"op": "replace", "path": "/description", "value": self._new("text")}]

    def _switch_shared(self) -> None:
        turn = self._choose.choice(["on", "off"])
        type_ = f"feature-environment-{'enabled' if turn == 'on' else 'disabled'}"
        path = f"{FLAGS}/{self._choose.choice(SHARED)}/{ENVIRONMENT}/{turn}"
        self._send(type_, "POST", path, {}, may_be_nothing=True)

    def _tag(self) -> None:
        for flag in self._own(lambda flag: len(flag.tags) < 5):
            value = self._new("tag")
            body = {"type": "simple", "value": value}
            if self._on_own(flag, "feature-tagged", "POST", f"/api/admin/features/{flag.name}/tags", body):
                flag.tags.append(value)

    def _untag(self) -> None:
        for flag in self._own(lambda flag: bool(flag.tags)):
            value = self._choose.choice(flag.tags)
            path = f"/api/admin/features/{flag.name}/tags/simple/{value}"
            if self._on_own(flag, "feature-untagged", "DELETE", path):
                flag.tags.remove(value)

    def _make_segment(self) -> None:
        body = {"name": self._new("segment"), "constraints": []}
        if len(self._segments) < 10:
            answer = self._send("segment-created", "POST", "/api/admin/segments", body)
            if answer.fine:
                self._segments.append(answer.body["id"])

    def _delete_segment(self) -> None:
        if self._segments:
            segment = self._segments.pop(self._choose.randrange(len(self._segments)))
            self._send("segment-deleted", "DELETE", f"/api/admin/segments/{segment}")

    def _delete(self) -> None:
        for flag in self._own(lambda flag: len(self._flags) > 6):
            if self._on_own(flag, "feature-archived", "DELETE", f"{FLAGS}/{flag.name}"):
                self._flags.remove(flag)
                self._send("feature-deleted", "DELETE", f"/api/admin/archive/{flag.name}")


class Token(msgspec.Struct):
    secret: str
    revoked_at: float = 0.0
    """By the monotonic clock: when that was acknowledged."""


class Revoker:
    """Makes tokens for SDKs and revokes them, the oldest first."""

    def __init__(self, replicas: Replicas, journal: Journal, seed: int) -> None:
        self._replicas = replicas
        self._caller = Caller(journal)
        self._choose = random.Random(f"{seed}-revoker")
        self._numbers = itertools.count(1)
        self._going = threading.Event()
        self._going.set()
        self._resting = threading.Event()
        self.living: list[Token] = []
        self.revoked: list[Token] = []

    def hold(self) -> None:
        """Returns when nothing is made or revoked any more, until it is told to go on."""
        self._going.clear()
        self._resting.wait(2 * PATIENCE)

    def go_on(self) -> None:
        self._resting.clear()
        self._going.set()

    def run(self, stopping: threading.Event) -> None:
        while not stopping.wait(0.1):
            if not self._going.is_set():
                self._resting.set()
                continue
            self._make()
            if len(self.living) > LIVING:
                self._revoke(self.living.pop(0), stopping)
        self._caller.close()

    def _make(self) -> None:
        body = {"tokenName": f"token-{next(self._numbers)}", "type": "client", "environment": "development"}
        server = self._replicas.any(self._choose)
        answer = self._caller.change(server, "api-token-created", "POST", "/api/admin/api-tokens", body)
        if answer.fine:
            self.living.append(Token(answer.body["secret"]))

    def _revoke(self, token: Token, stopping: threading.Event) -> None:
        """As often as it takes: it is no error when it was revoked already."""
        path, again = f"/api/admin/api-tokens/{quote(token.secret, safe='')}", False
        while not stopping.is_set():
            server = self._replicas.any(self._choose)
            answer = self._caller.change(server, "api-token-deleted", "DELETE", path, may_be_nothing=again)
            if answer.fine:
                token.revoked_at = time.monotonic()
                self.revoked.append(token)
                return
            again = True


class Watcher:
    """Tries on one server whether revoked tokens still open something. What counts is how long after the revocation; or
    after the server, or its database, began to run again, if that was later."""

    def __init__(self, replicas: Replicas, server: Replica, journal: Journal, revoker: Revoker) -> None:
        self._replicas = replicas
        self._revoker = revoker
        self._caller = Caller(journal)
        self._choose = random.Random(server.name)
        self.server = server
        self.tries = 0
        self.longest = 0.0
        """Seconds."""

    def run(self, stopping: threading.Event) -> None:
        while not stopping.wait(0.1):
            runs_since, now = self._runs_since(), time.monotonic()
            watched = [token for token in self._revoker.revoked if 0 <= now - self._began(token, runs_since) <= WATCHED]
            for token in self._choose.sample(watched, min(TRIED, len(watched))):
                self._try(token, runs_since)
        self._caller.close()

    def _try(self, token: Token, runs_since: float) -> None:
        after = time.monotonic() - self._began(token, runs_since)
        answer = self._caller.ask(self.server, "GET", f"/api/client/features/{SHARED[0]}", token=token.secret)
        self.tries += 1
        if answer.fine and self._runs_since() == runs_since:
            self.longest = max(self.longest, after)

    def _began(self, token: Token, runs_since: float) -> float:
        return max(token.revoked_at, runs_since)

    def _runs_since(self) -> float:
        return max(self.server.up_since, self._replicas.database_since)
