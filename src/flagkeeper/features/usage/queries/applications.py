"""Applications: which there are, what they read, and where they run."""

from collections import defaultdict
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, case, func, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import hidden_projects
from flagkeeper.features.flags.tables import features
from flagkeeper.features.usage.tables import (
    client_application_usage,
    client_applications,
    client_instances,
    client_metrics,
)
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import NotFound
from flagkeeper.kernel.paging import Page
from flagkeeper.storage.dialects import any_of, none_of
from flagkeeper.storage.statement import Query
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


def fields(table: Any, kind: type[msgspec.Struct]) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in kind.__struct_fields__]


_UNSEEN = Query(
    select(client_application_usage.c.app_name)
    .group_by(client_application_usage.c.app_name)
    .having(func.count(case((none_of(client_application_usage.c.project, "hidden"), 1))) == 0),
    str,
)
_NAMED = (
    func.lower(client_applications.c.app_name).like(bindparam("pattern"), escape="\\"),
    none_of(client_applications.c.app_name, "unseen"),
)
_COUNT = Query(select(func.count()).select_from(client_applications).where(*_NAMED), int)
_PAGE: Select[Any] = (
    select(*fields(client_applications, Application))
    .where(*_NAMED)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_APPLICATIONS = Query(_PAGE.order_by(client_applications.c.app_name), Application)
_APPLICATIONS_BACKWARDS = Query(_PAGE.order_by(client_applications.c.app_name.desc()), Application)
_APPLICATION = Query(
    select(*fields(client_applications, Application)).where(
        client_applications.c.app_name == bindparam("name"), none_of(client_applications.c.app_name, "unseen")
    ),
    Application,
)
_USES = Query(
    select(*fields(client_application_usage, ApplicationUse))
    .where(any_of(client_application_usage.c.app_name, "names"), none_of(client_application_usage.c.project, "hidden"))
    .order_by(client_application_usage.c.project, client_application_usage.c.environment),
    ApplicationUse,
)
_INSTANCES = Query(
    select(*fields(client_instances, Instance))
    .where(client_instances.c.app_name == bindparam("name"))
    .order_by(client_instances.c.environment, client_instances.c.instance_id),
    Instance,
)
_SEEN_FLAGS = Query(
    select(*fields(features, SeenFlag))
    .where(
        features.c.name.in_(
            select(client_metrics.c.feature_name).where(client_metrics.c.app_name == bindparam("name"))
        ),
        none_of(features.c.project, "hidden"),
    )
    .order_by(features.c.name),
    SeenFlag,
)


def applications(
    tx: Transaction, text: str, page: Page, visibility: Visibility, *, backwards: bool
) -> tuple[list[Application], dict[str, list[ApplicationUse]], int]:
    """A page of applications whose name contains `text`, what each reads, and how many there are in all; without those
    that read nothing but hidden projects."""
    pattern = name_pattern(text)
    query = _APPLICATIONS_BACKWARDS if backwards else _APPLICATIONS
    hidden, unseen = hidden_from(tx, visibility)
    found = tx.all(query, pattern=pattern, limit=page.limit, offset=page.offset, unseen=unseen)
    total = tx.first(_COUNT, pattern=pattern, unseen=unseen) or 0
    return found, _uses(tx, [each.app_name for each in found], hidden), total


def application(
    tx: Transaction, name: str, visibility: Visibility
) -> tuple[Application, list[ApplicationUse], list[Instance], list[SeenFlag]]:
    """Raises `NotFound`, also when it reads nothing but hidden projects."""
    found = known_application(tx, name, visibility)
    if found is None:
        raise NotFound(f"No application called {name!r} has been seen.")
    return found, uses_of(tx, name, visibility), instances_of(tx, name), flags_read_by(tx, name, visibility)


def name_pattern(text: str) -> str:
    """For `LIKE`: names, in small letters, that contain `text` as it is."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def known_application(tx: Transaction, name: str, visibility: Visibility) -> Application | None:
    """None: there is none, or it reads nothing but hidden projects."""
    _, unseen = hidden_from(tx, visibility)
    return tx.first(_APPLICATION, name=name, unseen=unseen)


def uses_of(tx: Transaction, name: str, visibility: Visibility) -> list[ApplicationUse]:
    """What an application reads, hidden projects aside."""
    return _uses(tx, [name], sorted(hidden_projects(visibility))).get(name, [])


def instances_of(tx: Transaction, name: str) -> list[Instance]:
    """The running copies of an application, by environment."""
    return tx.all(_INSTANCES, name=name)


def flags_read_by(tx: Transaction, name: str, visibility: Visibility) -> list[SeenFlag]:
    """The flags that an application reported, those of hidden projects aside."""
    return tx.all(_SEEN_FLAGS, name=name, hidden=sorted(hidden_projects(visibility)))


def hidden_from(tx: Transaction, visibility: Visibility) -> tuple[list[str], list[str]]:
    """The projects of which a reader may not know, and the applications that read nothing but these."""
    projects = sorted(hidden_projects(visibility))
    return projects, tx.all(_UNSEEN, hidden=projects) if projects else []


def _uses(tx: Transaction, names: list[str], hidden: list[str]) -> dict[str, list[ApplicationUse]]:
    found: defaultdict[str, list[ApplicationUse]] = defaultdict(list)
    for use in tx.all(_USES, names=names, hidden=hidden):
        found[use.app_name].append(use)
    return found
