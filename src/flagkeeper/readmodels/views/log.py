"""The event log as one reader sees it."""

import msgspec

from flagkeeper.eventlog.index.search import Search
from flagkeeper.eventlog.query import EVERYTHING, Sight
from flagkeeper.eventlog.read import EventOut, LogRows, View
from flagkeeper.features.tokens.model import ALL
from flagkeeper.http.caller import Caller
from flagkeeper.storage.transaction import Transaction


class Log(msgspec.Struct, frozen=True):
    """What it takes to read the log: where matching events are, what they say, and what the reader may see of them."""

    search: Search
    rows: LogRows
    sight: Sight
    view: View

    def shown(self, tx: Transaction, ids: list[int]) -> list[EventOut]:
        """The events `ids`, as the reader sees them."""
        return [row.shown(self.view) for row in self.rows.of(tx, ids)]


def log_for(caller: Caller, search: Search, rows: LogRows, base_url: str) -> Log:
    """The log, as `caller` sees it."""
    return Log(search, rows, sight_of(caller), View(base_url, with_ip=caller.is_admin))


def seen_by(log: Log, caller: Caller) -> Log:
    """The same log, as somebody else sees it, or the same person after a change of role."""
    return log_for(caller, log.search, log.rows, log.view.base_url)


def sight_of(caller: Caller) -> Sight:
    """What a caller may see: administrators everything, others the events of projects. Tokens for all projects are no
    matter of one."""
    return EVERYTHING if caller.is_admin else Sight(hidden_projects=frozenset({ALL}))
