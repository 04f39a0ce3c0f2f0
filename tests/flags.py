"""Flags for tests that need no server, and what the log says about them."""

from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import bindparam, select, update

from flagkeeper.eventlog.tables import events
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.flags import commands as flags
from flagkeeper.features.flags.commands import create
from flagkeeper.features.flags.model.environment import FlagEnvironmentState
from flagkeeper.features.flags.model.flag import Flag, FlagDraft, FlagState
from flagkeeper.features.flags.model.flag_type import FlagTypeState
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.projects import store as project_store
from flagkeeper.features.projects.model import first_project
from flagkeeper.features.projects.tables import projects as project_table
from flagkeeper.features.strategies import commands as strategies
from flagkeeper.features.tags import commands as tags
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction
from tests.log import Log
from tests.versions import own_versions

KINDS = {kind.kind: kind for kind in (FlagState, FlagEnvironmentState, FlagTypeState)}


_SET_PATTERN = Write[Any](
    update(project_table)
    .where(project_table.c.id == bindparam("id"))
    .values(feature_naming_pattern=bindparam("pattern"))
)


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
        own_versions.c.kind,
        own_versions.c.schema,
        own_versions.c.state,
    )
    .join(own_versions, own_versions.c.event_id == events.c.id, isouter=True)
    .order_by(events.c.id),
    _told,
)


def seed(log: Log) -> None:
    """What flags need: environments, a project, tag types, strategies and flag types."""
    for command in (environments.seed, projects.seed, tags.seed, strategies.seed, flags.seed):
        log.run(command)


def add_project(unit: Unit, id_: str) -> None:
    """A second project, with the environment `development`."""
    unit.silent(f"project/{id_}", "only its flags are looked at here")
    project_store.add(unit.tx, replace(first_project(unit.now), id=id_))
    project_store.attach(unit.tx, id_, "development", None)


def set_naming_pattern(unit: Unit, pattern: str) -> None:
    """What the project `default` wants of names of flags."""
    unit.tx.write(_SET_PATTERN, id="default", pattern=pattern)
    unit.silent("project/default", "what projects record is not what tests of flags are about")


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
