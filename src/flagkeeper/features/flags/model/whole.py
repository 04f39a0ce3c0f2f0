"""Flags as an import brings them: whole, with all environments. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import asdict, replace

from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.features.flags.model.environment import OFF, FlagEnvironment
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.kernel.clock import Millis


class WholeFlag(msgspec.Struct, frozen=True, kw_only=True):
    """What an import wants a flag to be; tags come by themselves. Whoever imports it has created it."""

    name: str
    project: str
    type: str
    description: str | None
    stale: bool
    impression_data: bool
    created_at: Millis | None
    """None: now. A flag that is there keeps its own."""
    archived: bool
    archived_at: Millis | None
    """None, of one that is archived: since the import, or as long as it has been."""
    environments: dict[str, FlagEnvironment]
    """Where it is left out, it is off."""

    def flag(self, old: Flag | None, now: Millis, created_by: str, created_by_user_id: int) -> Flag:
        """It, in the place of `old` if there was one."""
        return Flag(
            name=self.name,
            project=self.project,
            type=self.type,
            description=self.description,
            stale=self.stale,
            potentially_stale=old.potentially_stale and not self.stale if old else False,
            impression_data=self.impression_data,
            created_at=old.created_at if old else self.created_at or now,
            created_by=old.created_by if old else created_by,
            created_by_user_id=old.created_by_user_id if old else created_by_user_id,
            archived_at=self._archived_at(old, now),
        )

    def _archived_at(self, old: Flag | None, now: Millis) -> Millis | None:
        if not self.archived:
            return None
        return self.archived_at or (old.archived_at if old else None) or now

    def states(self, names: Iterable[str]) -> dict[str, FlagEnvironment]:
        """In these environments, those of its project."""
        return {name: self.environments.get(name, OFF) for name in sorted(names)}


def content(strategies: Iterable[StrategyData]) -> list[dict[str, Any]]:
    """What strategies do, whatever their ids and numbers are."""
    return [asdict(replace(strategy, id="", sort_order=0)) for strategy in strategies]
