"""Changing what a flag is: description, type, impression data, and whether it is stale."""

from collections.abc import Sequence

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.feature import (
    FeatureMetadataUpdated,
    FeaturePotentiallyStaleOn,
    FeatureStaleOff,
    FeatureStaleOn,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.flag import Flag, FlagChange, FlagMetadata, FlagState, marked_stale
from flagkeeper.features.flags.model.flag_type import outlived
from flagkeeper.features.flags.model.json_patch import Patch, patched
from flagkeeper.features.flags.queries.types import lifetimes
from flagkeeper.features.flags.store import flags, relations, tags
from flagkeeper.kernel.errors import InvalidOperation


def update(unit: Unit, project: str, name: str, change: FlagChange) -> Flag:
    """Marking a flag as stale this way counts as a change of details.

    Raises:
        NotFound, FlagArchived: for the flag.
        BadData: the change breaks a rule.
    """
    old = flags.load_active(unit.tx, name, project)
    new = change.applied_to(old)
    _save(unit, old, new)
    return new


def patch(unit: Unit, project: str, name: str, patches: Sequence[Patch]) -> Flag:
    """Marking a flag as stale this way counts as that, too.

    Raises:
        NotFound, FlagArchived: for the flag.
        BadData: the patch does not fit, or breaks a rule.
        InvalidOperation: it is about variants, which have a route of their own.
    """
    if any(each.path.startswith("/variants") for each in patches):
        raise InvalidOperation("Variants are changed in an environment, at .../environments/{environment}/variants.")
    old = flags.load_active(unit.tx, name, project)
    document = old.payload(flags.rollup(unit.tx, name))
    new = patched(document, patches, FlagMetadata).change().applied_to(old)
    _save(unit, old, new)
    if new.stale != old.stale:
        _record_staleness(unit, new)
    return new


def mark_stale(unit: Unit, project: str, name: str, stale: bool) -> None:
    """Does nothing for a flag that is archived, gone, or as it should be."""
    flag = flags.find(unit.tx, name)
    if flag is None or flag.project != project or flag.archived_at is not None or flag.stale == stale:
        return
    marked = marked_stale(flag, stale)
    flags.save(unit.tx, marked)
    _record_staleness(unit, marked)


def mark_potentially_stale(unit: Unit, names: Sequence[str]) -> None:
    """Brings the mark of each flag in line with its age; only that it appears is an event."""
    days = lifetimes(unit.tx)
    for name in sorted(names):
        flag = flags.find(unit.tx, name)
        if flag is None or flag.archived_at is not None or flag.stale:
            continue
        now_marked = outlived(flag.created_at, days.get(flag.type), unit.now)
        if now_marked != flag.potentially_stale:
            _mark_potentially_stale(unit, flag, now_marked)


def _mark_potentially_stale(unit: Unit, flag: Flag, marked: bool) -> None:
    new = replace(flag, potentially_stale=marked)
    flags.save(unit.tx, new)
    if marked:
        unit.record(
            FeaturePotentiallyStaleOn(feature_name=flag.name, project=flag.project),
            _state(unit, new),
        )
    else:
        unit.silent(f"flag/{flag.name}", "no event says that a flag is no longer potentially stale")


def _record_staleness(unit: Unit, flag: Flag) -> None:
    event = FeatureStaleOn if flag.stale else FeatureStaleOff
    unit.record(event(feature_name=flag.name, project=flag.project), _state(unit, flag))


def _save(unit: Unit, old: Flag, new: Flag) -> None:
    if new == old:
        return
    rollup = flags.rollup(unit.tx, new.name)
    flags.save(unit.tx, new)
    unit.record(
        FeatureMetadataUpdated(
            feature_name=new.name, project=new.project, data=new.payload(rollup), pre_data=old.payload(rollup)
        ),
        _state(unit, new),
    )


def _state(unit: Unit, flag: Flag) -> FlagState:
    return flag.state(tags.tags_of(unit.tx, flag.name), relations.relations_of(unit.tx, flag.name))
