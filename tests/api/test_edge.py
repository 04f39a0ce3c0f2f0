"""Tokens that Edge asks for in signed requests, over HTTP."""

import base64
import hashlib
import hmac
import json
from itertools import count
from typing import Any

import httpx
import pytest

from flagkeeper.kernel import clock
from tests.server import ADMIN, Host, TestServer, settings_for

ISSUE = "/edge/issue-token"
SHARED = "shared-with-edge-0123456789abcdef"
DEVELOPMENT = {"environment": "development", "projects": ["*"]}
PRODUCTION = {"environment": "production", "projects": ["default"]}
_numbers = count()


def ask(server: TestServer, *wanted: dict[str, Any], key: str = SHARED, **changed: str) -> httpx.Response:
    """What Edge sends, with some headers changed after it was signed."""
    body = json.dumps({"tokens": wanted}).encode()
    headers = {
        "content-sha256": hashlib.sha256(body).hexdigest(),
        "x-nonce": f"nonce-{next(_numbers)}",
        "x-timestamp": changed.pop("at", clock.to_iso(clock.now())),
    }
    text = "\n".join(["POST", ISSUE, headers["x-timestamp"], headers["x-nonce"], headers["content-sha256"]])
    signed = base64.urlsafe_b64encode(hmac.new(key.encode(), text.encode(), "sha256").digest()).decode().rstrip("=")
    headers |= {"authorization": f"HMAC edge-1:{signed}", "content-type": "application/json", **changed}
    return server.client.post(ISSUE, content=body, headers=headers)


@pytest.mark.causes("api-token-created", action="POST /edge/issue-token")
def test_tokens_for_edge(host: Host, database_url: str) -> None:
    with TestServer(host, settings_for(database_url, edge_client_secret=SHARED)) as server:
        before = server.last_id()
        first = ask(server, DEVELOPMENT, PRODUCTION)
        assert first.status_code == 200, first.text
        development, production = first.json()["tokens"]
        assert (production["environment"], production["projects"], production["type"]) == (
            *("production", ["default"], "backend"),
        )
        assert production["token"].startswith("default:production.")
        events = server.events_after(before)
        assert [(event["type"], event["createdByUserId"], event["data"]["tokenName"]) for event in events] == [
            ("api-token-created", -1337, "edge")
        ] * 2
        for token in (development["token"], production["token"]):
            assert server.get("/api/client/features", token=token).status_code == 200
            assert token not in json.dumps(server.events())
            assert token not in server.get("/api/admin/api-tokens").text
        again = ask(server, PRODUCTION)
        assert again.json()["tokens"] == [production]
        assert len(server.events_after(before)) == 2, "the same again is no change"
        server.delete(f"/api/admin/api-tokens/{production['token']}")
        (new,) = ask(server, PRODUCTION).json()["tokens"]
        assert new["token"] != production["token"], "what was revoked stays so"
        assert server.get("/api/client/features", token=production["token"]).status_code == 401
        used = first.request.headers
        replayed = server.client.post(ISSUE, content=first.request.content, headers=used)
        old = clock.to_iso(clock.now() - 6 * clock.MINUTE)
        for refused in (
            replayed,
            ask(server, DEVELOPMENT, key="another"),
            ask(server, DEVELOPMENT, at=old),
            ask(server, DEVELOPMENT, at="yesterday"),
            ask(server, DEVELOPMENT, **{"content-sha256": "0" * 64}),
            ask(server, DEVELOPMENT, **{"x-nonce": "another"}),
            ask(server, DEVELOPMENT, **{"x-nonce": ""}),
            ask(server, DEVELOPMENT, authorization=ADMIN),
            server.post(ISSUE, json={"tokens": []}, token=None),
        ):
            assert (refused.status_code, refused.json()["name"]) == (401, "UnauthorizedError")
        nowhere: list[dict[str, Any]] = [
            {**PRODUCTION, "projects": ["none"]},
            {**PRODUCTION, "environment": "none"},
            {},
        ]
        for wrong in nowhere:
            assert ask(server, wrong).status_code == 400


def test_without_a_shared_secret_nobody_gets_a_token(host: Host, sqlite_url: str) -> None:
    with TestServer(host, settings_for(sqlite_url)) as server:
        for key in (SHARED, ""):
            assert ask(server, DEVELOPMENT, key=key or "x").status_code == 401
