"""What a page that shows the log asks of it: parts, brief lists, types, places, zones and errors that can be marked."""

import gzip
import json
from typing import Any

from flagkeeper.eventlog.catalogue import EVENTS
from tests.people import person
from tests.server import TestServer

LOG = "/api/admin/log"
FLAGS = "/api/admin/projects/default/features"
STRATEGIES = f"{FLAGS}/checkout/environments/production/strategies"


def ask(server: TestServer, path: str, **parameters: Any) -> Any:
    answer = server.get(f"{LOG}/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(server: TestServer, path: str, **parameters: Any) -> dict[str, Any]:
    answer = server.get(f"{LOG}/{path}", params=parameters)
    assert answer.status_code == 400, answer.text
    detail: dict[str, Any] = answer.json()["details"][0]
    return detail


def constraint(*values: str) -> dict[str, Any]:
    return {"contextName": "userId", "operator": "IN", "values": list(values)}


def a_history(server: TestServer) -> dict[str, int]:
    """Some events, by what they are called here; each change names its own."""

    def recorded(answer: Any) -> int:
        assert answer.status_code < 300, answer.text
        return int(answer.headers["X-Flagkeeper-Events"].split(",")[-1].split("-")[-1])

    made = {"flag": recorded(server.post(FLAGS, json={"name": "checkout"}))}
    body = {"name": "flexibleRollout", "title": "Berlin", "parameters": {"rollout": "25"}}
    added = server.post(STRATEGIES, json={**body, "constraints": [constraint(*map(str, range(20)))]})
    made["added"] = recorded(added)
    body["parameters"] = {"rollout": "50"}
    changed = {**body, "constraints": [constraint(*map(str, range(14, 30)))]}
    made["changed"] = recorded(server.put(f"{STRATEGIES}/{added.json()['id']}", json=changed))
    made["on"] = recorded(server.post(f"{FLAGS}/checkout/environments/production/on"))
    made["bulk"] = recorded(
        server.post(
            "/api/admin/projects/default/bulk_features/environments/production/off", json={"features": ["checkout"]}
        )
    )
    made["archived"] = recorded(server.delete(f"{FLAGS}/checkout"))
    return made


def test_an_event_is_told_in_parts(server: TestServer) -> None:
    made = a_history(server)
    found = ask(server, "events", q="flag:checkout", view="brief")
    parts = {event["id"]: event["parts"] for event in found["events"]}
    assert all(event.keys().isdisjoint({"data", "preData", "tags", "summary"}) for event in found["events"])
    assert {event["actorKind"] for event in found["events"]} == {"token"}

    flag = {"kind": "flag", "id": "checkout", "name": "checkout", "path": "/projects/default/features/checkout"}
    where = "in environment production of project default"
    assert parts[made["on"]] == {
        "byActor": True,
        "verb": "enabled",
        "object": flag,
        "where": where,
        "detail": "",
        "tone": "on",
        "changes": [],
        "moreChanges": 0,
    }
    assert (parts[made["bulk"]]["verb"], parts[made["bulk"]]["tone"]) == ("disabled", "off")
    assert parts[made["archived"]]["tone"] == "archive"
    changed = parts[made["changed"]]
    assert (changed["verb"], changed["object"], changed["where"]) == ("changed strategy Berlin of", flag, where)
    whole = ask(server, f"events/{made['changed']}")["parts"]
    assert whole["changes"] == [
        {"path": "parameters.rollout", "label": "rollout", "before": "25", "after": "50"},
        {
            "path": "constraints[0].values",
            "label": "userId is one of",
            "added": {"total": 10, "first": [str(n) for n in range(20, 28)]},
            "removed": {"total": 14, "first": [str(n) for n in range(8)]},
        },
    ]
    (rollout, constraints), (same, values) = whole["changes"], changed["changes"]
    assert values["added"] == {"total": 10, "first": ["20", "21", "22"]}
    assert (rollout, constraints["label"], {**whole, "changes": []}) == (
        same,
        values["label"],
        {**changed, "changes": []},
    )
    assert "http://" not in json.dumps([*parts.values()])


def test_brief_lists_are_small_whoever_reads_them(server: TestServer) -> None:
    for number in range(30):
        server.post(FLAGS, json={"name": f"flag-{number}", "description": "x" * 1000})
    reader = person(server, "pat").token
    asked = {"limit": 100, "q": "type:feature-created"}
    whole = server.get(f"{LOG}/events", params=asked, token=reader)
    brief = server.get(f"{LOG}/events", params={**asked, "view": "brief"}, token=reader)
    assert [event["id"] for event in brief.json()["events"]] == [event["id"] for event in whole.json()["events"]]
    assert len(brief.content) < len(whole.content) / 2
    assert brief.headers["Content-Encoding"] in ("gzip", "zstd")
    assert len(gzip.compress(brief.content)) < len(brief.content) / 5
    assert "ip" not in brief.json()["events"][0]
    assert server.get(f"{LOG}/events", params={"view": "short"}).status_code == 400


def test_types_say_what_they_are_and_whether_there_are_any(server: TestServer) -> None:
    made = a_history(server)
    found = {each["type"]: each for each in ask(server, "types")["types"]}
    assert [*found] == [*EVENTS]
    assert found["feature-environment-enabled"] == {
        "type": "feature-environment-enabled",
        "label": "Flag enabled",
        "group": "Feature flag",
        "tone": "on",
        "reach": "clients",
        "timeline": True,
        "newestId": made["on"],
    }
    assert found["banner-created"]["newestId"] is None
    assert found["user-created"]["newestId"] is not None
    seen = server.get(f"{LOG}/types", token=person(server, "pat").token).json()["types"]
    assert {each["type"] for each in seen if each["newestId"]}.isdisjoint({"user-created", "api-token-created"})


def test_a_page_around_an_event(server: TestServer) -> None:
    made = a_history(server)
    every = [event["id"] for event in server.events()]
    middle = made["added"]
    at = every.index(middle)
    found = ask(server, "events", around=middle, limit=4)
    assert [event["id"] for event in found["events"]] == every[at - 2 : at + 2]
    older, newer = (server.get(found[name]).json()["events"] for name in ("next", "prev"))
    assert [event["id"] for event in older] == every[at + 2 : at + 6]
    assert [event["id"] for event in newer] == every[max(0, at - 6) : at - 2]
    at_the_end = ask(server, "events", around=every[0] + 100, limit=4)
    assert ([event["id"] for event in at_the_end["events"]], at_the_end["prev"]) == (every[:4], None)
    one = ask(server, "events", around=middle, limit=1, q="-type:feature-strategy-add")
    assert [event["id"] for event in one["events"]] == [next(each for each in every if each < middle)]
    assert ask(server, "events", around=middle, q="type:nothing-at-all")["events"] == []
    cursor = found["next"].partition("cursor=")[2]
    assert refused(server, "events", around=middle, cursor=cursor)["path"] == "/query/around"


def test_what_one_may_choose_besides(server: TestServer) -> None:
    a_history(server)
    server.post(FLAGS, json={"name": "other"})
    asked = {"by": "environment,flag", "bucket": "total", "q": "env:production type:feature-*"}
    plain, facets = ask(server, "counts", **asked), ask(server, "counts", **asked, facets="true")
    assert facets["total"] == plain["total"]
    assert plain["by"]["environment"]["without"]["events"] == 0
    assert facets["by"]["environment"]["without"]["events"] == 3
    assert facets["by"]["flag"] == plain["by"]["flag"]
    none = ask(server, "counts", bucket="total", q="env:none type:feature-*")["total"]["events"]
    both = ask(server, "counts", bucket="total", q="env:production,none type:feature-*")["total"]["events"]
    assert (none, both) == (3, 3 + plain["total"]["events"])


def test_days_are_those_of_the_reader(server: TestServer) -> None:
    asked = {"from": "IS:2026-03-28", "to": "IS:2026-03-30", "bucket": "day", "tz": "Europe/Berlin"}
    found = ask(server, "counts", **asked)
    # The night in which clocks go forward.
    assert found["buckets"] == ["2026-03-27T23:00:00.000Z", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"]
    weeks = ask(server, "counts", **{**asked, "bucket": "week"})
    assert weeks["buckets"] == ["2026-03-22T23:00:00.000Z", "2026-03-29T22:00:00.000Z"]
    today = ask(server, "counts", q="since:today until:today", bucket="day", tz="Pacific/Kiritimati")
    assert today["buckets"] == [today["from"]]
    assert today["from"].endswith("T10:00:00.000Z")
    for path in ("events", "counts", "timeline", "what-changed", "export", "stream"):
        assert refused(server, path, tz="Europe/Nowhere")["path"] == "/query/tz", path


def test_a_wrong_query_is_wrong_in_one_place(server: TestServer) -> None:
    cases = {
        "env:a tpye:b": (7, 4, "type"),
        "type:feature-creatd,x": (6, 14, "feature-created"),
        "actor:users since:2h": (7, 5, "user"),
        "since:soon": (7, 4, None),
        "a | b": (3, 1, None),
    }
    for query, (position, length, suggestion) in cases.items():
        for path in ("events", "timeline"):
            found = refused(server, path, q=query)
            assert (found["position"], found["length"], found.get("suggestion")) == (position, length, suggestion), (
                query
            )
    assert ask(server, "events", q='type:"feature-creatd" type:made-up,flag-*')["events"] == []


def test_an_export_says_how_many_events_it_has(server: TestServer) -> None:
    a_history(server)
    for parameters in ({"q": "flag:checkout"}, {"limit": "3"}, {"q": "type:banner-created"}):
        with_all = server.get(f"{LOG}/export", params=parameters)
        assert int(with_all.headers["X-Flagkeeper-Total"]) == len(with_all.text.splitlines()), parameters


def test_a_mark_opens_what_it_stands_for(server: TestServer) -> None:
    made = a_history(server)
    for span, marks in (("30m", 60), ("366d", 1), ("366d", 200)):
        found = ask(server, "timeline", environment="production", span=span, marks=marks)
        assert len(found["groups"]) <= marks
        events = [ask(server, "events", q=group["query"], limit=1000)["events"] for group in found["groups"]]
        assert sum(map(len, events)) == found["total"]
        for group, opened in zip(found["groups"], events, strict=True):
            assert (group["firstId"], group["lastId"]) == (opened[-1]["id"], opened[0]["id"])
            assert sum(group["tones"].values()) == len(opened) == group["total"]
            assert made["on"] not in [event["id"] for event in opened] or group["tones"]["on"] == 1
            assert all(mention["parts"]["verb"] for mention in group["events"])
    assert server.get(f"{LOG}/timeline", params={"marks": 0}).status_code == 400
