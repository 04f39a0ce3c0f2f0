"""Context fields."""

from collections import defaultdict

from flagkeeper.features.context_fields.model import ContextFieldDraft, check
from flagkeeper.features.transfer.model.document import items
from flagkeeper.features.transfer.steps import ops
from flagkeeper.features.transfer.steps.planning import Planning, Stage


def plan(p: Planning) -> None:
    found = items(p.document.context_fields)
    p.once("context_fields", [each.name for each in found])
    for number, each in enumerate(found):
        place = f"/body/contextFields/{number}"
        draft = ContextFieldDraft(
            name=each.name,
            description=each.description,
            stickiness=each.stickiness,
            sort_order=each.sort_order,
            legal_values=each.legal_values,
            project=each.project,
        )
        with p.at(place):
            check(draft.field(0))
        if each.project and each.project not in p.attached_after:
            p.fault(f"There is no project {each.project!r}.", f"{place}/project")
        created_at = p.moment(each.created_at, f"{place}/createdAt")
        wanted = ops.BringContextField(draft=draft, created_at=created_at, existing=p.existing)
        p.add(Stage.CONTEXT_FIELDS, ops.BRING_CONTEXT_FIELD, wanted)


def plan_leaving(p: Planning) -> None:
    """Those that are dropped go at last; nothing that stays or comes may have a constraint on them."""
    if not p.drops("context_fields"):
        return
    named = _named(p)
    for name in sorted(p.world.context_fields.keys() - {each.name for each in items(p.document.context_fields)}):
        if name in named:
            places = ", ".join(sorted(named[name])[:10])
            message = f"The context field {name!r} would be dropped, and there would be constraints on it: {places}."
            p.fault(message, "/body/contextFields")
        p.add(Stage.CONTEXT_FIELDS_GO, ops.DROP_CONTEXT_FIELD, ops.Named(name=name))


def _named(p: Planning) -> dict[str, set[str]]:
    """What has constraints when the import is done, by the context fields that they name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for flag in p.staying:
        for name in p.world.uses.context_fields.get(flag, ()):
            found[name].add(f"the flag {flag!r}")
    segments = {} if p.drops("segments") else {each.name: each.constraints for each in p.world.segments.values()}
    having = [(f"the flag {each.feature_name!r}", each.constraints) for each in items(p.document.feature_strategies)]
    having += [
        (f"the segment {name!r}", constraints)
        for name, constraints in (
            segments | {each.name: each.constraints for each in items(p.document.segments)}
        ).items()
    ]
    having += [
        (f"the default strategy of {project!r} in {environment!r}", strategy.constraints)
        for project, environment, strategy in p.default_strategies_after()
    ]
    for place, constraints in having:
        for constraint in constraints:
            found[constraint.context_name].add(place)
    return found
