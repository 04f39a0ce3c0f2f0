"""Moving flags from one project to another."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.feature import FeatureProjectChange, ProjectChangeData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.context_fields.queries import fields_among
from flagkeeper.features.flags.commands.editor import Editor
from flagkeeper.features.flags.model.environment import OFF, FlagEnvironment, gone_from, states_of
from flagkeeper.features.flags.model.flag import Flag, check_naming
from flagkeeper.features.flags.queries.rules import foreign_segments
from flagkeeper.features.flags.store import environments, flags, relations, tags
from flagkeeper.features.projects import queries as projects
from flagkeeper.kernel.errors import IncompatibleProject, InvalidOperation, LimitExceeded


def move(unit: Unit, project: str, name: str, new_project: str) -> None:
    """Puts a flag into another project, with its state in the environments that both have. Where the new one has
    others, it is off; where it lacks one, what the flag had there is recorded as removed, before it moves. Does nothing
    for a flag that is there already.

    Raises:
        NotFound: there is no such flag in the project, or no such other project, or one of them is archived.
        FlagArchived: the flag has to be revived first.
        IncompatibleProject: it is on in an environment that the other project does not have, or uses a segment or a
            context field that the other project must not use.
        InvalidOperation: it depends on flags, or flags depend on it.
        PatternMismatch, LimitExceeded: the other project wants other names, or has as many flags as it may have.
    """
    projects.lock_shared(unit.tx, project)
    flag = flags.load_active(unit.tx, name, project)
    target = projects.lock_shared(unit.tx, new_project)
    if new_project == project:
        return
    check_naming(name, target.feature_naming.pattern)
    if target.feature_limit is not None and flags.count(unit.tx, new_project) >= target.feature_limit:
        raise LimitExceeded(f"The project {new_project!r} allows {target.feature_limit} flags and has them.")
    own = relations.relations_of(unit.tx, name)
    if own.dependencies or relations.children_of(unit.tx, name):
        raise InvalidOperation(
            f"Flags that depend on others stay where they are. Remove dependencies of {name!r} first."
        )
    states = environments.load_all(unit.tx, name)
    places = [each.name for each in projects.environments_of(unit.tx, new_project)]
    kept = {place: state for place, state in states.items() if place in places}
    lost = {place: state for place, state in states.items() if place not in places}
    _demand_fits(unit, new_project, kept, lost)
    _leave(unit, flag, lost)
    moved = replace(flag, project=new_project)
    flags.save(unit.tx, moved)
    gained = {place: OFF for place in places if place not in states}
    environments.add(unit.tx, name, gained)
    unit.record(
        FeatureProjectChange(
            feature_name=name,
            project=new_project,
            data=ProjectChangeData(new_project=new_project, old_project=project),
        ),
        moved.state(tags.tags_of(unit.tx, name), own),
        also={**states_of(name, new_project, kept | gained), **gone_from(name, lost)},
    )


def _demand_fits(
    unit: Unit, project: str, kept: Mapping[str, FlagEnvironment], lost: Mapping[str, FlagEnvironment]
) -> None:
    """Raises `IncompatibleProject`."""
    if on := [place for place, state in lost.items() if state.enabled]:
        raise IncompatibleProject(
            f"The flag is on in {_list(on)}, which the project {project!r} does not have. Switch it off there, or give "
            "the project the environment."
        )
    strategies = [strategy for state in kept.values() for strategy in state.strategies]
    if foreign := foreign_segments(unit.tx, project, {id_ for each in strategies for id_ in each.segments}):
        raise IncompatibleProject(f"Its strategies use segments of another project: {_list(map(str, foreign))}.")
    names = sorted({constraint.context_name for each in strategies for constraint in each.constraints})
    fields = [each.name for each in fields_among(unit.tx, names) if each.project not in (None, project)]
    if fields:
        raise IncompatibleProject(f"Its strategies use context fields of another project: {_list(fields)}.")


def _leave(unit: Unit, flag: Flag, lost: Mapping[str, FlagEnvironment]) -> None:
    for place, state in lost.items():
        editor = Editor(unit, flag, place, state)
        editor.set_variants([])
        for strategy in state.strategies:
            editor.remove(strategy.id)
        environments.remove_environment(unit.tx, [flag.name], place)


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
