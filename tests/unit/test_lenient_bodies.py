"""Bodies as scripts for Unleash send them: numbers for text, null for what is left out."""

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from flagkeeper.kernel.lenient import meant_as


class Leaf(msgspec.Struct, rename="camel"):
    some_text: str = ""
    flag: bool = False
    maybe: str | None = "x"


class Node(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=5)]
    leaves: list[Leaf] = []
    nodes: list["Node"] = []
    either: str | int = 0
    texts: dict[str, str] = {}
    given: str | UnsetType = UNSET
    anything: Any = None


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ({"name": 7}, {"name": "7"}),
        ({"name": 1.5}, {"name": "1.5"}),
        ({"name": True}, {"name": "true"}),
        ({"name": None}, {"name": None}),
        ({"name": "a", "leaves": None, "texts": None, "given": None}, {"name": "a"}),
        ({"name": "a", "given": 5, "either": 5}, {"name": "a", "given": "5", "either": 5}),
        (
            {"name": "a", "leaves": [{"someText": 1, "flag": None, "maybe": None}, 7]},
            {"name": "a", "leaves": [{"someText": "1", "maybe": None}, 7]},
        ),
        (
            {"name": "a", "nodes": [{"name": 1, "nodes": [{"name": 2}]}]},
            {"name": "a", "nodes": [{"name": "1", "nodes": [{"name": "2"}]}]},
        ),
        ({"name": "a", "texts": {"x": 1, "y": None}}, {"name": "a", "texts": {"x": "1"}}),
        ({"name": "a", "anything": [1, None], "unknown": None}, {"name": "a", "anything": [1, None], "unknown": None}),
        ({"name": [1], "leaves": {"a": 1}, "texts": [1]}, {"name": [1], "leaves": {"a": 1}, "texts": [1]}),
        ([1], [1]),
        (None, None),
    ],
)
def test_what_is_meant(sent: Any, meant: Any) -> None:
    assert msgspec.json.encode(meant_as(Node)(sent)) == msgspec.json.encode(meant)


def test_a_list_of_things() -> None:
    assert meant_as(list[Leaf])([{"someText": 1}, {"flag": None}]) == [{"someText": "1"}, {}]
    assert meant_as(Annotated[list[str], msgspec.Meta(max_length=3)])([1, "a"]) == ["1", "a"]
