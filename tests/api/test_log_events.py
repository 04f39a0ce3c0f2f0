"""Our own list of events and the page of one event, over HTTP."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from flagkeeper.eventlog.catalogue.feature import FeatureEnvironmentEnabled
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.json_patch import Patch, apply
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.event_search.cursor import Cursor, read_cursor
from tests.people import person
from tests.server import TestServer

EVENTS = "/api/admin/log/events"
FLAGS = "/api/admin/projects/default/features"


@pytest.fixture
def flags(server: TestServer) -> list[str]:
    names = [f"flag-{i:02d}" for i in range(12)]
    for name in names:
        assert server.post(FLAGS, json={"name": name, "description": f"About {name}"}).status_code == 201
    server.post(f"{FLAGS}/flag-00/environments/development/on")
    server.post(f"{FLAGS}/flag-00/environments/production/on")
    return names


def page(server: TestServer, path: str = EVENTS, **parameters: str) -> dict[str, Any]:
    answer = server.get(path, params=parameters or None)
    assert answer.status_code == 200, answer.text
    linked = {name: link["url"] for name, link in answer.links.items()}
    found: dict[str, Any] = answer.json()
    assert linked == {name: found[name] for name in ("next", "prev") if found[name]}
    return found


def ids(found: dict[str, Any]) -> list[int]:
    return [event["id"] for event in found["events"]]


def test_from_page_to_page_and_back(server: TestServer, flags: list[str]) -> None:
    every = [event["id"] for event in server.events(project="IS:default", type="IS:feature-created")]
    pages = [page(server, q="project:default type:feature-*", type="IS:feature-created", limit="5")]
    while pages[-1]["next"]:
        pages.append(page(server, pages[-1]["next"]))
    assert [len(each["events"]) for each in pages] == [5, 5, 2]
    assert [event_id for each in pages for event_id in ids(each)] == every

    back = [pages[-1]]
    while back[-1]["prev"]:
        back.append(page(server, back[-1]["prev"]))
    assert [ids(each) for each in back] == [every[10:], every[5:10], every[:5]]
    assert pages[0]["prev"] is None


def test_links_keep_all_that_was_asked(server: TestServer, flags: list[str]) -> None:
    asked = [("q", "project:default -by:bob"), ("type", "IS:feature-created"), ("limit", "3"), ("total", "exact")]
    found = page(server, **dict(asked), offset="4")
    for link in (found["next"], found["prev"]):
        address = urlsplit(link)
        *kept, (name, cursor) = parse_qsl(address.query)
        assert (address.path, kept, name) == (EVENTS, asked, "cursor")
        read_cursor(cursor)
    assert ids(page(server, found["prev"])) == [event["id"] for event in server.events(type="IS:feature-created")][1:4]


def test_new_events_do_not_move_a_page(server: TestServer, flags: list[str]) -> None:
    first = page(server, limit="4")
    every = [event["id"] for event in server.events()]
    server.post(FLAGS, json={"name": "newer"})
    assert ids(page(server, first["next"])) == every[4:8]
    second = page(server, first["next"])
    newest = page(server, page(server, second["prev"])["prev"])
    assert newest["events"][0]["featureName"] == "newer"
    assert newest["prev"] is None
    assert ids(page(server, newest["next"])) == every[:4]


def test_pages_past_either_end(server: TestServer, flags: list[str]) -> None:
    epoch = read_cursor(page(server, limit="1")["next"].rpartition("=")[2]).epoch
    last = server.last_id()
    above = page(server, cursor=str(Cursor("newer", last, epoch)), limit="3")
    assert (above["events"], above["prev"]) == ([], None)
    assert ids(page(server, above["next"])) == [last, last - 1, last - 2]
    below = page(server, cursor=str(Cursor("older", 1, epoch)), limit="3")
    assert (below["events"], below["next"]) == ([], None)
    assert ids(page(server, below["prev"])) == [4, 3, 2]
    for distant in (2**40, 2**63 - 1):
        assert ids(page(server, cursor=str(Cursor("older", distant, epoch)), limit="2")) == [last, last - 1]
        assert ids(page(server, cursor=str(Cursor("newer", distant, epoch)), q="project:default")) == []
    assert page(server, offset="5000")["events"] == []


def switched_on_very_often(unit: Unit) -> None:
    for _ in range(500):
        unit.record(FeatureEnvironmentEnabled(feature_name="flag-01", project="default", environment="development"))


def test_the_total_is_counted_so_far_or_exactly(server: TestServer, flags: list[str]) -> None:
    every = len(server.events())
    assert page(server, limit="1")["total"] == {"events": every, "exact": True}
    assert page(server, q="type:feature-created", total="exact")["total"] == {"events": 12, "exact": True}
    for _ in range(2):
        server.call(server.services.units.run(SYSTEM, switched_on_very_often))
    asked = {"q": "type:feature-environment-* env:development", "limit": "1"}
    assert page(server, **asked)["total"] == {"events": 1000, "exact": False}
    assert page(server, **asked, total="exact")["total"] == {"events": 1001, "exact": True}
    assert page(server, q="type:feature-environment-*")["total"] == {"events": 1000, "exact": False}
    assert page(server, q="type:feature-environment-*", total="exact")["total"] == {"events": 1002, "exact": True}


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"q": "nonsense:x"}, "/query/q"),
        ({"q": 'type:a "open'}, "/query/q"),
        ({"type": "feature-created"}, "/query/type"),
        ({"cursor": "made-up"}, "/query/cursor"),
        ({"cursor": "ä"}, "/query/cursor"),
        ({"to": "IS:9999-12-31"}, "/query/to"),
    ],
)
def test_what_makes_no_sense_is_refused(server: TestServer, parameters: dict[str, str], path: str) -> None:
    answer = server.get(EVENTS, params=parameters)
    assert answer.status_code == 400
    assert answer.json()["details"][0]["path"] == path
    if path == "/query/q":
        assert "position" in answer.json()["message"]


@pytest.mark.parametrize("wrong", [{"limit": "0"}, {"limit": "1001"}, {"offset": "-1"}, {"total": "about"}])
def test_numbers_out_of_range_are_refused(server: TestServer, wrong: dict[str, str]) -> None:
    assert server.get(EVENTS, params=wrong).status_code == 400


def test_a_cursor_of_a_log_that_was_replaced_is_refused(server: TestServer) -> None:
    answer = server.get(EVENTS, params={"cursor": str(Cursor("older", 5, "01ANOTHEREPOCH"))})
    assert answer.status_code == 400
    assert "backup" in answer.json()["message"]


def event_page(server: TestServer, event_id: int) -> dict[str, Any]:
    answer = server.get(f"{EVENTS}/{event_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    pre_data, data = found["event"]["preData"], found["event"]["data"]
    steps = [
        Patch(**{name.replace("from", "from_"): value for name, value in step.items()})
        for step in found["diff"]["patch"]
    ]
    assert apply(pre_data, steps) == data
    return found


def newest(server: TestServer, kind: str) -> int:
    return int(server.events(type=f"IS:{kind}")[0]["id"])


def lines(found: dict[str, Any]) -> list[str]:
    return [line["text"] for line in found["diff"]["lines"]]


def test_an_event_with_what_it_changed(server: TestServer, flags: list[str]) -> None:
    strategies = f"{FLAGS}/flag-00/environments/production/strategies"
    (strategy,) = server.get(strategies).json()
    changed = {**strategy, "parameters": {**strategy["parameters"], "rollout": "50"}, "segments": []}
    assert server.put(f"{strategies}/{strategy['id']}", json=changed).status_code == 200
    found = event_page(server, newest(server, "feature-strategy-update"))
    assert "parameters.rollout: 100 -> 50" in lines(found)
    assert found["permalink"] == f"http://flagkeeper.test{EVENTS}/{found['event']['id']}"
    assert found["event"] == server.events(id=f"IS:{found['event']['id']}")[0]


def test_creations_and_removals_are_shown_whole(server: TestServer, flags: list[str]) -> None:
    server.post("/api/admin/features/flag-00/tags", json={"type": "simple", "value": "red"})
    assert lines(event_page(server, newest(server, "feature-tagged"))) == ["+ type: simple", "+ value: red"]
    server.delete("/api/admin/features/flag-00/tags/simple/red")
    assert lines(event_page(server, newest(server, "feature-untagged"))) == ["- type: simple", "- value: red"]
    assert "+ description: About flag-11" in lines(event_page(server, newest(server, "feature-created")))
    assert lines(event_page(server, newest(server, "feature-environment-enabled"))) == []


def test_the_events_of_one_request(server: TestServer, flags: list[str]) -> None:
    enabled = newest(server, "feature-environment-enabled")
    found = event_page(server, enabled)
    group = found["group"]
    assert (group["id"], group["total"]) == (found["event"]["groupId"], 2)
    assert [each["type"] for each in group["others"]] == ["feature-strategy-add"]
    assert ids(page(server, group["link"])) == [enabled, enabled - 1]
    first_start = event_page(server, 1)["group"]
    assert first_start["total"] == len(first_start["others"]) + 1 == len(page(server, first_start["link"])["events"])


def test_neighbours_are_about_the_same_flag(server: TestServer, flags: list[str]) -> None:
    own = [event["id"] for event in reversed(server.events(feature="IS:flag-00"))]
    seen: list[int] = []
    event_id = own[0]
    while event_id:
        found = event_page(server, event_id)["neighbours"]
        assert found["of"] == "flag/flag-00"
        assert (found["previous"] or {"id": None})["id"] == (seen[-1] if seen else None)
        seen.append(event_id)
        event_id = found["next"] and found["next"]["id"]
    assert seen == own


def test_neighbours_without_a_flag_are_about_the_same_thing(server: TestServer) -> None:
    def segment(number: int) -> dict[str, Any]:
        return {"name": f"segment-{number}", "constraints": []}

    made = [server.post("/api/admin/segments", json=segment(number)).json()["id"] for number in range(12)]
    for number in (0, 1, 11, 1):
        body = {**segment(number), "description": f"{server.last_id()} changes"}
        assert server.put(f"/api/admin/segments/{made[number]}", json=body).status_code == 204
    of_one = [
        event["id"]
        for event in reversed(server.events(type="IS_ANY_OF:segment-created,segment-updated"))
        if event["data"]["id"] == made[1]
    ]
    assert len(of_one) == 3
    first, second, third = (event_page(server, each)["neighbours"] for each in of_one)
    assert first["of"] == f"segment/{made[1]}"
    assert (first["previous"], third["next"]) == (None, None)
    assert [first["next"]["id"], second["previous"]["id"], second["next"]["id"], third["previous"]["id"]] == [
        *(of_one[1], of_one[0]),
        *(of_one[2], of_one[1]),
    ]


def test_no_event_and_one_that_may_not_be_seen_are_the_same(server: TestServer, flags: list[str]) -> None:
    ada = person(server, "ada")
    (private,) = [event["id"] for event in server.events(type="IS:user-created") if event["data"]["id"] == ada.id]
    assert event_page(server, private)["event"]["project"] is None
    answers = [server.get(f"{EVENTS}/{each}", token=ada.token) for each in (private, 999_999, 0, 2**63 - 1)]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["message"].replace(str(private), "999999") for answer in answers[:2]} == {
        answers[1].json()["message"]
    }
    assert server.get(f"{EVENTS}/{'9' * 60}").status_code == 404
    assert server.get(f"{EVENTS}/abc").status_code == 404
