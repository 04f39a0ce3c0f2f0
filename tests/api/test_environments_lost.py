"""A project loses an environment: everything that its flags had there is in the log, or it would be gone unseen."""

from typing import Any

import pytest

from tests.server import TestServer

PROJECT = "/api/admin/projects/default"
FLAGS = f"{PROJECT}/features"
PRODUCTION = f"{PROJECT}/environments/production"
A = {"name": "a", "weight": 1000, "weightType": "variable", "stickiness": "default"}
DEFAULT = {"name": "default", "title": "Everybody"}


@pytest.fixture
def lost(server: TestServer) -> dict[str, list[dict[str, Any]]]:
    """By flag, what the log says of it when its project loses the environment."""
    for name in ("varied", "switched", "retired", "elsewhere"):
        assert server.post(FLAGS, json={"name": name}).status_code == 201
    batch = {"environments": ["production"], "variants": [A]}
    assert server.put(f"{FLAGS}/varied/variants-batch", json=batch).status_code == 200
    assert server.put(f"{FLAGS}/retired/variants-batch", json=batch).status_code == 200
    for name in ("switched", "retired"):
        assert server.post(f"{FLAGS}/{name}/environments/production/strategies", json=DEFAULT).status_code == 200
        assert server.post(f"{FLAGS}/{name}/environments/production/on").status_code == 200
    assert server.post(f"{FLAGS}/elsewhere/environments/development/on").status_code == 200
    assert server.delete(f"{FLAGS}/retired").status_code == 202
    before = server.last_id()
    assert server.delete(PRODUCTION).status_code == 200
    found: dict[str, list[dict[str, Any]]] = {}
    for event in server.events_after(before):
        found.setdefault(event["featureName"] or "", []).append(event)
    return found


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def test_variants_that_are_gone_are_told(lost: dict[str, list[dict[str, Any]]]) -> None:
    (event,) = lost["varied"]
    assert (event["type"], event["environment"]) == ("feature-environment-variants-updated", "production")
    assert (event["preData"], event["data"]) == ({"variants": [A]}, {"variants": []})


def test_so_are_the_switch_and_the_strategies(lost: dict[str, list[dict[str, Any]]]) -> None:
    assert sorted(types(lost["switched"])) == ["feature-environment-disabled", "feature-strategy-remove"]
    removed = next(each for each in lost["switched"] if each["type"] == "feature-strategy-remove")
    assert removed["preData"]["title"] == "Everybody"


def test_of_flags_in_the_archive_too(lost: dict[str, list[dict[str, Any]]]) -> None:
    assert {"feature-environment-variants-updated", "feature-strategy-remove"} <= set(types(lost["retired"]))


def test_nothing_is_told_of_flags_that_had_nothing_there(lost: dict[str, list[dict[str, Any]]]) -> None:
    assert lost.keys() == {"varied", "switched", "retired", ""}
    assert types(lost[""]) == ["project-environment-removed"]
    assert len({event["groupId"] for events in lost.values() for event in events}) == 1
