"""Names that would control whatever shows them are refused, wherever there are names."""

from typing import Any

import pytest

from tests.server import TestServer

FLAGS = "/api/admin/projects/default/features"
STRATEGIES = f"{FLAGS}/flag/environments/development/strategies"
CONSTRAINT = {"contextName": "userId", "operator": "IN", "values": ["1"]}
WEBHOOK = {
    "provider": "webhook",
    "enabled": True,
    "parameters": {"url": "http://93.184.216.34/hook"},
    "events": ["feature-created"],
}
SIGNS = ("\x1b[31m", "\n", "\x9b", "\u202e", "\u2066", "\u200f", "\u2028")


def bodies(odd: str) -> dict[str, tuple[str, str, Any]]:
    """By the pointer to the name: what is asked for with it."""
    name = f"na{odd}me"
    return {
        "flag": ("POST", FLAGS, {"name": name}),
        "clone": ("POST", f"{FLAGS}/flag/clone", {"name": name}),
        "username": ("POST", "/api/admin/user-admin", {"username": name, "rootRole": 1}),
        "email": ("POST", "/api/admin/user-admin", {"email": f"{name}@example.com", "rootRole": 1}),
        "user": ("POST", "/api/admin/user-admin", {"username": "good", "name": name, "rootRole": 1}),
        "token": ("POST", "/api/admin/api-tokens", {"tokenName": name, "type": "client"}),
        "environment of a token": (
            "POST",
            "/api/admin/api-tokens",
            {"tokenName": "t", "type": "client", "environment": name},
        ),
        "project of a token": ("POST", "/api/admin/api-tokens", {"tokenName": "t", "type": "client", "project": name}),
        "tag": ("POST", "/api/admin/tags", {"type": "simple", "value": name}),
        "tag of a flag": ("POST", "/api/admin/features/flag/tags", {"type": "simple", "value": name}),
        "tag of a new flag": ("POST", FLAGS, {"name": "new", "tags": [{"type": "simple", "value": name}]}),
        "tag type": ("POST", "/api/admin/tag-types", {"name": name, "description": "", "icon": ""}),
        "description": ("POST", "/api/admin/tag-types", {"name": "kind", "description": name, "icon": ""}),
        "icon": ("PUT", "/api/admin/tag-types/simple", {"icon": name}),
        "segment": ("POST", "/api/admin/segments", {"name": name, "constraints": []}),
        "segment to validate": ("POST", "/api/admin/segments/validate", {"name": name}),
        "field": ("POST", "/api/admin/constraints/validate", CONSTRAINT | {"contextName": name}),
        "strategy": ("POST", "/api/admin/strategies", {"name": name, "parameters": []}),
        "title of a definition": ("POST", "/api/admin/strategies", {"name": "own", "title": name, "parameters": []}),
        "parameter": (
            "POST",
            "/api/admin/strategies",
            {"name": "own", "parameters": [{"name": name, "type": "string"}]},
        ),
        "title": ("POST", STRATEGIES, {"name": "default", "title": name}),
        "key": ("POST", STRATEGIES, {"name": "default", "parameters": {name: "1"}}),
        "context": ("POST", STRATEGIES, {"name": "default", "constraints": [CONSTRAINT | {"contextName": name}]}),
        "variant": ("POST", STRATEGIES, {"name": "default", "variants": [{"name": name, "weight": 1}]}),
        "search": ("POST", "/api/admin/log/searches", {"name": name, "query": "", "shared": True}),
        "integration": ("POST", "/api/admin/addons", WEBHOOK | {"description": name}),
        "hold": ("POST", "/api/admin/log/holds", {"reason": name}),
    }


def test_a_name_may_not_control_what_shows_it(server: TestServer, subtests: pytest.Subtests) -> None:
    server.post(FLAGS, json={"name": "flag"})
    before = server.last_id()
    for odd in SIGNS:
        for what, (method, path, body) in bodies(odd).items():
            with subtests.test(what=what, odd=odd):
                answer = server.request(method, path, json=body)
                assert answer.status_code == 400, answer.text
                assert {"id", "name", "message", "details"} <= answer.json().keys()
                assert answer.json()["details"][0]["path"].startswith("/body")
    assert server.events_after(before) == []


def test_names_of_any_language_are_taken(server: TestServer, subtests: pytest.Subtests) -> None:
    for name in ("Größe", "主婦", "שלום"):
        for what in ("user", "token", "tag", "segment", "search"):
            method, path, body = bodies("")[what]
            with subtests.test(what=what, name=name):
                given = {key: name if value == "name" else value for key, value in body.items()}
                given |= {"username": name} if what == "user" else {}
                assert server.request(method, path, json=given).status_code in (200, 201)
