"""Flags for tests that need no server, and what the log says about them."""

from typing import Any

import msgspec
from sqlalchemy import select

from flagkeeper.eventlog.tables import event_versions, events
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.flags import commands as flags
from flagkeeper.features.flags.commands import create
from flagkeeper.features.flags.model.environment import FlagEnvironmentState
from flagkeeper.features.flags.model.flag import Flag, FlagDraft, FlagState
from flagkeeper.features.flags.model.flag_type import FlagTypeState
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.strategies import commands as strategies
from flagkeeper.features.tags import commands as tags
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction
from tests.log import Log

KINDS = {kind.kind: kind for kind in (FlagState, FlagEnvironmentState, FlagTypeState)}


class Told(msgspec.Struct, frozen=True):
    """An event, and the version of its subject that was kept with it."""

    id: int
    type: str
    feature: str | None
    environment: str | None
    subject: str
    data: Any
    pre_data: Any
    tags: list[dict[str, str]]
    created_by: str
    group_id: str
    version: Any

    @property
    def where(self) -> tuple[str, str | None]:
        return self.type, self.environment


def _told(*row: Any) -> Told:
    id_, type_, feature, environment, subject, data, pre_data, own_tags, by, group, kind, schema, state = row
    return Told(
        id_,
        type_,
        feature,
        environment,
        subject,
        data and msgspec.json.decode(data),
        pre_data and msgspec.json.decode(pre_data),
        msgspec.json.decode(own_tags),
        by,
        group,
        KINDS[kind].unpack(schema, state) if kind in KINDS else None,
    )


_ALL = Query(
    select(
        events.c.id,
        events.c.type,
        events.c.feature_name,
        events.c.environment,
        events.c.subject,
        events.c.data,
        events.c.pre_data,
        events.c.tags,
        events.c.created_by,
        events.c.group_id,
        event_versions.c.kind,
        event_versions.c.schema,
        event_versions.c.state,
    )
    .join(event_versions, event_versions.c.event_id == events.c.id, isouter=True)
    .order_by(events.c.id),
    _told,
)


def seed(log: Log) -> None:
    """What flags need: environments, a project, tag types, strategies and flag types."""
    for command in (environments.seed, projects.seed, tags.seed, strategies.seed, flags.seed):
        log.run(command)


def make(log: Log, name: str = "checkout", **fields: Any) -> Flag:
    """A new flag in project `default`."""
    flag: Flag = log.run(create.create, "default", msgspec.convert({"name": name, **fields}, FlagDraft))
    return flag


def told(log: Log, after: int = 0) -> list[Told]:
    """The events after `after`, oldest first."""

    def read(tx: Transaction) -> list[Told]:
        return tx.all(_ALL)

    return [each for each in log.reader.now(read) if each.id > after]


def wheres(log: Log, after: int = 0) -> list[tuple[str, str | None]]:
    """Type and environment of the events after `after`, oldest first."""
    return [each.where for each in told(log, after)]
