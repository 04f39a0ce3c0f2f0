"""How healthy projects are, from day to day."""

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.queries import project_flags
from flagkeeper.features.projects.model import health
from flagkeeper.features.projects.ports import FlagCounts
from flagkeeper.features.projects.queries import all_projects
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.project_figures import store
from flagkeeper.readmodels.project_figures.model import DAYS_KEPT

LOOK_EVERY = 3600.0
"""Seconds."""


async def look(units: UnitRunner) -> None:
    """Notes how healthy each project is now, and forgets what is older than a year."""
    await units.run(SYSTEM, note_health)


def note_health(unit: Unit) -> None:
    today = unit.now // clock.DAY
    projects = [each.id for each in all_projects(unit.tx)]
    counts = project_flags(unit.tx, projects)
    store.set_health(unit.tx, today, {each: health_of(counts.get(each, FlagCounts())) for each in projects})
    store.forget(unit.tx, today - DAYS_KEPT)


def health_of(flags: FlagCounts) -> int:
    return health(flags=flags.active, stale=flags.stale, potentially_stale=flags.potentially_stale)
