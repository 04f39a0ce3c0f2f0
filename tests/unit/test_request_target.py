"""What a request asks for: names with slashes in them, bytes that are no text, parameters that nobody reads."""

from urllib.parse import unquote

import pytest

from flagkeeper.http.target import demand_known, read_target, restored, restored_parameters
from flagkeeper.kernel.errors import BadData


def asked(raw: str, query: str = "") -> str:
    """As the server gives it: the path decoded, and as it was."""
    return read_target({"path": unquote(raw), "raw_path": raw.encode(), "query_string": query.encode()})


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/", "/"),
        ("/a", "/a"),
        ("/a/", "/a"),
        ("//a//b", "/a/b"),
        ("/a//b/", "/a/b"),
        ("/a/b", "/a/b"),
        ("//", "/"),
        ("*", "*"),
        ("/gr%C3%B6sse//%20", "/größe/ ".replace("ß", "ss")),
        ("/100%zz", "/100%zz"),
    ],
)
def test_slashes_that_say_nothing_are_left_out(path: str, meant: str) -> None:
    assert asked(path) == restored(asked(path)) == meant


def test_a_slash_in_a_name_is_no_slash_of_the_path() -> None:
    path = asked("/tags//simple/%2Fa%2F%2fb%2F")
    *_, kind, name = path.split("/")
    assert restored_parameters({"kind": kind, "name": name, "id": 7}) == {"kind": "simple", "name": "/a//b/", "id": 7}


@pytest.mark.parametrize(
    ("path", "query", "where"),
    [
        ("/%ff", "", "/path"),
        ("/a%C3/%A4", "", "/path"),
        ("/a%00", "", "/path"),
        ("/a", "q=%fc", "/query"),
        ("/a", "q=%00", "/query"),
    ],
)
def test_what_is_no_text_asks_for_nothing(path: str, query: str, where: str) -> None:
    with pytest.raises(BadData) as caught:
        asked(path, query)
    assert caught.value.details[0].path == where


@pytest.mark.parametrize(
    "query", ["", "tag=a&tag=b", "tag=&archived=true", "_=17&__cb=1&_=18", "q=a%26b;limit=1", "by[0]=a&by[0]=b"]
)
def test_what_is_read_may_be_asked(query: str) -> None:
    demand_known(query.encode(), {"tag": True, "archived": False, "q": True, "by[]": True})


@pytest.mark.parametrize(
    ("query", "place", "said"),
    [
        ("arhcived=true", "/query/arhcived", "did you mean archived?"),
        ("tag%5B%5D=a", "/query/tag[]", "did you mean tag?"),
        ("Tag=a", "/query/Tag", "did you mean tag?"),
        ("zzz", "/query/zzz", "there are archived, tag."),
        ("=a", "/query/", "there are archived, tag."),
        ("archived=true&archived=false", "/query/archived", "was given 2 times"),
    ],
)
def test_what_nobody_reads_is_refused(query: str, place: str, said: str) -> None:
    with pytest.raises(BadData, match=said.replace("?", r"\?")) as caught:
        demand_known(query.encode(), {"tag": True, "archived": False})
    assert caught.value.details[0].path == place
