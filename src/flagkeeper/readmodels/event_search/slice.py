"""What the server has to know of finding events. It runs the index: on disk, and its tail in memory."""

from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.eventlog.index import store
from flagkeeper.eventlog.index.maintainer import IndexMaintainer
from flagkeeper.readmodels.event_search import api
from flagkeeper.readmodels.event_search.recent import Recent
from flagkeeper.slice import Part, Slice, running
from flagkeeper.storage.transaction import Transaction


def needed_by_index(tx: Transaction) -> int:
    """The newest event that is in the index on disk, by which the index is checked at a start, and all after it, from
    which its tail is loaded: a server must start, and find what is new, also while the archive is out of reach."""
    newest = store.newest(tx)
    return newest[0].last if newest else 1


RECENT = Part("recent", lambda _: Recent())
INDEX = running("index", lambda parts: IndexMaintainer(parts.indexer, parts.log_reader))
SEARCH_TAIL = Part(
    "search_tail",
    lambda parts: MemoryRunner(parts.tail, parts.log_reader),
    start=lambda runner: runner.start(wait=False),
    stop=lambda runner: runner.stop(),
)

SLICE = Slice(
    name="event_search",
    routes=api.ROUTES,
    eventless={"POST /api/admin/events/search": "a search whose question does not fit into a URL"},
    parts=(INDEX, SEARCH_TAIL),
    provides=(RECENT,),
    needs=(needed_by_index,),
)
