"""The life of a flag: that it is completed, which people say, and what follows from its usage."""

from collections.abc import Iterable

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.feature import FeatureCompleted, FeatureUncompleted
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.relations import CompletionDraft, Relations
from flagkeeper.features.flags.queries.lifecycle import on_in_production
from flagkeeper.features.flags.store import flags, relations, stages, tags
from flagkeeper.kernel.clock import Millis, to_iso
from flagkeeper.kernel.errors import BadData


def complete(unit: Unit, project: str, name: str, draft: CompletionDraft, at: Millis | None = None) -> None:
    """Says that a flag has done its work, or says it otherwise: then the old word is taken back first. `at` restores
    since when it was so; without it, now.

    Raises:
        NotFound, FlagArchived: for the flag.
        BadData: the kept variant cannot be, or that time is not in the life of the flag.
    """
    flag = flags.load_active(unit.tx, name, project)
    own = relations.relations_of(unit.tx, name)
    since = unit.now if at is None else at
    completion = draft.completion(since)
    if completion == own.completion or (at is None and completion.says_the_same(own.completion)):
        return
    if not flag.created_at <= since <= unit.now:
        raise BadData(f"The flag {name!r} cannot have been completed at {to_iso(since)}.")
    own = take_back(unit, flag, own)
    relations.complete(unit.tx, name, completion)
    unit.record(
        FeatureCompleted(feature_name=name, project=project, data=completion.payload()),
        flag.state(tags.tags_of(unit.tx, name), replace(own, completion=completion)),
    )


def uncomplete(unit: Unit, project: str, name: str) -> None:
    """Does nothing for a flag that is not completed. Raises `NotFound` or `FlagArchived`."""
    take_back(unit, flags.load_active(unit.tx, name, project), relations.relations_of(unit.tx, name))


def take_back(unit: Unit, flag: Flag, own: Relations) -> Relations:
    """The same for a flag that is locked. Returns its relations afterwards."""
    if own.completion is None:
        return own
    relations.uncomplete(unit.tx, flag.name)
    left = replace(own, completion=None)
    unit.record(
        FeatureUncompleted(feature_name=flag.name, project=flag.project),
        flag.state(tags.tags_of(unit.tx, flag.name), left),
    )
    return left


def follow_usage(unit: Unit, places: Iterable[tuple[str, str]]) -> None:
    """Keeps which flags were asked for the first time, and which for the first time where it counts: switched on in an
    environment of type production. Usage and not state, so it has no events."""
    wanted = set(places)
    names = sorted({flag for flag, _ in wanted})
    stages.enter_pre_live(unit.tx, stages.not_pre_live(unit.tx, names), unit.now)
    live = {flag for flag, environment in on_in_production(unit.tx, names) if (flag, environment) in wanted}
    stages.enter_live(unit.tx, sorted(live), unit.now)
