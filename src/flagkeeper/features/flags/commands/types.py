"""Types of flags."""

from flagkeeper.eventlog.catalogue.feature import FeatureTypeUpdated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.flag_type import BUILT_IN, FlagType
from flagkeeper.features.flags.store import types


def seed(unit: Unit) -> None:
    """Creates the types of a new server that are not there yet. No event tells of it: types are part of Flagkeeper."""
    for flag_type in BUILT_IN:
        types.add(unit.tx, flag_type)
    unit.silent("flag-type", "types come with the server; only their lifetimes change")


def set_lifetime(unit: Unit, type_id: str, days: int | None) -> FlagType:
    """Raises `NotFound` or `BadData`."""
    old = types.load(unit.tx, type_id)
    new = old.with_lifetime(days)
    if new != old:
        types.set_lifetime(unit.tx, type_id, new.lifetime_days)
        unit.record(FeatureTypeUpdated(data=new.payload(), pre_data=old.payload()), new.state())
    return new
