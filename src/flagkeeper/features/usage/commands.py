"""Writing what SDKs reported."""

from collections.abc import Sequence
from operator import itemgetter

import msgspec

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.catalogue.application import (
    ApplicationCreated,
    ApplicationData,
    ApplicationNotes,
    FlagkeeperApplicationDeleted,
    FlagkeeperApplicationUpdated,
)
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
    Notes,
    Report,
    Sighting,
)
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import LimitExceeded

RENAMED = 100
"""Applications whose creator is forgotten in one unit."""


def register_applications(unit: Unit, sightings: Sequence[Sighting]) -> list[str]:
    """Takes in applications seen for the first time, one sighting of each. Returns those that found no room."""
    room = MOST_APPLICATIONS - store.count_applications(unit.tx)
    refused = []
    for sighting in sightings:
        if room <= 0:
            if not store.application_exists(unit.tx, sighting.app_name):
                refused.append(sighting.app_name)
        elif store.add_application(unit.tx, sighting):
            room -= 1
            unit.record(ApplicationCreated(data=_payload(sighting)))
    return refused


def describe_application(unit: Unit, app_name: str, notes: Notes) -> None:
    """Says something of an application; one that nobody has seen yet is there from now on. What `notes` does not say
    stays.

    Raises:
        LimitExceeded: there are too many applications.
    """
    old = store.notes_of(unit.tx, app_name)
    if old is None:
        _add_application(unit, app_name, notes)
        return
    said = {name: value for name, value in msgspec.structs.asdict(notes).items() if value is not None}
    new = msgspec.structs.replace(old, **said)
    if _notes(app_name, new) != _notes(app_name, old):
        store.set_notes(unit.tx, app_name, new)
        unit.record(FlagkeeperApplicationUpdated(data=_notes(app_name, new), pre_data=_notes(app_name, old)))


def delete_application(unit: Unit, app_name: str) -> None:
    """With its instances. An application that still runs is there again when it next reports."""
    old = store.notes_of(unit.tx, app_name)
    if old is not None:
        store.delete_application(unit.tx, app_name)
        unit.record(FlagkeeperApplicationDeleted(pre_data=_notes(app_name, old)))


def save_sightings(unit: Unit, sightings: Sequence[Sighting]) -> set[str]:
    """Keeps who was there, and when. Returns the applications that are not registered: somebody has deleted them."""
    store.save_sightings(unit.tx, sightings)
    names = {each.app_name for each in sightings}
    return names - store.registered(unit.tx, names)


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
    """Deletes what is older than it is kept."""
    store.forget_counts(unit.tx, "hour", unit.now - HOURS_KEPT * clock.HOUR - clock.HOUR)
    store.forget_counts(unit.tx, "day", unit.now - DAYS_KEPT * clock.DAY - clock.DAY)
    store.forget(unit.tx, "instances", unit.now - INSTANCES_KEPT)
    store.forget(unit.tx, "unknown_flags", unit.now - UNKNOWN_FLAGS_KEPT)
    store.forget(unit.tx, "usage", unit.now - APPLICATIONS_KEPT)
    store.forget(unit.tx, "applications", unit.now - APPLICATIONS_KEPT)
    store.forget(unit.tx, "reports", unit.now // clock.DAY - 1)


def forget_project(unit: Unit, project: str, _most: int) -> int:
    """Forgets which applications read a project that is being deleted; they are a few rows, and no change."""
    store.forget_project(unit.tx, project)
    return 0


def forget_creators(unit: Unit, replacement: Replacement, position: int) -> int | None:
    """Puts the pseudonym in the place of a person's name in some applications
    (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    found = [name for name, created_by in store.creators(unit.tx) if replacement.is_name(created_by)][:RENAMED]
    store.rename_creators(unit.tx, found, replacement.pseudonym)
    return position + len(found) if found else None


def _add_application(unit: Unit, app_name: str, notes: Notes) -> None:
    if store.count_applications(unit.tx) >= MOST_APPLICATIONS:
        raise LimitExceeded(f"There are {MOST_APPLICATIONS} applications already. Delete some that are gone.")
    sighting = Sighting(
        app_name=app_name,
        environment="",
        instance_id="",
        strategies=notes.strategies,
        projects=(),
        token=unit.actor.name,
        address="",
        seen_at=unit.now,
    )
    store.add_application(unit.tx, sighting)
    store.set_notes(unit.tx, app_name, notes)
    described = {name: getattr(notes, name) for name in ("description", "url", "color", "icon")}
    unit.record(
        ApplicationCreated(
            data=msgspec.structs.replace(_payload(sighting), last_seen=None, environment=None, **described)
        )
    )


def _notes(app_name: str, notes: Notes) -> ApplicationNotes:
    return ApplicationNotes(
        app_name=app_name,
        description=notes.description,
        strategies=sorted(set(notes.strategies or ())),
        url=notes.url,
        color=notes.color,
        icon=notes.icon,
    )


def _payload(sighting: Sighting) -> ApplicationData:
    at = clock.to_iso(sighting.seen_at)
    return ApplicationData(
        app_name=sighting.app_name,
        created_at=at,
        updated_at=at,
        last_seen=at,
        description=None,
        strategies=list(sighting.strategies or ()),
        created_by=sighting.token,
        url=None,
        color=None,
        icon=None,
        announced=True,
        projects=list(sighting.projects),
        environment=sighting.environment,
    )
