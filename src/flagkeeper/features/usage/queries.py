"""Reading usage, for everybody."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, func, select

from flagkeeper.features.flags.tables import features
from flagkeeper.features.usage.model import HOURS_KEPT
from flagkeeper.features.usage.tables import (
    client_application_usage,
    client_applications,
    client_instances,
    client_metrics,
    client_metrics_variants,
)
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import NotFound
from flagkeeper.kernel.paging import Page
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction


class Application(msgspec.Struct, frozen=True):
    """Something that reads flags; `strategies` is a JSON list of names."""

    app_name: str
    created_at: clock.Millis
    seen_at: clock.Millis
    created_by: str
    description: str | None
    url: str | None
    color: str | None
    icon: str | None
    strategies: str


class ApplicationUse(msgspec.Struct, frozen=True):
    """A project (`*`: all) and an environment that an application reads."""

    app_name: str
    project: str
    environment: str


class Instance(msgspec.Struct, frozen=True):
    """A running copy of an application."""

    environment: str
    instance_id: str
    sdk_version: str | None
    sdk_type: str
    client_ip: str
    created_at: clock.Millis
    seen_at: clock.Millis


class SeenFlag(msgspec.Struct, frozen=True):
    """A flag that an application reported."""

    name: str
    description: str | None
    type: str
    project: str
    stale: bool
    impression_data: bool
    created_at: clock.Millis
    archived_at: clock.Millis | None


class FlagUsage(msgspec.Struct, frozen=True):
    """How often one application found a flag on and off in the span of time that begins at `start`."""

    environment: str
    app_name: str
    start: clock.Millis
    yes: int
    no: int
    variants: dict[str, int] = {}


def _fields(table: Any, kind: type[msgspec.Struct]) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in kind.__struct_fields__]


_EXISTING = Query(select(features.c.name).where(any_of(features.c.name, "names")), str)

_NAMED = func.lower(client_applications.c.app_name).like(bindparam("pattern"), escape="\\")
_COUNT = Query(select(func.count()).select_from(client_applications).where(_NAMED), int)
_PAGE: Select[Any] = (
    select(*_fields(client_applications, Application))
    .where(_NAMED)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_APPLICATIONS = Query(_PAGE.order_by(client_applications.c.app_name), Application)
_APPLICATIONS_BACKWARDS = Query(_PAGE.order_by(client_applications.c.app_name.desc()), Application)
_APPLICATION = Query(
    select(*_fields(client_applications, Application)).where(client_applications.c.app_name == bindparam("name")),
    Application,
)
_USES = Query(
    select(*_fields(client_application_usage, ApplicationUse))
    .where(any_of(client_application_usage.c.app_name, "names"))
    .order_by(client_application_usage.c.project, client_application_usage.c.environment),
    ApplicationUse,
)
_INSTANCES = Query(
    select(*_fields(client_instances, Instance))
    .where(client_instances.c.app_name == bindparam("name"))
    .order_by(client_instances.c.environment, client_instances.c.instance_id),
    Instance,
)
_SEEN_FLAGS = Query(
    select(*_fields(features, SeenFlag))
    .where(
        features.c.name.in_(select(client_metrics.c.feature_name).where(client_metrics.c.app_name == bindparam("name")))
    )
    .order_by(features.c.name),
    SeenFlag,
)
_READERS = Query(
    select(client_metrics.c.app_name)
    .where(client_metrics.c.feature_name == bindparam("name"))
    .distinct()
    .order_by(client_metrics.c.app_name),
    str,
)


def _of_flag(table: Any, *more: str) -> Select[Any]:
    wanted = ["environment", "app_name", "start", *more]
    return (
        select(*(table.c[name] for name in wanted))
        .where(
            table.c.feature_name == bindparam("name"),
            table.c.span == bindparam("span"),
            table.c.start >= bindparam("since"),
        )
        .order_by(table.c.start, table.c.environment, table.c.app_name)
    )


_COUNTS = Query(_of_flag(client_metrics, "yes", "no"), FlagUsage)
_VARIANTS = Query(_of_flag(client_metrics_variants, "variant", "count"), columns)


def existing_flags(tx: Transaction, names: Iterable[str]) -> set[str]:
    """Those of `names` that are flags, archived ones included."""
    return set(tx.all(_EXISTING, names=sorted(names)))


def applications(
    tx: Transaction, text: str, page: Page, *, backwards: bool
) -> tuple[list[Application], dict[str, list[ApplicationUse]], int]:
    """A page of applications whose name contains `text`, what each reads, and how many there are in all."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = f"%{escaped}%"
    query = _APPLICATIONS_BACKWARDS if backwards else _APPLICATIONS
    found = tx.all(query, pattern=pattern, limit=page.limit, offset=page.offset)
    return found, _uses(tx, [each.app_name for each in found]), tx.first(_COUNT, pattern=pattern) or 0


def application(tx: Transaction, name: str) -> tuple[Application, list[ApplicationUse], list[Instance], list[SeenFlag]]:
    """Raises `NotFound`."""
    found = tx.first(_APPLICATION, name=name)
    if found is None:
        raise NotFound(f"No application called {name!r} has been seen.")
    return found, _uses(tx, [name]).get(name, []), tx.all(_INSTANCES, name=name), tx.all(_SEEN_FLAGS, name=name)


def last_hour(tx: Transaction, flag: str, now: clock.Millis) -> tuple[list[FlagUsage], list[str]]:
    """What was counted of a flag in this hour, and the applications that ever reported it."""
    return tx.all(_COUNTS, name=flag, span="hour", since=now - now % clock.HOUR), tx.all(_READERS, name=flag)


def flag_usage(tx: Transaction, flag: str, hours: int, now: clock.Millis) -> list[FlagUsage]:
    """The last `hours` of a flag: by the hour, or by the day where that is not kept. Every application that reported in
    that time has an entry for each span, also where it counted nothing."""
    span, length, number = ("hour", clock.HOUR, hours) if hours <= HOURS_KEPT else ("day", clock.DAY, -(-hours // 24))
    last = now - now % length
    since = last - (number - 1) * length
    counts = tx.all(_COUNTS, name=flag, span=span, since=since)
    variants: defaultdict[tuple[str, str, int], dict[str, int]] = defaultdict(dict)
    for environment, app_name, start, variant, count in tx.all(_VARIANTS, name=flag, span=span, since=since):
        variants[environment, app_name, start][variant] = count
    found = {(each.start, each.environment, each.app_name): each for each in counts}
    return list(_filled(found, variants, range(since, last + 1, length)))


def _filled(
    found: dict[tuple[int, str, str], FlagUsage],
    variants: dict[tuple[str, str, int], dict[str, int]],
    starts: range,
) -> Iterator[FlagUsage]:
    reporters = sorted({(environment, app_name) for _, environment, app_name in found})
    for start in starts:
        for environment, app_name in reporters:
            counted = found.get((start, environment, app_name), FlagUsage(environment, app_name, start, 0, 0))
            yield msgspec.structs.replace(counted, variants=variants.get((environment, app_name, start), {}))


def _uses(tx: Transaction, names: list[str]) -> dict[str, list[ApplicationUse]]:
    found: defaultdict[str, list[ApplicationUse]] = defaultdict(list)
    for use in tx.all(_USES, names=names):
        found[use.app_name].append(use)
    return found
