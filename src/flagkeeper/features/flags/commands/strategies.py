"""The strategies of a flag in an environment."""

from collections.abc import Sequence

from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands.editor import Editor, edit
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.json_patch import Patch, patched
from flagkeeper.features.flags.model.strategy import (
    Setting,
    StrategyChange,
    StrategyDraft,
    changed_strategy,
    check_sort_order,
    new_strategy,
)
from flagkeeper.features.flags.queries.rules import demand_segments, percentages_of
from flagkeeper.features.projects import queries as projects
from flagkeeper.kernel.ids import new_ulid


def add(unit: Unit, project: str, name: str, environment: str, draft: StrategyDraft) -> StrategyData:
    """Raises `NotFound` (flag, environment, segment), `FlagArchived`, `BadData` or `LimitExceeded`."""
    stickiness = projects.lock_shared(unit.tx, project).default_stickiness
    editor = edit(unit, project, name, environment)
    setting = setting_of(unit, editor.flag, draft.name, stickiness)
    strategy = new_strategy(draft, new_ulid(), editor.state.next_sort_order, setting)
    demand_segments(unit.tx, project, strategy.segments)
    editor.add(strategy)
    return strategy


def update(
    unit: Unit, project: str, name: str, environment: str, strategy_id: str, change: StrategyChange
) -> StrategyData:
    """Raises `NotFound` (flag, environment, strategy, segment), `FlagArchived` or `BadData`."""
    stickiness = projects.lock_shared(unit.tx, project).default_stickiness
    editor = edit(unit, project, name, environment)
    return _change(editor, editor.state.strategy(strategy_id), change, stickiness)


def patch(
    unit: Unit, project: str, name: str, environment: str, strategy_id: str, patches: Sequence[Patch]
) -> StrategyData:
    """Raises `NotFound` (flag, environment, strategy, segment), `FlagArchived` or `BadData`."""
    stickiness = projects.lock_shared(unit.tx, project).default_stickiness
    editor = edit(unit, project, name, environment)
    old = editor.state.strategy(strategy_id)
    return _change(editor, old, patched(old, patches, StrategyChange), stickiness)


def remove(unit: Unit, project: str, name: str, environment: str, strategy_id: str) -> None:
    """A flag that would be on without an enabled strategy is switched off first.

    Raises:
        NotFound, FlagArchived: for flag, environment or strategy.
    """
    editor = edit(unit, project, name, environment)
    editor.state.strategy(strategy_id)
    if not editor.state.without_strategy(strategy_id).has_enabled_strategy:
        editor.switch(False)
    editor.remove(strategy_id)


def set_order(unit: Unit, project: str, name: str, environment: str, sort_orders: dict[str, int]) -> None:
    """Raises `NotFound` (flag, environment, strategy), `FlagArchived` or `BadData`."""
    for number in sort_orders.values():
        check_sort_order(number)
    edit(unit, project, name, environment).reorder(sort_orders)


def setting_of(unit: Unit, flag: Flag, strategy: str, stickiness: str) -> Setting:
    """What strategies of this definition are checked against. Raises `BadData` when there is no such definition."""
    return Setting(
        feature_name=flag.name,
        stickiness=stickiness,
        percentages=percentages_of(unit.tx, strategy),
        most_segments=unit.limits.strategy_segments,
    )


def _change(editor: Editor, old: StrategyData, change: StrategyChange, stickiness: str) -> StrategyData:
    new = changed_strategy(old, change, setting_of(editor.unit, editor.flag, old.name, stickiness))
    demand_segments(editor.unit.tx, editor.flag.project, set(new.segments) - set(old.segments))
    editor.change(new)
    if not editor.state.has_enabled_strategy:
        editor.switch(False)
    return new
