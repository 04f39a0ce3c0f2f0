"""Differences between documents: a patch that holds, and lines that people can read."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkeeper.eventlog import diff
from flagkeeper.eventlog.diff.pairs import DEEPEST
from flagkeeper.eventlog.diff.patch import MOST_STEPS
from flagkeeper.features.flags.model.json_patch import Patch, apply

SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, "", "a", "null", "25", " x", "ä\n"])
)
KEYS = st.sampled_from(["id", "name", "a", "b/c", "d~e", "", "f.g", "0"])
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(KEYS, inner, max_size=5)
        | st.lists(st.fixed_dictionaries({"id": st.integers(0, 5), "value": inner}), max_size=6)
        | st.lists(st.fixed_dictionaries({"name": st.sampled_from("abcde"), "value": inner}), max_size=6)
    ),
    max_leaves=25,
)


def applied(document: Any, operations: list[diff.Operation]) -> Any:
    """By the other half: what applies the patches of requests."""
    wire = msgspec.json.encode(operations)
    return apply(document, msgspec.json.decode(wire, type=list[Patch]))


def as_json(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def texts(old: Any, new: Any) -> list[str]:
    return [line.text for line in diff.lines(old, new)]


@given(DOCUMENTS, DOCUMENTS)
def test_the_patch_makes_the_new_document_of_the_old(old: Any, new: Any) -> None:
    assert as_json(applied(old, diff.patch(old, new))) == as_json(new)


@given(st.data())
def test_a_list_in_another_order(data: st.DataObject) -> None:
    old = data.draw(st.lists(st.fixed_dictionaries({"id": st.integers(0, 30), "value": SCALARS}), max_size=20))
    new = data.draw(st.permutations([*old, *data.draw(st.lists(st.fixed_dictionaries({"id": st.integers(0, 30)})))]))
    assert as_json(applied(old, diff.patch(old, new))) == as_json(new)


@given(DOCUMENTS, DOCUMENTS)
def test_lines_say_something_exactly_when_something_differs(old: Any, new: Any) -> None:
    differs = as_json(old) != as_json(new)
    assert bool(diff.patch(old, new)) is differs
    if {type(old), type(new)} & {dict, list} == {type(old), type(new)}:
        emptied = [old, new] in ([{}, []], [[], {}])
        assert bool(texts(old, new)) is differs or emptied
    assert not any("\n" in text for text in texts(old, new))


@given(DOCUMENTS)
def test_nothing_differs_from_itself(document: Any) -> None:
    assert diff.patch(document, document) == []
    assert texts(document, document) == []


STRATEGY = {"id": "s1", "name": "flexibleRollout", "parameters": {"rollout": "25"}}
OTHER = {"id": "s2", "name": "default", "parameters": {}}


def test_a_moved_strategy_is_not_a_rewritten_one() -> None:
    third = {"id": "s3", "name": "userWithId", "parameters": {}}
    old = {"strategies": [STRATEGY, OTHER, third]}
    new = {"strategies": [OTHER, third, STRATEGY]}
    (step,) = diff.patch(old, new)
    assert (step.op, step.from_, step.path) == ("move", "/strategies/0", "/strategies/2")
    assert texts(old, new) == ["strategies[2]: was strategies[0]"]


def test_what_changed_inside_a_moved_strategy_is_shown() -> None:
    changed = {**STRATEGY, "parameters": {"rollout": "50"}}
    assert texts({"strategies": [STRATEGY]}, {"strategies": [changed]}) == [
        "strategies[0].parameters.rollout: 25 -> 50"
    ]
    assert texts({"strategies": [STRATEGY, OTHER]}, {"strategies": [OTHER, changed]}) == [
        "strategies[0]: was strategies[1]",
        "strategies[1].parameters.rollout: 25 -> 50",
    ]


def test_elements_without_a_name_are_compared_where_they_stand() -> None:
    one, two, three = ({"contextName": name, "values": [name]} for name in ("userId", "appName", "region"))
    assert texts([one, two, three], [two, three]) == ["- [0].contextName: userId", "- [0].values: userId"]
    assert texts([one, three], [one, two, three]) == ["+ [1].contextName: appName", "+ [1].values: appName"]
    assert texts([one, two], [one, three]) == [
        "[1].contextName: appName -> region",
        "- [1].values: appName",
        "+ [1].values: region",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": "25"}, {"a": 25}, ['a: "25" -> 25']),
        ({"a": True}, {"a": 1}, ["a: true -> 1"]),
        ({"a": 1}, {"a": 1.0}, ["a: 1 -> 1.0"]),
        ({"a": None}, {"a": "null"}, ['a: null -> "null"']),
        ({"a": ""}, {"a": " b"}, ['a: "" -> " b"']),
        ({"values": ["x", "y"]}, {"values": ["y", "z"]}, ["- values: x", "+ values: z"]),
        ({"values": ["x", "y", "z"]}, {"values": ["z", "x", "y"]}, ["values: now in the order z, x, y"]),
        ({"values": ["x", "x"]}, {"values": ["x"]}, ["- values: x"]),
        ({"a.b": 1}, {"a.b": 2}, ['["a.b"]: 1 -> 2']),
        ({"a": {"b": 1}}, {"a": 2}, ["- a.b: 1", "+ a: 2"]),
        ({"a": {}}, {}, ["- a: {}"]),
        (None, {"name": "x", "tags": [], "on": False}, ["+ name: x", "+ tags: []", "+ on: false"]),
        ({"name": "x"}, None, ["- name: x"]),
        (None, None, []),
    ],
)
def test_lines(old: Any, new: Any, expected: list[str]) -> None:
    assert texts(old, new) == expected


def test_a_list_that_changed_very_much_is_replaced() -> None:
    old, new = list(range(10_000)), list(range(10_000 - MOST_STEPS, 20_000))
    (step,) = diff.patch(old, new)
    assert (step.op, step.value) == ("replace", new)


def test_very_deep_documents_are_no_trouble() -> None:
    old: Any = 1
    new: Any = 2
    for _ in range(DEEPEST):
        old, new = {"a": [old]}, {"a": [new]}
    assert applied(old, diff.patch(old, new)) == new
    assert texts(old, new)


@pytest.mark.parametrize("inner", [{"a": 1}, [{"a": 1}], [{}, 1]])
@pytest.mark.parametrize("wrap", [lambda value: {"k": value}, lambda value: [value, {}]])
def test_lines_go_a_hundred_levels_deep(inner: Any, wrap: Callable[[Any], Any]) -> None:
    """What lies below that is shown as it is written."""
    deep, written = inner, msgspec.json.encode(inner).decode()
    for _ in range(99):
        deep = wrap(deep)
    assert not texts(None, deep)[0].endswith(f": {written}")
    assert texts(None, wrap(deep))[0].endswith(f": {written}")


@given(old=DOCUMENTS, new=DOCUMENTS)
def test_fields_differ_where_documents_do(old: Any, new: Any) -> None:
    found = list(diff.fields(old, new))
    differ = as_json(old) != as_json(new)
    # Nothing is said of fields that come or go without a value.
    if not differ or not any(empty in as_json([old, new]) for empty in (b"null", b"[]", b"{}")):
        assert bool(found) is differ
    for each in found:
        assert each.before is not each.after or each.added or each.removed or each.reordered


def told(old: Any, new: Any, room: diff.Room = diff.WIDE) -> list[Any]:
    return [msgspec.to_builtins(each) for each in diff.fields(old, new, room)]


def test_fields_go_a_hundred_levels_deep() -> None:
    """What differs below that is one field, which is shown whole."""
    old, new = {"deepest": 1}, {"deepest": 2}
    wrapped: list[Any] = [old, new]
    for _ in range(DEEPEST):
        wrapped = [{"a": each} for each in wrapped]
    assert told(*wrapped) == [{"path": ".".join("a" * DEEPEST), "label": "a", "before": old, "after": new}]
    above = [each["a"] for each in wrapped]
    assert told(*above) == [
        {"path": ".".join("a" * (DEEPEST - 1)) + ".deepest", "label": "deepest", "before": 1, "after": 2}
    ]


def test_fields_reach_into_lists() -> None:
    def strategy(rollout: str, ids: range, *variants: tuple[str, int]) -> dict[str, Any]:
        constraint = {"contextName": "userId", "operator": "NOT_IN", "values": [*map(str, ids)]}
        weights = [{"name": name, "weight": weight} for name, weight in variants]
        return {"parameters": {"rollout": rollout}, "constraints": [constraint], "variants": weights}

    old, new = strategy("25", range(30), ("a", 1000)), strategy("50", range(14, 40), ("a", 600), ("b", 400))
    assert told(old, new) == [
        {"path": "parameters.rollout", "label": "rollout", "before": "25", "after": "50"},
        {
            "path": "constraints[0].values",
            "label": "userId is not one of",
            "added": {"total": 10, "first": [str(n) for n in range(30, 38)]},
            "removed": {"total": 14, "first": [str(n) for n in range(8)]},
        },
        {"path": "variants", "label": "variants", "added": {"total": 1, "first": [{"name": "b", "weight": 400}]}},
        {"path": "variants[0].weight", "label": "a: weight", "before": 1000, "after": 600},
    ]
    assert told({"segments": [1, 2]}, {"segments": [2, 1]}) == [
        {"path": "segments", "label": "segments", "reordered": True}
    ]


def test_fields_of_what_came_and_went() -> None:
    thing = {"name": "x", "impressionData": False, "description": None, "tags": [], "hosts": ["a"], "in": {"b": 1}}
    values = [("name", "name", "x"), ("impressionData", "impression data", False), ("in.b", "b", 1)]
    came, went = told(None, thing), told(thing, None)
    for found, side, list_side in ((came, "after", "added"), (went, "before", "removed")):
        assert [(each["path"], each["label"], each[side]) for each in found if side in each] == values
        assert [each[list_side] for each in found if list_side in each] == [{"total": 1, "first": ["a"]}]
    assert told(1, "1") == [{"path": "", "label": "", "before": 1, "after": "1"}]


def test_long_values_are_told_in_words() -> None:
    constraint = {"contextName": "country", "operator": "IN", "values": [str(n) for n in range(900)]}
    (found,) = told({"constraints": []}, {"constraints": [constraint]}, diff.NARROW)
    assert found["added"] == {"total": 1, "first": ["country is one of 0, 1, 2, 3, 4, 895 more"]}
    (found,) = told({"a": "x" * 1000}, {"a": {"b": ["y" * 1000]}})
    assert len(found["before"]) == len(found["after"]) == diff.WIDE.longest


def test_a_value_that_just_fits_is_shown_as_it_is() -> None:
    value = [1, 2, 3, 4]
    assert msgspec.structs.replace(diff.NARROW, longest=len("[1,2,3,4]")).shown(value) == value
    assert msgspec.structs.replace(diff.NARROW, longest=len("[1,2,3,4]") - 1).shown(value) == "[1,2,3,…"
