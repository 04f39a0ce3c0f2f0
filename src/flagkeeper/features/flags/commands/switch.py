"""Switching flags on and off in an environment."""

from msgspec.structs import replace

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands.editor import edit
from flagkeeper.features.flags.queries.rules import default_strategy


def turn_on(
    unit: Unit, project: str, name: str, environment: str, *, activate_disabled_strategies: bool = False
) -> None:
    """A flag without an enabled strategy gets the project's default one, unless its disabled ones are to be enabled
    instead.

    Raises:
        NotFound: the project has no such flag or environment, or its default strategy uses a segment that is gone.
        FlagArchived: the flag has to be revived first.
        LimitExceeded: there is no room for the default strategy.
    """
    editor = edit(unit, project, name, environment)
    if activate_disabled_strategies:
        for strategy in editor.state.strategies:
            editor.change(replace(strategy, disabled=False))
    if not editor.state.has_enabled_strategy:
        editor.add(default_strategy(unit.tx, editor.flag, environment, editor.state))
    editor.switch(True)


def turn_off(unit: Unit, project: str, name: str, environment: str) -> None:
    """Raises `NotFound` or `FlagArchived`."""
    edit(unit, project, name, environment).switch(False)
