"""The strategies of a flag in an environment."""

from collections.abc import Sequence

from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.context_fields.queries import demand_legal
from flagkeeper.features.flags.commands.editor import Editor, edit
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.json_patch import Patch, patched
from flagkeeper.features.flags.model.strategy import (
    Setting,
    StrategyChange,
    StrategyDraft,
    changed_strategy,
    check_sort_order,
    draft_of,
    new_strategy,
)
from flagkeeper.features.flags.queries.rules import demand_segments, percentages_of
from flagkeeper.features.flags.store import environments as store
from flagkeeper.features.projects import queries as projects
from flagkeeper.kernel.errors import Conflict
from flagkeeper.kernel.ids import new_ulid


def add(unit: Unit, project: str, name: str, environment: str, draft: StrategyDraft) -> StrategyData:
    """Raises `NotFound` (flag, environment, segment), `FlagArchived`, `BadData` or `LimitExceeded`."""
    stickiness = projects.lock_shared(unit.tx, project).default_stickiness
    editor = edit(unit, project, name, environment)
    setting = setting_of(unit, editor.flag, draft.name, stickiness)
    strategy = new_strategy(draft, new_ulid(), editor.state.next_sort_order, setting)
    demand_legal(unit.tx, strategy.constraints, "/body/constraints")
    demand_segments(unit.tx, project, strategy.segments)
    editor.add(strategy)
    return strategy


def restore(unit: Unit, project: str, name: str, environment: str, strategy: StrategyData) -> None:
    """Brings a strategy that was removed back, as it was and under its id.

    Raises:
        NotFound, FlagArchived, BadData, LimitExceeded: as `add`.
        Conflict: there is a strategy with its id.
    """
    stickiness = projects.lock_shared(unit.tx, project).default_stickiness
    editor = edit(unit, project, name, environment)
    setting = setting_of(unit, editor.flag, strategy.name, stickiness)
    restored = new_strategy(draft_of(strategy), strategy.id, strategy.sort_order, setting)
    demand_segments(unit.tx, project, restored.segments)
    if store.has_strategy(unit.tx, strategy.id):
        raise Conflict(f"There is a strategy with the id {strategy.id!r}.")
    editor.add(restored)


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
        limits=unit.limits,
    )


def _change(editor: Editor, old: StrategyData, change: StrategyChange, stickiness: str) -> StrategyData:
    new = changed_strategy(old, change, setting_of(editor.unit, editor.flag, old.name, stickiness))
    demand_legal(editor.unit.tx, new.constraints, "/body/constraints", old.constraints)
    demand_segments(editor.unit.tx, editor.flag.project, set(new.segments) - set(old.segments))
    editor.change(new)
    if not editor.state.has_enabled_strategy:
        editor.switch(False)
    return new
