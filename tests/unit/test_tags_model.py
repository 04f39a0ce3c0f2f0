"""The rules of tags and tag types."""

from typing import Any

import pytest

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.features.tags.model import TagType, TagTypeChange, check_tag_type, clean_tag
from flagkeeper.kernel.errors import BadData


def tag_type(**changes: Any) -> TagType:
    return TagType(**{"name": "team", "description": "", "icon": None, "color": None, **changes})


@pytest.mark.parametrize("changes", [{}, {"name": "ab"}, {"name": "x" * 50}, {"color": "#12abEF"}, {"icon": "#"}])
def test_a_possible_tag_type(changes: dict[str, str]) -> None:
    check_tag_type(tag_type(**changes))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "a"}, "/body/name"),
        ({"name": ".."}, "/body/name"),
        ({"name": "x" * 51}, "/body/name"),
        ({"name": "a b"}, "/body/name"),
        ({"name": "team\n"}, "/body/name"),
        ({"description": "x" * 501}, "/body/description"),
        ({"icon": "x" * 51}, "/body/icon"),
        ({"color": "red"}, "/body/color"),
        ({"color": "#12345"}, "/body/color"),
    ],
)
def test_an_impossible_tag_type(changes: dict[str, str], path: str) -> None:
    with pytest.raises(BadData) as caught:
        check_tag_type(tag_type(**changes))
    assert caught.value.details[0].path == path


def test_a_change_leaves_alone_what_it_does_not_name() -> None:
    changed = TagTypeChange(color=None).applied_to(tag_type(description="kept", icon="#", color="#FFFFFF"))
    assert changed == tag_type(description="kept", icon="#", color=None)


def test_spaces_around_a_value_go() -> None:
    assert clean_tag(Tag("team", "  core team ")) == TagData(type="team", value="core team")


@pytest.mark.parametrize("value", ["", " ", " a ", "x" * 51])
def test_an_impossible_value(value: str) -> None:
    with pytest.raises(BadData) as caught:
        clean_tag(Tag("team", value))
    assert caught.value.details[0].path == "/body/value"
