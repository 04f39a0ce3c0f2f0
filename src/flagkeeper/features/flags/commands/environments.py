"""What happens to flags when their project gets an environment, or loses one. The project is locked meanwhile."""

from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import State
from flagkeeper.features.flags.commands.editor import Editor
from flagkeeper.features.flags.model.environment import OFF, gone_from, states_of
from flagkeeper.features.flags.store import environments, flags


def attach(unit: Unit, project: str, environment: str) -> dict[str, State]:
    """Every flag of the project, archived ones too, gets the environment: off and without strategies. Returns their
    versions, for the event about the project: it says it for all its flags."""
    names = flags.names_of_project(unit.tx, project)
    environments.add_environment(unit.tx, names, environment)
    return {path: state for name in names for path, state in states_of(name, project, {environment: OFF}).items()}


def detach(unit: Unit, project: str, environment: str) -> dict[str, State]:
    """Every flag of the project, archived ones too, loses the environment; what it had there is recorded as removed.
    Returns their versions, as `attach`.

    Raises:
        LimitExceeded: that is too much for one unit (raised when the unit ends).
    """
    names = flags.names_of_project(unit.tx, project)
    for name in names:
        flag = flags.load(unit.tx, name, project)
        editor = Editor(unit, flag, environment, environments.load(unit.tx, name, environment))
        editor.switch(False)
        editor.set_variants([])
        for strategy in editor.state.strategies:
            editor.remove(strategy.id)
        environments.remove_environment(unit.tx, name, environment)
    return {path: state for name in names for path, state in gone_from(name, [environment]).items()}
