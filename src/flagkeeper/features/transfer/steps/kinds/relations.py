"""What flags ask of other flags, and their links. Dependencies come when all flags are there; those that go, go before
any flag changes, so that at no time there is a chain."""

from collections import Counter, defaultdict
from collections.abc import Set

from flagkeeper.features.flags.model.relations import MOST_LINKS, MOST_PARENTS, DependencyDraft, LinkDraft
from flagkeeper.features.flags.steps.relations import ADD_DEPENDENCY, REMOVE_DEPENDENCY, AddDependency, OfParent
from flagkeeper.features.transfer.model.document import items
from flagkeeper.features.transfer.steps import ops
from flagkeeper.features.transfer.steps.planning import Planning, Stage

Pair = tuple[str, str]
"""A flag, and its parent."""


def plan_dependencies(p: Planning) -> None:
    found = items(p.document.feature_dependencies)
    p.once("feature_dependencies", [(each.feature_name, each.parent) for each in found])
    wanted = {
        (each.feature_name, each.parent): (f"/body/featureDependencies/{number}", each)
        for number, each in enumerate(found)
        if not (p.keeps and each.feature_name in p.staying)
    }
    there = {(flag, each.feature) for flag, own in p.world.uses.dependencies.items() for each in own}
    losing = _losing(p, "feature_dependencies")
    left = {(flag, parent) for flag, parent in there if not (flag in losing and (flag, parent) not in wanted)}
    left = {pair for pair in left if _problem(p, *pair) is None}
    for flag, parent in sorted(there - left):
        if flag in p.flags_after and parent in p.flags_after and not p.world.flags[flag].archived:
            step = OfParent(project=p.world.flags[flag].project, flag=flag, parent=parent)
            p.add(Stage.DEPENDENCIES_GO, REMOVE_DEPENDENCY, step, 2)
    after = left | wanted.keys()
    parents, asked = Counter(flag for flag, _ in after), {parent for _, parent in after}
    for (flag, parent), (place, each) in wanted.items():
        draft = DependencyDraft(feature=parent, enabled=each.enabled, variants=each.variants)
        with p.at(place):
            draft.dependency()
        problem = _problem(p, flag, parent)
        if problem is not None:
            p.fault(problem[1], f"{place}/{problem[0]}")
        elif parent in parents:
            p.fault(f"{parent!r} depends on a flag itself, and dependencies are one level deep.", f"{place}/parent")
        elif flag in asked:
            p.fault(f"Flags depend on {flag!r}, and dependencies are one level deep.", f"{place}/featureName")
        else:
            step_of = AddDependency(project=p.flags_after[flag].project, flag=flag, draft=draft)
            p.add(Stage.DEPENDENCIES, ADD_DEPENDENCY, step_of, 3)
    for flag, number in sorted(parents.items()):
        if number > MOST_PARENTS:
            p.fault(f"{flag!r} has {number} parents, and may have {MOST_PARENTS}.", "/body/featureDependencies")


def plan_links(p: Planning) -> None:
    wanted: defaultdict[str, list[LinkDraft]] = defaultdict(list)
    for number, each in enumerate(items(p.document.feature_links)):
        place, draft = f"/body/featureLinks/{number}", LinkDraft(url=each.url, title=each.title)
        if each.feature_name not in p.flags_after:
            p.fault(f"There is no flag {each.feature_name!r}.", f"{place}/featureName")
        with p.at(place):
            draft.link("")
        if not (p.keeps and each.feature_name in p.staying):
            wanted[each.feature_name].append(draft)
    for flag in sorted(_losing(p, "feature_links") | wanted.keys()):
        links, own = wanted[flag], p.world.uses.links.get(flag, ())
        if len(links) > MOST_LINKS:
            p.fault(f"The flag {flag!r} has {len(links)} links, and may have {MOST_LINKS}.", "/body/featureLinks")
        if links or own:
            step = ops.BringLinks(flag=flag, links=links, existing=p.existing)
            p.add(Stage.LINKS, ops.BRING_LINKS, step, 2 * (len(links) + len(own)))


def _losing(p: Planning, field: str) -> Set[str]:
    """The flags that lose what they have of a section and the document does not say: those of the document, and all
    where the section is dropped."""
    if p.keeps or not p.has(field):
        return set()
    return p.flags_after.keys() if p.drops(field) else {each.name for each in items(p.document.features)}


def _problem(p: Planning, flag: str, parent: str) -> tuple[str, str] | None:
    """Why a flag cannot depend on another one when the import is done, with the key that is to blame."""
    child, other = p.flags_after.get(flag), p.flags_after.get(parent)
    if child is None or child.archived:
        return "featureName", f"There will be no flag {flag!r} in use."
    if other is None or other.archived or other.project != child.project:
        return "parent", f"There will be no flag {parent!r} in use in the project {child.project!r}."
    return None
