"""Flags themselves: names, metadata, and when they have outlived their type."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from flagkeeper.features.flags.model.environment import OFF, FlagEnvironment
from flagkeeper.features.flags.model.flag import (
    Flag,
    FlagChange,
    Rollup,
    check_metadata,
    check_name,
    check_naming,
    marked_stale,
)
from flagkeeper.features.flags.model.flag_type import BUILT_IN, outlived
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, PatternMismatch

FLAG = Flag(
    name="checkout",
    project="default",
    type="release",
    description=None,
    stale=False,
    potentially_stale=False,
    impression_data=False,
    created_at=1_700_000_000_000,
    created_by="alice@example.com",
    created_by_user_id=7,
    archived_at=None,
)


@given(some.text(max_size=110) | some.text("abcXYZ019-_.!~*'()%/ é", max_size=110))
def test_a_name_is_its_own_percent_encoding(name: str) -> None:
    """The rule of existing clients: `encodeURIComponent(name) === name`, 1 to 100 characters, no path."""
    allowed = (
        1 <= len(name) <= 100 and quote(name, safe="!~*'()", errors="surrogatepass") == name and name not in (".", "..")
    )
    if allowed:
        check_name(name)
    else:
        with pytest.raises(BadData):
            check_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "a%20b", "ÆØÅ", "x" * 101, "a\n"])
def test_impossible_names(name: str) -> None:
    with pytest.raises(BadData):
        check_name(name)


@pytest.mark.parametrize("name", ["a", "...", "A-b_c.d!e~f*g'h(i)", "x" * 100])
def test_possible_names(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        (None, "anything", True),
        ("", "anything", True),
        ("team-[a-z]+", "team-a", True),
        ("team-[a-z]+", "my-team-a", False),
        ("team-[a-z]+", "team-a1", False),
        ("a|b", "b", True),
        ("a|b", "ab", False),
    ],
)
def test_a_pattern_fits_the_whole_name(pattern: str | None, name: str, fits: bool) -> None:
    if fits:
        check_naming(name, pattern)
    else:
        with pytest.raises(PatternMismatch):
            check_naming(name, pattern)


def test_metadata() -> None:
    check_metadata("kill-switch", None)
    with pytest.raises(BadData):
        check_metadata("nope", None)
    with pytest.raises(BadData):
        check_metadata("release", "x" * 10_001)


def test_a_change_says_only_what_changes() -> None:
    assert FlagChange().applied_to(FLAG) == FLAG
    changed = FlagChange(description="d", impression_data=True).applied_to(FLAG)
    assert (changed.description, changed.impression_data, changed.type) == ("d", True, "release")
    assert FlagChange(description=None).applied_to(changed).description is None


def test_a_stale_flag_is_not_potentially_stale() -> None:
    aged = FlagChange().applied_to(FLAG)
    aged = type(FLAG)(**{name: getattr(aged, name) for name in FLAG.__struct_fields__} | {"potentially_stale": True})
    assert marked_stale(aged, True).potentially_stale is False
    assert marked_stale(aged, False).potentially_stale is True


def test_how_events_show_a_flag() -> None:
    data = FLAG.payload(Rollup(last_seen_at=0))
    assert (data.created_at, data.last_seen_at, data.archived, data.archived_at, data.variants) == (
        "2023-11-14T22:13:20.000Z",
        "1970-01-01T00:00:00.000Z",
        False,
        None,
        [],
    )


@pytest.mark.parametrize(
    ("age", "lifetime", "expected"),
    [(40, 40, False), (41, 40, True), (10_000, None, False), (0, 0, False), (1, 0, True)],
)
def test_a_flag_outlives_its_type(age: int, lifetime: int | None, expected: bool) -> None:
    assert outlived(0, lifetime, age * clock.DAY) is expected


def test_types_of_a_new_server() -> None:
    assert {each.id: each.lifetime_days for each in BUILT_IN} == {
        "release": 40,
        "experiment": 40,
        "operational": 7,
        "kill-switch": None,
        "permission": None,
        "sunset": 90,
    }
    assert BUILT_IN[0].with_lifetime(0).lifetime_days is None
    assert BUILT_IN[0].with_lifetime(None).lifetime_days is None
    for days in (-1, 2**31):
        with pytest.raises(BadData):
            BUILT_IN[0].with_lifetime(days)


def test_an_environment_without_strategies() -> None:
    assert FlagEnvironment(enabled=False, variants=[], strategies=[]) == OFF
    assert (OFF.has_enabled_strategy, OFF.next_sort_order) == (False, 0)
