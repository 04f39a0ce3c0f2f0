"""What an SDK's request asks for."""

from typing import Any

import msgspec
import pytest

from flagkeeper.http.caller import Credential, Kind
from flagkeeper.kernel.errors import BadData
from flagkeeper.readmodels.client_features.query import FeatureQuery, knows_segments, read_query

NO_TAGS: frozenset[tuple[str, str]] = frozenset()


def token(*projects: str, environment: str = "development") -> Credential:
    return Credential(kind=Kind.BACKEND, name="t", user_id=-1337, projects=projects or ("*",), environment=environment)


def asked(query: str, credential: Credential | None = None) -> FeatureQuery:
    return read_query(credential or token(), query.encode(), "5.2.0")


@pytest.mark.parametrize(
    ("version", "known"),
    [
        (None, False), ("", False), ("4.1.0", False), ("4.2.0-rc.1", False), ("4.2.0", True), ("4.10.0", True),
        ("5.0.0-beta.1", True), ("6.1.0+build.5", True), ("3.99.99", False),
    ],
)  # fmt: skip
def test_newer_sdks_know_segments(version: str | None, known: bool) -> None:
    assert knows_segments(version) is known


@pytest.mark.parametrize(
    "version", ["4.2", "5", "v5.0.0", "abc", "5.0.0 ", "05.0.0", "5.0.0-", "5.0.0.0", "1" * 9999 + ".0.0"]
)
def test_a_version_is_strictly_semantic(version: str) -> None:
    with pytest.raises(BadData, match=r"Unleash-Client-Spec"):
        knows_segments(version)


def test_a_token_of_all_projects_may_narrow_them() -> None:
    assert asked("").projects is None
    assert asked("project=a&project=b&project=a").projects == ("a", "b")


def test_a_token_of_some_projects_cannot_ask_for_others() -> None:
    assert asked("project=b", token("a")).projects == ("a",)


def test_a_token_whose_projects_are_gone_sees_nothing() -> None:
    nothing = msgspec.structs.replace(token(), projects=())
    assert not asked("", nothing).sees("checkout", "default", NO_TAGS)


def test_the_token_decides_on_the_environment() -> None:
    assert asked("environment=production").environment == "development"
    assert asked("environment=production", token(environment="*")).environment == "production"


@pytest.mark.parametrize(
    ("query", "name", "project", "tags", "seen"),
    [
        ("", "a", "default", [], True),
        ("namePrefix=check", "checkout", "default", [], True),
        ("namePrefix=check", "basket", "default", [], False),
        ("namePrefix=", "basket", "default", [], True),
        ("tag=simple:x", "a", "default", [("simple", "x")], True),
        ("tag=simple:x", "a", "default", [("simple", "y")], False),
        ("tag=simple:x&tag=simple:y", "a", "default", [("simple", "y")], True),
        ("tag=link:https%3A%2F%2Fa", "a", "default", [("link", "https://a")], True),
        ("project=shop", "a", "default", [], False),
        ("whatever=1", "a", "default", [], True),
    ],
)
def test_what_a_query_sees(query: str, name: str, project: str, tags: Any, seen: bool) -> None:
    assert asked(query).sees(name, project, frozenset(tags)) is seen


@pytest.mark.parametrize("query", ["tag=simple", "tag=simple:", "tag=:x", "&".join(["project=a"] * 500)])
def test_a_malformed_query(query: str) -> None:
    with pytest.raises(BadData):
        asked(query)


def test_the_answer_repeats_the_query() -> None:
    found = asked("project=a&namePrefix=b&tag=simple:x")
    assert msgspec.json.decode(found.encode()) == {
        "tag": [["simple", "x"]],
        "project": ["a"],
        "namePrefix": "b",
        "environment": "development",
        "inlineSegmentConstraints": False,
    }
    assert msgspec.json.decode(asked("").encode()) == {
        "environment": "development",
        "inlineSegmentConstraints": False,
    }


def test_hashes_differ_by_query_form_and_log() -> None:
    linked, inlined = (read_query(token(), b"", spec) for spec in ("5.2.0", None))
    hashes = {linked.hash_in("a"), inlined.hash_in("a"), linked.hash_in("b"), asked("project=a").hash_in("a")}
    assert len(hashes) == 4
    assert all(len(each) == 8 for each in hashes)
