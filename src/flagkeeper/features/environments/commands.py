"""Changing environments: load, decide, write, record."""

from collections.abc import Mapping

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.environment import (
    EnvironmentCreated,
    EnvironmentDeleted,
    EnvironmentImport,
    EnvironmentUpdated,
)
from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.step import Ports
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.access import commands as access
from flagkeeper.features.environments import store
from flagkeeper.features.environments.model import (
    BUILT_IN,
    Environment,
    EnvironmentChange,
    EnvironmentDraft,
    EnvironmentState,
    changed,
    check_sort_order,
    drafted,
)
from flagkeeper.features.environments.ports import (
    EnvironmentCopy,
    EnvironmentProjects,
    EnvironmentUses,
    TokensOfEnvironment,
)
from flagkeeper.features.undertakings.model import PIECE
from flagkeeper.kernel.errors import (
    BadData,
    Conflict,
    Detail,
    InvalidOperation,
    LimitExceeded,
    NameExists,
    NotFound,
)
from flagkeeper.kernel.existing import Existing


def set_enabled(unit: Unit, name: str, enabled: bool) -> None:
    """Raises `NotFound`."""
    old = store.load(unit.tx, name)
    _save(unit, old, replace(old, enabled=enabled))


def set_sort_orders(unit: Unit, sort_orders: Mapping[str, int]) -> None:
    """Gives some environments a new place.

    Raises:
        NotFound, BadData: an unknown environment, or an impossible number; then none of them is moved.
    """
    known = store.load_all(unit.tx)
    for name, sort_order in sorted(sort_orders.items()):
        if name not in known:
            raise NotFound(f"There is no environment called {name!r}.")
        check_sort_order(sort_order, name)
        _save(unit, known[name], replace(known[name], sort_order=sort_order))


def create(unit: Unit, draft: EnvironmentDraft) -> Environment:
    """Raises `BadData`, `NameExists` or `LimitExceeded`."""
    known, most = store.load_all(unit.tx), unit.limits.environments
    new = drafted(draft, max((each.sort_order for each in known.values()), default=0))
    if new.name in known:
        raise NameExists(f"There is an environment called {new.name!r} already.")
    if len(known) >= most:
        raise LimitExceeded(f"There are {most} environments already, which is the limit. Delete one first.")
    store.add(unit.tx, new)
    unit.record(EnvironmentCreated(environment=new.name, data=new.payload()), new.state())
    return new


def update(unit: Unit, name: str, change: EnvironmentChange) -> None:
    """Raises `NotFound` or `BadData`."""
    old = store.load(unit.tx, name)
    _save(unit, old, changed(old, change))


def delete(unit: Unit, name: str, uses: EnvironmentUses) -> None:
    """Deletes an environment that nothing uses.

    Raises:
        NotFound: there is none.
        InvalidOperation: it is protected, or the only one.
        Conflict: a project has it, or a token reads it; the details count them.
    """
    environment = _removable(unit, name)
    projects = uses.in_projects.having(unit, name)
    tokens, flags = (count(unit.tx, None, EVERYTHING).get(name, 0) for count in (uses.tokens, uses.enabled_flags))
    if projects or tokens:
        named = ", ".join(projects[:10]) + (" and more" if len(projects) > 10 else "")
        raise Conflict(
            f"The environment {name!r} is in use. Take it away from its projects, and delete the tokens that read it; "
            "or delete it with `?force=true`, and all of that with it.",
            Detail(f"{len(projects)} projects have it: {named}" if projects else "No project has it."),
            Detail(f"{flags} flags are on in it."),
            Detail(f"{tokens} API tokens read it."),
        )
    _remove(unit, environment)


def delete_piece(
    unit: Unit, name: str, projects: EnvironmentProjects, tokens: TokensOfEnvironment, ports: Ports
) -> bool:
    """Deletes an environment with what flags and projects have in it and the tokens that read it, or some of that.
    Returns whether it is gone.

    Raises:
        NotFound, InvalidOperation: as `delete`.
        Conflict: it is the only one that a project has.
    """
    environment = _removable(unit, name)
    room = PIECE - projects.take_away(unit, name, PIECE, ports)
    if room > 0:
        room -= tokens(unit, name, room)
    if room <= 0:
        return False
    _remove(unit, environment)
    return True


def clone_piece(
    unit: Unit, copy: EnvironmentCopy, projects: EnvironmentProjects, ports: Ports
) -> EnvironmentCopy | None:
    """Makes a new environment with what is in another one, or some of that. Returns what is left. None: nothing.

    Raises:
        NotFound: there is no such source.
        BadData: one of the projects does not have the source, or the new one breaks a rule.
        NameExists, LimitExceeded: as `create`.
    """
    if copy.draft is not None:
        copy = _begin_clone(unit, copy, copy.draft, projects.having(unit, copy.source))
    return projects.copy(unit, copy, ports)


def _begin_clone(unit: Unit, copy: EnvironmentCopy, draft: EnvironmentDraft, having: list[str]) -> EnvironmentCopy:
    source = store.load(unit.tx, copy.source)
    chosen = having if copy.projects is None else list(dict.fromkeys(copy.projects))
    if others := [each for each in chosen if each not in having]:
        message = f"There is no project {others[0]!r} that has the environment {copy.source!r}."
        raise BadData(message, Detail(message, "/body/projects"))
    create(unit, replace(draft, required_approvals=source.required_approvals))
    if copy.permissions:
        access.copy_environment(unit, copy.source, copy.name)
    return replace(copy, draft=None, projects=chosen)


def bring(unit: Unit, environment: Environment, existing: Existing) -> None:
    """Makes an environment what an import says, or a new one of it."""
    old = store.find(unit.tx, environment.name)
    if old is None:
        store.add(unit.tx, environment)
    elif existing is Existing.KEEP or (existing is Existing.REPLACE and old == environment):
        return
    else:
        store.save(unit.tx, environment)
    unit.record(EnvironmentImport(data=environment.payload()), environment.state())


def seed(unit: Unit) -> None:
    """Creates the environments of a new server that are not there yet."""
    for environment in BUILT_IN:
        if store.add(unit.tx, environment):
            unit.record(
                EnvironmentCreated(environment=environment.name, data=environment.payload()), environment.state()
            )


def _removable(unit: Unit, name: str) -> Environment:
    """The environment, locked with all others. Raises `NotFound`, or `InvalidOperation` when it has to stay."""
    known = store.load_all(unit.tx)
    if name not in known:
        raise NotFound(f"There is no environment called {name!r}.")
    if known[name].protected or len(known) == 1:
        raise InvalidOperation(f"The environment {name!r} is protected, or the only one, and cannot be deleted.")
    return known[name]


def _remove(unit: Unit, environment: Environment) -> None:
    """Roles no longer allow anything in it: another one that gets its name begins anew."""
    access.forget_environment(unit, environment.name)
    store.remove(unit.tx, environment.name)
    unit.record(
        EnvironmentDeleted(environment=environment.name, pre_data=environment.payload()), Gone(EnvironmentState)
    )


def _save(unit: Unit, old: Environment, new: Environment) -> None:
    if new == old:
        return
    store.save(unit.tx, new)
    unit.record(EnvironmentUpdated(environment=new.name, data=new.payload(), pre_data=old.payload()), new.state())
