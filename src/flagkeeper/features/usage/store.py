"""Adding usage to what is stored, for commands. Private to this slice."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import Insert, insert

from flagkeeper.features.usage.model import Count, CountKey, Notes, Sighting
from flagkeeper.features.usage.tables import (
    client_application_usage,
    client_applications,
    client_instances,
    client_metrics,
    client_metrics_variants,
    client_reports,
    unknown_flags,
)
from flagkeeper.kernel import clock
from flagkeeper.storage.dialects import any_of, upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction


def _add(table: Table, *numbers: str) -> Insert:
    """Inserts a row, or adds `numbers` to those of the row with the same key."""
    new = insert(table)
    return new.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: table.c[name] + new.excluded[name] for name in numbers},
    )


def _see_instance() -> Insert:
    """Metrics of older SDKs do not say which SDK sent them; then what the registration said is kept."""
    new = insert(client_instances)
    updated = {name: new.excluded[name] for name in ("sdk_type", "client_ip", "seen_at")}
    known = func.coalesce(new.excluded.sdk_version, client_instances.c.sdk_version)
    return new.on_conflict_do_update(
        index_elements=list(client_instances.primary_key.columns), set_={**updated, "sdk_version": known}
    )


_ADD_APPLICATION = Write[Any](upsert(client_applications, key=["app_name"]))
_CREATORS = Query(
    select(client_applications.c.app_name, client_applications.c.created_by).order_by(client_applications.c.app_name),
    lambda name, created_by: (str(name), str(created_by)),
)
_RENAME_CREATOR = Write[Any](
    update(client_applications)
    .where(client_applications.c.app_name == bindparam("name"))
    .values(created_by=bindparam("new_name"))
)
_FORGET_PROJECT = Write[Any](
    delete(client_application_usage).where(client_application_usage.c.project == bindparam("project"))
)
_COUNT_APPLICATIONS = Query(select(func.count()).select_from(client_applications), int)
_APPLICATION_EXISTS = Query(
    select(client_applications.c.app_name).where(client_applications.c.app_name == bindparam("app_name")), str
)
_REGISTERED = Query(select(client_applications.c.app_name).where(any_of(client_applications.c.app_name, "names")), str)
_SEE_APPLICATION = Write[Any](
    update(client_applications)
    .where(client_applications.c.app_name == bindparam("name"))
    .values(seen_at=bindparam("seen_at"))
)
_NOTES = Query(
    select(
        client_applications.c.strategies,
        client_applications.c.description,
        client_applications.c.url,
        client_applications.c.color,
        client_applications.c.icon,
    ).where(client_applications.c.app_name == bindparam("app_name")),
    lambda strategies, *rest: Notes(
        strategies=tuple(msgspec.json.decode(strategies, type=list[str])),
        **dict(zip(("description", "url", "color", "icon"), rest, strict=True)),
    ),
)
_SET_NOTES = Write[Any](
    update(client_applications)
    .where(client_applications.c.app_name == bindparam("name"))
    .values({name: bindparam(name) for name in ("strategies", "description", "url", "color", "icon")})
)
_DELETE = tuple(
    Write[Any](delete(table).where(table.c.app_name == bindparam("name")))
    for table in (client_applications, client_application_usage, client_instances, client_reports)
)
_SET_STRATEGIES = Write[Any](
    update(client_applications)
    .where(client_applications.c.app_name == bindparam("name"))
    .values(strategies=bindparam("strategies"))
)
_SEE_USAGE = Write[Any](
    upsert(client_application_usage, key=["app_name", "project", "environment"], update=["seen_at"])
)
_SEE_INSTANCE = Write[Any](_see_instance())
_REPORT_TODAY = Write[Any](
    update(client_reports)
    .where(
        client_reports.c.kind == bindparam("of_kind"),
        client_reports.c.app_name == bindparam("of_app"),
        client_reports.c.environment == bindparam("of_environment"),
        client_reports.c.day < bindparam("today"),
    )
    .values(day=bindparam("today"))
)
_FIRST_REPORT = Write[Any](upsert(client_reports, key=["kind", "app_name", "environment"]))
_ADD_COUNT = Write[Any](_add(client_metrics, "yes", "no"))
_ADD_VARIANT = Write[Any](_add(client_metrics_variants, "count"))
_SEE_UNKNOWN = Write[Any](upsert(unknown_flags, key=["name", "app_name", "environment"], update=["seen_at"]))

_OLD = {
    "applications": Write[Any](delete(client_applications).where(client_applications.c.seen_at < bindparam("before"))),
    "usage": Write[Any](
        delete(client_application_usage).where(client_application_usage.c.seen_at < bindparam("before"))
    ),
    "instances": Write[Any](delete(client_instances).where(client_instances.c.seen_at < bindparam("before"))),
    "unknown_flags": Write[Any](delete(unknown_flags).where(unknown_flags.c.seen_at < bindparam("before"))),
    "reports": Write[Any](delete(client_reports).where(client_reports.c.day < bindparam("before"))),
}
_OLD_COUNTS = tuple(
    Write[Any](delete(table).where(table.c.span == bindparam("span"), table.c.start < bindparam("before")))
    for table in (client_metrics, client_metrics_variants)
)


def add_application(tx: Transaction, sighting: Sighting) -> bool:
    """False when it is there already."""
    return bool(
        tx.write(
            _ADD_APPLICATION,
            app_name=sighting.app_name,
            created_at=sighting.seen_at,
            seen_at=sighting.seen_at,
            created_by=sighting.token,
            description=None,
            url=None,
            color=None,
            icon=None,
            strategies=_names(sighting.strategies or ()),
        )
    )


def notes_of(tx: Transaction, app_name: str) -> Notes | None:
    """None: there is no such application."""
    return tx.first(_NOTES, app_name=app_name)


def set_notes(tx: Transaction, app_name: str, notes: Notes) -> None:
    row = {**msgspec.structs.asdict(notes), "strategies": _names(notes.strategies or ())}
    tx.write(_SET_NOTES, name=app_name, **row)


def delete_application(tx: Transaction, app_name: str) -> None:
    """With its instances, and all that says what it reads. What it counted stays with the flags."""
    for each in _DELETE:
        tx.write(each, name=app_name)


def count_applications(tx: Transaction) -> int:
    return tx.first(_COUNT_APPLICATIONS) or 0


def application_exists(tx: Transaction, app_name: str) -> bool:
    return tx.first(_APPLICATION_EXISTS, app_name=app_name) is not None


def registered(tx: Transaction, names: Iterable[str]) -> set[str]:
    """Those of `names` that are applications."""
    return set(tx.all(_REGISTERED, names=sorted(names)))


def save_sightings(tx: Transaction, sightings: Sequence[Sighting]) -> None:
    """Keeps who was there, and when. Rows are written in the order of their keys, so that processes never wait for each
    other in a circle."""
    applications = {each.app_name: each for each in sorted(sightings, key=lambda each: (each.app_name, each.seen_at))}
    strategies = {each.app_name: _names(each.strategies) for each in sightings if each.strategies}
    usage = {(each.app_name, project, each.environment): each for each in sightings for project in each.projects}
    tx.write_many(
        _SEE_APPLICATION, [{"name": name, "seen_at": each.seen_at} for name, each in sorted(applications.items())]
    )
    tx.write_many(_SET_STRATEGIES, [{"name": name, "strategies": names} for name, names in sorted(strategies.items())])
    tx.write_many(
        _SEE_USAGE,
        [
            {"app_name": name, "project": project, "environment": environment, "seen_at": each.seen_at}
            for (name, project, environment), each in sorted(usage.items(), key=lambda item: item[0])
        ],
    )
    tx.write_many(_SEE_INSTANCE, [_instance(each) for each in sorted(sightings, key=lambda each: each.key)])


def first_today(tx: Transaction, kind: str, app_name: str, environment: str, today: int) -> bool:
    """Whether no event of this kind was recorded today; from now on one was."""
    changed = tx.write(_REPORT_TODAY, of_kind=kind, of_app=app_name, of_environment=environment, today=today)
    return bool(changed or tx.write(_FIRST_REPORT, kind=kind, app_name=app_name, environment=environment, day=today))


def add_counts(tx: Transaction, counts: Iterable[tuple[CountKey, Count]]) -> None:
    """Adds to the hour and to the day of each count."""
    rows = [(row, count) for key, count in counts for row in _spans(key)]
    tx.write_many(_ADD_COUNT, [{**row, "yes": count.yes, "no": count.no} for row, count in rows])
    tx.write_many(
        _ADD_VARIANT,
        [
            {**row, "variant": variant, "count": number}
            for row, count in rows
            for variant, number in sorted(count.variants.items())
        ],
    )


def save_unknown(tx: Transaction, keys: Iterable[CountKey], seen_at: clock.Millis) -> None:
    found = sorted({(key.feature_name, key.app_name, key.environment) for key in keys})
    tx.write_many(
        _SEE_UNKNOWN,
        [
            {"name": name, "app_name": app_name, "environment": environment, "seen_at": seen_at}
            for name, app_name, environment in found
        ],
    )


def forget_project(tx: Transaction, project: str) -> None:
    """Forgets which applications read it."""
    tx.write(_FORGET_PROJECT, project=project)


def forget(tx: Transaction, what: str, before: int) -> None:
    tx.write(_OLD[what], before=before)


def forget_counts(tx: Transaction, span: str, before: clock.Millis) -> None:
    for write in _OLD_COUNTS:
        tx.write(write, span=span, before=before)


def _spans(key: CountKey) -> list[Mapping[str, Any]]:
    of_whom = {"feature_name": key.feature_name, "environment": key.environment, "app_name": key.app_name}
    return [
        {**of_whom, "span": "hour", "start": key.hour},
        {**of_whom, "span": "day", "start": key.hour - key.hour % clock.DAY},
    ]


def _instance(sighting: Sighting) -> dict[str, Any]:
    return {
        "app_name": sighting.app_name,
        "environment": sighting.environment,
        "instance_id": sighting.instance_id,
        "sdk_version": sighting.sdk_version,
        "sdk_type": sighting.sdk_type,
        "client_ip": sighting.address,
        "created_at": sighting.seen_at,
        "seen_at": sighting.seen_at,
    }


def _names(strategies: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(set(strategies))).decode()


def creators(tx: Transaction) -> list[tuple[str, str]]:
    """Pairs of application and the name under which it was first seen."""
    return tx.all(_CREATORS)


def rename_creators(tx: Transaction, applications: list[str], created_by: str) -> None:
    tx.write_many(_RENAME_CREATOR, [{"name": each, "new_name": created_by} for each in applications])
