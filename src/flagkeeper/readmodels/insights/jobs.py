"""What changes as time goes by, or is reported without an event: looked at once an hour."""

from collections.abc import Sequence

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.projects.ports import ProjectProgress
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.insights import queries, store
from flagkeeper.readmodels.insights.model import DAYS_KEPT, WEEKS_KEPT, ProjectUsage, ProjectWeek, Users, week_of
from flagkeeper.storage.reader import Reader

LOOK_EVERY = 3600.0
"""Seconds."""


async def look(reader: Reader, progress: ProjectProgress, units: UnitRunner) -> None:
    """Notes how projects get on and how they are used in this week, and in the one that ended within a day."""
    now = clock.now()
    weeks = await reader.run(queries.weeks_now, progress, now)
    ended = sorted({week_of(now - clock.DAY), week_of(now)})
    usage = [row for week in ended for row in await reader.run(queries.usage_now, week, now)]
    await units.run(SYSTEM, note, weeks, usage, await reader.run(queries.users_now, now))


def note(unit: Unit, weeks: Sequence[ProjectWeek], usage: Sequence[ProjectUsage], users: Users) -> None:
    """Keeps what was seen, and forgets what is older than two years."""
    store.set_weeks(unit.tx, weeks)
    store.set_usage(unit.tx, usage)
    store.set_users(unit.tx, users)
    store.forget(unit.tx, week_of(users.at) - WEEKS_KEPT, users.day - DAYS_KEPT)
