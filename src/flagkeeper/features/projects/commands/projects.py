"""Changing projects themselves: load, decide, write, record."""

from collections.abc import Sequence

from msgspec.structs import asdict, replace

from flagkeeper.eventlog.catalogue.project import (
    NewProjectData,
    NewProjectEnvironment,
    ProjectArchived,
    ProjectCreated,
    ProjectDeleted,
    ProjectImport,
    ProjectRevived,
    ProjectUpdated,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone, State
from flagkeeper.features.access import commands as access
from flagkeeper.features.access.model import OWNER
from flagkeeper.features.environments import queries as environments
from flagkeeper.features.environments.model import Environment
from flagkeeper.features.projects import store
from flagkeeper.features.projects.commands.environments import record_attached
from flagkeeper.features.projects.model import (
    FavoriteProjectState,
    NewProject,
    Project,
    ProjectChange,
    ProjectDraft,
    ProjectEnvironmentState,
    ProjectState,
    check,
    check_new_id,
    demand_removable,
    first_project,
    free_id,
    health,
)
from flagkeeper.features.projects.ports import FlagCounts, ProjectFlags, ThingsOfProject
from flagkeeper.features.undertakings.model import PIECE
from flagkeeper.features.undertakings.queries import is_under_way
from flagkeeper.kernel.clock import Millis, to_iso
from flagkeeper.kernel.errors import (
    BadData,
    Conflict,
    Detail,
    LimitExceeded,
    NameExists,
    NotFound,
)
from flagkeeper.kernel.existing import Existing


def create(unit: Unit, wanted: NewProject) -> tuple[Project, list[Environment]]:
    """Makes a project of which the actor becomes the owner, if that is a person. Returns it with its environments.

    Raises:
        BadData: it breaks a rule, or there is no such environment.
        NameExists: the id is taken, if only by a project in the archive.
        LimitExceeded: there are too many projects already.
    """
    _demand_room(unit)
    project = wanted.draft(wanted.id or free_id(wanted.name, store.ids(unit.tx))).project(unit.now)
    check_new_id(project.id)
    check(project)
    found = _wanted_environments(unit, wanted.environments)
    _add(unit, project, found)
    if unit.actor.user_id > 0:
        access.grant(unit, project.id, unit.actor.user_id, OWNER.id)
    return project, found


def restore(unit: Unit, state: ProjectState) -> None:
    """Brings a project that was deleted back as it was, without any environment. Raises what `create` does."""
    if state.archived_at is None:
        _demand_room(unit)
    project = state.restored(unit.now)
    check(project, project)
    _add(unit, project, [])


def change(unit: Unit, project_id: str, change: ProjectChange, flags: ProjectFlags) -> None:
    """Changes what a project is and wants; what is left out stays.

    Raises:
        NotFound: there is no such project, or it is archived.
        BadData: it would break a rule.
    """
    old = store.load(unit.tx, project_id)
    new = change.applied_to(old)
    if new == old:
        return
    check(new, old)
    new = replace(new, updated_at=unit.now)
    store.save(unit.tx, new)
    well = _health(_counts(unit, project_id, flags))
    unit.record(
        ProjectUpdated(project=project_id, data=new.payload(well), pre_data=old.payload(well)),
        new.state(),
    )


def archive(unit: Unit, project_id: str, flags: ProjectFlags, at: Millis | None = None) -> None:
    """Puts a project out of use; does nothing for one that is in the archive. `at` restores since when it was; without
    it, now.

    Raises:
        NotFound: there is no such project.
        InvalidOperation: it has flags in use, or is the one that every server has.
        BadData: it did not exist at that time, or that time is still to come.
    """
    old = _demanded(unit, project_id)
    since = at or old.archived_at or unit.now
    if since == old.archived_at:
        return
    if not old.created_at <= since <= unit.now:
        raise BadData(f"The project {project_id!r} cannot have been archived at {to_iso(since)}.")
    demand_removable(project_id, _counts(unit, project_id, flags).active)
    put_away(unit, old, since)


def put_away(unit: Unit, project: Project, since: Millis) -> None:
    """Archives a project that may be, and which the unit has locked."""
    new = replace(project, archived_at=since, updated_at=unit.now)
    store.save(unit.tx, new)
    unit.record(ProjectArchived(project=project.id), new.state())


def revive(unit: Unit, project_id: str) -> None:
    """Brings a project back into use; does nothing for one that is.

    Raises:
        NotFound: there is no such project.
        Conflict: it is being deleted.
        LimitExceeded: there are too many projects in use already.
    """
    old = _demanded(unit, project_id)
    if old.archived_at is None:
        return
    if is_under_way(unit.tx, f"project/{project_id}"):
        raise Conflict(f"The project {project_id!r} is being deleted.")
    _demand_room(unit)
    new = replace(old, archived_at=None, updated_at=unit.now)
    store.save(unit.tx, new)
    unit.record(ProjectRevived(project=project_id), new.state())


def drop(unit: Unit, project_id: str, flags: ProjectFlags) -> None:
    """Deletes a project in which there are no flags, be it in the archive.

    Raises:
        NotFound: there is none.
        InvalidOperation: it is the one that every server has.
        Conflict: it has flags.
    """
    project = _demanded(unit, project_id)
    counts = _counts(unit, project_id, flags)
    demand_removable(project_id)
    if counts.active or counts.archived:
        raise Conflict(f"The project {project_id!r} has flags by now. Look again, then retry.")
    remove(unit, project)


def delete_piece(unit: Unit, project_id: str, flags: ProjectFlags, things: Sequence[ThingsOfProject]) -> bool:
    """Deletes a project, or some of what is in it. Whatever is left is in the archive meanwhile, where nobody adds to
    it. Returns whether the project is gone.

    Raises:
        NotFound: there is no such project.
        InvalidOperation: it has flags in use, or is the one that every server has.
    """
    project = _demanded(unit, project_id)
    demand_removable(project_id, _counts(unit, project_id, flags).active)
    room = PIECE
    for delete_some in things:
        room -= delete_some(unit, project_id, room)
        if room <= 0:
            if project.archived_at is None:
                put_away(unit, project, unit.now)
            return False
    remove(unit, project)
    return True


def remove(unit: Unit, project: Project) -> None:
    """Deletes a project that the unit has locked, with its environments and roles; it has nothing else any more."""
    attached = store.attached(unit.tx, project.id)
    for environment in attached:
        store.detach(unit.tx, project.id, environment)
    gone: dict[str, State] = {f"project/{project.id}/{each}": Gone(ProjectEnvironmentState) for each in attached}
    if store.favorite_of(unit.tx, project.id):
        store.remove_favorites(unit.tx, project.id)
        gone[f"favorite-project/{project.id}"] = Gone(FavoriteProjectState)
    gone |= access.forget_project(unit, project.id)
    store.remove(unit.tx, project.id)
    unit.record(ProjectDeleted(project=project.id), Gone(ProjectState), also=gone)


def bring(unit: Unit, draft: ProjectDraft, existing: Existing, flags: ProjectFlags) -> None:
    """Makes a project what an import says, or a new one of it, which has no environment yet.

    Raises:
        BadData: the draft breaks a rule.
        Conflict: the project is archived.
    """
    old = store.find(unit.tx, draft.id)
    check(draft, old)
    if old is None:
        new = draft.project(unit.now)
        store.add(unit.tx, new)
    elif old.archived_at is not None:
        raise Conflict(f"The project {draft.id!r} is archived by now. Import again.")
    elif existing is Existing.KEEP:
        return
    else:
        new = draft.applied_to(old)
        if new == old and existing is Existing.REPLACE:
            return
        new = replace(new, updated_at=unit.now)
        store.save(unit.tx, new)
    unit.record(ProjectImport(data=new.payload(_health(_counts(unit, new.id, flags)))), new.state())


def seed(unit: Unit) -> None:
    """Creates the project of a new server, with every environment that there is, unless it is there already."""
    project = first_project(unit.now)
    if store.find(unit.tx, project.id) is None:
        _add(unit, project, environments.all_environments(unit.tx))


def _add(unit: Unit, project: Project, attached: Sequence[Environment]) -> None:
    if not store.add(unit.tx, project):
        raise NameExists(f"There is a project with the id {project.id!r} already, perhaps in the archive.")
    payload = project.payload(_health(FlagCounts()))
    data = NewProjectData(
        **asdict(payload),
        environments=[environment.name for environment in attached],
        change_request_environments=[
            NewProjectEnvironment(name=environment.name, required_approvals=environment.required_approvals)
            for environment in attached
            if environment.required_approvals is not None
        ],
    )
    unit.record(ProjectCreated(project=project.id, data=data), project.state())
    for environment in attached:
        store.attach(unit.tx, project.id, environment.name, None)
        record_attached(unit, project.id, environment.name, None, {})


def _wanted_environments(unit: Unit, names: Sequence[str] | None) -> list[Environment]:
    """Those of these names; None: those that are offered. Nobody may delete them until the unit ends."""
    known = environments.all_environments(unit.tx)
    if names is None:
        return [each for each in known if each.enabled] or known
    if unknown := sorted(set(names) - {each.name for each in known}):
        message = f"There is no environment called {unknown[0]!r}."
        raise BadData(message, Detail(message, "/body/environments"))
    if not names:
        message = "A project needs an environment."
        raise BadData(message, Detail("Name one, or leave this out to get all.", "/body/environments"))
    return [environments.lock_shared(unit.tx, each.name) for each in known if each.name in names]


def _demand_room(unit: Unit) -> None:
    most = unit.limits.projects
    if store.count(unit.tx) >= most:
        raise LimitExceeded(f"There are {most} projects in use already, which is the limit. Archive one first.")


def _demanded(unit: Unit, project_id: str) -> Project:
    """The project, archived or not, locked. Raises `NotFound`."""
    found = store.find(unit.tx, project_id)
    if found is None:
        raise NotFound(f"There is no project with the id {project_id!r}.")
    return found


def _counts(unit: Unit, project_id: str, flags: ProjectFlags) -> FlagCounts:
    return flags(unit.tx, [project_id]).get(project_id, FlagCounts())


def _health(counts: FlagCounts) -> int:
    return health(flags=counts.active, stale=counts.stale, potentially_stale=counts.potentially_stale)
