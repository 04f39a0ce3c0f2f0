"""What events add to the figures of projects, and what follows from these. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from flagkeeper.eventlog.catalogue.feature import (
    FeatureArchived,
    FeatureCreated,
    FeatureDeleted,
    FeatureEnvironmentEnabled,
)
from flagkeeper.eventlog.catalogue.project import ProjectDeleted
from flagkeeper.eventlog.catalogue.project_access import GrantedRolesData, ProjectAccessAdded, ProjectUserAdded
from flagkeeper.kernel import clock
from flagkeeper.readmodels.views.recorded import Recorded

WINDOW = 30
"""Days that are compared with as many days before."""
YEAR = 365
"""Days of activity that are shown."""
DAYS_KEPT = YEAR + 1


class Day(NamedTuple):
    """What happened to a project on a day, as numbers."""

    events: int = 0
    flags_created: int = 0
    flags_archived: int = 0
    members_added: int = 0

    def plus(self, other: "Day") -> "Day":
        return Day(
            self.events + other.events,
            self.flags_created + other.flags_created,
            self.flags_archived + other.flags_archived,
            self.members_added + other.members_added,
        )


class Added:
    """What some events in a row add to the figures of before."""

    def __init__(self) -> None:
        self.days: dict[tuple[str, int], Day] = {}
        """By project and day."""
        self.first_enabled: dict[tuple[str, str], clock.Millis] = {}
        """By flag and environment; the figures of before come first."""
        self.gone_projects: set[str] = set()
        """Those of which the figures of before are forgotten."""
        self.gone_flags: set[str] = set()
        """The same of flags."""

    def add(self, event: Recorded) -> None:
        flag, project = event.feature_name, event.project
        if event.type == _DELETED and flag is not None:
            self._forget_flag(flag)
        elif event.type == _ENABLED and flag is not None and event.environment is not None:
            self.first_enabled.setdefault((flag, event.environment), event.created_at)
        if project is None:
            return
        if event.type == _PROJECT_DELETED:
            self._forget_project(project)
            return
        key = project, event.created_at // clock.DAY
        self.days[key] = self.days.get(key, Day()).plus(_counted(event))

    def _forget_flag(self, flag: str) -> None:
        self.gone_flags.add(flag)
        self.first_enabled = {key: at for key, at in self.first_enabled.items() if key[0] != flag}

    def _forget_project(self, project: str) -> None:
        self.gone_projects.add(project)
        self.days = {key: day for key, day in self.days.items() if key[0] != project}


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """The last `WINDOW` days beside as many before. Times are days."""

    time_to_production: float
    """On average, of flags that reached production in the last days. 0: none did."""
    created: int
    created_before: int
    archived: int
    archived_before: int
    events: int
    events_before: int
    members_added: int


class LeadTime(msgspec.Struct, frozen=True):
    """How many days it took a flag from its creation until it was first on in production, and when it was."""

    flag: str
    days: float
    at: clock.Millis


def added(events: Iterable[Recorded]) -> Added:
    found = Added()
    for event in events:
        found.add(event)
    return found


def stats(days: Mapping[int, Day], lead_times: Sequence[LeadTime], today: int) -> Stats:
    """Of a project with these days."""
    now, before = Day(), Day()
    for day, counted in days.items():
        if today - WINDOW < day <= today:
            now = now.plus(counted)
        elif today - 2 * WINDOW < day <= today - WINDOW:
            before = before.plus(counted)
    recent = [each for each in lead_times if today - WINDOW < each.at // clock.DAY]
    return Stats(
        time_to_production=average(recent),
        created=now.flags_created,
        created_before=before.flags_created,
        archived=now.flags_archived,
        archived_before=before.flags_archived,
        events=now.events,
        events_before=before.events,
        members_added=now.members_added,
    )


def lead_time(flag: str, created_at: clock.Millis, first_enabled_at: clock.Millis) -> LeadTime:
    return LeadTime(flag, round((first_enabled_at - created_at) / clock.DAY, 1), first_enabled_at)


def average(lead_times: Sequence[LeadTime]) -> float:
    """In days; 0 when there are none."""
    return round(sum(each.days for each in lead_times) / len(lead_times), 1) if lead_times else 0


_CREATED, _ARCHIVED, _DELETED, _ENABLED, _PROJECT_DELETED = (
    each.about.type
    for each in (FeatureCreated, FeatureArchived, FeatureDeleted, FeatureEnvironmentEnabled, ProjectDeleted)
)
_ROLES_GRANTED, _USER_ADDED = ProjectAccessAdded.about.type, ProjectUserAdded.about.type
_granted = msgspec.json.Decoder(GrantedRolesData).decode


_USUAL = Day(events=1)
_COUNTED = {_CREATED: Day(events=1, flags_created=1), _ARCHIVED: Day(events=1, flags_archived=1)}


def _counted(event: Recorded) -> Day:
    if members := _members(event):
        return Day(events=1, members_added=members)
    return _COUNTED.get(event.type, _USUAL)


def _members(event: Recorded) -> int:
    if event.type == _USER_ADDED:
        return 1
    if event.type != _ROLES_GRANTED or event.data is None:
        return 0
    return len({user for role in _granted(event.data).roles for user in role.user_ids})
