"""The states of flags, of their environments and of their types, and the steps from one to another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import StrategyData, TagData
from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.flags.model.environment import OFF, FlagEnvironmentState
from flagkeeper.features.flags.model.favorite import FavoriteFlagState
from flagkeeper.features.flags.model.flag import FlagChange, FlagState
from flagkeeper.features.flags.model.flag_type import BUILT_IN, FlagTypeState
from flagkeeper.features.flags.model.relations import (
    Completion,
    CompletionDraft,
    DependencyDraft,
    LinkDraft,
    Relations,
)
from flagkeeper.features.flags.model.strategy import change_to
from flagkeeper.features.flags.model.variant import drafts_of
from flagkeeper.features.flags.queries.favorites import favorite_states
from flagkeeper.features.flags.queries.states import environment_states, flag_states
from flagkeeper.features.flags.queries.types import all_types
from flagkeeper.features.flags.steps import environments, flags, relations, types
from flagkeeper.kernel.clock import to_iso
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction

_METADATA = ("type", "description", "impression_data")
_ORIGIN = ("created_at", "created_by", "created_by_user_id")


class FlagKeeper:
    """Of all flags, `flag/{feature_name}`. A flag that is restored or revived is off in all its environments, whatever
    they were: they are subjects of their own, to be looked at afterwards."""

    pattern = "flag/{feature_name}"
    state = FlagState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, FlagState]:
        return flag_states(tx, [names(path, 1)[0] for path in paths])

    def refers(self, _path: str, state: FlagState) -> Iterable[str]:
        tags = [f"tag/{tag.type}/{tag.value}" for tag in state.tags]
        parents = [f"flag/{dependency.feature}" for dependency in state.dependencies]
        return [f"project/{state.project}", *tags, *parents]

    def steps(self, _path: str, now: FlagState | None, then: FlagState | None) -> list[Step]:
        if now == then:
            return []
        if now is None:
            return [Step(flags.RESTORE.name, then)] if then else []
        if then is None:
            first = [] if now.archived_at else [Step(flags.ARCHIVE.name, flags.Archive(**_own(now)))]
            return [*first, Step(flags.DELETE.name, flags.OfFlag(**_own(now)))]
        if any(getattr(now, each) != getattr(then, each) for each in _ORIGIN):
            raise InvalidOperation(
                f"The flag {now.name!r} of project {now.project!r}, created by {now.created_by} at "
                f"{to_iso(now.created_at)}, is another one than that of project {then.project!r}, created by "
                f"{then.created_by} at {to_iso(then.created_at)}. Delete the one to get the other back."
            )
        changes = list(_moves_and_changes(now, then))
        if now.archived_at and (changes or then.archived_at is None):
            begun_again = replace(now, completion=None)
            changes = [Step(flags.REVIVE.name, flags.OfFlag(**_own(now))), *_moves_and_changes(begun_again, then)]
        if then.archived_at and (changes or then.archived_at != now.archived_at):
            changes.append(Step(flags.ARCHIVE.name, flags.Archive(**_own(then), at=then.archived_at)))
        return changes


def _own(state: FlagState) -> dict[str, Any]:
    return {"project": state.project, "flag": state.name}


def _moves_and_changes(now: FlagState, then: FlagState) -> Iterator[Step]:
    """The same, with the move into another project, which flags that depend on others do not make."""
    if now.project != then.project:
        alone = replace(now, dependencies=[])
        yield from _dependencies(_own(now), now.relations, alone.relations)
        yield Step(flags.MOVE.name, flags.Move(**_own(now), new_project=then.project))
        now = replace(alone, project=then.project)
    yield from _changes(now, then)


def _changes(now: FlagState, then: FlagState) -> Iterator[Step]:
    """What makes a flag in use equal to `then`, except for the archive."""
    own = _own(now)
    changed = {name: value for name in _METADATA if (value := getattr(then, name)) != getattr(now, name)}
    if changed:
        yield Step(flags.UPDATE.name, flags.Update(**own, change=FlagChange(**changed)))
    if now.stale != then.stale:
        yield Step(flags.MARK_STALE.name, flags.MarkStale(**own, stale=then.stale))
    added, removed = _without(then.tags, now.tags), _without(now.tags, then.tags)
    if added or removed:
        yield Step(flags.UPDATE_TAGS.name, flags.UpdateTags(**own, added=added, removed=removed))
    yield from _dependencies(own, now.relations, then.relations)
    yield from _links(own, now.relations, then.relations)
    if then.completion != now.completion:
        yield (
            Step(relations.UNCOMPLETE.name, flags.OfFlag(**own))
            if then.completion is None
            else _completion(own, then.completion)
        )


def _dependencies(own: dict[str, Any], now: Relations, then: Relations) -> Iterator[Step]:
    for old in now.dependencies:
        if then.dependency(old.feature) is None:
            yield Step(relations.REMOVE_DEPENDENCY.name, relations.OfParent(**own, parent=old.feature))
    for new in then.dependencies:
        if now.dependency(new.feature) != new:
            draft = DependencyDraft(feature=new.feature, enabled=new.enabled, variants=new.variants)
            yield Step(relations.ADD_DEPENDENCY.name, relations.AddDependency(**own, draft=draft))


def _links(own: dict[str, Any], now: Relations, then: Relations) -> Iterator[Step]:
    for old in now.links:
        if then.link(old.id) is None:
            yield Step(relations.REMOVE_LINK.name, relations.OfLink(**own, link_id=old.id))
    for new in then.links:
        if now.link(new.id) is None:
            yield Step(relations.RESTORE_LINK.name, relations.RestoreLink(**own, link=new))
        elif now.link(new.id) != new:
            draft = LinkDraft(url=new.url, title=new.title)
            yield Step(relations.UPDATE_LINK.name, relations.UpdateLink(**own, link_id=new.id, draft=draft))


def _completion(own: dict[str, Any], completion: Completion) -> Step:
    draft = CompletionDraft(status=completion.status, status_value=completion.status_value)
    return Step(relations.COMPLETE.name, relations.Complete(**own, draft=draft, at=completion.at))


def _without(tags: Sequence[TagData], others: Sequence[TagData]) -> list[Tag]:
    return [Tag(tag.type, tag.value) for tag in tags if tag not in others]


class FlagEnvironmentKeeper:
    """Of all flags in all their environments, `flag/{feature_name}/{environment}`. They come, switched off, and go with
    the flag, or when its project gets or loses the environment."""

    pattern = "flag/{feature_name}/{environment}"
    state = FlagEnvironmentState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, FlagEnvironmentState]:
        found = environment_states(tx, {names(path, 2)[0] for path in paths})
        return {path: found[path] for path in paths if path in found}

    def refers(self, path: str, state: FlagEnvironmentState) -> Iterable[str]:
        flag, environment = names(path, 2)
        yield f"flag/{flag}"
        if state.project:
            yield f"project/{state.project}/{environment}"
        yield from sorted({f"strategy/{strategy.name}" for strategy in state.strategies})
        yield from sorted({f"segment/{segment}" for strategy in state.strategies for segment in strategy.segments})

    def steps(self, path: str, now: FlagEnvironmentState | None, then: FlagEnvironmentState | None) -> list[Step]:
        if now == then:
            return []
        flag, environment = names(path, 2)
        if then is None:
            raise InvalidOperation(
                f"A flag is in every environment of its project. To take {flag!r} out of {environment!r}, take the "
                "environment out of the project, or delete the flag."
            )
        project = now.project if now else then.project
        if project is None:
            raise InvalidOperation(f"It is not known in which project the flag {flag!r} was. Bring it back first.")
        if then.project not in (None, project):
            raise InvalidOperation(
                f"The flag {flag!r} is in project {project!r} now, and was in {then.project!r}. Move it there first."
            )
        if then.enabled and all(strategy.disabled for strategy in then.strategies):
            raise InvalidOperation(
                f"The flag {flag!r} was on in {environment!r} without an enabled strategy. "
                "No operation leads there: what is on has one."
            )
        own = {"project": project, "flag": flag, "environment": environment}
        if now is None and then == OFF.state(project):
            return [Step(environments.DISABLE.name, environments.InEnvironment(**own))]
        return list(_in_environment(own, now or OFF.state(project), then))


def _in_environment(own: dict[str, Any], now: FlagEnvironmentState, then: FlagEnvironmentState) -> Iterator[Step]:
    if now.enabled and not then.enabled:
        yield Step(environments.DISABLE.name, environments.InEnvironment(**own))
    yield from _strategies(own, now, then)
    if now.variants != then.variants:
        variants, places = drafts_of(then.variants), [own["environment"]]
        push = flags.PushVariants(project=own["project"], flag=own["flag"], environments=places, variants=variants)
        yield Step(flags.PUSH_VARIANTS.name, push)
    if then.enabled and not now.enabled:
        yield Step(environments.ENABLE.name, environments.Enable(**own))


def _strategies(own: dict[str, Any], now: FlagEnvironmentState, then: FlagEnvironmentState) -> Iterator[Step]:
    """In an order in which a flag that is on before and after is never without an enabled strategy, for it would be
    switched off; where that leaves a choice, what is to go makes room first."""
    before, after = ({strategy.id: strategy for strategy in state.strategies} for state in (now, then))
    both = before.keys() & after.keys()
    moved = {id_: after[id_].sort_order for id_ in after if id_ in both and _only_moved(before[id_], after[id_])}
    changed = [each for id_, each in after.items() if id_ in both - moved.keys() and each != before[id_]]
    removals = [_removal(own, id_) for id_ in before if id_ not in both]
    returns = [_return(own, strategy) for id_, strategy in after.items() if id_ not in both]
    one_stays = any(not (before[id_].disabled and after[id_].disabled) for id_ in both)
    must_stay_on = now.enabled and then.enabled
    yield from (_change(own, each) for each in changed if not each.disabled)
    yield from (returns + removals if must_stay_on and not one_stays else removals + returns)
    yield from (_change(own, each) for each in changed if each.disabled)
    if moved:
        order = environments.OrderStrategies(**own, sort_orders=moved)
        yield Step(environments.ORDER_STRATEGIES.name, order)


class FlagTypeKeeper:
    """Of all flag types, `flag-type/{id}`. They come with the server, without events: one whose lifetime was never
    changed has no version, and is as it came."""

    pattern = "flag-type/{id}"
    state = FlagTypeState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, FlagTypeState]:
        found = {f"flag-type/{each.id}": each.state() for each in all_types(tx)}
        return {path: found[path] for path in paths if path in found}

    def refers(self, _path: str, _state: FlagTypeState) -> Iterable[str]:
        return ()

    def steps(self, path: str, now: FlagTypeState | None, then: FlagTypeState | None) -> list[Step]:
        (name,) = names(path, 1)
        then = then or next((each.state() for each in BUILT_IN if each.id == name), None)
        if now == then:
            return []
        if now is None or then is None:
            raise InvalidOperation(f"Flag types come with the server, and {name!r} is none of them.")
        wanted = types.SetLifetime(type=name, lifetime_days=then.lifetime_days)
        return [Step(types.SET_LIFETIME.name, wanted)]


def _only_moved(old: StrategyData, new: StrategyData) -> bool:
    return old != new and replace(old, sort_order=new.sort_order) == new


def _change(own: dict[str, Any], strategy: StrategyData) -> Step:
    wanted = environments.UpdateStrategy(**own, strategy_id=strategy.id, change=change_to(strategy))
    return Step(environments.UPDATE_STRATEGY.name, wanted)


def _return(own: dict[str, Any], strategy: StrategyData) -> Step:
    return Step(environments.RESTORE_STRATEGY.name, environments.RestoreStrategy(**own, strategy=strategy))


def _removal(own: dict[str, Any], strategy_id: str) -> Step:
    return Step(environments.REMOVE_STRATEGY.name, environments.OfStrategy(**own, strategy_id=strategy_id))


class FavoriteFlagKeeper:
    """Of who has a flag among their favourites, `favorite-flag/{feature_name}`. Each step is for one person."""

    pattern = "favorite-flag/{feature_name}"
    state = FavoriteFlagState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, FavoriteFlagState]:
        return favorite_states(tx, [names(path, 1)[0] for path in paths])

    def refers(self, path: str, state: FavoriteFlagState) -> Iterable[str]:
        return [f"flag/{names(path, 1)[0]}", *(f"user/{user}" for user in state.users)]

    def steps(self, path: str, now: FavoriteFlagState | None, then: FavoriteFlagState | None) -> list[Step]:
        (flag,) = names(path, 1)
        before, after = set(now.users if now else ()), set(then.users if then else ())
        changes = [(relations.REMOVE_FAVORITE, user) for user in sorted(before - after)]
        changes += [(relations.ADD_FAVORITE, user) for user in sorted(after - before)]
        return [Step(op.name, relations.OwnFavorite(flag=flag, user_id=user)) for op, user in changes]


KEEPERS = (FlagKeeper(), FlagEnvironmentKeeper(), FlagTypeKeeper(), FavoriteFlagKeeper())
