"""The real server, on a real socket: one application per process of a test run, a fresh database per test."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn

from flagkeeper.app import Server
from flagkeeper.cli.connections import Bounds, Connections
from flagkeeper.cli.protocol import bounded
from flagkeeper.eventlog.index.store import prepare
from flagkeeper.eventlog.log_signal import LogSignal
from flagkeeper.eventlog.read import LogRows, log_position
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags.queries import tags_of_flags
from flagkeeper.first_start import first_start
from flagkeeper.http.raw import Message, Receive, Scope, Send
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.services import Services
from flagkeeper.settings import Settings
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction
from tests import causes
from tests.secrets_made import SecretsMade

ADMIN = "*:*.test-admin-token"
BACKEND = "*:development.test-backend-token"
FRONTEND = "*:development.test-frontend-token"
PASSWORD = "Correct-horse-1"
PATIENCE = 30.0
"""Seconds until a test gives an answer up."""


def settings_for(database_url: str, **changes: Any) -> Settings:
    """Settings of a server for a test: known tokens and a known password."""
    return Settings(
        **{
            "database_url": database_url,
            "host": "127.0.0.1",
            "port": 0,
            "public_url": "http://flagkeeper.test",
            "admin_password": PASSWORD,
            "admin_tokens": (ADMIN,),
            "backend_tokens": (BACKEND,),
            "frontend_tokens": (FRONTEND,),
            **changes,
        }
    )


def start_first(database_url: str) -> None:
    """Does what the first start of a server does to its database, and leaves it closed."""
    database = parse_database_url(database_url)
    reader, units = Reader(database), Units(database, LogSignal(), tags_of_flags)
    units.writer.start()
    asyncio.run(first_start(units, reader, settings_for(database_url)))
    units.writer.stop()
    reader.stop()
    if database.dialect is Dialect.POSTGRESQL:
        prepare(database)
    else:
        with sqlite3.connect(database.address) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def _types_after(tx: Transaction, event_id: int) -> set[str]:
    """The types of all events after one."""
    return {row.type for row in LogRows().between(tx, event_id + 1, log_position(tx).last_id)}


class Watched:
    """The server's application, whose requests are compared with what tests claim of them, whoever sends them."""

    def __init__(self, application: Server) -> None:
        self._application = application
        self.secrets = SecretsMade()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.secrets.watch(self._claimed, scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def _claimed(self, scope: Scope, receive: Receive, send: Send) -> None:
        claims, query = causes.current(), scope.get("query_string", b"").decode("latin-1")
        claimed = claims.about(scope.get("method", ""), f"{scope.get('path', '')}?{query}".rstrip("?"))
        if not claimed:
            await self._application(scope, receive, send)
            return
        reader = self._application.services.reader
        before = (await reader.run(log_position)).last_id

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                types = await reader.run(_types_after, before)
                claims.answered(claimed, scope["path"], message["status"], before, types)
            await send(message)

        await self._application(scope, receive, answer)


class Host:
    """uvicorn on a thread of its own, with an application whose database can be exchanged."""

    def __init__(self) -> None:
        self.application = Server(settings_for("sqlite:///unused.db"))
        self.watched = Watched(self.application)
        connections = Connections(Bounds(in_all=10_000, per_address=10_000))
        config = uvicorn.Config(
            self.watched,
            http=bounded(connections, self.application.request_metrics),
            host="127.0.0.1",
            port=0,
            lifespan="off",
            proxy_headers=False,
            log_config=None,
            access_log=False,
        )
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="test-server", daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())
        self._loop.close()

    def call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Runs a coroutine on the server's event loop and waits for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


class TestServer:
    """The server on one test's database, and a client that speaks to it; `with` opens and closes it."""

    __test__ = False

    def __init__(self, host: Host, settings: Settings) -> None:
        self._host = host
        self.settings = settings
        self.url = host.url
        self.client = httpx.Client(base_url=host.url, timeout=PATIENCE, trust_env=False, verify=False)

    def __enter__(self) -> Self:
        self._host.watched.secrets = SecretsMade(self.settings)
        self._host.call(self._host.application.start(self.settings))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.client.close()
        causes.current().settle(lambda before: self.services.reader.now(_types_after, before))
        secrets = self._host.watched.secrets
        with suppress(Unavailable):  # some tests end without a database
            self.services.reader.now(secrets.look_back)
        self._host.call(self.services.stop())
        assert kind is not None or not secrets.leaks, "\n".join(secrets.leaks[:10])

    @property
    def services(self) -> Services:
        return self._host.application.services

    def call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Runs a coroutine on the server's event loop, for what has no route."""
        return self._host.call(coroutine)

    def request(self, method: str, path: str, *, token: str | None = ADMIN, **more: Any) -> httpx.Response:
        """A request with `token` (None: without any)."""
        headers = {**({"Authorization": token} if token else {}), **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def put(self, path: str, **more: Any) -> httpx.Response:
        return self.request("PUT", path, **more)

    def patch(self, path: str, **more: Any) -> httpx.Response:
        return self.request("PATCH", path, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.request("DELETE", path, **more)

    def events(self, **parameters: Any) -> list[dict[str, Any]]:
        """The newest events first, as an administrator finds them (`type="IS:feature-created"`, ...)."""
        answer = self.get("/api/admin/search/events", params={"limit": "1000", **parameters})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["events"]
        return found

    def last_id(self) -> int:
        """The id of the newest event: what comes later has a larger one."""
        return max((event["id"] for event in self.events(limit="1")), default=0)

    def events_after(self, event_id: int) -> list[dict[str, Any]]:
        """What was recorded after `event_id`, oldest first: what one request caused."""
        return [event for event in reversed(self.events()) if event["id"] > event_id]
