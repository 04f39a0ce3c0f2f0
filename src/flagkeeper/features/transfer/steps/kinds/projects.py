"""Projects, and what they have in environments."""

from collections import defaultdict
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.flags.model.strategy import checked_default
from flagkeeper.features.projects.model import (
    DEFAULT_PROJECT,
    DEFAULT_STICKINESS,
    NO_NAMING,
    Mode,
    ProjectDraft,
    check,
    check_default_strategy,
)
from flagkeeper.features.projects.steps import REMOVE_ENVIRONMENT
from flagkeeper.features.projects.steps import Where as Attachment
from flagkeeper.features.transfer.model.document import ProjectItem, items
from flagkeeper.features.transfer.steps import ops
from flagkeeper.features.transfer.steps.kinds.strategies import percentages
from flagkeeper.features.transfer.steps.planning import Planning, Stage
from flagkeeper.kernel.existing import Existing

_DEFAULTS: dict[str, Any] = {
    "mode": Mode.OPEN,
    "default_stickiness": DEFAULT_STICKINESS,
    "feature_limit": None,
    "feature_naming": NO_NAMING,
    "link_templates": [],
}


def plan(p: Planning) -> None:
    p.announce("projects", Stage.PROJECTS, p.world.projects)
    found = items(p.document.projects)
    for number, each in enumerate(found):
        place = f"/body/projects/{number}"
        draft = _draft(p, each, place)
        with p.at(place):
            check(draft)
        old = p.world.projects.get(each.id)
        if old is not None and old.archived_at is not None:
            p.fault(f"The project {each.id!r} is archived here. Revive it first.", f"{place}/id")
        p.add(Stage.PROJECTS, ops.BRING_PROJECT, ops.BringProject(draft=draft, existing=p.existing))
    p.once("projects", [each.id for each in found])
    _attach(p)
    if len(p.attached_after) > p.limits.projects:
        p.fault(f"There would be more than {p.limits.projects} projects.", "/body/projects")


def plan_default_strategies(p: Planning) -> None:
    for number, each in enumerate(items(p.document.project_environments)):
        is_new = each.environment not in p.world.attached.get(each.project_id, {})
        if p.existing is Existing.KEEP and not is_new:
            continue
        strategy, place = each.default_strategy, f"/body/projectEnvironments/{number}/defaultStrategy"
        if strategy is not None:
            strategy = _checked(p, strategy, each.project_id, place)
        wanted = ops.Attach(
            project=each.project_id, environment=each.environment, strategy=strategy, existing=Existing.REPLACE
        )
        p.add(Stage.DEFAULT_STRATEGIES, ops.ATTACH, wanted)


def plan_leaving(p: Planning) -> None:
    """What is dropped goes at last; nothing that stays may need it."""
    for id_, project in sorted(p.world.projects.items()):
        if project.archived_at is None and id_ not in p.attached_after:
            _demand_empty(p, id_)
            p.add(Stage.PROJECTS_GO, ops.DROP_PROJECT, ops.Named(name=id_))
    for id_, after in sorted(p.attached_after.items()):
        for environment in sorted(p.world.attached.get(id_, {}).keys() - after):
            busy = [
                flag
                for flag, standing in p.staying.items()
                if standing.project == id_ and environment in p.world.uses.environments.get(flag, ())
            ]
            if busy:
                message = (
                    f"The project {id_!r} would lose the environment {environment!r}, and flags are used there that "
                    f"the import does not have: {sorted(busy)[:10]}."
                )
                p.fault(message, "/body/projectEnvironments" if p.has("project_environments") else "/body/environments")
            where = Attachment(project=id_, environment=environment)
            p.add(Stage.ENVIRONMENTS_LEAVE_PROJECTS, REMOVE_ENVIRONMENT, where)


def _draft(p: Planning, item: ProjectItem, place: str) -> ProjectDraft:
    """What is left out, a project keeps."""
    old = p.world.projects.get(item.id)
    given = {name: getattr(item, name) for name in _DEFAULTS}
    own = {
        name: (getattr(old, name) if old else _DEFAULTS[name]) if value is UNSET else value
        for name, value in given.items()
    }
    own["feature_naming"] = own["feature_naming"] or NO_NAMING
    created_at = p.moment(item.created_at, f"{place}/createdAt")
    return ProjectDraft(id=item.id, name=item.name, description=item.description, created_at=created_at, **own)


def _attach(p: Planning) -> None:
    """Which environments each project will have: what the document says; else what it has, and where its flags are."""
    said: defaultdict[str, list[str]] = defaultdict(list)
    for each in items(p.document.project_environments):
        said[each.project_id].append(each.environment)
    brought = {each.id for each in items(p.document.projects)}
    kept = {
        id_
        for id_, project in p.world.projects.items()
        if project.archived_at is None and (not p.drops("projects") or id_ == DEFAULT_PROJECT)
    }
    asked = _asked_by_flags(p)
    for id_ in sorted(brought | kept):
        own = set(p.world.attached.get(id_, {}))
        exactly = id_ in said and p.existing is not Existing.KEEP
        after = set(said[id_]) if exactly else (own & p.environments_after) | set(said.get(id_, ())) | asked[id_]
        if not after:
            after = set(p.environments_after)
        p.attached_after[id_] = after
        for environment in sorted(after - own):
            wanted = ops.Attach(project=id_, environment=environment, strategy=None, existing=Existing.KEEP)
            p.add(Stage.PROJECTS, ops.ATTACH, wanted)
    for number, each in enumerate(items(p.document.project_environments)):
        place = f"/body/projectEnvironments/{number}"
        if each.project_id not in p.attached_after:
            p.fault(f"There is no project {each.project_id!r}.", f"{place}/projectId")
        if each.environment not in p.environments_after:
            p.fault(f"There is no environment {each.environment!r}.", f"{place}/environment")
    places = [(each.project_id, each.environment) for each in items(p.document.project_environments)]
    p.once("project_environments", places)


def _asked_by_flags(p: Planning) -> defaultdict[str, set[str]]:
    """By project, the environments in which flags of the document are."""
    projects = {each.name: each.project for each in items(p.document.features)}
    asked: defaultdict[str, set[str]] = defaultdict(set)
    places = [(each.feature_name, each.environment) for each in items(p.document.feature_environments)]
    places += [(each.feature_name, each.environment) for each in items(p.document.feature_strategies)]
    for flag, environment in places:
        if flag in projects and environment in p.environments_after:
            asked[projects[flag]].add(environment)
    return asked


def _demand_empty(p: Planning, id_: str) -> None:
    reasons = {
        "flags": any(standing.project == id_ for standing in p.flags_after.values()),
        "segments of its own": any(owner == id_ for owner in p.segments_after.values()),
        "members": id_ in p.world.members,
        "tokens": id_ in p.world.token_projects,
    }
    if any(reasons.values()):
        has = ", ".join(name for name, is_so in reasons.items() if is_so)
        p.fault(f"The project {id_!r} would be dropped, and it has {has}.", "/body/projects")


def _checked(p: Planning, strategy: DefaultStrategyData, project: str, place: str) -> DefaultStrategyData:
    def check_all() -> DefaultStrategyData:
        check_default_strategy(strategy)
        mapped = p.segments_of(strategy.segments, project)
        return checked_default(replace(strategy, segments=mapped), percentages(p, strategy.name))

    return p.checked(place, check_all, strategy)
