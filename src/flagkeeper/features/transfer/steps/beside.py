"""What comes with the flags of an import besides what they are in an environment: context fields, dependencies, links.

Context fields are known by names; those that are there stay as they are. Dependencies and links are added to what flags
have."""

from collections import defaultdict
from collections.abc import Iterator, Set

from msgspec import UNSET

from flagkeeper.features.context_fields.model import ContextFieldDraft, check
from flagkeeper.features.context_fields.steps import CREATE
from flagkeeper.features.flags.model.relations import (
    MOST_LINKS,
    MOST_PARENTS,
    LinkDraft,
    from_templates,
)
from flagkeeper.features.flags.steps.relations import ADD_DEPENDENCY, ADD_LINK, AddDependency, AddLink
from flagkeeper.features.transfer.model.batch import ContextFieldPart, FlagsImport
from flagkeeper.features.transfer.model.world import World
from flagkeeper.features.transfer.steps.planning import Planned, planned
from flagkeeper.kernel.errors import FlagkeeperError


class Beside:
    """Args:
    names: the flags that the import brings.
    """

    def __init__(self, wanted: FlagsImport, world: World, names: Set[str]) -> None:
        self._project = wanted.project
        self._world = world
        self._names = names
        own = {each.name: self._field(each) for each in wanted.data.context_fields}
        self.fields = [draft for name, draft in own.items() if name not in world.context_fields]
        self._known = [draft for name, draft in own.items() if name in world.context_fields]
        self.dependencies = [
            (part.feature, draft)
            for part in wanted.data.dependencies
            if part.feature in names
            for draft in part.dependencies
        ]
        self.links: list[tuple[str, LinkDraft]] = []
        self._wrong_links: list[tuple[str, str]] = []
        had = {name: self._addresses(name) for name in names}
        for part in wanted.data.links:
            for each in part.links if part.feature in names else ():
                self._add_link(part.feature, LinkDraft(url=each.url, title=each.title), had[part.feature])
        self._crowded = [flag for flag, addresses in had.items() if len(addresses) > MOST_LINKS]

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong, and with what."""
        for draft in self.fields:
            try:
                check(draft.field(0))
            except FlagkeeperError as error:
                yield error.message, draft.name
        for draft in self._known:
            legal = {each.value for each in self._world.context_fields[draft.name].legal_values}
            if legal and not legal.issuperset(each.value for each in draft.legal_values):
                yield (
                    "These context fields do not have all the legal values here that they have in the file:",
                    draft.name,
                )
        yield from self._dependency_problems()
        yield from self._wrong_links
        for flag in self._crowded:
            yield f"These flags would have more than {MOST_LINKS} links:", flag

    def _dependency_problems(self) -> Iterator[tuple[str, str]]:
        parents = defaultdict[str, set[str]](set)
        for flag, own in self._world.uses.dependencies.items():
            parents[flag].update(each.feature for each in own)
        for flag, draft in self.dependencies:
            parents[flag].add(draft.feature)
        asked = {parent for own in parents.values() for parent in own}
        for flag, draft in self.dependencies:
            try:
                draft.dependency()
            except FlagkeeperError as error:
                yield error.message, flag
            if not self._is_in_use(draft.feature):
                yield (
                    "Flags of the file depend on these, which are neither in it nor in use in the project:",
                    draft.feature,
                )
            elif chained := {flag} & asked | {draft.feature} & parents.keys():
                yield (
                    "Dependencies are one level deep, and these would depend on flags and have some that do:",
                    min(chained),
                )
            if len(parents[flag]) > MOST_PARENTS:
                yield f"These flags would depend on more than {MOST_PARENTS} others:", flag

    def field_steps(self) -> Iterator[Planned]:
        return (planned(CREATE, draft) for draft in self.fields)

    def last_steps(self) -> Iterator[Planned]:
        """When all flags are there."""
        for flag, draft in self.dependencies:
            yield planned(ADD_DEPENDENCY, AddDependency(project=self._project, flag=flag, draft=draft), 3)
        for flag, link in self.links:
            yield planned(ADD_LINK, AddLink(project=self._project, flag=flag, draft=link), 2)

    def _is_in_use(self, flag: str) -> bool:
        standing = self._world.flags.get(flag)
        is_there = standing is not None and standing.project == self._project and not standing.archived
        return flag in self._names or is_there

    def _field(self, part: ContextFieldPart) -> ContextFieldDraft:
        return ContextFieldDraft(
            name=part.name,
            description=part.description,
            stickiness=part.stickiness,
            sort_order=part.sort_order,
            legal_values=part.legal_values,
            project=self._project if part.project is not UNSET and part.project else None,
        )

    def _addresses(self, flag: str) -> set[str]:
        """Of the links that a flag has, or is given when it is created."""
        if flag in self._world.flags:
            return {each.url for each in self._world.uses.links.get(flag, ())}
        project = self._world.projects.get(self._project)
        templates = project.link_templates if project else []
        return {draft.link("").url for draft in from_templates(templates, self._project, flag)}

    def _add_link(self, flag: str, draft: LinkDraft, had: set[str]) -> None:
        try:
            url = draft.link("").url
        except FlagkeeperError as error:
            self._wrong_links.append((error.message, flag))
            return
        if url not in had:
            had.add(url)
            self.links.append((flag, draft))
