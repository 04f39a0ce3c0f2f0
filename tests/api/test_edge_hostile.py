"""An edge behind a server that does whatever goes wrong: it serves what it has, says so once, and comes back."""

import json
from pathlib import Path

import pytest

from tests.edge import Edge, edge, eventually
from tests.server import BACKEND
from tests.small_upstream import (
    Manner,
    SmallUpstream,
    brief_stream,
    drip,
    dripping_stream,
    endless,
    garbage_stream,
    half,
    says,
    silent,
    small_upstream,
    stalled_stream,
    status,
)

pytestmark = pytest.mark.slow

FEATURES = "/api/client/features"
STREAM = "/api/client/streaming"
SHORT = {
    "UPSTREAM_REQUEST_TIMEOUT": "2",
    "UPSTREAM_SOCKET_TIMEOUT": "1",
    "FLAGKEEPER_STREAM_SILENCE_SECONDS": "1",
}
BACK_AFTER = 25.0
"""Seconds; on a machine with nothing else to do it is a tenth of it."""

OTHER_PROJECT = (
    b'{"version":2,"features":[{"name":"alien","enabled":true,"project":"alien","strategies":[]}],"segments":[]}'
)
OTHER_TOKEN = b'{"version":2,"features":[],"query":{"environment":"production"},"meta":{"revisionId":99}}'

BAD_ANSWERS: dict[str, Manner] = {
    "accepts and never answers": silent,
    "answers half a body": half,
    "drips": drip,
    "never ends": endless,
    "500": status(500),
    "garbage": says(b"<html>log in first</html>"),
    "no object": says(b"null"),
    "not what it should be": says(b'{"features":{}}'),
    "nests too deep": says(b"[" * 100_000),
    "for another token": says(OTHER_TOKEN),
    "429": status(429, Retry_After="1"),
    "a redirect": status(302, Location="http://127.0.0.1:1/"),
    "an error of a gateway": status(403),
}


def outlives(node: Edge, upstream: SmallUpstream, what: str, manner: Manner, *paths: str) -> None:
    """It goes on with what it has while requests are answered like this, and takes what is new soon after that."""
    before = node.get(FEATURES)
    said = node.said.count("upstream_away")
    upstream.spoil(manner, *paths)
    eventually(node.is_stale)
    asked = len(upstream.requests)
    eventually(lambda: len(upstream.requests) > asked + 2)
    after = node.get(FEATURES)
    assert (after.status_code, after.content) == (200, before.content), what
    assert node.ready().status_code == 200, what
    assert node.said.count("upstream_away") == said + 1, f"{what}: it is said once\n{node.said}"
    on = not upstream.flags["plain"]
    upstream.heal()
    upstream.turn("plain", on=on)
    eventually(lambda: node.shows("plain", on), BACK_AFTER)
    eventually(lambda: not node.is_stale(), BACK_AFTER)


def test_whatever_upstream_answers_to_polls(tmp_path: Path) -> None:
    with small_upstream() as upstream, edge(upstream.url, tmp_path / "log", tmp_path / "kept", **SHORT) as node:
        eventually(lambda: node.ready().json()["upstream"][0]["mode"] == "polling")
        for what, manner in BAD_ANSWERS.items():
            outlives(node, upstream, what, manner)
        peak = int((Path("/proc") / str(node.process.pid) / "status").read_text().partition("VmHWM:")[2].split()[0])
        assert peak < 500_000, "kilobytes"
        upstream.spoil(status(500))
        eventually(lambda: "answers 500" in node.get("/internal-backstage/ready", None).text)
        assert "answers 500" not in node.ready().text, "strangers learn nothing of what is behind it"


@pytest.mark.parametrize(
    "manner",
    [stalled_stream, dripping_stream, garbage_stream, brief_stream, status(500), says(b"{}")],
    ids=["stalls", "drips", "garbage", "ends at once", "500", "no stream"],
)
def test_where_streams_are_no_good_it_polls(manner: Manner, tmp_path: Path) -> None:
    with small_upstream(streams=True) as upstream:
        upstream.spoil(manner, STREAM)
        with edge(upstream.url, tmp_path / "log", None, **SHORT) as node:
            eventually(lambda: node.ready().json()["upstream"][0]["mode"] == "polling")
            eventually(lambda: not node.is_stale() and node.shows("plain", on=True))
            upstream.turn("plain", on=False)
            eventually(lambda: node.shows("plain", on=False))
            assert len(upstream.asked(STREAM)) == 3, "and then leaves it alone"
        assert node.said.count("upstream_is_polled") == 1
        assert node.said.count("upstream_away") <= 1


def test_a_stream_that_stops_without_closing_is_noticed(tmp_path: Path) -> None:
    with small_upstream(streams=True) as upstream, edge(upstream.url, tmp_path / "log", None, **SHORT) as node:
        eventually(lambda: node.ready().json()["upstream"][0]["mode"] == "streaming")
        upstream.spoil(stalled_stream, STREAM)
        upstream.heal()
        upstream.turn("plain", on=False)
        eventually(lambda: node.shows("plain", on=False))
        eventually(lambda: not node.is_stale())


def test_a_stream_goes_on_where_it_broke(tmp_path: Path) -> None:
    with small_upstream(streams=True) as upstream:
        with edge(upstream.url, tmp_path / "log", tmp_path / "kept") as node:
            eventually(lambda: node.ready().json()["upstream"][0]["mode"] == "streaming")
            assert not upstream.asked(STREAM)[0].headers["Last-Event-ID"]
            upstream.turn("plain", on=False)
            eventually(lambda: node.shows("plain", on=False))
            upstream.cut()
            eventually(lambda: len(upstream.asked(STREAM)) == 2)
            upstream.turn("plain", on=True)
            eventually(lambda: node.shows("plain", on=True))
            assert node.end() == 0
        assert upstream.asked(STREAM)[1].headers["Last-Event-ID"] == "6-log"
        with edge(upstream.url, tmp_path / "log", tmp_path / "kept") as node:
            eventually(lambda: len(upstream.asked(STREAM)) == 3)
            eventually(lambda: not node.is_stale())
            assert node.flags() == {"plain": True}
        assert upstream.asked(STREAM)[2].headers["Last-Event-ID"] == "7-log", "also after a restart"
        assert not [each for each in upstream.asked(FEATURES) if each.path == FEATURES], "nothing was fetched whole"


def test_an_empty_list_is_a_deletion_and_nothing_else_is(tmp_path: Path) -> None:
    with small_upstream() as upstream, edge(upstream.url, tmp_path / "log") as node:
        assert node.flags() == {"plain": True}
        upstream.spoil(says(b"{}"), FEATURES)
        eventually(node.is_stale)
        assert node.flags() == {"plain": True}
        upstream.heal()
        eventually(lambda: not node.is_stale())
        upstream.flags.clear()
        upstream.revision += 1
        eventually(lambda: node.flags() == {})
        assert not node.is_stale()


def test_flags_of_other_projects_are_not_taken(tmp_path: Path) -> None:
    narrow = "default:development.narrow"
    with small_upstream() as upstream:
        tokens = {"token": narrow, "type": "client", "environment": "development", "projects": ["default"]}
        upstream.valid[narrow] = "client"
        upstream.spoiled = {"/edge/validate": says(json.dumps({"tokens": [tokens]}).encode())}
        with edge(upstream.url, tmp_path / "log", TOKENS=narrow) as node:
            assert node.flags(narrow) == {"plain": True}
            before = upstream.spoiled
            upstream.spoiled = before | {FEATURES: says(OTHER_PROJECT)}
            eventually(node.is_stale)
            assert node.flags(narrow) == {"plain": True}
            upstream.spoiled = before
            upstream.flags["new"] = True
            eventually(lambda: node.flags(narrow) == {"plain": True, "new": True})


def test_a_token_that_is_refused_is_not_valid_whatever_else_is_said_of_it(tmp_path: Path) -> None:
    """Unleash 8.2 calls a revoked token valid until it is restarted, and refuses it within a minute."""
    other, page = "*:development.other", "*:development.page"
    with small_upstream() as upstream:
        upstream.valid |= {other: "client", page: "frontend"}
        with edge(upstream.url, tmp_path / "log", tmp_path / "kept") as node:
            for token, path in ((BACKEND, FEATURES), (other, FEATURES), (page, "/api/frontend")):
                assert node.get(path, token).status_code == 200
            upstream.revoked |= {other, page}
            eventually(lambda: node.get(FEATURES, other).status_code == 401)
            eventually(lambda: node.get("/api/frontend", page).status_code == 401)
            asked = len(upstream.asked("/edge/validate"))
            eventually(lambda: len(upstream.asked("/edge/validate")) > asked + 3)
            assert node.get(FEATURES, other).status_code == 401, "and it stays so"
            assert node.get(FEATURES).status_code == 200
            upstream.revoked.clear()
            eventually(lambda: node.get(FEATURES, other).status_code == 200, 60)
            upstream.revoked.add(BACKEND)
            eventually(lambda: node.get(FEATURES).status_code == 401)
