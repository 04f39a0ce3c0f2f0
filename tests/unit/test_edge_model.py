"""What an edge makes of what upstream sends: nothing of it is trusted."""

import json
from typing import Any

import msgspec
import pytest

from flagkeeper.edge.followed import Followed
from flagkeeper.edge.model import Document, Unreadable, read_document, read_events, scope_of
from flagkeeper.readmodels.client_features.delta import delta
from flagkeeper.readmodels.client_features.query import FeatureQuery
from flagkeeper.readmodels.client_features.revision import Revision

SCOPE = scope_of("development", ("*",))
QUERY = FeatureQuery(environment="development", inline=False)
INLINE = FeatureQuery(environment="development", inline=True)


def flag(name: str, *, enabled: bool = True, segments: tuple[int, ...] = (), **more: Any) -> dict[str, Any]:
    strategy = {"name": "default", "constraints": [], "parameters": {}, "variants": []}
    return {
        "name": name,
        "type": "release",
        "enabled": enabled,
        "project": "default",
        "stale": False,
        "strategies": [{**strategy, **({"segments": list(segments)} if segments else {})}],
        "variants": [],
        "description": None,
        "impressionData": False,
        **more,
    }


def segment(id_: int, *values: str) -> dict[str, Any]:
    return {
        "id": id_,
        "name": f"s{id_}",
        "constraints": [{"contextName": "userId", "operator": "IN", "values": list(values)}],
    }


def document(*features: Any, segments: tuple[Any, ...] = (), revision: int = 1) -> Document:
    return read_document(
        json.dumps(
            {"version": 2, "features": features, "segments": segments, "meta": {"revisionId": revision}}
        ).encode()
    )


def followed(*features: Any, segments: tuple[Any, ...] = (), revision: int = 1) -> Followed:
    found = Followed(SCOPE)
    assert found.put(document(*features, segments=segments, revision=revision), '"e"')
    return found


def sent(found: Followed, query: FeatureQuery = QUERY) -> dict[str, Any]:
    assert found.now is not None
    body = json.loads(found.now.state.answer(query))
    return {each["name"]: each for each in body["features"]}


def told(found: Followed, since: int) -> list[dict[str, Any]]:
    assert found.now is not None
    way = delta(found.now.state, found.now.history, QUERY, Revision(found.now.revision.epoch, since))
    assert way is not None
    return list(json.loads(way.body)["events"]) if way.body else []


def change(found: Followed, *events: dict[str, Any]) -> bool:
    return found.apply(read_events(json.dumps({"events": events}).encode()))


def test_flags_pass_as_they_are_with_what_newer_servers_add() -> None:
    newer = flag("a", lastSeenAt="2026-11-22T00:00:00Z")
    assert sent(followed(newer)) == {"a": newer}


@pytest.mark.parametrize(
    "given",
    [
        {"strategies": None, "variants": None, "stale": None, "description": None, "type": None},
        {"strategies": [{"name": "default", "constraints": None, "parameters": None}]},
        {"variants": [{"name": "v", "weight": 1000}]},
        {
            "strategies": [
                {"name": "default", "constraints": [{"contextName": "u", "operator": "IN", "inverted": None}]}
            ]
        },
    ],
)
def test_what_sdks_can_do_without_is_filled_in(given: dict[str, Any]) -> None:
    found = sent(followed({**flag("a"), **given}))["a"]
    assert found["enabled"] is True
    assert all({"constraints", "parameters", "variants"} <= each.keys() for each in found["strategies"])


@pytest.mark.parametrize(
    "given",
    [
        {"enabled": None},
        {"enabled": "maybe"},
        {"strategies": [{"name": "default", "parameters": {"rollout": [1]}}]},
        {"strategies": ["default"]},
        {"strategies": 7},
        {"variants": [{"name": "v", "weight": 1.5}]},
        {"variants": [{"name": "v", "weight": 5, "weightType": "heavy"}]},
        {"strategies": [{"name": "default", "constraints": [{"operator": "IN"}]}]},
        {"strategies": [{"name": "default", "segments": ["one"]}]},
    ],
)
def test_one_flag_that_makes_no_sense_is_off_and_costs_no_other(given: dict[str, Any]) -> None:
    found = sent(followed({**flag("bad"), **given}, flag("good")))
    assert found["bad"]["enabled"] is False
    assert found["good"] == flag("good")


def test_what_has_no_name_is_left_out() -> None:
    assert sent(followed({"enabled": True}, 7, flag("good"))) == {"good": flag("good")}


def test_a_flag_that_needs_a_segment_that_was_not_sent_is_off_where_nobody_else_can_tell() -> None:
    found = followed(flag("a", segments=(1, 2)), segments=(segment(1, "7"),))
    assert sent(found, INLINE)["a"]["enabled"] is False
    assert sent(found)["a"]["strategies"][0]["segments"] == [1, 2]


def test_line_breaks_do_not_end_a_message_of_a_stream() -> None:
    body = json.dumps({"features": [flag("a")], "meta": {"revisionId": 1}}, indent=2).encode()
    found = Followed(SCOPE)
    found.put(read_document(body), None)
    assert found.now is not None
    assert b"\n" not in found.now.state.hydration(QUERY, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"features":{}}',
        b'{"features":[],"meta":{"revisionId":-1}}',
        b'{"features":[],"meta":{"revisionId":1e30}}',
        b'{"features":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b"\xff",
    ],
)
def test_what_is_no_document_changes_nothing(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_document(body)
    with pytest.raises(Unreadable):
        read_events(body)


def test_events_lead_from_state_to_state() -> None:
    found = followed(flag("a", segments=(1,)), flag("b"), segments=(segment(1, "7"),), revision=10)
    assert change(found, {"type": "feature-updated", "eventId": 11, "feature": flag("b", enabled=False)})
    assert [(each["type"], each["eventId"]) for each in told(found, 10)] == [("feature-updated", 11)]
    assert change(found, {"type": "segment-updated", "eventId": 12, "segment": segment(1, "8")})
    assert [each["type"] for each in told(found, 11)] == ["segment-updated"]
    inlined = sent(found, INLINE)["a"]["strategies"][0]["constraints"]
    assert [each["values"] for each in inlined] == [["8"]]
    assert change(found, {"type": "feature-removed", "eventId": 13, "featureName": "b", "project": "default"})
    assert [(each["type"], each["eventId"]) for each in told(found, 12)] == [("feature-removed", 13)]
    assert not change(found, {"type": "feature-removed", "eventId": 14, "featureName": "b", "project": "default"})
    assert (told(found, 13), found.upstream_revision) == ([], 14)


def test_the_same_again_is_no_news() -> None:
    found = followed(flag("a"), revision=10)
    before = found.now
    assert not found.put(document(flag("a"), revision=20), '"later"')
    assert found.now is before


def test_revisions_rise_even_where_those_of_upstream_fall() -> None:
    found = followed(flag("a"), revision=100)
    assert found.put(document(flag("a", enabled=False), revision=50), None)
    assert found.now is not None
    assert found.now.revision.id == 101
    assert [each["feature"]["enabled"] for each in told(found, 100)] == [False]
    assert found.upstream_revision == 50, "that is what upstream is asked for"


def test_what_was_kept_is_what_there_was() -> None:
    found = followed(flag("a", segments=(1,)), segments=(segment(1, "7"),), revision=10)
    found.confirm()
    saved = found.saved()
    assert saved is not None
    again = Followed(SCOPE)
    again.load(msgspec.json.decode(msgspec.json.encode(saved), type=type(saved)))
    assert again.now is not None
    assert found.now is not None
    assert again.now.state.answer(QUERY) == found.now.state.answer(QUERY)
    assert (again.etag, again.upstream_revision, again.is_live) == ('"e"', 10, False)
    assert again.stale_since == saved.at


def test_which_scope_covers_which() -> None:
    assert scope_of("development", ("b", "a")) == scope_of("development", ("a", "b", "a"))
    assert SCOPE.covers(scope_of("development", ("a",)))
    assert scope_of("development", ("a", "b")).covers(scope_of("development", ("b",)))
    assert not scope_of("development", ("a",)).covers(SCOPE)
    assert not SCOPE.covers(scope_of("production", ("a",)))
    assert not scope_of("development", ("*",), (("simple", "x"),)).covers(SCOPE)
