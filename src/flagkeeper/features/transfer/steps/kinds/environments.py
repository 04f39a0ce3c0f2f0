"""Environments."""

from msgspec import UNSET

from flagkeeper.features.environments.model import Environment, check_name, check_sort_order
from flagkeeper.features.transfer.model.document import EnvironmentItem, items
from flagkeeper.features.transfer.steps import ops
from flagkeeper.features.transfer.steps.planning import Planning, Stage
from flagkeeper.kernel.text import check_line

LONGEST_TYPE = 100


def plan(p: Planning) -> None:
    p.announce("environments", Stage.ENVIRONMENTS, p.world.environments)
    found = items(p.document.environments)
    for number, each in enumerate(found):
        place = f"/body/environments/{number}"
        with p.at(place):
            check_name(each.name)
            check_line(each.type, "/body/type")
            check_sort_order(each.sort_order, "sortOrder")
        if not 0 < len(each.type) <= LONGEST_TYPE:
            p.fault(f"The type of an environment has 1 to {LONGEST_TYPE} characters.", f"{place}/type")
        wanted = ops.BringEnvironment(environment=_environment(p, each), existing=p.existing)
        p.add(Stage.ENVIRONMENTS, ops.BRING_ENVIRONMENT, wanted)
    p.once("environments", [each.name for each in found])
    known = set() if p.drops("environments") else set(p.world.environments)
    p.environments_after = known | {each.name for each in found}
    if len(p.environments_after) > p.limits.environments:
        p.fault(f"There would be more than {p.limits.environments} environments.", "/body/environments")


def plan_leaving(p: Planning) -> None:
    """Those that are dropped go at last; nothing that stays may need them."""
    for name in sorted(p.world.environments.keys() - p.environments_after):
        users = sorted(id_ for id_, attached in p.attached_after.items() if name in attached)
        users += sorted(
            id_
            for id_, project in p.world.projects.items()
            if project.archived_at is not None and name in p.world.attached.get(id_, {})
        )
        if users:
            p.fault(f"The environment {name!r} would be dropped, and projects have it: {users}.", "/body/environments")
        if name in p.world.token_environments:
            p.fault(f"The environment {name!r} would be dropped, and tokens read it.", "/body/environments")
        if p.world.environments[name].protected or not p.environments_after:
            p.fault(f"The environment {name!r} is protected, or the last one: it stays.", "/body/environments")
        p.add(Stage.ENVIRONMENTS_GO, ops.DROP_ENVIRONMENT, ops.Named(name=name))


def _environment(p: Planning, item: EnvironmentItem) -> Environment:
    old = p.world.environments.get(item.name)
    approvals = item.required_approvals
    if approvals is UNSET:
        approvals = old.required_approvals if old else None
    return Environment(
        name=item.name,
        type=item.type,
        sort_order=item.sort_order,
        enabled=item.enabled,
        protected=(old.protected if old else False) if item.protected is UNSET else item.protected,
        required_approvals=approvals,
    )
