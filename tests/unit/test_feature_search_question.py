"""The parameters by which flags are found, as questions, and what each finds among a few flags."""

from typing import Any
from urllib.parse import parse_qsl

import pytest

from flagkeeper.eventlog.read import LogPosition
from flagkeeper.features.flags.model.lifecycle import Moments
from flagkeeper.features.flags.model.relations import Completion
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData
from flagkeeper.kernel.paging import Page
from flagkeeper.readmodels.feature_search.question import read_question
from flagkeeper.readmodels.feature_search.state import NOTHING, Asker, Known, Usage, count_stages, find

START = clock.from_iso("2026-11-20T00:00:00.000Z")


def known(name: str, day: int, **more: Any) -> Known:
    fields = {
        "project": "default",
        "type": "release",
        "description": None,
        "stale": False,
        "impression_data": False,
        "created_at": START + day * clock.DAY,
        "created_by": "alice",
        "created_by_user_id": 7,
        "archived_at": None,
        "completion": None,
        "tags": frozenset(),
        "segments": frozenset(),
        "places": frozenset({("dev", False), ("prod", False)}),
        "text": name,
        **more,
    }
    return Known(name=name, **fields)


DEV_ONLY = frozenset({("dev", True), ("prod", False)})
COMPLETED = Completion(at=START, status="kept", status_value=None)
FLAGS = NOTHING.moved(
    LogPosition("e", 1),
    {
        each.name: each
        for each in (
            known("a", 3, stale=True, tags=frozenset({"team:x", "team:y"}), segments=frozenset({1, 2})),
            known(
                "b",
                1,
                type="experiment",
                places=frozenset({("dev", True), ("prod", False)}),
                text="b\nthe cart\nteam:x",
            ),
            known("c", 2, project="other", created_by="bob", created_by_user_id=8, tags=frozenset({"team:x"})),
            known(
                "d", 0, completion=COMPLETED, segments=frozenset({1}), places=frozenset({("dev", True), ("prod", True)})
            ),
            known("old", 0, archived_at=START + clock.DAY),
            known("hidden", 0, project="hush", places=DEV_ONLY, text="hidden cart"),
        )
    },
    Usage(
        {"b": START + clock.DAY, "c": START + 3 * clock.DAY},
        {"b": Moments(pre_live_at=START), "c": Moments(pre_live_at=START, live_at=START)},
        frozenset({"b"}),
    ),
)
ASKER = Asker(frozenset({"c"}), frozenset({"hush"}))
SEGMENTS = {"beta": 1, "staff": 2}


def found(query: str) -> str:
    return "".join(flag.name for flag in find(FLAGS, read_question(parse_qsl(query)), ASKER, SEGMENTS))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "dbca"),
        ("sortOrder=desc", "acbd"),
        ("sortBy=name", "abcd"),
        ("sortBy=name&sortOrder=desc", "dcba"),
        ("sortBy=type", "bacd"),
        ("sortBy=project&sortOrder=desc", "cabd"),
        ("sortBy=lastSeenAt", "bcad"),
        ("sortBy=lastSeenAt&sortOrder=desc", "cbad"),
        ("sortBy=environment:dev&sortOrder=desc", "bdac"),
        ("sortBy=createdBy&sortOrder=desc", "cabd"),
        ("sortBy=state", "cdba"),
        ("sortBy=lifecycle", "abcd"),
        ("sortBy=favorite&sortOrder=desc", "cabd"),
        ("favoritesFirst=true", "cdba"),
        ("favorite=IS:true", "c"),
        ("favorite=IS:false&sortBy=name", "abd"),
        ("query=CART", "b"),
        ("query=cart, a ,,&sortBy=name", "ab"),
        ("query=team:x", "b"),
        ("project=IS:other", "c"),
        ("project=IS_NOT:other&sortBy=name", "abd"),
        ("project=IS:hush", ""),
        ("type=IS_ANY_OF:experiment,nope", "b"),
        ("type=IS_NONE_OF:experiment&sortBy=name", "acd"),
        ("createdBy=IS:8", "c"),
        ("state=IS:active&sortBy=name", "cd"),
        ("state=IS_ANY_OF:stale,potentially-stale&sortBy=name", "ab"),
        ("lifecycle=IS:initial", "a"),
        ("lifecycle=IS_ANY_OF:pre-live,live,completed&sortBy=name", "bcd"),
        ("tag=INCLUDE:team:x&sortBy=name", "ac"),
        ("tag=INCLUDE_ALL_OF:team:x,team:y", "a"),
        ("tag=INCLUDE_ANY_OF:team:y,team:z", "a"),
        ("tag=DO_NOT_INCLUDE:team:x&sortBy=name", "bd"),
        ("tag=EXCLUDE_IF_ANY_OF:team:y,team:z&sortBy=name", "bcd"),
        ("tag=EXCLUDE_ALL:team:x,team:y&sortBy=name", "bcd"),
        ("segment=INCLUDE:beta&sortBy=name", "ad"),
        ("segment=INCLUDE_ALL_OF:beta,staff", "a"),
        ("segment=EXCLUDE_IF_ANY_OF:staff&sortBy=name", "bcd"),
        ("status[]=dev:enabled&sortBy=name", "bd"),
        ("status=prod:enabled&status=dev:disabled&sortBy=name", "acd"),
        ("createdAt=IS_BEFORE:2026-11-21", "d"),
        ("createdAt=IS_ON_OR_AFTER:2026-11-22", "ca"),
        ("lastSeenAt=IS_BEFORE:2026-11-22", "b"),
        ("lastSeenAt=IS_ON_OR_AFTER:2026-11-21", "bc"),
        ("archived=IS:true", "old"),
        ("archived=IS:true&lifecycle=IS:archived", "old"),
        ("archived=IS:false&query=cart", "b"),
    ],
)
def test_what_a_question_finds(query: str, names: str) -> None:
    assert found(query) == names


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("project=BAD", "project"),
        ("project=IS:a&project=IS:b", "project"),
        ("state=IS:nope", "state"),
        ("lifecycle=IS:nope", "lifecycle"),
        ("tag=INCLUDE:simple", "tag"),
        ("tag=IS:a:b", "tag"),
        ("segment=IS:a", "segment"),
        ("status=dev", "status"),
        ("status[]=dev:on", "status[]"),
        ("project=IS:", "project"),
        ("type=IS_ANY_OF:,", "type"),
        ("type=IS_NONE_OF: ", "type"),
        ("tag=INCLUDE:", "tag"),
        ("segment=EXCLUDE_ALL:,,", "segment"),
        ("sortBy=nope", "sortBy"),
        ("sortBy=environment:", "sortBy"),
        ("sortOrder=up", "sortOrder"),
        ("favoritesFirst=1", "favoritesFirst"),
        ("limit=abc", "limit"),
        ("limit=101", "limit"),
        ("limit=0", "limit"),
        ("offset=-1", "offset"),
        ("offset=1e3", "offset"),
        ("createdAt=IS:2026-11-22", "createdAt"),
        ("createdAt=IS_BEFORE:2026-02-31", "createdAt"),
        ("archived=true", "archived"),
        ("favorite=IS:maybe", "favorite"),
        ("query=" + "x" * 501, "query"),
        ("type=IS_ANY_OF:" + ",".join(map(str, range(101))), "type"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named(query: str, parameter: str) -> None:
    with pytest.raises(BadData) as refused:
        read_question(parse_qsl(query))
    assert [detail.path for detail in refused.value.details] == [f"/query/{parameter}"]


def test_flags_are_counted_by_the_stage_of_their_life() -> None:
    counted = {stage.value: number for stage, number in count_stages(FLAGS, ASKER.hidden).items()}
    assert counted == {"initial": 1, "pre-live": 1, "live": 1, "completed": 1, "archived": 1}


def test_a_page_has_fifty_flags_unless_others_are_asked_for() -> None:
    assert read_question([]).page == Page(50, 0)
    assert read_question([("limit", "100"), ("offset", "7")]).page == Page(100, 7)
    with pytest.raises(BadData):
        read_question([("limit", "101")])
