"""The update of version 4, which knew no environments: what it says about strategies and on or off holds in all.

It is one change with one event, `feature-updated`.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET
from msgspec.structs import asdict, replace

from flagkeeper.eventlog.catalogue.feature import FeatureUpdated
from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.context_fields.queries import demand_legal
from flagkeeper.features.flags.commands.editor import demand_room
from flagkeeper.features.flags.commands.strategies import setting_of
from flagkeeper.features.flags.model.environment import FlagEnvironment, states_of
from flagkeeper.features.flags.model.flag import Flag, OldFlagChange
from flagkeeper.features.flags.model.strategy import StrategyDraft, new_strategy
from flagkeeper.features.flags.queries.rules import default_strategy, demand_segments
from flagkeeper.features.flags.store import environments, flags, relations, tags
from flagkeeper.features.projects import queries as projects
from flagkeeper.kernel.ids import new_ulid


def update(unit: Unit, project: str, name: str, change: OldFlagChange) -> Flag:
    """Raises `NotFound` (flag, segment), `FlagArchived`, `BadData` or `LimitExceeded`."""
    stickiness = projects.lock_shared(unit.tx, project).default_stickiness
    old = flags.load_active(unit.tx, name, project)
    new = change.metadata().applied_to(old)
    before = environments.load_all(unit.tx, name)
    after = {place: _changed(unit, new, place, state, change, stickiness) for place, state in before.items()}
    if (new, after) == (old, before):
        return new
    flags.save(unit.tx, new)
    for place, state in after.items():
        environments.save(unit.tx, name, place, before[place], state, unit.now)
    unit.record(
        FeatureUpdated(feature_name=name, project=project, data=new.payload(flags.rollup(unit.tx, name))),
        new.state(tags.tags_of(unit.tx, name), relations.relations_of(unit.tx, name)),
        also=states_of(name, project, {place: state for place, state in after.items() if state != before[place]}),
    )
    return new


def _changed(
    unit: Unit, flag: Flag, environment: str, state: FlagEnvironment, change: OldFlagChange, stickiness: str
) -> FlagEnvironment:
    """The state that the change wants in one environment."""
    if change.strategies is not UNSET:
        wanted = _strategies(unit, flag, change.strategies, state, stickiness)
        if [_content(each) for each in wanted] != [_content(each) for each in state.strategies]:
            state = replace(state, strategies=wanted)
    if change.enabled is not UNSET:
        state = state.switched(change.enabled)
    if state.enabled and not state.has_enabled_strategy and (change.enabled, change.strategies) != (UNSET, UNSET):
        state = state.with_strategy(default_strategy(unit.tx, flag, environment, state))
    return state


def _strategies(
    unit: Unit, flag: Flag, drafts: Sequence[StrategyDraft], state: FlagEnvironment, stickiness: str
) -> list[StrategyData]:
    demand_room(unit, len(drafts))
    found = []
    before = [each for strategy in state.strategies for each in strategy.constraints]
    for place, draft in enumerate(drafts):
        demand_legal(unit.tx, draft.constraints, f"/body/strategies/{place}/constraints", before)
    for place, (draft, new_id) in enumerate(zip(drafts, sorted(new_ulid() for _ in drafts), strict=True)):
        setting = setting_of(unit, flag, draft.name, stickiness)
        strategy = new_strategy(replace(draft, sort_order=place), new_id, place, setting)
        demand_segments(unit.tx, flag.project, strategy.segments)
        found.append(strategy)
    return found


def _content(strategy: StrategyData) -> dict[str, Any]:
    """What a client of version 4 could see of a strategy."""
    return asdict(replace(strategy, id="", sort_order=0))
