"""The rules of saved searches. Pure."""

from collections.abc import Sequence
from typing import ClassVar, Protocol, TypeVar

import msgspec

from flagkeeper.eventlog.catalogue.own import SearchData
from flagkeeper.eventlog.query import parse
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail, InvalidOperation, NotFound
from flagkeeper.kernel.text import check_line

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 500
MOST_SEARCHES = 100
"""Of one owner."""


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to see or change a search."""

    user_id: int | None
    """None: a token that belongs to no user."""
    is_admin: bool


class SearchDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants a search to be."""

    name: str
    query: str
    description: str | None = None
    shared: bool = False


class SavedSearch(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    query: str
    """As it was written: `since:2h` counts from whenever it is run."""
    description: str | None
    shared: bool
    user_id: int | None
    """Its owner. None: nobody's, and then it is shared."""
    created_by: str
    created_at: Millis
    updated_at: Millis

    def is_of(self, asker: Asker) -> bool:
        return self.user_id is not None and self.user_id == asker.user_id

    def is_seen_by(self, asker: Asker) -> bool:
        return self.shared or self.is_of(asker)

    def is_changed_by(self, asker: Asker) -> bool:
        """Whether `asker`, who sees it, may change and delete it."""
        return self.is_of(asker) or asker.is_admin

    def changed(self, draft: SearchDraft) -> "SavedSearch":
        return msgspec.structs.replace(
            self, name=draft.name, query=draft.query, description=draft.description, shared=draft.shared
        )

    def payload(self) -> SearchData:
        """How events show it."""
        return SearchData(
            id=self.id,
            name=self.name,
            query=self.query,
            description=self.description,
            shared=self.shared,
            user_id=self.user_id,
        )

    def state(self) -> "SearchState":
        return SearchState(search=self.payload(), created_by=self.created_by, created_at=clock.to_iso(self.created_at))


class SearchState(Snapshot, frozen=True, kw_only=True):
    """A version of a saved search."""

    kind: ClassVar = "search"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state if state["search"] else None}
    search: SearchData
    created_by: str | None = None
    created_at: str | None = None
    """Both are None in versions of the first schema, which did not say it."""

    def draft(self) -> SearchDraft:
        """What a person would have to ask for, to get it."""
        shown = self.search
        return SearchDraft(name=shown.name, query=shown.query, description=shown.description, shared=shown.shared)

    def creation(self) -> tuple[str, Millis]:
        """Who saved it, and when. Raises `InvalidOperation` when nobody knows."""
        if self.created_by is None or self.created_at is None:
            raise InvalidOperation(
                "The log did not yet keep who saved this search, so it cannot be brought back as it was. Save it anew "
                "instead."
            )
        return self.created_by, clock.from_iso(self.created_at)


class Named(Protocol):
    """What a search is known by, stored or as a server shows it."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def created_by(self) -> str: ...


S = TypeVar("S", bound=Named)


def named(searches: Sequence[S], wanted: str) -> S:
    """The one of `searches` with that name or, where no name is like that, with that id.

    Raises:
        NotFound: there is none; says which there are.
        BadData: several have that name.
    """
    found = [each for each in searches if each.name == wanted] or [each for each in searches if str(each.id) == wanted]
    if not found:
        names = ", ".join(dict.fromkeys(each.name for each in searches))
        raise NotFound(
            f"No search that you may see is called {wanted!r}. {f'There are: {names}.' if names else 'There is none.'}"
        )
    if len(found) > 1:
        ids = ", ".join(f"{each.id} by {each.created_by}" for each in found)
        raise BadData(f"Several searches are called {wanted!r}. Name one by its id: {ids}.")
    return found[0]


def owner_of(actor: Actor) -> int | None:
    """Whose the searches are that `actor` saves; None: nobody's."""
    return actor.user_id if actor.user_id > 0 else None


def checked(draft: SearchDraft, owner: int | None, now: Millis) -> SearchDraft:
    """The draft without spaces around its name and description.

    Raises:
        BadData: it breaks a rule, or the query cannot be read.
    """
    name, description = draft.name.strip(), (draft.description or "").strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        message = f"The name of a search has 1 to {LONGEST_NAME} characters."
        raise BadData(message, Detail(message, "/body/name"))
    check_line(name, "/body/name")
    if len(description) > LONGEST_DESCRIPTION:
        raise BadData(
            f"A description has at most {LONGEST_DESCRIPTION} characters.",
            Detail(f"{len(description)} are too many.", "/body/description"),
        )
    if owner is None and not draft.shared:
        raise BadData(
            "A private search belongs to a user, and this one would be nobody's. Share it.",
            Detail("It must be true here.", "/body/shared"),
        )
    try:
        parse(draft.query, now)
    except BadData as error:
        raise BadData(error.message, Detail(error.message, "/body/query")) from error
    return SearchDraft(name=name, query=draft.query, description=description or None, shared=draft.shared)
