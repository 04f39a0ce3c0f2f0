"""Writing what SDKs reported."""

from collections.abc import Sequence
from operator import itemgetter

from flagkeeper.eventlog.archive.words import Words
from flagkeeper.eventlog.catalogue.application import ApplicationCreated, ApplicationData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands.seen import record_seen
from flagkeeper.features.usage import queries, store
from flagkeeper.features.usage.model import (
    APPLICATIONS_KEPT,
    DAYS_KEPT,
    HOURS_KEPT,
    INSTANCES_KEPT,
    MOST_APPLICATIONS,
    UNKNOWN_FLAGS_KEPT,
    Count,
    CountKey,
    Report,
    Sighting,
)
from flagkeeper.kernel import clock

RENAMED = 100
"""Applications whose creator is forgotten in one unit."""


def register_applications(unit: Unit, sightings: Sequence[Sighting]) -> int:
    """Takes in applications seen for the first time, one sighting of each. Returns how many found no room."""
    room = MOST_APPLICATIONS - store.count_applications(unit.tx)
    refused = 0
    for sighting in sightings:
        if room <= 0:
            refused += 0 if store.application_exists(unit.tx, sighting.app_name) else 1
        elif store.add_application(unit.tx, sighting):
            room -= 1
            unit.record(ApplicationCreated(data=_payload(sighting)))
    return refused


def save_sightings(unit: Unit, sightings: Sequence[Sighting]) -> None:
    store.save_sightings(unit.tx, sightings)


def record_reports(unit: Unit, reports: Sequence[Report]) -> None:
    """Records those that are the first of their kind, application and environment today (UTC)."""
    today = unit.now // clock.DAY
    for report in reports:
        kind, app_name, environment = report.key
        if store.application_exists(unit.tx, app_name) and store.first_today(
            unit.tx, kind, app_name, environment, today
        ):
            unit.record(report.event)


def add_counts(unit: Unit, counts: Sequence[tuple[CountKey, Count]]) -> None:
    """Adds to what was counted of flags that exist, which have been seen now; the others are noted as unknown."""
    known = queries.existing_flags(unit.tx, {key.feature_name for key, _ in counts})
    store.add_counts(unit.tx, sorted((item for item in counts if item[0].feature_name in known), key=itemgetter(0)))
    record_seen(unit, {(key.feature_name, key.environment) for key, _ in counts if key.feature_name in known})
    store.save_unknown(unit.tx, [key for key, _ in counts if key.feature_name not in known], unit.now)


def forget_old(unit: Unit) -> None:
    """Deletes what is older than it is kept (facts: client-protocol.md, section 5; platform-model.md, section 14)."""
    store.forget_counts(unit.tx, "hour", unit.now - HOURS_KEPT * clock.HOUR - clock.HOUR)
    store.forget_counts(unit.tx, "day", unit.now - DAYS_KEPT * clock.DAY - clock.DAY)
    store.forget(unit.tx, "instances", unit.now - INSTANCES_KEPT)
    store.forget(unit.tx, "unknown_flags", unit.now - UNKNOWN_FLAGS_KEPT)
    store.forget(unit.tx, "usage", unit.now - APPLICATIONS_KEPT)
    store.forget(unit.tx, "applications", unit.now - APPLICATIONS_KEPT)
    store.forget(unit.tx, "reports", unit.now // clock.DAY - 1)


def forget_creators(unit: Unit, words: Words, position: int) -> int | None:
    """Puts the pseudonym in the place of a person's name in some applications
    (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    found = [name for name, created_by in store.creators(unit.tx) if words.is_name(created_by)][:RENAMED]
    store.rename_creators(unit.tx, found, words.pseudonym)
    return position + len(found) if found else None


def _payload(sighting: Sighting) -> ApplicationData:
    at = clock.to_iso(sighting.seen_at)
    return ApplicationData(
        app_name=sighting.app_name,
        created_at=at,
        updated_at=at,
        last_seen=at,
        description=None,
        strategies=list(sighting.strategies or ()),
        created_by=sighting.actor.name,
        url=None,
        color=None,
        icon=None,
        announced=True,
        projects=list(sighting.projects),
        environment=sighting.environment,
    )
