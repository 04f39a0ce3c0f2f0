"""`flagkeeper edge`, a process in front of a running server: it answers as that does, and goes on without it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from UnleashClient.clients.unleash_client import UnleashClient

from flagkeeper.features.flags.commands import archive, switch
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.flags.model.variant import PayloadDraft, VariantDraft
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.tokens.model import TokenType, draft
from flagkeeper.features.usage.slice import USAGE
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from tests.cable import Cable
from tests.edge import Edge, edge, eventually, refused
from tests.listener import Listener
from tests.no_streams import without_streams
from tests.sdk import PLACE, PROJECT, make_flag, make_segment, run, users
from tests.server import ADMIN, BACKEND, FRONTEND, TestServer

FEATURES = "/api/client/features"
SPEC = {"Unleash-Client-Spec": "5.2.0"}


def turn(server: TestServer, flag: str, *, on: bool) -> None:
    run(server, switch.turn_on if on else switch.turn_off, PROJECT, flag, PLACE)


def new_token(server: TestServer, kind: TokenType, *projects: str, environment: str = PLACE) -> tuple[int, str]:
    token, secret = server.call(
        server.services.units.run(SYSTEM, tokens.create, draft("fresh", kind, environment, list(projects) or ["*"]))
    )
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))
    return token.id, secret


@contextmanager
def cable_to(server: TestServer) -> Iterator[tuple[Cable, str]]:
    address = urlsplit(server.url)
    cable = Cable((str(address.hostname), int(address.port or 80)))
    try:
        yield cable, f"http://127.0.0.1:{cable.port}"
    finally:
        cable.close()


def stored(server: TestServer, flag: str) -> tuple[int, int]:
    """How often a flag was on and off, as the server has it."""
    server.call(server.services[USAGE].flush())
    counted = server.get(f"/api/admin/client-metrics/features/{flag}/raw").json()["data"]
    return sum(each["yes"] for each in counted), sum(each["no"] for each in counted)


def furnish(server: TestServer) -> None:
    """Flags of many kinds."""
    beta = make_segment(server, "beta", users("7", "8"))
    make_flag(server, "plain")
    server.post("/api/admin/features/plain/tags", json={"type": "simple", "value": "paid"})
    make_flag(server, "off", on=False)
    make_flag(server, "for-beta", StrategyDraft(name="default", segments=[beta]))
    make_flag(
        server,
        "shared",
        StrategyDraft(
            name="flexibleRollout",
            parameters={"rollout": "40", "stickiness": "userId", "groupId": "shared"},
            variants=[
                VariantDraft(name="red", weight=500, payload=PayloadDraft(type="string", value="#f00")),
                VariantDraft(name="blue", weight=500),
            ],
        ),
    )


def is_off(client: UnleashClient, flag: str) -> bool:
    return not client.is_enabled(flag)


def without_name(body: dict[str, Any]) -> dict[str, Any]:
    """A document without what names it: the node has numbers and tags of its own."""
    return {name: value for name, value in body.items() if name != "meta"}


def test_it_answers_as_the_server_does(server: TestServer, tmp_path: Path) -> None:
    furnish(server)
    with edge(server.url, tmp_path / "log") as node:
        for headers in (SPEC, {}):
            asked, own = (each(FEATURES, token=BACKEND, headers=headers).json() for each in (server.get, node.get))
            assert without_name(own) == without_name(asked)
        ours, theirs = (each(FEATURES, token=BACKEND, headers=SPEC).content for each in (node.get, server.get))
        assert ours.partition(b',"meta"')[0] == theirs.partition(b',"meta"')[0], "byte for byte"
        for path in (
            f"{FEATURES}/for-beta",
            f"{FEATURES}/none",
            f"{FEATURES}?namePrefix=sh",
        ):
            asked, own = server.get(path, token=BACKEND, headers=SPEC), node.get(path, headers=SPEC)
            assert own.status_code == asked.status_code
            ignored = ("id", "meta")
            assert {k: v for k, v in own.json().items() if k not in ignored} == {
                k: v for k, v in asked.json().items() if k not in ignored
            }
        tagged = f"{FEATURES}?tag=simple:paid"
        asked, own = (each(tagged, token=BACKEND, headers=SPEC).json() for each in (server.get, node.get))
        assert [each["name"] for each in own["features"]] == ["plain"]
        assert (own["features"], own["query"]) == (asked["features"], asked["query"])
        delta = node.get("/api/client/delta").json()["events"]
        assert [(each["type"], each["features"]) for each in delta] == [
            ("hydration", server.get(FEATURES, token=BACKEND, headers=SPEC).json()["features"])
        ]
        for user in map(str, range(1, 40)):
            query = f"?userId={user}&sessionId=s&properties[x]=y"
            for path in ("/api/frontend", "/api/frontend/all", "/api/frontend/features/shared", "/api/proxy"):
                asked, own = server.get(path + query, token=FRONTEND), node.get(path + query, FRONTEND)
                assert (own.status_code, own.content) == (asked.status_code, asked.content)
                assert own.headers.get("etag") == asked.headers.get("etag")
            context = {"context": {"userId": user, "sessionId": "s"}}
            assert node.post("/api/frontend", FRONTEND, json=context).content == (
                server.post("/api/frontend", token=FRONTEND, json=context).content
            )
            of_provider = {"context": {"targetingKey": user}}
            for path in ("/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/shared"):
                asked, own = (each(path, token=BACKEND, json=of_provider).json() for each in (server.post, node.post))
                for body in (asked, own):
                    body["metadata"].pop("version", None)
                asked.pop("eventStreams", None)  # which an edge does not offer
                assert own == asked


def test_it_says_304_and_packs(server: TestServer, tmp_path: Path) -> None:
    for number in range(20):
        make_flag(server, f"flag-{number}")
    with edge(server.url, tmp_path / "log") as node:
        first = node.get(FEATURES, headers=SPEC)
        assert first.headers["content-encoding"] in ("gzip", "zstd")
        held = {"If-None-Match": first.headers["etag"]}
        assert node.get(FEATURES, headers={**SPEC, **held}).status_code == 304
        turn(server, "flag-1", on=False)
        eventually(lambda: not node.flags()["flag-1"])
        assert node.get(FEATURES, headers={**SPEC, **held}).status_code == 200
        assert (
            node.request("OPTIONS", "/api/frontend", None, headers={"Origin": "https://a.example"}).status_code == 204
        )
        assert node.get("/api/frontend", FRONTEND).headers["access-control-allow-origin"] == "*"
        assert node.get("/api/admin/projects").status_code == 404
        assert node.post(FEATURES).status_code == 405


def test_a_change_is_there_at_once_for_those_who_poll_and_those_who_listen(server: TestServer, tmp_path: Path) -> None:
    furnish(server)
    with (
        edge(server.url, tmp_path / "log", TOKEN_REVALIDATION_INTERVAL_SECONDS="3600") as node,
        Listener(node.url, BACKEND, path="/api/client/streaming") as listener,
    ):
        listener.wait(lambda _: bool(listener.messages))
        eventually(lambda: node.ready().json()["upstream"][0]["mode"] == "streaming")
        seconds = []
        for on in (False, True, False, True, False):
            turn(server, "plain", on=on)
            seconds.append(eventually(partial(node.shows, "plain", on)))
        assert min(seconds) < 1, "the server tells, nobody polls"
        run(server, archive.archive, PROJECT, "off")
        eventually(lambda: "off" not in node.flags())
        listener.wait(lambda _: any("feature-removed" in each.data for each in listener.messages))
        told = [event for each in listener.messages if each.data for event in json.loads(each.data)["events"]]
        assert told[0]["type"] == "hydration"
        updates = [each for each in told if each["type"] == "feature-updated" and each["feature"]["name"] == "plain"]
        assert updates[-1]["feature"]["enabled"] is False
        ids = [each["eventId"] for each in told]
        assert ids == sorted(ids)


def test_without_upstream_it_goes_on_and_catches_up(server: TestServer, tmp_path: Path) -> None:
    furnish(server)
    log, folder = tmp_path / "log", tmp_path / "kept"
    with cable_to(server) as (cable, url):
        with edge(url, log, folder) as node:
            assert not node.is_stale()
            assert node.get("/api/frontend?userId=7", FRONTEND).status_code == 200
            before = node.get(FEATURES, headers=SPEC)
            cable.cut()
            eventually(node.is_stale)
            after = node.get(FEATURES, headers=SPEC)
            assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
            assert node.ready().status_code == 200
            assert re.fullmatch(r"\d{4}-.*Z", node.ready().json()["staleSince"])
            turn(server, "plain", on=False)
            assert node.end() == 0
        with edge(url, log, folder) as node:
            again = node.get(FEATURES, headers=SPEC)
            assert (again.content, again.headers["etag"]) == (before.content, before.headers["etag"]), "from disk"
            assert node.get("/api/frontend?userId=7", FRONTEND).status_code == 200, "known by its hash"
            assert node.get(FEATURES, "*:development.somebody-else").status_code == 503
            assert node.ready().status_code == 200
            assert node.is_stale()
            cable.mend()
            eventually(lambda: not node.flags()["plain"])
            eventually(lambda: not node.is_stale())
            cable.cut()
            turn(server, "plain", on=True)
            make_flag(server, "new")
            cable.mend()
            eventually(lambda: node.flags().get("new") is True and node.flags()["plain"])
            assert node.end() == 0
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert BACKEND not in file.read_text()
        assert FRONTEND not in file.read_text()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not [each for each in (BACKEND, FRONTEND, "somebody-else") if each in log.read_text()]


def test_with_nothing_to_serve_it_is_not_ready(server: TestServer, tmp_path: Path) -> None:
    make_flag(server, "plain")
    with cable_to(server) as (cable, url):
        cable.cut()
        with edge(url, tmp_path / "log", tmp_path / "kept") as node:
            assert node.get("/health", None).json() == {"health": "GOOD"}
            answer = node.get("/internal-backstage/ready", None)
            assert (answer.status_code, answer.json()["health"]) == (503, "BAD")
            refusal = node.get(FEATURES)
            assert (refusal.status_code, refusal.headers["retry-after"]) == (503, "1")
            cable.mend()
            eventually(lambda: node.ready().status_code == 200)
            eventually(lambda: node.get(FEATURES).status_code == 200)
            assert node.flags() == {"plain": True}


def test_where_upstream_has_no_streams_it_polls(server: TestServer, tmp_path: Path) -> None:
    make_flag(server, "plain")
    with (
        without_streams(server.url) as plain,
        edge(plain, tmp_path / "log") as node,
        Listener(node.url, BACKEND, path="/api/client/streaming") as listener,
    ):
        eventually(lambda: node.ready().json()["upstream"][0]["mode"] == "polling")
        for on in (False, True):
            turn(server, "plain", on=on)
            eventually(partial(node.shows, "plain", on))
        listener.wait(lambda _: sum("feature-updated" in each.data for each in listener.messages) == 2)
        assert not node.is_stale()


def test_what_is_counted_arrives_once(server: TestServer, tmp_path: Path) -> None:
    make_flag(server, "plain")
    log, folder = tmp_path / "log", tmp_path / "kept"

    def count(node: Edge, times: int, token: str = BACKEND, path: str = "/api/client/metrics") -> int:
        bucket = {"start": "2026-11-22T01:00:00Z", "stop": "2099-01-01T00:00:00Z"}
        body = {"appName": "shop", "bucket": {**bucket, "toggles": {"plain": {"yes": times, "no": 1}}}}
        return node.post(path, token, json=body).status_code

    with cable_to(server) as (cable, url):
        with edge(url, log, folder) as node:
            started = {"appName": "shop", "strategies": ["default"], "started": "2026-11-22T01:00:00Z", "interval": 15}
            assert node.post("/api/client/register", json={**started, "sdkVersion": "sdk:1.0"}).status_code == 202
            assert [count(node, 2) for _ in range(5)] == [202] * 5
            assert count(node, 3, FRONTEND, "/api/frontend/client/metrics") == 200
            eventually(lambda: stored(server, "plain") == (13, 6))
            cable.cut()
            assert [count(node, 1) for _ in range(4)] == [202] * 4
            eventually(node.is_stale)
            cable.mend()
            eventually(lambda: stored(server, "plain") == (17, 10))
            cable.cut()
            assert count(node, 100) == 202
            assert node.end() == 0, "it goes to disk"
        with edge(url, log, folder) as node:
            cable.mend()
            eventually(lambda: stored(server, "plain") == (117, 11))
            assert count(node, 1000) == 202
            assert node.end() == 0, "and is sent at the end"
        assert stored(server, "plain") == (1117, 12)
    (seen,) = server.get("/api/admin/metrics/applications").json()["applications"]
    assert (seen["appName"], seen["strategies"]) == ("shop", ["default"])


def test_what_nobody_can_take_is_refused_and_not_lost(server: TestServer, tmp_path: Path) -> None:
    make_flag(server, "plain")
    with cable_to(server) as (cable, url), edge(url, tmp_path / "log") as node:
        cable.cut()
        answers = []
        for number in range(30):
            toggles = {f"flag-{number}-{each}": {"yes": 1, "no": 0} for each in range(2_000)}
            bucket = {"start": "2026-11-22T01:00:00Z", "stop": "2026-11-22T01:00:00Z", "toggles": toggles}
            answers.append(node.post("/api/client/metrics", json={"appName": "shop", "bucket": bucket}))
        statuses = [each.status_code for each in answers]
        assert statuses[:25] == [202] * 25
        assert statuses[25:] == [429] * 5
        assert int(answers[-1].headers["retry-after"]) > 0


def test_who_may_ask(server: TestServer, tmp_path: Path) -> None:
    make_flag(server, "plain")
    log = tmp_path / "log"
    with edge(server.url, log) as node:
        wrong = [
            (FEATURES, None, 401),
            (FEATURES, "*:development.unknown-token", 401),
            (FEATURES, "nonsense", 401),
            (FEATURES, "two words", 400),
            (FEATURES, FRONTEND, 403),
            (FEATURES, ADMIN, 403),
            ("/api/frontend", BACKEND, 403),
            ("/api/frontend", None, 401),
            ("/api/client/streaming", FRONTEND, 403),
            ("/api/client/delta", "*:development.unknown-token", 401),
        ]
        for path, token, status in wrong:
            asked, own = server.get(path, token=token), node.get(path, token)
            assert (asked.status_code, own.status_code) == (status, status), (path, token)
            assert own.json()["name"] == asked.json()["name"]
        for path in ("/api/client/metrics", "/api/client/register", "/api/client/metrics/bulk"):
            assert node.post(path, "*:development.unknown-token", json={}).status_code == 401
            assert node.post(path, json={}).status_code == 400
        question = {"tokens": [BACKEND, FRONTEND, "unknown-token"]}
        assert node.post("/edge/validate", None, json=question).json() == (
            server.post("/edge/validate", token=None, json=question).json()
        )
    assert not [each for each in (BACKEND, FRONTEND, ADMIN, "unknown-token") if each in log.read_text()]


def test_tokens_come_and_go(server: TestServer, tmp_path: Path) -> None:
    make_flag(server, "plain")
    server.post("/api/admin/projects", json={"id": "other", "name": "Other"})
    narrow_id, narrow = new_token(server, TokenType.CLIENT, "other")
    _, away = new_token(server, TokenType.CLIENT, environment="production")
    front_id, front = new_token(server, TokenType.FRONTEND, "other")
    _, no_backend = new_token(server, TokenType.FRONTEND, environment="production")
    with edge(server.url, tmp_path / "log") as node:
        assert node.get("/api/frontend", no_backend).status_code == 503, "nobody here can read production"
        assert node.flags(narrow) == {}, "it sees its own project only"
        assert node.flags(away) == {"plain": False}
        assert node.get("/api/frontend", no_backend).status_code == 200
        assert node.get("/api/frontend/all", front).json() == {"toggles": []}
        assert len(node.get("/api/frontend/all", FRONTEND).json()["toggles"]) == 1
        with Listener(node.url, narrow, path="/api/client/streaming") as listener:
            listener.wait(lambda _: bool(listener.messages))
            for each in (narrow, front):
                assert server.delete(f"/api/admin/api-tokens/{each}").status_code == 200
            seconds = eventually(lambda: node.get(FEATURES, narrow).status_code == 401)
            seconds += eventually(lambda: node.get("/api/frontend", front).status_code == 401)
            assert listener.ended.wait(10)
        assert seconds < 10
        assert node.flags() == {"plain": True}
    with edge(server.url, tmp_path / "log", None, "--strict", TOKENS=away) as node:
        assert node.get(FEATURES, away).status_code == 200
        assert node.get(FEATURES, BACKEND).status_code == 403
    assert narrow_id != front_id


def test_the_unmodified_sdk_of_python_through_it(server: TestServer, tmp_path: Path) -> None:
    furnish(server)
    with edge(server.url, tmp_path / "log") as node:
        for mode in ("polling", "streaming"):
            turn(server, "plain", on=True)
            eventually(lambda: node.flags()["plain"])
            client = UnleashClient(
                url=f"{node.url}/api",
                app_name=f"shop-{mode}",
                instance_id=mode,
                refresh_interval=1,
                metrics_interval=1,
                custom_headers={"Authorization": BACKEND},
                cache_directory=str(tmp_path / mode),
                experimental_mode={"type": mode},
            )
            client.initialize_client()
            try:
                eventually(partial(client.is_enabled, "plain"))
                assert client.is_enabled("for-beta", {"userId": "7"})
                assert not client.is_enabled("for-beta", {"userId": "9"})
                turn(server, "plain", on=False)
                eventually(partial(is_off, client, "plain"))
            finally:
                client.destroy()
        eventually(lambda: stored(server, "plain")[0] >= 2)
        names = {each["appName"] for each in server.get("/api/admin/metrics/applications").json()["applications"]}
        assert names >= {"shop-polling", "shop-streaming"}


@pytest.mark.parametrize(
    ("arguments", "more", "said"),
    [
        ((), {"UPSTREAM_URL": ""}, "--upstream URL"),
        ((), {"UPSTREAM_URL": "ftp://flags"}, "--upstream (UPSTREAM_URL) cannot be used"),
        ((), {"UPSTREAM_URL": "http://a:b@flags"}, "user name or password"),
        ((), {"TOKENS": ""}, "--token TOKEN"),
        (("--token", "two words"), {}, "Token 1 of --token (TOKENS)"),
        (("--token", "*:development.unknown-token"), {}, "does not know token 1"),
        (("--token", FRONTEND), {}, "Give backend tokens"),
        (("--backup-folder", "/proc/nowhere"), {}, "cannot be written to"),
        ((), {"METRICS_INTERVAL_SECONDS": "soon"}, "METRICS_INTERVAL_SECONDS must be a whole number"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    server: TestServer, arguments: tuple[str, ...], more: dict[str, str], said: str
) -> None:
    line = refused(server.url, *arguments, **more)
    assert said in line
    assert line.count("\n") == 1
    assert not [each for each in (BACKEND, FRONTEND, "unknown-token", "two words") if each in line]
