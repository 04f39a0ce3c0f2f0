"""From exported flags to the steps of their import into one environment of a project, with all that is to be known
before. The order is Unleash's: the flags, their variants, tags, context fields, strategies, on or off, and at last what
flags ask of each other, and links."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec

import msgspec

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.features.flags.model.flag import (
    FlagChange,
    FlagDraft,
    check_metadata,
    check_name,
    check_naming,
)
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.flags.model.variant import checked_variants
from flagkeeper.features.flags.steps import environments as switch
from flagkeeper.features.flags.steps import flags as flag_steps
from flagkeeper.features.projects.model import Project
from flagkeeper.features.tags.model import TagType, check_tag_type, clean_tag
from flagkeeper.features.tags.steps import CREATE_TYPE
from flagkeeper.features.transfer.model.batch import FlagPart, FlagsImport, Remark, StrategyPart
from flagkeeper.features.transfer.model.variants import VariantItem, drafts_of
from flagkeeper.features.transfer.model.world import World
from flagkeeper.features.transfer.steps import ops
from flagkeeper.features.transfer.steps.beside import Beside
from flagkeeper.features.transfer.steps.planning import Planned, planned
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import FlagkeeperError
from flagkeeper.kernel.limits import Limits

P = ParamSpec("P")


class Needed(msgspec.Struct, frozen=True):
    """A permission that an import needs."""

    permission: Permission
    project: str | None
    environment: str | None


class BatchPlan:
    """What an import would do, and what stands in its way. Flags that are archived here are left out."""

    def __init__(self, wanted: FlagsImport, world: World, limits: Limits) -> None:
        self.errors: list[Remark] = []
        self.warnings: list[Remark] = []
        self._wanted = wanted
        self._data = wanted.data
        self._world = world
        self._limits = limits
        self._archived = {name for name, standing in world.flags.items() if standing.archived}
        self._segments = {
            part.id: world.segments[part.name].id
            for part in self._data.segments
            if part.name in world.segments and world.segments[part.name].project in (None, "", wanted.project)
        }
        self._flags = [flag for flag in self._data.features if flag.name not in self._archived]
        self._names = {flag.name for flag in self._flags}
        self._new = [flag for flag in self._flags if flag.name not in world.flags]
        self._old = [flag for flag in self._flags if flag.name in world.flags]
        self._beside = Beside(wanted, world, self._names)
        self._check()
        self._warn()

    def _error(self, message: str, affected: Iterable[str]) -> None:
        self._remark(self.errors, message, affected)

    def _warning(self, message: str, affected: Iterable[str]) -> None:
        self._remark(self.warnings, message, affected)

    @staticmethod
    def _remark(remarks: list[Remark], message: str, affected: Iterable[str]) -> None:
        if found := sorted(set(affected)):
            remarks.append(Remark(message=message, affected_items=found))

    def _check(self) -> None:
        project, world, data = self._wanted.project, self._world, self._data
        twice = [name for name, count in Counter(flag.name for flag in data.features).items() if count > 1]
        self._error("These flags are there twice:", twice)
        elsewhere = [flag.name for flag in self._old if world.flags[flag.name].project != project]
        self._error("These flags are in another project already:", elsewhere)
        unknown = [each.name for each in data.feature_strategies if each.name not in world.strategies]
        self._error("There are no such strategies here. Define them first:", unknown)
        used = {segment for each in self._strategies() for segment in each.segments}
        names = {each.id: each.name for each in data.segments}
        missing = [names.get(segment, str(segment)) for segment in used if segment not in self._segments]
        self._error("There are no such segments here that the project may use. Create them first:", missing)
        of_nothing = {each.feature_name for each in data.feature_strategies}
        of_nothing |= {each.feature_name for each in data.feature_tags}
        of_nothing |= {each.flag for each in data.feature_environments}
        of_nothing |= {each.feature for each in data.dependencies} | {each.feature for each in data.links}
        known = {flag.name for flag in data.features}
        self._error("The file says something of flags that it does not have:", of_nothing - known)
        self._check_room(world.projects.get(project))
        self._check_parts()
        affected: defaultdict[str, list[str]] = defaultdict(list)
        for message, name in self._beside.problems():
            affected[message].append(name)
        for message, names_of in affected.items():
            self._error(message, names_of)

    def _check_room(self, project: Project | None) -> None:
        new = [flag.name for flag in self._new]
        active = sum(not standing.archived for standing in self._world.flags.values()) + len(new)
        if new and active > self._limits.feature_flags:
            self._error(f"There would be {active} flags, and there may be {self._limits.feature_flags}:", new)
        if project is not None and project.feature_limit is not None:
            own = sum(
                standing.project == project.id and not standing.archived for standing in self._world.flags.values()
            )
            if new and own + len(new) > project.feature_limit:
                self._error(f"The project may have {project.feature_limit} flags, and has {own}:", new)
        if project is not None:
            pattern = project.feature_naming.pattern
            misnamed = [name for name in new if _problem(check_naming, name, pattern)]
            self._error(f"The project wants names that match {pattern}, unlike these:", misnamed)

    def _check_parts(self) -> None:
        """What is wrong with single things; the commands would refuse them too, one after the other."""
        for flag in self._flags:
            self._note(flag.name, _problem(check_name, flag.name))
            self._note(flag.name, _problem(check_metadata, flag.type, flag.description))
        for tag in self._data.feature_tags:
            problem = _problem(clean_tag, Tag(tag.tag_type, tag.tag_value))
            self._note(f"{tag.tag_type}:{tag.tag_value}", problem)
        for tag_type in self._new_tag_types():
            self._note(tag_type.name, _problem(check_tag_type, tag_type))
        variants = [(each.flag, each.variants) for each in self._data.feature_environments]
        variants += [(each.feature_name, each.variants) for each in self._data.feature_strategies]
        for name, own in variants:
            self._note(name, _problem(_check_variants, own))
        types = {each.name for each in self._data.tag_types} | self._world.tag_types.keys()
        untyped = [each.tag_type for each in self._data.feature_tags if each.tag_type not in types]
        self._error("There are no such types of tags, here or in the file:", untyped)

    def _note(self, name: str, problem: str | None) -> None:
        if problem is not None:
            self._error(problem, [name])

    def _warn(self) -> None:
        data = self._data
        self._warning(
            "These flags are archived here and are left out:",
            (flag.name for flag in data.features if flag.name in self._archived),
        )
        self._warning(
            "These flags are here already. Their details change, and their strategies in the environment are replaced:",
            (flag.name for flag in self._old),
        )
        custom = (
            each.name
            for each in data.feature_strategies
            if each.name in self._world.strategies and not self._world.strategies[each.name].built_in
        )
        self._warning("These strategies are custom ones. Make sure that they mean the same here:", custom)

    def needed(self) -> list[Needed]:
        """The permissions that it takes."""
        project, environment = self._wanted.project, self._wanted.environment
        states = [each for each in self._data.feature_environments if each.flag in self._names]
        replaced = [flag for flag in self._old if environment in self._world.uses.environments.get(flag.name, ())]
        reasons = {
            Permission.CREATE_FEATURE: (self._new, None),
            Permission.UPDATE_FEATURE: (self._old or self._data.feature_tags or self._beside.links, None),
            Permission.UPDATE_FEATURE_DEPENDENCY: (self._beside.dependencies, None),
            Permission.UPDATE_PROJECT_CONTEXT: ([each for each in self._beside.fields if each.project], None),
            Permission.CREATE_FEATURE_STRATEGY: (self._strategies(), environment),
            Permission.DELETE_FEATURE_STRATEGY: (replaced, environment),
            Permission.UPDATE_FEATURE_ENVIRONMENT: (states, environment),
            Permission.UPDATE_FEATURE_ENVIRONMENT_VARIANTS: ([each for each in states if each.variants], environment),
        }
        found = [Needed(name, project, place) for name, (why, place) in reasons.items() if why]
        everywhere = {
            Permission.CREATE_TAG_TYPE: self._new_tag_types(),
            Permission.CREATE_CONTEXT_FIELD: [each for each in self._beside.fields if not each.project],
        }
        return [*found, *(Needed(name, None, None) for name, why in everywhere.items() if why)]

    def steps(self) -> list[Planned]:
        """In order; to be asked for only while there are no errors."""
        project, environment = self._wanted.project, self._wanted.environment
        return [
            *(each for flag in self._flags for each in self._flag_steps(flag)),
            *(
                planned(
                    flag_steps.PUSH_VARIANTS,
                    flag_steps.PushVariants(
                        project=project,
                        flag=each.flag,
                        environments=[environment],
                        variants=drafts_of(each.variants),
                    ),
                )
                for each in self._data.feature_environments
                if each.flag in self._names and each.variants
            ),
            *(planned(CREATE_TYPE, tag_type) for tag_type in self._new_tag_types()),
            *self._tag_steps(),
            *self._beside.field_steps(),
            *self._strategy_steps(),
            *(
                planned(
                    switch.ENABLE if each.enabled else switch.DISABLE,
                    (switch.Enable if each.enabled else switch.InEnvironment)(
                        project=project, environment=environment, flag=each.flag
                    ),
                    2,
                )
                for each in self._data.feature_environments
                if each.flag in self._names
            ),
            *self._beside.last_steps(),
            planned(ops.RECORD_IMPORT, ops.Where(project=project, environment=environment)),
        ]

    def _flag_steps(self, flag: FlagPart) -> Iterable[Planned]:
        own = {"project": self._wanted.project, "flag": flag.name}
        if flag in self._new:
            draft = FlagDraft(
                name=flag.name, type=flag.type, description=flag.description, impression_data=flag.impression_data
            )
            yield planned(flag_steps.CREATE, flag_steps.Create(project=self._wanted.project, draft=draft), 4)
            if flag.stale:
                yield planned(flag_steps.MARK_STALE, flag_steps.MarkStale(**own, stale=True))
        else:
            change = FlagChange(
                type=flag.type, description=flag.description, impression_data=flag.impression_data, stale=flag.stale
            )
            yield planned(flag_steps.UPDATE, flag_steps.Update(**own, change=change), 2)

    def _tag_steps(self) -> Iterable[Planned]:
        tags: defaultdict[str, list[Tag]] = defaultdict(list)
        for each in self._data.feature_tags:
            if each.feature_name in self._names:
                tags[each.feature_name].append(Tag(each.tag_type, each.tag_value))
        for flag, added in tags.items():
            wanted = flag_steps.UpdateTags(project=self._wanted.project, flag=flag, added=added, removed=[])
            yield planned(flag_steps.UPDATE_TAGS, wanted, 2 * len(added))

    def _strategy_steps(self) -> Iterable[Planned]:
        drafts: defaultdict[str, list[StrategyDraft]] = defaultdict(list)
        for each in self._strategies():
            drafts[each.feature_name].append(self._draft(each))
        for flag in self._flags:
            wanted = ops.ReplaceStrategies(
                project=self._wanted.project,
                flag=flag.name,
                environment=self._wanted.environment,
                drafts=drafts[flag.name],
            )
            yield planned(ops.REPLACE_STRATEGIES, wanted, 1 + 2 * len(wanted.drafts))

    def _strategies(self) -> list[StrategyPart]:
        return [each for each in self._data.feature_strategies if each.feature_name in self._names]

    def _draft(self, part: StrategyPart) -> StrategyDraft:
        return StrategyDraft(
            name=part.name,
            title=part.title,
            disabled=part.disabled,
            constraints=part.constraints,
            variants=drafts_of(part.variants),
            parameters=part.parameters,
            segments=[self._segments[segment] for segment in part.segments],
        )

    def _new_tag_types(self) -> Sequence[TagType]:
        return [
            TagType(name=each.name, description=each.description, icon=each.icon, color=each.color)
            for each in self._data.tag_types
            if each.name not in self._world.tag_types
        ]


def _check_variants(variants: list[VariantItem]) -> None:
    checked_variants(drafts_of(variants), "/body", overrides=True)


def _problem(check: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> str | None:
    """What a check raises."""
    try:
        check(*args, **kwargs)
    except FlagkeeperError as error:
        return error.message
    return None
