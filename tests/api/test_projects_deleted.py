"""The end of a project: everything in it is recorded, in pieces that are short, and a crash only delays it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

import pytest

from flagkeeper.eventlog.step import Ops, Step
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.projects.steps import DELETE_WITH_ALL, UNDERTAKINGS, Named
from flagkeeper.features.undertakings import commands
from flagkeeper.features.undertakings.jobs import Undertakings
from flagkeeper.features.undertakings.model import PIECE
from flagkeeper.features.undertakings.slice import UNDERTAKINGS as CARRIED_OUT
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.change_context import Origin, OriginKind
from tests.people import person
from tests.projects import token_for
from tests.server import TestServer

PROJECTS = "/api/admin/projects"
SHOP = f"{PROJECTS}/shop"


@pytest.fixture(autouse=True)
def shop(server: TestServer) -> None:
    answer = server.post(PROJECTS, json={"name": "Shop", "id": "shop"})
    assert answer.status_code == 201


def archived_flags(server: TestServer, number: int) -> list[str]:
    names = [f"flag-{each:03}" for each in range(number)]
    for name in names:
        assert server.post(f"{SHOP}/features", json={"name": name}).status_code == 201
    assert server.post(f"{SHOP}/archive", json={"features": names}).status_code == 202
    return names


def fill(server: TestServer) -> None:
    """One of each kind of thing."""
    assert (
        server.post("/api/admin/segments", json={"name": "s", "constraints": [], "project": "shop"}).status_code == 201
    )
    assert server.post(f"{SHOP}/context", json={"name": "field"}).status_code == 201
    default = {"name": "flexibleRollout", "parameters": {"rollout": "10"}, "segments": [1]}
    path = f"{SHOP}/environments/development/default-strategy"
    assert server.post(path, json=default).status_code == 200
    token_for(server, "own", "shop")
    token_for(server, "shared", "shop", "default")
    archived_flags(server, 2)


def in_pieces(server: TestServer, after: int) -> list[list[dict[str, Any]]]:
    """The events after one, by unit: those of one unit have one time and one group, and nobody else's between them."""
    found = server.events_after(after)
    return [list(each) for _, each in groupby(found, key=lambda event: (event["createdAt"], event["groupId"]))]


@pytest.mark.causes("project-deleted", action="DELETE /api/admin/projects/{projectId}")
@pytest.mark.causes("feature-deleted", action="DELETE /api/admin/projects/{projectId}")
@pytest.mark.causes("segment-deleted", action="DELETE /api/admin/projects/{projectId}")
@pytest.mark.causes("context-field-deleted", action="DELETE /api/admin/projects/{projectId}")
@pytest.mark.causes("api-token-deleted", action="DELETE /api/admin/projects/{projectId}")
@pytest.mark.causes("api-token-updated", action="DELETE /api/admin/projects/{projectId}")
def test_what_is_in_a_project_goes_with_it(server: TestServer) -> None:
    fill(server)
    before = server.last_id()

    assert server.delete(SHOP).status_code == 200

    found = server.events_after(before)
    assert Counter(each["type"] for each in found) == {
        "feature-deleted": 2,
        "api-token-deleted": 1,
        "api-token-updated": 1,
        "segment-deleted": 1,
        "context-field-deleted": 1,
        "project-deleted": 1,
    }
    assert len({each["groupId"] for each in found}) == 1
    last = found[-1]
    assert (last["type"], last["project"], last["data"], last["preData"]) == ("project-deleted", "shop", None, None)
    gone = next(each for each in found if each["type"] == "feature-deleted")
    assert (gone["project"], gone["preData"]["name"], gone["data"]) == ("shop", "flag-000", None)
    tokens = server.get("/api/admin/api-tokens").json()["tokens"]
    assert {each["tokenName"]: each["projects"] for each in tokens if each["tokenName"] in ("own", "shared")} == {
        "shared": ["default"]
    }
    assert server.get("/api/admin/segments").json()["segments"] == []
    for archived in ("true", "false"):
        listed = server.get(f"{PROJECTS}?archived={archived}").json()["projects"]
        assert "shop" not in {each["id"] for each in listed}
    assert server.delete(SHOP).status_code == 404
    assert server.post(PROJECTS, json={"name": "Shop", "id": "shop"}).status_code == 201, "the id is free"
    assert server.post(f"{SHOP}/features", json={"name": "flag-000"}).status_code == 201


def test_a_project_that_is_used_stays(server: TestServer) -> None:
    assert server.post(f"{SHOP}/features", json={"name": "basket"}).status_code == 201
    before = server.last_id()
    for project, status in (("shop", 403), ("default", 403), ("nowhere", 404)):
        assert server.delete(f"{PROJECTS}/{project}").status_code == status
    viewer = person(server, "viewer").token
    assert server.delete(SHOP, token=viewer).status_code == 403
    assert server.delete(SHOP, token=None).status_code == 401
    assert [each for each in server.events_after(before) if each["project"] == "shop"] == []


def test_an_archived_project_can_be_deleted(server: TestServer) -> None:
    fill(server)
    assert server.post(f"{PROJECTS}/archive/shop").status_code == 200
    assert server.delete(SHOP).status_code == 200
    assert server.events()[0]["type"] == "project-deleted"


def test_many_flags_go_in_short_pieces_of_one_group(server: TestServer) -> None:
    names = archived_flags(server, 2 * PIECE + 7)
    before = server.last_id()

    assert server.delete(SHOP).status_code == 200

    found = server.events_after(before)
    kinds = [each["type"] for each in found]
    assert kinds.count("feature-deleted") == len(names)
    assert kinds.count("project-archived") == 1, "nobody adds to what is half gone"
    assert kinds.index("project-archived") <= PIECE
    assert kinds[-1] == "project-deleted"
    assert len({each["groupId"] for each in found}) == 1
    assert max(map(len, in_pieces(server, before))) <= PIECE + 1


def test_others_write_between_the_pieces(server: TestServer) -> None:
    archived_flags(server, 3 * PIECE)
    before = server.last_id()
    with ThreadPoolExecutor() as pool:
        deletion = pool.submit(server.delete, SHOP)
        statuses, number = [], 0
        while not deletion.done() or number < 3:
            made = server.post("/api/admin/projects/default/features", json={"name": f"meanwhile-{number}"})
            statuses.append(made.status_code)
            number += 1
        assert deletion.result().status_code == 200
    assert set(statuses) == {201}
    found = server.events_after(before)
    runs = [list(each) for _, each in groupby(found, key=lambda event: (event["project"], event["createdAt"]))]
    assert max(len(each) for each in runs) <= PIECE + 1
    assert [each["type"] for each in found].count("feature-deleted") == 3 * PIECE


def undertaken(server: TestServer) -> Undertakings:
    found = server.services[CARRIED_OUT]
    assert isinstance(found, Undertakings)
    return found


def begin(server: TestServer) -> str:
    """Does the first piece of the deletion, as a server does that dies right after it. Returns the group."""
    units, ops = (
        server.services.units.as_part_of(Origin(OriginKind.DIRECT, "01ARZ3NDEKTSV4RRFFQ69G5FAV")),
        Ops(UNDERTAKINGS),
    )

    def do(unit: Unit, step: bytes) -> bytes | None:
        left = ops.run(unit, ops.decode(step), server.services)
        return None if left is None else ops.encode(left)

    step = ops.encode(Step(DELETE_WITH_ALL.name, Named(project="shop")))
    assert server.call(units.run(SYSTEM, commands.begin, "project/shop", step, do)) is True
    return "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def test_what_a_dead_server_began_another_one_ends(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    names = archived_flags(server, PIECE + 3)
    before = server.last_id()
    group = begin(server)

    assert server.delete(SHOP).status_code == 409, "it is under way"
    assert server.post(f"{PROJECTS}/revive/shop").status_code == 409
    assert server.post(f"{SHOP}/features", json={"name": "late"}).status_code == 404
    server.call(undertaken(server).go_on())
    assert server.events()[0]["type"] != "project-deleted", "its server may only be slow"

    monkeypatch.setattr("flagkeeper.features.undertakings.jobs.ABANDONED", -clock.DAY)
    server.call(undertaken(server).go_on())

    found = [each for each in server.events_after(before) if each["groupId"] == group]
    assert [each["type"] for each in found].count("feature-deleted") == len(names)
    assert found[-1]["type"] == "project-deleted"
    assert {each["createdByUserId"] for each in found} == {SYSTEM.user_id}
    count = server.last_id()
    server.call(undertaken(server).go_on())
    assert server.last_id() == count
