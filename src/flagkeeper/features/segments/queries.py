"""Reading segments, for everybody."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import is_hidden
from flagkeeper.features.context_fields.ports import StrategyUse
from flagkeeper.features.segments.model import Segment
from flagkeeper.features.segments.ports import SegmentUses
from flagkeeper.features.segments.store import COLUMNS, last_given, to_segment
from flagkeeper.features.segments.tables import segments
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

HIDDEN_FLAG = "a flag that you may not see"

_ALL = Query(select(*COLUMNS).order_by(segments.c.id), to_segment)
_BY_ID = Query(select(*COLUMNS).where(segments.c.id == bindparam("id")), to_segment)
_BY_IDS = Query(select(*COLUMNS).where(any_of(segments.c.id, "ids")).order_by(segments.c.id), to_segment)
_BY_NAME = Query(select(*COLUMNS).where(segments.c.name == bindparam("name")), to_segment)


def all_segments(tx: Transaction) -> list[Segment]:
    return tx.all(_ALL)


def next_id(tx: Transaction) -> int:
    """The id that the next new segment gets."""
    return last_given(tx) + 1


def segment(tx: Transaction, segment_id: int) -> Segment:
    """Raises `NotFound`."""
    found = tx.first(_BY_ID, id=segment_id)
    if found is None:
        raise _not_found(segment_id)
    return found


def demand_visible(tx: Transaction, segment_id: int, visibility: Visibility) -> Segment:
    """Raises `NotFound`, also for the own segment of a project of which the reader may not know."""
    found = segment(tx, segment_id)
    if is_hidden(found.project, visibility):
        raise _not_found(segment_id)
    return found


def segment_with_uses(
    tx: Transaction, segment_id: int, uses: SegmentUses, visibility: Visibility
) -> tuple[Segment, list[StrategyUse]]:
    """Raises what `demand_visible` does. Uses in hidden projects are left out."""
    return demand_visible(tx, segment_id, visibility), _seen(uses(tx, [segment_id]).get(segment_id, []), visibility)


def all_with_uses(
    tx: Transaction, uses: SegmentUses, visibility: Visibility
) -> list[tuple[Segment, list[StrategyUse]]]:
    """Without the own segments of hidden projects, and uses in these."""
    found = [each for each in all_segments(tx) if not is_hidden(each.project, visibility)]
    used = uses(tx, [each.id for each in found])
    return [(each, _seen(used.get(each.id, []), visibility)) for each in found]


def some_with_uses(
    tx: Transaction, ids: list[int], uses: SegmentUses, visibility: Visibility
) -> list[tuple[Segment, list[StrategyUse]]]:
    """The same for those of `ids` that exist."""
    found = [each for each in segments_of(tx, ids) if not is_hidden(each.project, visibility)]
    used = uses(tx, [each.id for each in found])
    return [(each, _seen(used.get(each.id, []), visibility)) for each in found]


def without_hidden_names(uses: SegmentUses, visibility: Visibility) -> SegmentUses:
    """The same uses, for commands that refuse because of them and say why: flags of hidden projects have no names."""

    def masked(tx: Transaction, segment_ids: list[int]) -> Mapping[int, list[StrategyUse]]:
        return {
            segment_id: [
                msgspec.structs.replace(use, feature_name=HIDDEN_FLAG) if is_hidden(use.project_id, visibility) else use
                for use in found
            ]
            for segment_id, found in uses(tx, segment_ids).items()
        }

    return masked


def segments_of(tx: Transaction, ids: list[int]) -> list[Segment]:
    """Those of `ids` that exist."""
    return tx.all(_BY_IDS, ids=ids)


def projects_of_segments_on(tx: Transaction, field: str) -> list[str | None]:
    """For each segment with a constraint on a context field: its project; None: it belongs to all."""
    return [
        each.project
        for each in all_segments(tx)
        if any(constraint.context_name == field for constraint in each.constraints)
    ]


def name_is_taken(tx: Transaction, name: str) -> bool:
    return tx.first(_BY_NAME, name=name) is not None


def _seen(uses: list[StrategyUse], visibility: Visibility) -> list[StrategyUse]:
    return [use for use in uses if not is_hidden(use.project_id, visibility)]


def _not_found(segment_id: int) -> NotFound:
    return NotFound(f"There is no segment with the id {segment_id}.")
