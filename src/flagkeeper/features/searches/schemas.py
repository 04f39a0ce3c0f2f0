"""Saved searches on the wire."""

from urllib.parse import quote

import msgspec

from flagkeeper.features.searches.model import Asker, SavedSearch, SearchDraft
from flagkeeper.kernel import clock


class SavedSearchBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends to save a search, and to replace one."""

    name: str
    query: str
    """In the language of the log. Empty: all events."""
    description: str | None = None
    shared: bool = False
    """Whether everybody sees it."""

    def draft(self) -> SearchDraft:
        return SearchDraft(name=self.name, query=self.query, description=self.description, shared=self.shared)


class SavedSearchOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str
    query: str
    description: str | None
    shared: bool
    mine: bool
    """Whether it is the caller's own."""
    created_by: str
    created_at: clock.Iso
    updated_at: clock.Iso
    events: str
    """The path that runs it."""


class SavedSearchList(msgspec.Struct, frozen=True, kw_only=True):
    searches: list[SavedSearchOut]


def shown(search: SavedSearch, asker: Asker) -> SavedSearchOut:
    return SavedSearchOut(
        id=search.id,
        name=search.name,
        query=search.query,
        description=search.description,
        shared=search.shared,
        mine=search.is_of(asker),
        created_by=search.created_by,
        created_at=clock.to_iso(search.created_at),
        updated_at=clock.to_iso(search.updated_at),
        events=f"/api/admin/log/events?q={quote(search.query, safe='')}",
    )
