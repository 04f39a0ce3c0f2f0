"""The event log as one reader sees it."""

import msgspec

from flagkeeper.eventlog.index.search import Search
from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.eventlog.read import EventOut, LogRows, View
from flagkeeper.features.tokens.model import ALL
from flagkeeper.http.access import hidden_projects
from flagkeeper.http.caller import Caller
from flagkeeper.readmodels.views.listed import Detail, listed
from flagkeeper.storage.transaction import Transaction


class Log(msgspec.Struct, frozen=True):
    """What it takes to read the log: where matching events are, what they say, and what the reader may see of them."""

    search: Search
    rows: LogRows
    visibility: Visibility
    view: View

    def shown(self, tx: Transaction, ids: list[int]) -> list[EventOut]:
        """The events `ids`, as the reader sees them."""
        return [listed(row, self.view) for row in self.rows.of(tx, ids)]

    def as_wanted(self, detail: Detail) -> "Log":
        """The same log, with events shown in full or in brief."""
        return msgspec.structs.replace(self, view=msgspec.structs.replace(self.view, brief=detail is Detail.BRIEF))


def log_for(caller: Caller, search: Search, rows: LogRows, base_url: str) -> Log:
    """The log, as `caller` sees it."""
    return Log(search, rows, visibility_of(caller), View(base_url, with_ip=caller.is_admin))


def seen_by(log: Log, caller: Caller) -> Log:
    """The same log, as somebody else sees it, or the same person after a change of role."""
    seen = log_for(caller, log.search, log.rows, log.view.base_url)
    return seen.as_wanted(Detail.BRIEF) if log.view.brief else seen


def visibility_of(caller: Caller) -> Visibility:
    """What a caller may see, of the log and of everything else: administrators everything, others what belongs to
    projects of which they may know. Events about tokens for all projects belong to no project."""
    if caller.is_admin:
        return EVERYTHING
    return Visibility(hidden_projects=hidden_projects(caller.credential.access) | {ALL})
