"""What imports do with flags: bring whole ones, whatever stood there, and drop what they do not have."""

from collections.abc import Sequence

from msgspec.structs import asdict, replace

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.feature_relation import FeatureUntagged
from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.eventlog.catalogue.transfer import (
    FeatureImport,
    FeatureTagImport,
    ImportedFlagData,
    ImportedFlagTagData,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import State
from flagkeeper.features.flags.commands import dependencies
from flagkeeper.features.flags.commands.archive import remove
from flagkeeper.features.flags.commands.editor import demand_room, edit
from flagkeeper.features.flags.commands.strategies import setting_of
from flagkeeper.features.flags.model.environment import OFF, FlagEnvironment, gone_from, states_of
from flagkeeper.features.flags.model.flag import Flag, check_room_for_tags, roll_up
from flagkeeper.features.flags.model.strategy import StrategyDraft, new_strategy
from flagkeeper.features.flags.model.whole import WholeFlag, content
from flagkeeper.features.flags.queries.rules import demand_segments, percentages_of
from flagkeeper.features.flags.store import environments, flags, relations, tags
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.tags.commands import ensure_tag, record_tag
from flagkeeper.features.tags.model import bare
from flagkeeper.kernel.existing import Existing
from flagkeeper.kernel.ids import new_ulid


def bring(unit: Unit, whole: WholeFlag, existing: Existing) -> None:
    """Makes a flag what an import says, or a new one of it, as one change. Its parts were checked when the import was
    planned; what they refer to is looked for again, and stays until the unit ends.

    Raises:
        NotFound: its project, or a segment, is gone.
        BadData: a strategy's definition is gone, or a segment belongs to another project.
    """
    projects.lock_shared(unit.tx, whole.project)
    old = flags.find(unit.tx, whole.name)
    if old is not None and existing is Existing.KEEP:
        return
    before = environments.load_all(unit.tx, whole.name) if old else {}
    names = [each.name for each in projects.environments_of(unit.tx, whole.project)]
    after = _with_own_ids(unit, whole.name, whole.states(names))
    _demand_referred(unit, whole.project, after)
    flag = whole.flag(old, unit.now, unit.actor.name, unit.actor.user_id)
    if existing is Existing.REPLACE and (flag, after) == (old, before):
        return
    also = _save(unit, old, flag, before, after)
    payload = flag.payload(roll_up(after, flags.rollup(unit.tx, flag.name).last_seen_at if old else None))
    enabled = any(state.enabled for state in after.values())
    unit.record(
        FeatureImport(data=ImportedFlagData(**asdict(payload), enabled=enabled)),
        flag.state(tags.tags_of(unit.tx, flag.name), relations.relations_of(unit.tx, flag.name)),
        also=also,
    )


def bring_tags(unit: Unit, name: str, wanted: Sequence[Tag], existing: Existing) -> None:
    """Gives a flag the tags that an import has for it, and takes others off unless they are to be kept. Does nothing
    for a flag that is gone.

    Raises:
        BadData: there is no such type of tag, or the value is too short or too long.
        LimitExceeded: the flag has as many tags as it may have.
    """
    kept = []
    for each in tags.in_order(wanted):
        tag, is_new = ensure_tag(unit, each)
        if is_new:
            record_tag(unit, tag)
        kept.append(tag)
    flag = flags.find(unit.tx, name)
    if flag is None:
        return
    own, others = tags.tags_of(unit.tx, name), relations.relations_of(unit.tx, name)
    if existing is not Existing.KEEP:
        own = _untag(unit, flag, own, [tag for tag in own if bare(tag) not in map(bare, kept)])
    check_room_for_tags(own, kept)
    for tag in kept:
        had = bare(tag) in map(bare, own)
        if had and existing is not Existing.DROP:
            continue
        if not had:
            tags.add(unit.tx, name, tag)
            own = tags.in_order([*own, tag])
        data = ImportedFlagTagData(feature_name=name, tag=bare(tag))
        unit.record(FeatureTagImport(data=data), flag.state(own, others))


def untag(unit: Unit, name: str, removed: Sequence[Tag]) -> None:
    """Takes tags off a flag, archived or not. Does nothing for a flag that is gone."""
    flag = flags.find(unit.tx, name)
    if flag is not None:
        _untag(unit, flag, tags.tags_of(unit.tx, name), removed)


def drop(unit: Unit, name: str) -> None:
    """Deletes a flag, archived or not; flags that depend on it do so no longer. Does nothing for one that is gone."""
    flag = flags.find(unit.tx, name)
    if flag is None:
        return
    for child in relations.children_of(unit.tx, name):
        dependencies.remove(unit, flag.project, child, name)
    remove(unit, flag)


def replace_strategies(unit: Unit, project: str, name: str, environment: str, drafts: Sequence[StrategyDraft]) -> None:
    """Puts these strategies, in this order, in the place of those that a flag has, unless they do the same.

    Raises:
        NotFound, FlagArchived, BadData, LimitExceeded: as for adding one.
    """
    stickiness = projects.lock_shared(unit.tx, project).default_stickiness
    editor = edit(unit, project, name, environment)
    wanted = []
    for place, (draft, new_id) in enumerate(zip(drafts, sorted(new_ulid() for _ in drafts), strict=True)):
        setting = setting_of(unit, editor.flag, draft.name, stickiness)
        strategy = new_strategy(replace(draft, sort_order=place), new_id, place, setting)
        demand_segments(unit.tx, project, strategy.segments)
        wanted.append(strategy)
    old = editor.state.strategies
    if content(old) == content(wanted):
        return
    demand_room(unit, len(wanted))
    for strategy in old:
        editor.remove(strategy.id)
    for strategy in wanted:
        editor.add(strategy)
    if editor.state.enabled and not editor.state.has_enabled_strategy:
        editor.switch(False)


def _with_own_ids(unit: Unit, flag: str, states: dict[str, FlagEnvironment]) -> dict[str, FlagEnvironment]:
    """With new ids for strategies whose ids belong to others here."""
    ids = [strategy.id for state in states.values() for strategy in state.strategies]
    owners = environments.owners(unit.tx, ids)

    def own(environment: str, strategy: StrategyData) -> StrategyData:
        is_free = owners.get(strategy.id, (flag, environment)) == (flag, environment)
        return strategy if is_free else replace(strategy, id=new_ulid())

    return {
        environment: replace(state, strategies=[own(environment, strategy) for strategy in state.strategies])
        for environment, state in states.items()
    }


def _demand_referred(unit: Unit, project: str, states: dict[str, FlagEnvironment]) -> None:
    strategies = [strategy for state in states.values() for strategy in state.strategies]
    for name in sorted({strategy.name for strategy in strategies}):
        percentages_of(unit.tx, name)
    demand_segments(unit.tx, project, {segment for strategy in strategies for segment in strategy.segments})


def _save(
    unit: Unit,
    old: Flag | None,
    flag: Flag,
    before: dict[str, FlagEnvironment],
    after: dict[str, FlagEnvironment],
) -> dict[str, State]:
    """Stores the flag, and returns the versions of its environments."""
    if old is None:
        flags.add(unit.tx, flag)
    else:
        flags.save(unit.tx, flag)
    lost = before.keys() - after.keys()
    for environment in sorted(lost):
        for strategy in before[environment].strategies:
            environments.remove_strategy(unit.tx, flag.name, environment, strategy.id)
        environments.remove_environment(unit.tx, flag.name, environment)
    environments.add(unit.tx, flag.name, {name: OFF for name in after if name not in before})
    for name, state in after.items():
        environments.save(unit.tx, flag.name, name, before.get(name, OFF), state, unit.now)
    return {**states_of(flag.name, flag.project, after), **gone_from(flag.name, lost)}


def _untag(unit: Unit, flag: Flag, own: list[Tag], removed: Sequence[Tag]) -> list[Tag]:
    others = relations.relations_of(unit.tx, flag.name)
    for tag in removed:
        left = [each for each in own if bare(each) != bare(tag)]
        if left != own:
            tags.remove(unit.tx, flag.name, tag)
            unit.record(
                FeatureUntagged(feature_name=flag.name, project=flag.project, data=bare(tag), tags=tuple(own)),
                flag.state(left, others),
            )
            own = left
    return own
