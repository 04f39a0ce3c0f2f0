"""The rules of saved searches."""

from typing import Any

import pytest

from flagkeeper.features.searches.model import Asker, SavedSearch, SearchDraft, checked, owner_of
from flagkeeper.kernel.actor import ADMIN_TOKEN_USER_ID, NO_LOGIN_USER_ID, SYSTEM, Actor
from flagkeeper.kernel.errors import BadData

OWNER = Asker(user_id=7, is_admin=False)
OTHER = Asker(user_id=8, is_admin=False)
ADMIN = Asker(user_id=9, is_admin=True)
TOKEN = Asker(user_id=None, is_admin=True)


def draft(**changes: Any) -> SearchDraft:
    return SearchDraft(**{"name": "night", "query": "since:2h", **changes})


def search(user_id: int | None, *, shared: bool) -> SavedSearch:
    return SavedSearch(
        id=1,
        name="night",
        query="since:2h",
        description=None,
        shared=shared,
        user_id=user_id,
        created_by="ada",
        created_at=1,
        updated_at=1,
    )


@pytest.mark.parametrize(
    ("found", "owners", "seen_by", "changed_by"),
    [
        (search(7, shared=False), [OWNER], [OWNER], [OWNER]),
        (search(7, shared=True), [OWNER], [OWNER, OTHER, ADMIN, TOKEN], [OWNER, ADMIN, TOKEN]),
        (search(None, shared=True), [], [OWNER, OTHER, ADMIN, TOKEN], [ADMIN, TOKEN]),
    ],
    ids=["private", "shared", "nobody's"],
)
def test_who_may_do_what(
    found: SavedSearch, owners: list[Asker], seen_by: list[Asker], changed_by: list[Asker]
) -> None:
    everybody = (OWNER, OTHER, ADMIN, TOKEN)
    assert [each for each in everybody if found.is_of(each)] == owners
    assert [each for each in everybody if found.is_seen_by(each)] == seen_by
    assert [each for each in everybody if found.is_seen_by(each) and found.is_changed_by(each)] == changed_by


def test_only_users_own_searches() -> None:
    assert owner_of(Actor("ada", 7)) == 7
    assert [owner_of(Actor("x", each)) for each in (ADMIN_TOKEN_USER_ID, NO_LOGIN_USER_ID)] == [None, None]
    assert owner_of(SYSTEM) is None
    with pytest.raises(BadData, match="nobody's"):
        checked(draft(), None, 0)
    assert checked(draft(shared=True), None, 0).shared


def test_a_draft_is_kept_without_the_spaces_around_it() -> None:
    found = checked(draft(name=" night\n", query="  by:bot ", description=" "), 7, 0)
    assert found == SearchDraft(name="night", query="  by:bot ", description=None)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "\x1f"}, "/body/name"),
        ({"name": "x" * 101}, "/body/name"),
        ({"name": "a\x07b"}, "/body/name"),
        ({"description": "x" * 501}, "/body/description"),
        ({"query": "typo:x"}, "/body/query"),
        ({"query": "x" * 2001}, "/body/query"),
    ],
)
def test_an_impossible_draft(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(BadData) as error:
        checked(draft(**changes), 7, 0)
    assert error.value.details[0].path == path
