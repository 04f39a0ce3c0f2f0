"""JSON Patch, with the leniency that existing clients rely on."""

import json
import tracemalloc
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from flagkeeper.features.flags.model.json_patch import Patch, apply, patched
from flagkeeper.kernel.errors import BadData


def patch(**fields: Any) -> Patch:
    return msgspec.convert(fields, Patch)


@pytest.mark.parametrize(
    ("document", "operation", "expected"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"op": "add", "path": "/a", "value": None}, {"a": None}),
        ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
        ({"a": [1]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ([], {"op": "add", "path": "/0", "value": {"x": 1}}, [{"x": 1}]),
        ({"a": 1}, {"op": "replace", "path": "/a", "value": 2}, {"a": 2}),
        ({"a": 1}, {"op": "replace", "path": "/new", "value": 2}, {"a": 1, "new": 2}),
        ({"a": [1, 2]}, {"op": "replace", "path": "/a/0", "value": 9}, {"a": [9, 2]}),
        ({"a": 1}, {"op": "replace", "path": "", "value": []}, []),
        ({"a": 1, "b": 2}, {"op": "remove", "path": "/a"}, {"b": 2}),
        ({"a": 1}, {"op": "remove", "path": "/missing"}, {"a": 1}),
        ([1, 2, 3], {"op": "remove", "path": "/1"}, [1, 3]),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": 1}),
        ({"a": {"b": 1}}, {"op": "copy", "from": "/a", "path": "/c"}, {"a": {"b": 1}, "c": {"b": 1}}),
        ({"a/b": 1, "c~d": 2}, {"op": "replace", "path": "/a~1b", "value": 3}, {"a/b": 3, "c~d": 2}),
        ({"a/b": 1, "c~d": 2}, {"op": "remove", "path": "/c~0d"}, {"a/b": 1}),
        ({"a": {"b": [True]}}, {"op": "test", "path": "/a", "value": {"b": [True]}}, {"a": {"b": [True]}}),
    ],
)
def test_operations(document: Any, operation: dict[str, Any], expected: Any) -> None:
    before = msgspec.json.encode(document)
    assert apply(document, [patch(**operation)]) == expected
    assert msgspec.json.encode(document) == before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "a", "value": 1},
        {"op": "add", "path": "/list/4", "value": 1},
        {"op": "add", "path": "/list/x", "value": 1},
        {"op": "add", "path": "/a/b/c", "value": 1},
        {"op": "add", "path": "/a/b", "value": 1},
        {"op": "add", "path": "/a"},
        {"op": "replace", "path": "/list/-", "value": 1},
        {"op": "remove", "path": "/list/3"},
        {"op": "remove", "path": "/list/-1"},
        {"op": "remove", "path": "/a/b"},
        {"op": "remove", "path": ""},
        {"op": "move", "path": "/a"},
        {"op": "move", "from": "/deep", "path": "/deep/x"},
        {"op": "copy", "from": "/none", "path": "/a"},
        {"op": "test", "path": "/a", "value": True},
        {"op": "test", "path": "/none", "value": None},
        {"op": "test", "path": "/a"},
    ],
)
def test_what_does_not_fit_is_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(BadData) as caught:
        apply({"a": 1, "list": [1, 2, 3], "deep": {}}, [patch(op="test", path="/a", value=1), patch(**operation)])
    assert caught.value.details[0].path == "/body/1"


_JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-5, 5) | some.text("ab/~01-", max_size=3),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.text("ab/~01-", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    _JSON,
    some.lists(
        some.builds(
            Patch,
            op=some.sampled_from(["add", "remove", "replace", "copy", "move", "test"]),
            path=some.text("/ab~01-", max_size=6),
            from_=some.text("/ab~01-", max_size=6) | some.just(msgspec.UNSET),
            value=_JSON | some.just(msgspec.UNSET),
        ),
        max_size=4,
    ),
)
def test_any_patch_of_any_document_works_or_is_refused(document: Any, patches: list[Patch]) -> None:
    before = msgspec.json.encode(document)
    with suppress(BadData):
        msgspec.json.encode(apply(document, patches))
    assert msgspec.json.encode(document) == before


class Shape(msgspec.Struct, rename="camel"):
    first_name: str
    values: list[int] = []


def test_the_result_has_a_shape() -> None:
    found = patched(
        Shape("a", [1]), [patch(op="add", path="/values/-", value=2), patch(op="add", path="/x", value=0)], Shape
    )
    assert found == Shape("a", [1, 2])


def test_values_are_read_as_those_of_other_bodies() -> None:
    operations = [
        patch(op="replace", path="/firstName", value=7),
        patch(op="add", path="/values/-", value="2"),
    ]
    assert patched(Shape("a", [1]), operations, Shape) == Shape("7", [1, 2])
    assert patched(Shape("a", [1]), [patch(op="replace", path="/values", value=None)], Shape) == Shape("a", [])


@pytest.mark.parametrize(
    ("operation", "where"),
    [
        ({"op": "replace", "path": "/values/0", "value": "x"}, "/values/0"),
        ({"op": "remove", "path": "/firstName"}, None),
        ({"op": "replace", "path": "", "value": 7}, None),
    ],
)
def test_a_result_without_the_shape_is_refused(operation: dict[str, Any], where: str | None) -> None:
    with pytest.raises(BadData) as caught:
        patched(Shape("a", [1]), [patch(**operation)], Shape)
    assert caught.value.details[0].path == where


DOUBLE = {"op": "copy", "from": "/l", "path": "/l/-"}
DEEPER = {"op": "copy", "from": "/a", "path": "/a/a"}
SAME = {"op": "test", "path": "/text", "value": "y" * 200_000}


@pytest.mark.parametrize(
    ("patches", "reason"),
    [
        ([{"op": "add", "path": "/l/0", "value": "x" * 300}, *[DOUBLE] * 22], "copies or compares too much"),
        ([DOUBLE] * 30, "copies or compares too much"),
        ([{"op": "copy", "from": "/text", "path": "/l/-"}] * 6, "copies or compares too much"),
        ([{"op": "copy", "from": "/keys", "path": "/l/-"}] * 6, "copies or compares too much"),
        ([SAME] * 3, "copies or compares too much"),
        ([DEEPER] * 260, "more than 250 lists"),
        (
            [{"op": "add", "path": "/a/a", "value": json.loads("[" * 260 + "]" * 260)}],
            "more than 250 lists",
        ),
        ([{"op": "replace", "path": "/a" * 260, "value": 1}], "more than 250 lists"),
    ],
)
def test_work_that_grows_faster_than_its_request_is_refused(patches: list[dict[str, Any]], reason: str) -> None:
    document = {"a": {"a": 1}, "l": [1], "text": "y" * 200_000, "keys": {"k" * 200_000: 1}}
    asked = [patch(**each) for each in patches]
    tracemalloc.start()
    with pytest.raises(BadData, match=reason):
        apply(document, asked)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000


def test_what_is_moved_may_not_become_too_deep_either() -> None:
    branch = json.loads('{"x":' * 200 + "{}" + "}" * 200)
    moved = [patch(op="move", **{"from": "/b", "path": "/a" + "/x" * 200 + "/b"})]
    with pytest.raises(BadData, match="more than 250 lists"):
        apply({"a": branch, "b": branch}, moved)
    assert apply({"a": branch, "b": {"x": 1}}, moved)["a"] != branch


def test_pointers_have_an_end() -> None:
    for name in ("path", "from"):
        with pytest.raises(msgspec.ValidationError, match="length <= 2000"):
            patch(**{"op": "copy", "path": "/a", "from": "/a", name: "/a" * 1_001})
