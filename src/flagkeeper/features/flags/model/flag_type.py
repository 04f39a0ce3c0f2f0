"""Types of flags and how long flags of each are expected to live. Pure."""

from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.feature import FlagTypeData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail

LONGEST_LIFETIME = 2**31 - 1


class FlagType(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    description: str
    lifetime_days: int | None
    """None: such flags may live forever."""
    sort_order: int

    def payload(self) -> FlagTypeData:
        """How events show it."""
        return FlagTypeData(id=self.id, name=self.name, description=self.description, lifetime_days=self.lifetime_days)

    def state(self) -> "FlagTypeState":
        return FlagTypeState(lifetime_days=self.lifetime_days)

    def with_lifetime(self, days: int | None) -> "FlagType":
        """0 days mean forever, as existing clients say it.

        Raises:
            BadData: it is no number of days.
        """
        if days is not None and not 0 <= days <= LONGEST_LIFETIME:
            message = f"A lifetime is a number of days from 0 to {LONGEST_LIFETIME}; 0 or null: unlimited."
            raise BadData(message, Detail(message, "/body/lifetimeDays"))
        return msgspec.structs.replace(self, lifetime_days=days or None)


class FlagTypeState(Snapshot, frozen=True, kw_only=True):
    """A version of a flag type: all that can change of it."""

    kind: ClassVar = "flag-type"
    lifetime_days: int | None


def _built_in(order: int, id_: str, name: str, lifetime_days: int | None, description: str) -> FlagType:
    return FlagType(id=id_, name=name, description=description, lifetime_days=lifetime_days, sort_order=order)


BUILT_IN = (
    _built_in(0, "release", "Release", 40, "Brings a new feature to users step by step."),
    _built_in(1, "experiment", "Experiment", 40, "Compares variants to learn which one works best."),
    _built_in(2, "operational", "Operational", 7, "Guards a technical change while it is rolled out."),
    _built_in(3, "kill-switch", "Kill switch", None, "Turns a part of the system off when something goes wrong."),
    _built_in(4, "permission", "Permission", None, "Gives a feature to certain users."),
    _built_in(5, "sunset", "Sunset", 90, "Takes a feature away from users step by step."),
)
"""What a new server starts with."""


def outlived(created_at: clock.Millis, lifetime_days: int | None, now: clock.Millis) -> bool:
    """Whether a flag is older than its type allows."""
    return lifetime_days is not None and now - created_at > lifetime_days * clock.DAY
