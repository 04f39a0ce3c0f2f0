"""What happens to flags when their project gets an environment, or loses one. The project is locked meanwhile."""

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands.editor import Editor
from flagkeeper.features.flags.store import environments, flags


def attach(unit: Unit, project: str, environment: str) -> None:
    """Every flag of the project, archived ones too, gets the environment: off and without strategies."""
    names = flags.names_of_project(unit.tx, project)
    environments.add_environment(unit.tx, names, environment)
    for name in names:
        unit.silent(f"flag/{name}/{environment}", "that the project got the environment says it for all its flags")


def detach(unit: Unit, project: str, environment: str) -> None:
    """Every flag of the project, archived ones too, loses the environment; what it had there is recorded as removed.

    Raises:
        LimitExceeded: that is too much for one unit (raised when the unit ends).
    """
    for name in flags.names_of_project(unit.tx, project):
        flag = flags.load(unit.tx, name, project)
        editor = Editor(unit, flag, environment, environments.load(unit.tx, name, environment))
        editor.switch(False)
        editor.set_variants([])
        for strategy in editor.state.strategies:
            editor.remove(strategy.id)
        environments.remove_environment(unit.tx, name, environment)
        unit.silent(f"flag/{name}/{environment}", "that the project lost the environment says it for all its flags")
