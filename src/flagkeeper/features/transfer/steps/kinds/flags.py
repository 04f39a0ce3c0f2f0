"""Flags, with what they are in environments, and their tags."""

from collections import defaultdict

from msgspec import UNSET
from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import StrategyData, VariantData
from flagkeeper.features.flags.model.environment import FlagEnvironment, in_order
from flagkeeper.features.flags.model.flag import MOST_TAGS, check_metadata, check_name
from flagkeeper.features.flags.model.strategy import Setting, StrategyDraft, new_strategy
from flagkeeper.features.flags.model.variant import checked_variants
from flagkeeper.features.flags.model.whole import WholeFlag
from flagkeeper.features.projects.model import DEFAULT_STICKINESS
from flagkeeper.features.transfer.model.document import FeatureItem, FeatureStrategyItem, items
from flagkeeper.features.transfer.model.variants import VariantItem, drafts_of
from flagkeeper.features.transfer.model.world import Standing
from flagkeeper.features.transfer.steps import ops
from flagkeeper.features.transfer.steps.kinds.strategies import percentages
from flagkeeper.features.transfer.steps.kinds.tags import demand_tag
from flagkeeper.features.transfer.steps.planning import Planning, Stage
from flagkeeper.kernel.ids import new_ulid

_OF_FLAGS = {
    "feature_environments": "featureEnvironments",
    "feature_strategies": "featureStrategies",
    "feature_strategy_segments": "featureStrategySegments",
}


def plan_standing(p: Planning) -> None:
    """Which flags there will be, and where; those that are dropped go first."""
    found = items(p.document.features)
    p.once("features", [each.name for each in found])
    names = {each.name for each in found}
    p.announce("features", Stage.FLAGS_GO, p.world.flags)
    going = p.world.flags.keys() - names if p.drops("features") else set()
    for name in sorted(going):
        p.add(Stage.FLAGS_GO, ops.DROP_FLAG, ops.Named(name=name), 5)
    p.staying = {
        name: standing
        for name, standing in p.world.flags.items()
        if name not in going and (p.keeps or name not in names)
    }
    p.flags_after = {each.name: Standing(each.project, _is_archived(each)) for each in found} | p.staying
    active = sum(not standing.archived for standing in p.flags_after.values())
    was_active = sum(not standing.archived for standing in p.world.flags.values())
    if active > max(p.limits.feature_flags, was_active):
        p.fault(f"There would be {active} flags, and there may be {p.limits.feature_flags}.", "/body/features")
    for field, wire in _OF_FLAGS.items():
        if p.has(field) and not p.has("features"):
            p.fault("It means nothing without the section features.", f"/body/{wire}")


def plan(p: Planning) -> None:
    found = items(p.document.features)
    states = _States(p, {each.name: each for each in found})
    for number, each in enumerate(found):
        place = f"/body/features/{number}"
        if each.name in p.staying:
            continue
        with p.at(place):
            check_name(each.name)
            check_metadata(each.type, each.description)
        if each.project not in p.attached_after:
            p.fault(f"There is no project {each.project!r}.", f"{place}/project")
        flag = WholeFlag(
            name=each.name,
            project=each.project,
            type=each.type,
            description=each.description,
            stale=each.stale,
            impression_data=each.impression_data,
            created_at=p.moment(each.created_at, f"{place}/createdAt"),
            archived=_is_archived(each),
            archived_at=p.moment(each.archived_at, f"{place}/archivedAt"),
            environments=states.of(each, place),
        )
        rows = 3 + sum(2 + 2 * len(state.strategies) for state in flag.environments.values())
        p.add(Stage.FLAGS, ops.BRING_FLAG, ops.BringFlag(flag=flag, existing=p.existing), rows)


def plan_tags(p: Planning) -> None:
    there = [flag for flag, own in p.world.uses.tags.items() if own]
    p.announce("feature_tags", Stage.FLAG_TAGS, there)
    for flag, tags in sorted(_wanted_tags(p).items()):
        own = p.world.uses.tags.get(flag, frozenset())
        if len(tags) > MOST_TAGS:
            p.fault(f"The flag {flag!r} has {len(tags)} tags, and may have {MOST_TAGS}.", "/body/featureTags")
        if tags or own:
            ordered = [Tag(type_, value) for type_, value in sorted(tags)]
            step = ops.BringFlagTags(flag=flag, tags=ordered, existing=p.existing)
            p.add(Stage.FLAG_TAGS, ops.BRING_FLAG_TAGS, step, 2 * len(tags | own))
    for flag, own in sorted(p.world.uses.tags.items()):
        lost = sorted(own & p.tags_going)
        if lost and flag in p.flags_after:
            step_back = ops.Untag(flag=flag, tags=[Tag(type_, value) for type_, value in lost])
            p.add(Stage.FLAG_TAGS, ops.UNTAG, step_back, 2 * len(lost))


def _wanted_tags(p: Planning) -> dict[str, set[tuple[str, str]]]:
    """The tags that each flag gets. Flags of the document, and all where tags are dropped, lose those that they have
    and the document does not say."""
    wanted: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for number, each in enumerate(items(p.document.feature_tags)):
        place = f"/body/featureTags/{number}"
        demand_tag(p, each.tag_type, each.tag_value, place, "tagType")
        if each.feature_name not in p.flags_after:
            p.fault(f"There is no flag {each.feature_name!r}.", f"{place}/featureName")
        wanted[each.feature_name].add((each.tag_type, each.tag_value.strip()))
    if not p.keeps and p.has("feature_tags"):
        brought = {each.name for each in items(p.document.features)}
        losing = p.flags_after.keys() if p.drops("feature_tags") else brought
        return {flag: set() for flag in losing} | wanted
    return wanted


class _States:
    """What the flags of a document are in environments."""

    def __init__(self, p: Planning, flags: dict[str, FeatureItem]) -> None:
        self._p = p
        self._enabled: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        self._variants: defaultdict[str, dict[str, list[VariantData]]] = defaultdict(dict)
        self._strategies: defaultdict[str, dict[str, list[StrategyData]]] = defaultdict(lambda: defaultdict(list))
        self._segments: defaultdict[str, list[int]] = defaultdict(list)
        self._read_segments()
        for number, each in enumerate(items(p.document.feature_environments)):
            place = f"/body/featureEnvironments/{number}"
            if _belongs(p, flags, each.feature_name, each.environment, place) is None:
                continue
            if each.environment in self._enabled[each.feature_name]:
                p.fault("This flag is said twice to be in this environment.", place)
            self._enabled[each.feature_name][each.environment] = each.enabled
            if each.variants is not UNSET:
                self._variants[each.feature_name][each.environment] = _variants(p, each.variants, f"{place}/variants")
        for number, one in enumerate(items(p.document.feature_strategies)):
            place = f"/body/featureStrategies/{number}"
            flag = _belongs(p, flags, one.feature_name, one.environment, place)
            if flag is not None:
                with p.at(place):
                    own = self._strategies[flag.name][one.environment]
                    own.append(self._strategy(one, flag, len(own)))
        p.once("feature_strategies", [one.id or object() for one in items(p.document.feature_strategies)])

    def of(self, flag: FeatureItem, place: str) -> dict[str, FlagEnvironment]:
        common = _variants(self._p, flag.variants, f"{place}/variants") if flag.variants else []
        environments = self._p.attached_after.get(flag.project, set())
        found = {}
        for name in sorted(environments):
            strategies = in_order(self._strategies[flag.name].get(name, ()))
            if len(strategies) > self._p.limits.feature_environment_strategies:
                most = self._p.limits.feature_environment_strategies
                self._p.fault(f"It has {len(strategies)} strategies in {name!r}, and may have {most}.", place)
            enabled = self._enabled[flag.name].get(name, False)
            found[name] = _valid(
                FlagEnvironment(
                    enabled=enabled,
                    variants=self._variants[flag.name].get(name, common),
                    strategies=strategies,
                )
            )
        return found

    def _read_segments(self) -> None:
        known = {one.id for one in items(self._p.document.feature_strategies)}
        for number, each in enumerate(items(self._p.document.feature_strategy_segments)):
            if each.feature_strategy_id not in known:
                place = f"/body/featureStrategySegments/{number}/featureStrategyId"
                self._p.fault(f"There is no strategy with the id {each.feature_strategy_id!r}.", place)
            self._segments[each.feature_strategy_id].append(each.segment_id)

    def _strategy(self, item: FeatureStrategyItem, flag: FeatureItem, place: int) -> StrategyData:
        """Raises what is wrong with it."""
        project = self._p.world.projects.get(flag.project)
        setting = Setting(
            feature_name=flag.name,
            stickiness=project.default_stickiness if project else DEFAULT_STICKINESS,
            percentages=percentages(self._p, item.strategy_name),
            limits=self._p.limits,
        )
        draft = StrategyDraft(
            name=item.strategy_name,
            title=item.title,
            disabled=item.disabled,
            sort_order=place if item.sort_order is None else item.sort_order,
            constraints=item.constraints,
            variants=drafts_of(item.variants),
            parameters=item.parameters,
            segments=self._p.segments_of(self._segments.get(item.id or "", ()), flag.project),
        )
        return new_strategy(draft, item.id or new_ulid(), place, setting)


def _belongs(p: Planning, flags: dict[str, FeatureItem], name: str, environment: str, place: str) -> FeatureItem | None:
    """The flag; None, and a note, when the document has none of the name, or it cannot be in the environment."""
    flag = flags.get(name)
    if flag is None:
        p.fault(f"The document has no flag {name!r}.", f"{place}/featureName")
        return None
    if environment not in p.environments_after:
        p.fault(f"There is no environment {environment!r}.", f"{place}/environment")
        return None
    if environment not in p.attached_after.get(flag.project, {environment}):
        p.fault(f"The project {flag.project!r} does not have the environment {environment!r}.", f"{place}/environment")
        return None
    return flag


def _valid(state: FlagEnvironment) -> FlagEnvironment:
    """What is on has an enabled strategy: one for everybody where it had none, as older servers meant it; where all it
    has are disabled, it is off."""
    if not state.enabled or state.has_enabled_strategy:
        return state
    if state.strategies:
        return replace(state, enabled=False)
    everybody = StrategyData(
        id=new_ulid(),
        name="default",
        title=None,
        disabled=False,
        constraints=[],
        parameters={},
        variants=[],
        sort_order=0,
        segments=[],
    )
    return replace(state, strategies=[everybody])


def _variants(p: Planning, variants: list[VariantItem], place: str) -> list[VariantData]:
    return p.checked(place, lambda: checked_variants(drafts_of(variants), "/body", overrides=True), [])


def _is_archived(item: FeatureItem) -> bool:
    return item.archived or item.archived_at is not None
