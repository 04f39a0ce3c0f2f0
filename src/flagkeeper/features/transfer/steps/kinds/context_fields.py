"""Context fields."""

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
    if p.drops("context_fields"):
        for name in sorted(p.world.context_fields.keys() - {each.name for each in found}):
            p.add(Stage.CONTEXT_FIELDS_GO, ops.DROP_CONTEXT_FIELD, ops.Named(name=name))
