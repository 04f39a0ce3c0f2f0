"""The composition root: builds everything that runs and wires it together."""

import asyncio
from functools import partial
from typing import Any

import msgspec
import structlog
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.di import Provide

from flagkeeper import __version__, schema
from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.archive.archiver import Policy as KeepPolicy
from flagkeeper.eventlog.archive.own_names import names_beside_the_log
from flagkeeper.eventlog.archive.place import configured_place
from flagkeeper.eventlog.bell import Bell
from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.eventlog.index import store as index_store
from flagkeeper.eventlog.index import tail as index_tail
from flagkeeper.eventlog.index.keeper import Indexer, IndexKeeper
from flagkeeper.eventlog.index.search import Search
from flagkeeper.eventlog.index.tail import Tail
from flagkeeper.eventlog.read import LogRows
from flagkeeper.eventlog.unit import Units
from flagkeeper.eventlog.wake import Watch
from flagkeeper.features.access import api as access_api
from flagkeeper.features.environments import api as environments_api
from flagkeeper.features.environments import queries as environments
from flagkeeper.features.environments.ports import EnvironmentUses
from flagkeeper.features.flags import api as flags_api
from flagkeeper.features.flags import commands as flag_commands
from flagkeeper.features.flags.jobs import mark_potentially_stale
from flagkeeper.features.flags.queries import (
    enabled_flags,
    project_flags,
    segment_uses,
    strategy_rules,
    strategy_uses,
    tags_of_flags,
)
from flagkeeper.features.projects import api as projects_api
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.retention import api as retention_api
from flagkeeper.features.retention.jobs import ARCHIVE_EVERY, GO_ON_EVERY, LONGEST, Retention
from flagkeeper.features.searches import api as searches_api
from flagkeeper.features.searches import commands as search_commands
from flagkeeper.features.segments import api as segments_api
from flagkeeper.features.segments import commands as segment_commands
from flagkeeper.features.strategies import api as strategies_api
from flagkeeper.features.tags import api as tags_api
from flagkeeper.features.tokens import api as tokens_api
from flagkeeper.features.tokens import queries as tokens
from flagkeeper.features.tokens.commands import delete_pats_of
from flagkeeper.features.tokens.jobs import SeenTokens
from flagkeeper.features.usage import api as usage_api
from flagkeeper.features.usage import commands as usage_commands
from flagkeeper.features.usage.jobs import UsageCollector, UsageMetrics
from flagkeeper.features.users import api as users_api
from flagkeeper.features.users.model.login_limit import LoginLimit
from flagkeeper.first_start import first_start
from flagkeeper.http.application import build
from flagkeeper.http.caller import Caller
from flagkeeper.http.front import Front
from flagkeeper.http.gate import Gate
from flagkeeper.http.metrics import RequestMetrics
from flagkeeper.http.openapi import Documented, RawOperation, build_document
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, guarded
from flagkeeper.integrations import config_api as integrations_api
from flagkeeper.integrations import delivery_api
from flagkeeper.integrations.delivery_jobs import CLEAR_EVERY
from flagkeeper.integrations.delivery_model import Schedule
from flagkeeper.integrations.delivery_names import first_needed, forget_in_attempts
from flagkeeper.integrations.delivery_service import DeliveryService
from flagkeeper.integrations.keys import open_keyring
from flagkeeper.integrations.provider import Links
from flagkeeper.integrations.secrets import Keyring
from flagkeeper.integrations.sender.metrics import DeliveryCollector
from flagkeeper.kernel.errors import BadData
from flagkeeper.outbound.address import Policy, read_policy
from flagkeeper.outbound.door import Door
from flagkeeper.readmodels.client_features import endpoint as client_features_endpoint
from flagkeeper.readmodels.client_features.follower import ClientFeatures
from flagkeeper.readmodels.credentials.sessions import UserSessions
from flagkeeper.readmodels.credentials.view import CredentialView
from flagkeeper.readmodels.event_export import api as event_export_api
from flagkeeper.readmodels.event_search import api as event_search_api
from flagkeeper.readmodels.event_search.recent import Recent
from flagkeeper.readmodels.event_search.schemas import EventDocument
from flagkeeper.readmodels.event_tail import api as event_tail_api
from flagkeeper.readmodels.event_tail.metrics import TailCollector
from flagkeeper.readmodels.event_tail.streams import LiveTails
from flagkeeper.readmodels.health import api as health_api
from flagkeeper.readmodels.health.vitals import VitalsCollector, VitalSigns
from flagkeeper.readmodels.timeline import api as timeline_api
from flagkeeper.readmodels.views.log import Log, log_for
from flagkeeper.scheduler import Job, Scheduler
from flagkeeper.settings import Settings
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.migrate import migrate
from flagkeeper.storage.reader import Reader
from flagkeeper.storage.transaction import Transaction
from flagkeeper.web import api_browser

log = structlog.get_logger("flagkeeper.app")

ROUTES = [
    *access_api.ROUTES,
    *users_api.ROUTES,
    *tokens_api.ROUTES,
    *environments_api.ROUTES,
    *projects_api.ROUTES,
    *tags_api.ROUTES,
    *strategies_api.ROUTES,
    *segments_api.ROUTES,
    *flags_api.ROUTES,
    *usage_api.ROUTES,
    *integrations_api.ROUTES,
    *delivery_api.ROUTES,
    *event_search_api.ROUTES,
    *event_export_api.ROUTES,
    *timeline_api.ROUTES,
    *event_tail_api.ROUTES,
    *searches_api.ROUTES,
    *retention_api.ROUTES,
    *health_api.ROUTES,
    *api_browser.ROUTES,
]
"""Every route of the admin API."""

RAW_OPERATIONS: list[RawOperation] = [*client_features_endpoint.OPERATIONS, *usage_api.OPERATIONS]
"""What the documentation says about the endpoints of `Services.raw_endpoints`."""


class Services:
    """Everything that runs on one database. Handlers get its parts by name (see `DEPENDENCIES`)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = parse_database_url(settings.database_url)
        self.tables = schema.metadata
        self.bell = Bell()
        self.reader = Reader(self.database)
        self.units = Units(self.database, self.bell, tags_of_flags, settings.limits)
        self.watch = Watch(self.database, self.reader, self.bell)
        place = configured_place(settings.archive, settings.archive_endpoint, settings.archive_region)
        self.rows = LogRows(Archive(place))
        self.tail = Tail()
        self.tail_runner = MemoryRunner(self.tail, self.reader, self.bell, rest=index_tail.REST)
        self.search = Search(self.tail, self.rows)
        self.recent = Recent()
        self.indexer = Indexer(self.database, self.rows, politely=True)
        self._index_keeper = IndexKeeper(self.indexer, self.bell)
        self.seen_tokens = SeenTokens(self.units)
        self.credentials = CredentialView(self.seen_tokens)
        self.credentials_runner = MemoryRunner(self.credentials, self.reader, self.bell)
        self.gate = Gate(
            tokens=self.credentials,
            sessions=UserSessions(self.reader, self.credentials),
            trusted_proxies=settings.trusted_proxies,
            no_login=settings.no_login(),
        )
        self.live_tails = LiveTails(
            reader=self.reader, bell=self.bell, rows=self.rows, gate=self.gate, most=settings.live_tails
        )
        self.login_limit = LoginLimit()
        self.client_features = ClientFeatures()
        self.client_features_runner = MemoryRunner(self.client_features, self.reader, self.bell)
        self.usage = UsageCollector(self.units)
        self.door = Door(_outbound_policy(settings))
        self.keyring: Keyring | None = None
        self.deliveries = DeliveryService(
            units=self.units,
            reader=self.reader,
            bell=self.bell,
            door=self.door,
            links=Links(settings.base_url()),
            schedule=Schedule(settings.retry_scale),
            days=settings.integration_events_days,
            rows=self.rows,
        )
        self.retention = Retention(
            units=self.units,
            reader=self.reader,
            place=place,
            policy=KeepPolicy(keep_days=settings.log_keep_days, keep_events=settings.log_keep_events),
            needs=[first_needed, _needed_by_index],
            elsewhere=[
                flag_commands.forget_creators,
                segment_commands.forget_creators,
                search_commands.forget_names,
                usage_commands.forget_creators,
                forget_in_attempts,
                names_beside_the_log,
            ],
            reindex=self.indexer.reindex,
        )
        self._runners: list[SeenTokens | UsageCollector | MemoryRunner] = [
            self.seen_tokens,
            self.usage,
            self.credentials_runner,
            self.client_features_runner,
        ]

        memory = [runner for runner in self._runners if isinstance(runner, MemoryRunner)]
        self.vital_signs = VitalSigns(self.units, self.reader, memory)
        self._scheduler = Scheduler(self._jobs(), self.units)

    def _jobs(self) -> list[Job]:
        return [
            Job(name="archive", every=ARCHIVE_EVERY, limit=LONGEST, run=self.retention.archive),
            Job(name="pseudonyms", every=GO_ON_EVERY, limit=LONGEST, run=self.retention.go_on),
            Job(name="usage-cleaning", every=3600.0, run=self.usage.clean),
            Job(name="delivery-cleaning", every=CLEAR_EVERY, run=self.deliveries.cleaning.run),
            Job(name="potentially-stale", every=60.0, run=partial(mark_potentially_stale, self.units, self.reader)),
        ]

    def raw_endpoints(self) -> dict[str, Endpoint]:
        """What SDKs call, by path; a path that ends with a slash stands for all below it."""
        return {
            **client_features_endpoint.FeaturesEndpoint(self.gate, self.client_features).by_path(),
            **usage_api.UsageEndpoints(self.gate, self.usage).by_path(),
        }

    async def start(self) -> None:
        """Migrates the database if need be, and starts every thread and task.

        Raises:
            sqlite3.Error, psycopg.Error: the database cannot be reached or migrated.
        """
        await asyncio.to_thread(migrate, self.database)
        await asyncio.to_thread(index_store.prepare, self.database)
        self.bell.attach(asyncio.get_running_loop())
        self.units.writer.start()
        await first_start(self.units, self.reader, self.settings)
        self.keyring = await open_keyring(self.units, self.settings.secret_keys)
        for runner in self._runners:
            await runner.start()
        await self._index_keeper.start()
        await self.tail_runner.start(wait=False)
        await self.live_tails.start()
        await self.deliveries.start(self.keyring)
        self.watch.start()
        await self._scheduler.start()

    async def stop(self) -> None:
        """Ends everything that `start` started; what was accepted is committed first."""
        await self.live_tails.stop()
        await self._scheduler.stop()
        await self.retention.stop()
        await asyncio.to_thread(self.watch.stop)
        await self.deliveries.stop()
        await self.tail_runner.stop()
        await self._index_keeper.stop()
        for runner in reversed(self._runners):
            await runner.stop()
        await self.door.close()
        await asyncio.to_thread(self.units.writer.stop)
        self.reader.stop()


def _outbound_policy(settings: Settings) -> Policy:
    try:
        return read_policy(settings.outbound_allow, allow_private=settings.allow_private_integrations)
    except ValueError as error:
        raise BadData(f"FLAGKEEPER_OUTBOUND_ALLOW: {error}.") from error


def _needed_by_index(tx: Transaction) -> int:
    """The newest event that is in the index on disk, by which the index is checked at a start, and all after it, from
    which its tail is loaded: a server must start, and find what is new, also while the archive is out of reach."""
    newest = index_store.newest(tx)
    return newest[0].last if newest else 1


def _services(request: Request[Any, Any, Any]) -> Services:
    found: Services = request.app.state.services
    return found


def _part(name: str) -> Provide:
    def provide(request: Request[Any, Any, Any]) -> Any:
        return getattr(_services(request), name)

    return Provide(provide, sync_to_thread=False)


def _base_url(request: Request[Any, Any, Any]) -> str:
    return _services(request).settings.base_url()


def _log(request: Request[Any, Any, Any], caller: Caller) -> Log:
    services = _services(request)
    return log_for(caller, services.search, services.rows, services.settings.base_url())


def _client_address(request: Request[Any, Any, Any]) -> str:
    """Where a request comes from, as far as our proxies can be trusted."""
    peer = request.client.host if request.client else None
    return _services(request).gate.address(peer, request.headers.get("x-forwarded-for"))


def _secure_cookies(request: Request[Any, Any, Any]) -> bool:
    return _services(request).settings.secure_cookies


def _state(name: str) -> Provide:
    """A part that belongs to the server and not to its database."""

    def provide(request: Request[Any, Any, Any]) -> Any:
        return request.app.state[name]

    return Provide(provide, sync_to_thread=False)


ENVIRONMENT_USES = EnvironmentUses(
    projects=projects.count_by_environment, tokens=tokens.count_by_environment, enabled_flags=enabled_flags
)


def _environment_names(tx: Transaction) -> list[str]:
    return [environment.name for environment in environments.all_environments(tx)]


DEPENDENCIES = {
    "services": Provide(_services, sync_to_thread=False),
    "settings": _part("settings"),
    "units": _part("units"),
    "reader": _part("reader"),
    "search": _part("search"),
    "rows": _part("rows"),
    "recent": _part("recent"),
    "live_tails": _part("live_tails"),
    "log": Provide(_log, sync_to_thread=False),
    "bell": _part("bell"),
    "door": _part("door"),
    "keyring": _part("keyring"),
    "deliveries": _part("deliveries"),
    "retention": _part("retention"),
    "vital_signs": _part("vital_signs"),
    "vitals_collector": _state("vitals_collector"),
    "request_metrics": _state("request_metrics"),
    "openapi": _state("openapi"),
    "base_url": Provide(_base_url, sync_to_thread=False),
    "client_address": Provide(_client_address, sync_to_thread=False),
    "secure_cookies": Provide(_secure_cookies, sync_to_thread=False),
    "login_limit": _part("login_limit"),
    "token_view": _part("credentials"),
    "credentials": _part("credentials_runner"),
    "tokens_of_user": Provide(lambda: delete_pats_of, sync_to_thread=False),
    "searches_of_user": Provide(lambda: search_commands.leave_shared_of, sync_to_thread=False),
    "environment_names": Provide(lambda: _environment_names, sync_to_thread=False),
    "environment_uses": Provide(lambda: ENVIRONMENT_USES, sync_to_thread=False),
    "flag_environments": Provide(lambda: flag_commands, sync_to_thread=False),
    "project_flags": Provide(lambda: project_flags, sync_to_thread=False),
    "segment_uses": Provide(lambda: segment_uses, sync_to_thread=False),
    "strategy_rules": Provide(lambda: strategy_rules, sync_to_thread=False),
    "strategy_uses": Provide(lambda: strategy_uses, sync_to_thread=False),
    "tagged_flags": Provide(lambda: flag_commands.untag_everywhere, sync_to_thread=False),
}


def openapi_document(admin: Litestar | None = None) -> bytes:
    """The description of the whole interface, as JSON. Takes some tenths of a second."""
    documented = Documented(
        title="Flagkeeper",
        version=__version__,
        description="Feature flags whose event log is the source of truth about change.",
        application=admin or build(ROUTES, DEPENDENCIES, State()),
        raw=RAW_OPERATIONS,
        events=EVENTS,
        event_model=EventDocument,
    )
    return msgspec.json.encode(build_document(documented))


class Server:
    """The ASGI application: SDK paths go straight to their endpoints, all others to the admin API."""

    def __init__(self, settings: Settings) -> None:
        metrics, collector = RequestMetrics(), VitalsCollector()
        metrics.registry.register(collector)
        self._usage_metrics = UsageMetrics()
        metrics.registry.register(self._usage_metrics)
        self._delivery_metrics = DeliveryCollector()
        metrics.registry.register(self._delivery_metrics)
        self._tail_metrics = TailCollector()
        metrics.registry.register(self._tail_metrics)
        self._openapi = api_browser.Prepared("application/json", lambda: openapi_document(self.admin))
        self._state = State(
            {
                "services": None,
                "request_metrics": metrics,
                "vitals_collector": collector,
                "openapi": self._openapi,
            }
        )
        self.admin: Litestar = build(ROUTES, DEPENDENCIES, self._state)
        self._front = Front(self._dispatch, metrics, https_only=settings.secure_cookies, access_log=settings.access_log)
        self._raw: dict[str, Endpoint] = {}
        self._raw_folders: dict[str, Endpoint] = {}

    @property
    def services(self) -> Services:
        found: Services = self._state["services"]
        return found

    async def start(self, settings: Settings) -> None:
        """Runs on the database that `settings` name, from now on."""
        services = Services(settings)
        await services.start()
        self._state["services"] = services
        self._usage_metrics.source = services.usage
        self._delivery_metrics.source = services.deliveries.metrics
        self._tail_metrics.source = services.live_tails.metrics
        endpoints = {path: guarded(endpoint) for path, endpoint in services.raw_endpoints().items()}
        self._raw = {path: endpoint for path, endpoint in endpoints.items() if not path.endswith("/")}
        self._raw_folders = {path: endpoint for path, endpoint in endpoints.items() if path.endswith("/")}
        self._documenting = asyncio.create_task(self._document())

    async def _document(self) -> None:
        """Describes the interface now, so that the first who asks does not wait."""
        try:
            await asyncio.to_thread(self._openapi.make)
        except Exception:
            log.exception("openapi_failed")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._front(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        endpoint = self._raw.get(path)
        if endpoint is None:
            path = path.rpartition("/")[0] + "/"
            endpoint = self._raw_folders.get(path)
        if endpoint is None:
            await self.admin(scope, receive, send)  # type: ignore[arg-type]  # its scope is a TypedDict, ours a mapping
            return
        scope["path_template"] = path
        await endpoint(scope, receive, send)
