"""What an edge hands on: in parts that upstream takes, kept for as long as it does not, and what it says of itself."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from flagkeeper.edge.followed import Saved
from flagkeeper.edge.model import scope_of
from flagkeeper.edge.snapshots import KnownToken, Snapshots
from flagkeeper.edge.tokens import hash_of
from flagkeeper.kernel import clock
from tests.edge import Edge, edge, eventually, refused
from tests.server import BACKEND, FRONTEND
from tests.small_upstream import SmallUpstream, flag, small_upstream, status

pytestmark = pytest.mark.slow

BULK = "/api/client/metrics/bulk"
CUSTOM = "/api/client/metrics/custom"
EDGE = "/api/client/metrics/edge"


def count(node: Edge, *flags: str, app: str = "shop", **more: Any) -> None:
    now = clock.to_iso(clock.now())
    toggles = {each: {"yes": 1, "no": 0, "variants": {}} for each in flags}
    body = {"appName": app, "instanceId": "i", "bucket": {"start": now, "stop": now, "toggles": toggles}, **more}
    answer = node.post("/api/client/metrics", json=body)
    assert answer.status_code == 202, answer.text


def taken(upstream: SmallUpstream) -> dict[str, int]:
    """How often each flag was on, as far as upstream has taken it."""
    found: dict[str, int] = {}
    for report in upstream.reports:
        for metric in report["metrics"]:
            found[metric["featureName"]] = found.get(metric["featureName"], 0) + metric["yes"]
    return found


def measured(node: Edge, name: str) -> float:
    return float(node.get("/internal-backstage/prometheus", None).text.partition(f"\n{name} ")[2].split()[0])


def test_much_is_sent_in_parts_that_upstream_takes(tmp_path: Path) -> None:
    names = [f"flag-{number}" for number in range(3_000)]
    with small_upstream() as upstream, edge(upstream.url, tmp_path / "log") as node:
        count(node, *names)
        eventually(lambda: len(taken(upstream)) == len(names))
        assert max(len(each.body) for each in upstream.asked(BULK)) <= 100_000
        upstream.largest = 20_000
        count(node, *names)
        eventually(lambda: sum(taken(upstream).values()) == 2 * len(names))
        assert set(taken(upstream).values()) == {2}
        assert node.end() == 0
    assert "usage_refused" not in node.said


def test_an_application_that_says_no_version_costs_no_counts(tmp_path: Path) -> None:
    with small_upstream() as upstream, edge(upstream.url, tmp_path / "log") as node:
        count(node, "plain")
        body = {"appName": "page", "strategies": [], "started": clock.to_iso(clock.now()), "interval": 1}
        assert node.post("/api/frontend/client/register", FRONTEND, json=body).status_code == 200
        eventually(lambda: taken(upstream) == {"plain": 1})
        assert node.end() == 0
        assert all("sdkVersion" not in app for each in upstream.asked(BULK) for app in each.json["applications"])
    assert "usage_refused" not in node.said


def test_killed_while_upstream_is_away_it_loses_no_more_than_one_interval(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with small_upstream() as upstream:
        with edge(upstream.url, tmp_path / "log", folder) as node:
            assert node.flags() == {"plain": True}
            assert node.get("/api/frontend", FRONTEND).status_code == 200
            upstream.spoil(status(500))
            for number in range(3):
                count(node, f"flag-{number}")
            assert node.post(CUSTOM, json={"metrics": [{"name": "orders", "value": 3}]}).status_code == 202
            eventually(lambda: all(part in kept(folder) for part in ("flag-0", "flag-1", "flag-2", "orders")))
            note = "Reports of SDKs wait for upstream."
            eventually(lambda: note in node.ready().json()["notes"])
            asked = len(upstream.asked(BULK))
            eventually(lambda: len(upstream.asked(BULK)) > asked + 2)
            assert node.said.count("usage_waits") == 1, "it is said once"
            node.process.send_signal(signal.SIGKILL)
            node.process.wait()
        with edge(upstream.url, tmp_path / "log", folder) as node:
            assert node.flags() == {"plain": True}, "from disk"
            assert node.get("/api/frontend", FRONTEND).status_code == 200
            assert node.is_stale()
            upstream.requests.clear()
            upstream.heal()
            eventually(lambda: taken(upstream) == {"flag-0": 1, "flag-1": 1, "flag-2": 1})
            eventually(lambda: [each.json["metrics"][0]["name"] for each in upstream.asked(CUSTOM)] == ["orders"])
            eventually(lambda: not (folder / "usage.json").exists())
            assert "notes" not in node.ready().json()


def kept(folder: Path) -> str:
    file = folder / "usage.json"
    return file.read_text() if file.exists() else ""


def test_upstream_is_away_for_an_hour_and_the_edge_starts_meanwhile(tmp_path: Path) -> None:
    folder, scope, hour_ago = tmp_path / "kept", scope_of("development", ("*",)), clock.now() - clock.HOUR
    with small_upstream() as upstream:
        upstream.spoil(status(503))
        written = Snapshots(folder, upstream.url)
        written.prepare()
        features = [json.dumps(flag(name, on=name != "off")).encode() for name in ("plain", "off")]
        saved = Saved(
            scope=scope,
            revision=7,
            upstream_revision=7,
            etag='"x"',
            at=hour_ago,
            features=[msgspec.Raw(each) for each in features],
            segments=[],
        )
        assert written.save(saved)
        assert written.save_tokens({hash_of(BACKEND): KnownToken("client", "development", ("*",))})
        written.release()
        with edge(upstream.url, tmp_path / "log", folder) as node:
            assert node.flags() == {"plain": True, "off": False}
            found = node.ready()
            assert (found.status_code, found.json()["staleSince"]) == (200, clock.to_iso(hour_ago))
            stale = node.get("/internal-backstage/prometheus", None).text.partition("\nflagkeeper_edge_stale_seconds ")[
                2
            ]
            assert float(stale.split()[0]) >= 3_600
            upstream.heal()
            eventually(lambda: node.flags() == {"plain": True})


def test_two_edges_cannot_have_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with small_upstream() as upstream, edge(upstream.url, tmp_path / "log", folder) as node:
        assert "in use by another edge" in refused(upstream.url, "--backup-folder", str(folder))
        assert node.flags() == {"plain": True}
        node.process.send_signal(signal.SIGKILL)
        node.process.wait()
        with edge(upstream.url, tmp_path / "log", folder) as after:
            assert after.flags() == {"plain": True}


def test_a_disk_that_takes_no_files_is_said_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with small_upstream() as upstream, edge(upstream.url, tmp_path / "log", folder) as node:
        eventually(lambda: len(list(folder.glob("flags-*"))) == 1)
        (written,) = folder.glob("flags-*")
        in_the_way = folder / f".{written.name}.{node.process.pid}.new"
        in_the_way.mkdir()
        before = written.read_bytes()
        upstream.turn("plain", on=False)
        eventually(lambda: node.ready().json().get("notes") == ["Nothing can be written to BACKUP_FOLDER."])
        assert (node.flags(), written.read_bytes()) == ({"plain": False}, before)
        in_the_way.rmdir()
        eventually(lambda: written.read_bytes() != before)
        eventually(lambda: "notes" not in node.ready().json())
        assert node.said.count("snapshot_not_written") == 1


def test_what_upstream_wants_later_comes_later(tmp_path: Path) -> None:
    with small_upstream() as upstream, edge(upstream.url, tmp_path / "log") as node:
        upstream.spoil(status(429, Retry_After="3"), BULK)
        count(node, "plain")
        eventually(lambda: len(upstream.asked(BULK)) == 1)
        began = time.monotonic()
        eventually(lambda: len(upstream.asked(BULK)) == 2)
        assert time.monotonic() - began > 2
        upstream.heal()
        eventually(lambda: taken(upstream).get("plain", 0) >= 1)


def test_custom_and_impact_metrics(tmp_path: Path) -> None:
    impact = [{"name": "orders", "help": "h", "type": "counter", "samples": [{"value": 2, "labels": {"a": "b"}}]}]
    with small_upstream() as upstream, edge(upstream.url, tmp_path / "log") as node:
        for value in (1, 2):
            queue = {"name": "queue", "value": value, "labels": {"of": "mail"}}
            metrics = [queue, {"name": f"only-{value}", "value": 1}]
            assert node.post(CUSTOM, json={"metrics": metrics}).status_code == 202
        assert node.post(CUSTOM, json={"metrics": [{"name": 1}]}).status_code == 400
        assert node.post(CUSTOM, "unknown-token", json={"metrics": []}).status_code == 401
        assert node.get(CUSTOM).status_code == 405
        count(node, impactMetrics=impact)
        sent: list[Any] = []

        def has_come() -> bool:
            sent[:] = [metric for each in upstream.asked(BULK) for metric in each.json.get("impactMetrics", ())]
            return bool(sent)

        def names() -> set[str]:
            return {metric["name"] for each in upstream.asked(CUSTOM) for metric in each.json["metrics"]}

        eventually(has_come)
        assert sent[0]["samples"] == [{"value": 2.0, "labels": {"a": "b", "appName": "shop"}}]
        eventually(lambda: {"only-1", "only-2"} <= names())
        assert b"null" not in b"".join(each.body for each in upstream.asked(CUSTOM) + upstream.asked(BULK))
        all_sent = [metric for each in upstream.asked(CUSTOM) for metric in each.json["metrics"]]
        assert [each["value"] for each in all_sent if each["name"] == "queue"][-1] == 2
        upstream.spoil(status(404), CUSTOM)
        assert node.post(CUSTOM, json={"metrics": [{"name": "x", "value": 1}]}).status_code == 202
        eventually(lambda: "usage_refused" in node.said)
        count(node, "plain")
        eventually(lambda: taken(upstream) == {"plain": 1})


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    with small_upstream() as upstream:
        upstream.spoiled = {EDGE: status(202)}
        with edge(upstream.url, tmp_path / "log") as node:
            behind = {"identifier": "behind", "appName": "other-edge", "connectedEdges": []}
            assert node.post(EDGE, json=behind).status_code == 202
            assert node.post(EDGE, json={"identifier": ""}).status_code == 400
            assert node.post(EDGE, "unknown-token", json=behind).status_code == 401
            for _ in range(3):
                assert node.get("/api/client/features").status_code == 200
            eventually(lambda: len(upstream.asked(EDGE)) >= 2)
            told = [each.json for each in upstream.asked(EDGE)]
            first = told[0]
            assert upstream.asked(EDGE)[0].token == BACKEND
            assert first["identifier"].startswith("flagkeeper-edge@")
            assert (first["appName"], first["connectedStreamingClients"]) == ("flagkeeper-edge", 0)
            assert first["connectedEdges"] == [behind]
            assert first["processMetrics"]["memoryUsage"] > 10_000_000
            assert set(first["latencyUpstream"]) == {"features", "metrics", "edge"}
            assert first["latencyUpstream"]["features"]["count"] >= 1
            assert first["apiKeyRevisionIds"] == [{"environment": "development", "projects": ["*"], "revisionId": 5}]
            path = "/api/client/features"
            assert sum(each["requestsSinceLastReport"].get(path, {}).get("requests200", 0) for each in told) == 3
            assert told[-1]["traffic"]["get"][path]["count"] == 3
            assert told[-1]["traffic"]["accessDenied"] == {}


def test_an_upstream_that_knows_no_edges_is_told_once(tmp_path: Path) -> None:
    with small_upstream() as upstream, edge(upstream.url, tmp_path / "log") as node:
        eventually(lambda: len(upstream.asked(EDGE)) == 1)
        polls = len(upstream.asked("/edge/validate"))
        eventually(lambda: len(upstream.asked("/edge/validate")) > polls + 4)
        assert len(upstream.asked(EDGE)) == 1
        assert node.said.count("upstream_knows_no_edges") == 1


def test_thousands_of_strangers_cost_upstream_little(tmp_path: Path) -> None:
    with (
        small_upstream() as upstream,
        edge(upstream.url, tmp_path / "log", FLAGKEEPER_TRUSTED_PROXIES="127.0.0.1") as node,
    ):
        assert node.flags() == {"plain": True}
        upstream.requests.clear()
        limits = httpx.Limits(max_connections=50)
        found: dict[int, int] = {}
        with httpx.Client(base_url=node.url, trust_env=False, timeout=60, limits=limits) as client:
            tokens = [f"*:development.{number:040}" for number in range(2_000)]
            for start in range(0, len(tokens), 100):
                answer = client.post("/edge/validate", json={"tokens": tokens[start : start + 100]})
                found[answer.status_code] = found.get(answer.status_code, 0) + 1
            assert set(found) == {200, 429}
            one = client.get("/api/client/features", headers={"Authorization": "*:development.one-more"})
            assert (one.status_code, 0 < int(one.headers["retry-after"]) <= 60) == (429, True)
            elsewhere = {"X-Forwarded-For": "203.0.113.9", "Authorization": "*:development.another"}
            assert client.get("/api/client/features", headers=elsewhere).status_code == 401
        assert node.flags() == {"plain": True}, "who is known is served all the while"
        assert measured(node, "flagkeeper_edge_strangers_refused_total") >= 100
        asked = [each for each in upstream.asked("/edge/validate") if len(each.json["tokens"]) > 1]
        assert len(asked) < 20
        assert upstream.most_at_once <= 2, "one question of strangers at a time, beside that about those who are known"
