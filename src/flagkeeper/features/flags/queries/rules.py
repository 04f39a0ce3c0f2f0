"""What strategies refer to: definitions and segments. Locked shared, so that they stay until the unit ends."""

from collections.abc import Collection

from sqlalchemy import select

from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.context_fields.queries import demand_legal
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.strategy import checked_default, from_default
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.projects.model import strategy_for
from flagkeeper.features.segments.tables import segments
from flagkeeper.features.strategies import queries as definitions
from flagkeeper.features.strategies.model import ParameterType
from flagkeeper.kernel.errors import BadData, Detail, NotFound
from flagkeeper.kernel.ids import new_ulid
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_SEGMENTS = Query(
    select(segments.c.id, segments.c.project)
    .where(any_of(segments.c.id, "ids"))
    .order_by(segments.c.id)
    .with_for_update(read=True),
    lambda id_, project: (int(id_), project),
)


def strategy_rules(tx: Transaction, project: str, strategy: DefaultStrategyData) -> DefaultStrategyData:
    """A project's default strategy, checked as a strategy of a flag is, with the weights of its variants shared out.

    Raises:
        BadData: it breaks a rule.
        NotFound: there is no such segment.
    """
    checked = checked_default(strategy, percentages_of(tx, strategy.name))
    demand_legal(tx, checked.constraints, "/body/constraints")
    demand_segments(tx, project, checked.segments)
    return checked


def percentages_of(tx: Transaction, strategy: str) -> Collection[str]:
    """The parameters that are percentages, by the definition of a strategy.

    Raises:
        BadData: there is no such definition.
    """
    if not definitions.lock_shared(tx, strategy):
        message = f"There is no strategy called {strategy!r}. Define it first."
        raise BadData(message, Detail(message, "/body/name"))
    parameters = definitions.strategy(tx, strategy).parameters
    return {parameter.name for parameter in parameters if parameter.type == ParameterType.PERCENTAGE}


def foreign_segments(tx: Transaction, project: str, ids: Collection[int]) -> list[int]:
    """Those that another project owns."""
    found = tx.all(_SEGMENTS, ids=sorted(ids)) if ids else []
    return [id_ for id_, owner in found if owner not in (None, project)]


def demand_segments(tx: Transaction, project: str, ids: Collection[int]) -> None:
    """Raises `NotFound` unless all exist, `BadData` unless all are global or the project's own."""
    if not ids:
        return
    found = dict(tx.all(_SEGMENTS, ids=sorted(ids)))
    for number in ids:
        if number not in found:
            raise NotFound(f"There is no segment with the id {number}.", Detail("Choose another.", "/body/segments"))
        if found[number] not in (None, "", project):
            message = f"The segment {number} belongs to another project. Choose one of {project!r}, or of all projects."
            raise BadData(message, Detail(message, "/body/segments"))


def default_strategy(tx: Transaction, flag: Flag, environment: str, state: FlagEnvironment) -> StrategyData:
    """What a flag gets in an environment when it is switched on without an enabled strategy.

    Raises:
        NotFound: it uses a segment that is gone.
    """
    here = projects.environment_of(tx, flag.project, environment)
    default = strategy_for(projects.project(tx, flag.project), here.default_strategy, flag.name)
    demand_segments(tx, flag.project, default.segments)
    return from_default(default, new_ulid(), state.next_sort_order)
