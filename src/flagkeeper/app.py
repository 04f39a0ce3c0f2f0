"""The application: what the slices bring, as one ASGI application."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from flagkeeper import __version__
from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.eventlog.read import EventOut
from flagkeeper.eventlog.unit import Units
from flagkeeper.http.application import build
from flagkeeper.http.conditional import conditional
from flagkeeper.http.cookies import Cookies
from flagkeeper.http.endpoints import Endpoints
from flagkeeper.http.errors import BASE_PATH
from flagkeeper.http.metrics import RequestMetrics
from flagkeeper.http.middleware import Middleware
from flagkeeper.http.openapi import Documented, build_document
from flagkeeper.http.proxies import Origin
from flagkeeper.http.raw import Receive, Scope, Send, Watch, respond_error
from flagkeeper.http.target import read_target
from flagkeeper.kernel.errors import BadData
from flagkeeper.services import Services
from flagkeeper.settings import Settings
from flagkeeper.slice import Part, Slice, answers_of
from flagkeeper.slices import SLICES
from flagkeeper.web.api_browser import Prepared
from flagkeeper.web.pages import Pages

ROUTES = [route for each in SLICES for route in each.routes]
"""Every route of the admin API."""
RAW_OPERATIONS = [operation for each in SLICES for operation in each.operations]
"""What the documentation says about the endpoints of SDKs."""


def _paths(routes: Sequence[HTTPRouteHandler]) -> Iterator[str]:
    for each in routes:
        yield from each.paths


AnyRequest = Request[Any, Any, Any]


def _services(request: AnyRequest) -> Services:
    found: Services = request.app.state.services
    return found


def _attribute(name: str) -> Callable[..., Any]:
    def provide(request: AnyRequest) -> Any:
        return getattr(_services(request), name)

    return provide


def _part(part: Part[Any]) -> Callable[..., Any]:
    def provide(request: AnyRequest) -> Any:
        return _services(request)[part]

    return provide


def _state(name: str) -> Callable[..., Any]:
    """Something that belongs to the server and not to its database."""

    def provide(request: AnyRequest) -> Any:
        return request.app.state[name]

    return provide


def _answer(answer: Any) -> Callable[[], Any]:
    return lambda: answer


def _units(request: AnyRequest) -> Units:
    """For the changes of one request."""
    services, state = _services(request), request.state
    return services.units.within(state.context, state.recorded, services.seen)


def _origin(request: AnyRequest) -> Origin:
    return _services(request).authenticator.proxies.origin(request.scope)


def _base_url(request: AnyRequest) -> str:
    """Where people reach the server: as it is told, else as trusted proxies say of this request."""
    settings = _services(request).settings
    typed = None if settings.public_url else _origin(request).url
    return settings.base_url() if typed is None else f"{typed}{settings.base_path()}"


def _base_path(request: AnyRequest) -> str:
    return _services(request).settings.base_path()


def _client_address(request: AnyRequest) -> str:
    """Where a request comes from, as far as our proxies can be trusted."""
    return _origin(request).ip


def _secure_cookies(request: AnyRequest) -> bool:
    """Whether cookies are for HTTPS only: always, or because this request came by it."""
    return _services(request).settings.secure_cookies or _origin(request).scheme == "https"


def _cookies(request: AnyRequest) -> Cookies:
    return Cookies(_secure_cookies(request), _base_path(request))


COMMON: Mapping[str, Callable[..., Any]] = {
    **{name: _attribute(name) for name in ("reader", "heavy_reader", "rows", "log_signal", "outbound_client")},
    **{name: _state(name) for name in ("request_metrics", "openapi")},
    "units": _units,
    "base_url": _base_url,
    "base_path": _base_path,
    "client_address": _client_address,
    "cookie_maker": _cookies,
}
"""What handlers of every slice get by name."""


def dependencies_of(slices: Sequence[Slice]) -> dict[str, Provide]:
    """What handlers get by name.

    Raises:
        ValueError: a name means two things, or a port has not one answer.
    """
    found = dict(COMMON)
    offered: list[tuple[str, Callable[..., Any]]] = [
        (port.name, _answer(answer)) for port, answer in answers_of(slices).items()
    ]
    for each in slices:
        offered += [*((part.name, _part(part)) for part in each.provides), *each.per_request.items()]
    for name, provide in offered:
        if name in found:
            raise ValueError(f"the name {name} means two things to handlers")
        found[name] = provide
    return {name: Provide(provide, sync_to_thread=False) for name, provide in found.items()}


DEPENDENCIES = dependencies_of(SLICES)


def openapi_document(admin: Litestar | None = None, base_path: str = "") -> bytes:
    """The description of the whole interface, as JSON. Takes some tenths of a second."""
    documented = Documented(
        title="Flagkeeper",
        version=__version__,
        base_path=base_path,
        description="Feature flags whose event log is the source of truth about change.",
        application=admin or build(ROUTES, DEPENDENCIES, State()),
        raw=RAW_OPERATIONS,
        events=EVENTS,
        event_model=EventOut,
    )
    return msgspec.json.encode(build_document(documented))


class _SliceMetrics(Collector):
    """The metrics of whichever database the server runs on now (a test run has many after each other)."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        services: Services | None = self._state["services"]
        return services.collect() if services else iter(())


class Server:
    """The ASGI application: SDK paths go straight to their endpoints, all others to the admin API."""

    def __init__(self, settings: Settings) -> None:
        self.request_metrics = RequestMetrics()
        self._base_path = settings.base_path()
        self._openapi = Prepared("application/json", lambda: openapi_document(self.admin, self._base_path))
        self._state = State({"services": None, "request_metrics": self.request_metrics, "openapi": self._openapi})
        self.request_metrics.others.register(_SliceMetrics(self._state))
        self.admin: Litestar = build(ROUTES, DEPENDENCIES, self._state)
        self._answer = conditional(self.admin)  # type: ignore[arg-type]  # its scope is a TypedDict, ours a mapping
        self._middleware = Middleware(
            self._dispatch,
            self.request_metrics,
            https_only=settings.secure_cookies,
            access_log=settings.access_log,
            watch=self._watch,
        )
        self._watches: Sequence[Watch] = ()
        self._raw = Endpoints({}, ())
        self._pages = Pages(frozenset())

    @property
    def services(self) -> Services:
        found: Services = self._state["services"]
        return found

    async def start(self, settings: Settings) -> None:
        """Runs on the database that `settings` name, from now on."""
        services = Services(settings)
        await services.start()
        self._state["services"] = services
        raw = services.endpoints()
        self._raw = Endpoints(raw, RAW_OPERATIONS)
        self._watches = services.watches()
        # The way to the API from `/` is for programs: browsers get the interface.
        parts = {path.split("/", 2)[1] for path in (*_paths(ROUTES), *raw)}
        self._pages = Pages(frozenset(parts - {""}))
        if settings.base_path() != self._base_path:
            self._base_path = settings.base_path()
            self._openapi.forget()
        services.supervisor.start("openapi", self._document)

    def _watch(self, scope: Scope, route: str, status: int) -> None:
        for watch in self._watches:
            watch(scope, route, status)

    async def _document(self) -> None:
        """Describes the interface now, so that the first who asks does not wait."""
        await asyncio.to_thread(self._openapi.make)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._middleware(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        BASE_PATH.set(self._base_path)
        try:
            path = read_target(scope)
        except BadData as error:
            await respond_error(send, error)
            return
        if self._base_path and f"{path}/".startswith(f"{self._base_path}/"):
            path = path.removeprefix(self._base_path) or "/"  # a proxy may leave it there, or take it away
        scope["path"] = path
        if await self._raw.serve(path, scope, receive, send):
            return
        if self._pages.shows(scope):
            await self._pages.answer(scope, self._base_path, send)
        else:
            await self._answer(scope, receive, send)
