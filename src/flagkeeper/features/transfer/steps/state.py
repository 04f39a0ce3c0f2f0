"""From a document of a whole state to the steps of its import."""

from flagkeeper.features.transfer.model.document import Document, demand_none
from flagkeeper.features.transfer.model.world import World
from flagkeeper.features.transfer.steps.kinds import KINDS
from flagkeeper.features.transfer.steps.planning import Planned, Planning
from flagkeeper.kernel.existing import Existing
from flagkeeper.kernel.limits import Limits
from flagkeeper.kernel.rests import Rest


def plan_state(document: Document, world: World, existing: Existing, limits: Limits, rest: Rest) -> list[Planned]:
    """The steps, in order. They may be very many: `rest` is called again and again.

    Raises:
        BadData: something is wrong with the document; `details` have all of it, each with its place.
    """
    planning = Planning(document, world, existing, limits, rest)
    for plan in KINDS:
        plan(planning)
    demand_none(planning.wrong)
    return planning.steps()
