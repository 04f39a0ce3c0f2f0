"""The states of projects and of what they have in environments, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.projects import queries, steps
from flagkeeper.features.projects.model import (
    FavoriteProjectState,
    ProjectChange,
    ProjectEnvironmentState,
    ProjectState,
)
from flagkeeper.kernel.clock import from_iso
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class ProjectKeeper:
    """Of all projects, `project/{id}`."""

    pattern = "project/{id}"
    state = ProjectState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, ProjectState]:
        found = queries.projects_among(tx, [names(path, 1)[0] for path in paths])
        return {f"project/{each.id}": each.state() for each in found}

    def refers(self, _path: str, _state: ProjectState) -> Iterable[str]:
        return []

    def steps(self, path: str, now: ProjectState | None, then: ProjectState | None) -> list[Step]:
        (project,) = names(path, 1)
        if now == then:
            return []
        if then is None:
            return [Step(steps.DELETE.name, steps.Named(project=project))]
        if now is None:
            return [Step(steps.RESTORE.name, then)]
        if now.created_at != then.created_at:
            raise InvalidOperation(
                f"The project {project!r} of {now.created_at} is another one than that of {then.created_at}. Delete "
                "the one to get the other back."
            )
        found: list[Step] = []
        change = then.change_from(now)
        if now.archived_at and (change != ProjectChange() or then.archived_at is None):
            found.append(Step(steps.REVIVE.name, steps.Named(project=project)))
        if change != ProjectChange():
            found.append(Step(steps.CHANGE.name, steps.Change(project=project, change=change)))
        if then.archived_at and (found or then.archived_at != now.archived_at):
            since = from_iso(then.archived_at)
            found.append(Step(steps.ARCHIVE.name, steps.Archive(project=project, at=since)))
        return found


class ProjectEnvironmentKeeper:
    """Of what each project has in an environment, beside its flags: `project/{project}/{environment}`."""

    pattern = "project/{project}/{environment}"
    state = ProjectEnvironmentState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, ProjectEnvironmentState]:
        found = queries.attached_to(tx, sorted({names(path, 2)[0] for path in paths}))
        states = {
            f"project/{project}/{environment}": ProjectEnvironmentState(default_strategy=strategy)
            for project, environment, strategy in found
        }
        return {path: states[path] for path in paths if path in states}

    def refers(self, path: str, state: ProjectEnvironmentState) -> Iterable[str]:
        project, environment = names(path, 2)
        strategy = state.default_strategy
        used = [f"strategy/{strategy.name}", *(f"segment/{id_}" for id_ in strategy.segments)] if strategy else []
        return [f"project/{project}", f"environment/{environment}", *used]

    def steps(self, path: str, now: ProjectEnvironmentState | None, then: ProjectEnvironmentState | None) -> list[Step]:
        if now == then:
            return []
        project, environment = names(path, 2)
        where = steps.Where(project=project, environment=environment)
        if then is None:
            return [Step(steps.REMOVE_ENVIRONMENT.name, where)]
        strategy = then.default_strategy
        if now is None:
            added = steps.AddEnvironment(project=project, environment=environment, default_strategy=strategy)
            return [Step(steps.ADD_ENVIRONMENT.name, added)]
        if strategy is None:
            return [Step(steps.RESET_DEFAULT_STRATEGY.name, where)]
        wanted = steps.SetDefaultStrategy(project=project, environment=environment, strategy=strategy)
        return [Step(steps.SET_DEFAULT_STRATEGY.name, wanted)]


class FavoriteProjectKeeper:
    """Of who has a project among their favourites, `favorite-project/{project}`. Each step is for one person."""

    pattern = "favorite-project/{project}"
    state = FavoriteProjectState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, FavoriteProjectState]:
        return queries.favorite_states(tx, [names(path, 1)[0] for path in paths])

    def refers(self, path: str, state: FavoriteProjectState) -> Iterable[str]:
        return [f"project/{names(path, 1)[0]}", *(f"user/{user}" for user in state.users)]

    def steps(self, path: str, now: FavoriteProjectState | None, then: FavoriteProjectState | None) -> list[Step]:
        (project,) = names(path, 1)
        before, after = set(now.users if now else ()), set(then.users if then else ())
        changes = [(steps.REMOVE_FAVORITE, user) for user in sorted(before - after)]
        changes += [(steps.ADD_FAVORITE, user) for user in sorted(after - before)]
        return [Step(op.name, steps.OwnFavorite(project=project, user_id=user)) for op, user in changes]


KEEPERS = (ProjectKeeper(), ProjectEnvironmentKeeper(), FavoriteProjectKeeper())
