"""Which applications read the flags of a project."""

from collections import defaultdict

import msgspec
from sqlalchemy import Select, bindparam, func, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.flags.tables import features
from flagkeeper.features.projects.queries import demand_visible
from flagkeeper.features.usage.queries.applications import hidden_from, name_pattern
from flagkeeper.features.usage.queries.sdks import outdated
from flagkeeper.features.usage.tables import client_application_usage, client_instances, client_metrics
from flagkeeper.kernel.paging import Page
from flagkeeper.storage.dialects import any_of, none_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction


class ProjectApplication(msgspec.Struct, frozen=True):
    """An application that reads flags of a project, in the environments in which it does."""

    name: str
    environments: list[str]
    instances: list[str]
    sdks: dict[str, list[str]]
    """Versions by name."""


_IN_PROJECT = select(features.c.name).where(features.c.project == bindparam("project")).scalar_subquery()
_READERS = (
    select(client_application_usage.c.app_name, client_application_usage.c.environment)
    .where(client_application_usage.c.project == bindparam("project"))
    .union(
        select(client_metrics.c.app_name, client_metrics.c.environment).where(
            client_metrics.c.feature_name.in_(_IN_PROJECT), client_metrics.c.span == "day"
        )
    )
    .subquery("readers")
)
"""Whose tokens are for the project; and who counted one of its flags, for a token may be for all projects."""
_NAMED = (
    func.lower(_READERS.c.app_name).like(bindparam("pattern"), escape="\\"),
    none_of(_READERS.c.app_name, "unseen"),
)
_COUNT = Query(select(func.count(_READERS.c.app_name.distinct())).where(*_NAMED), int)
_PAGE: Select[tuple[str]] = (
    select(_READERS.c.app_name)
    .where(*_NAMED)
    .group_by(_READERS.c.app_name)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_NAMES = Query(_PAGE.order_by(_READERS.c.app_name), str)
_NAMES_BACKWARDS = Query(_PAGE.order_by(_READERS.c.app_name.desc()), str)
_PLACES = Query(
    select(_READERS.c.app_name, _READERS.c.environment)
    .where(any_of(_READERS.c.app_name, "names"))
    .order_by(_READERS.c.environment),
    lambda name, environment: (str(name), str(environment)),
)
_INSTANCES = Query(
    select(client_instances.c.app_name, client_instances.c.instance_id, client_instances.c.sdk_version)
    .join(
        _READERS,
        (_READERS.c.app_name == client_instances.c.app_name)
        & (_READERS.c.environment == client_instances.c.environment),
    )
    .where(any_of(client_instances.c.app_name, "names"))
    .order_by(client_instances.c.instance_id),
    lambda name, instance, sdk: (str(name), str(instance), sdk),
)
_SDKS = Query(
    select(client_instances.c.sdk_version, client_instances.c.app_name)
    .join(
        _READERS,
        (_READERS.c.app_name == client_instances.c.app_name)
        & (_READERS.c.environment == client_instances.c.environment),
    )
    .where(client_instances.c.sdk_version.is_not(None), none_of(client_instances.c.app_name, "unseen"))
    .distinct(),
    lambda sdk, name: (str(sdk), str(name)),
)


def applications_of_project(
    tx: Transaction, project: str, text: str, page: Page, visibility: Visibility, *, backwards: bool
) -> tuple[list[ProjectApplication], int]:
    """A page of those whose name contains `text`, and how many there are.

    Raises:
        NotFound: there is no such project, or the reader may not know of it.
    """
    demand_visible(tx, project, visibility)
    _, unseen = hidden_from(tx, visibility)
    asked = {"project": project, "pattern": name_pattern(text), "unseen": unseen}
    names = tx.all(_NAMES_BACKWARDS if backwards else _NAMES, **asked, limit=page.limit, offset=page.offset)
    places: defaultdict[str, list[str]] = defaultdict(list)
    for name, environment in tx.all(_PLACES, project=project, names=names):
        places[name].append(environment)
    instances: defaultdict[str, dict[str, None]] = defaultdict(dict)
    sdks: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, instance, sdk in tx.all(_INSTANCES, project=project, names=names):
        instances[name][instance] = None
        kind, _, version = (sdk or "").partition(":")
        if kind:
            sdks[name][kind].add(version)
    found = [
        ProjectApplication(
            name,
            places[name],
            list(instances[name]),
            {kind: sorted(versions) for kind, versions in sorted(sdks[name].items())},
        )
        for name in names
    ]
    return found, tx.first(_COUNT, **asked) or 0


def sdks_of_project(tx: Transaction, project: str, visibility: Visibility) -> list[tuple[str, list[str]]]:
    """The outdated SDKs of applications that read the project's flags, with these.

    Raises:
        NotFound: there is no such project, or the reader may not know of it.
    """
    demand_visible(tx, project, visibility)
    _, unseen = hidden_from(tx, visibility)
    return outdated(tx.all(_SDKS, project=project, unseen=unseen))
