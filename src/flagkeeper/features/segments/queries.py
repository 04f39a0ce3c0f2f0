"""Reading segments, for everybody."""

from sqlalchemy import bindparam, select

from flagkeeper.features.segments.model import Segment
from flagkeeper.features.segments.ports import SegmentUses, StrategyUse
from flagkeeper.features.segments.store import COLUMNS, to_segment
from flagkeeper.features.segments.tables import segments
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(select(*COLUMNS).order_by(segments.c.id), to_segment)
_BY_ID = Query(select(*COLUMNS).where(segments.c.id == bindparam("id")), to_segment)
_BY_IDS = Query(select(*COLUMNS).where(any_of(segments.c.id, "ids")).order_by(segments.c.id), to_segment)
_BY_NAME = Query(select(*COLUMNS).where(segments.c.name == bindparam("name")), to_segment)


def all_segments(tx: Transaction) -> list[Segment]:
    return tx.all(_ALL)


def segment(tx: Transaction, segment_id: int) -> Segment:
    """Raises `NotFound`."""
    found = tx.first(_BY_ID, id=segment_id)
    if found is None:
        raise NotFound(f"There is no segment with the id {segment_id}.")
    return found


def segment_with_uses(tx: Transaction, segment_id: int, uses: SegmentUses) -> tuple[Segment, list[StrategyUse]]:
    """Raises `NotFound`."""
    return segment(tx, segment_id), uses(tx, [segment_id]).get(segment_id, [])


def all_with_uses(tx: Transaction, uses: SegmentUses) -> list[tuple[Segment, list[StrategyUse]]]:
    found = all_segments(tx)
    used = uses(tx, [each.id for each in found])
    return [(each, used.get(each.id, [])) for each in found]


def segments_of(tx: Transaction, ids: list[int]) -> list[Segment]:
    """Those of `ids` that exist."""
    return tx.all(_BY_IDS, ids=ids)


def name_is_taken(tx: Transaction, name: str) -> bool:
    return tx.first(_BY_NAME, name=name) is not None
