"""What happens to flags when their project gets an environment, or loses one. The project is locked meanwhile."""

from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import State
from flagkeeper.features.flags.commands.create import copies
from flagkeeper.features.flags.commands.editor import Editor
from flagkeeper.features.flags.model.environment import OFF, FlagEnvironment, gone_from, states_of
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
        LimitExceeded: that is too much for one unit: `clear` comes first then.
    """
    names = flags.names_of_project(unit.tx, project)
    for name in environments.used_in(unit.tx, project, environment):
        _clear(unit, project, name, environment)
    environments.remove_environment(unit.tx, names, environment)
    return {path: state for name in names for path, state in gone_from(name, [environment]).items()}


def clear(unit: Unit, project: str, environment: str, most: int) -> int:
    """Flags of the project, archived ones too, lose what they have in an environment, about `most` events at once.
    Returns how many; less than `most`: nothing is left there."""
    done = 0
    for name in environments.used_in(unit.tx, project, environment):
        if done >= most:
            break
        done += _clear(unit, project, name, environment)
    return done


def copy(unit: Unit, project: str, source: str, target: str, after: str, most: int) -> tuple[int, str | None]:
    """Flags of the project, archived ones too, get in an environment what they have in another one: those whose names
    come after one, about `most` events at once. What somebody gave them there meanwhile stays. Returns how many events,
    and the last flag; None: there are no others."""
    done, last = 0, after
    for name in environments.used_in(unit.tx, project, source):
        if name <= after:
            continue
        if done >= most:
            return done, last
        flag, last = flags.load(unit.tx, name, project), name
        editor = Editor(unit, flag, target, environments.load(unit.tx, name, target))
        if editor.state == OFF:
            state = environments.load(unit.tx, name, source)
            editor.set_variants(state.variants)
            for strategy in copies(state.strategies, None):
                editor.add(strategy)
            editor.switch(state.enabled)
            done += _weight(state)
    return done, None


def _clear(unit: Unit, project: str, name: str, environment: str) -> int:
    """Returns how many events that was."""
    state = environments.load(unit.tx, name, environment)
    editor = Editor(unit, flags.load(unit.tx, name, project), environment, state)
    editor.switch(False)
    editor.set_variants([])
    for strategy in state.strategies:
        editor.remove(strategy.id)
    return _weight(state)


def _weight(state: FlagEnvironment) -> int:
    return int(state.enabled) + bool(state.variants) + len(state.strategies)
