"""311 requests that a running Unleash 8.2 was sent, one after the other, sent to this server in the same order: it
answers with the same statuses and leaves out no key, save where a reason is given."""

import json
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

import httpx

from flagkeeper.features.usage.slice import USAGE
from tests.deliveries import until_now
from tests.server import ADMIN, PASSWORD, TestServer

DATA = Path(__file__).parents[1] / "data"
STEPS: list[dict[str, Any]] = json.loads((DATA / "recorded-steps.json").read_text())
"""In their order: `step` (its name), `request`, `token`, `body`, `headers`, the `status` and the `keys` of the answer
(null for what is no object and no list), and what to `keep` of our answer under a name that later steps have in
brackets."""
MEANT: dict[str, dict[str, Any]] = tomllib.loads((DATA / "recorded-steps-meant.toml").read_text())
"""By step: `status`, why it is another one here; `keys`, why some are left out."""
MOST_MEANT = 40
"""Differences, each with its reason, that there may be: a server that needed more would be another one."""

SDKS = 'flagkeeper_follower_position{follower="client-features",kind="memory"}'
FLAG = "/api/admin/projects/default/features/obs.flag"
DEVELOPMENT = f"{FLAG}/environments/development"
ROLLOUT = {
    "name": "flexibleRollout",
    "title": "t",
    "parameters": {"groupId": "obs.flag", "rollout": "50", "stickiness": "default"},
    "segments": [1],
    "constraints": [
        {"contextName": "appName", "operator": "STR_CONTAINS", "values": ["a"], "caseInsensitive": True},
        {"contextName": "x", "operator": "NUM_GT", "value": "5", "inverted": True},
    ],
    "variants": [
        {"name": "a", "weight": 500, "weightType": "variable", "payload": {"type": "json", "value": "{}"}},
        {"name": "b", "weight": 500, "weightType": "variable"},
    ],
}
BEFORE: list[tuple[str, Any]] = [
    (
        "/api/admin/segments",
        {"name": "seg1", "constraints": [{"contextName": "userId", "operator": "IN", "values": ["1", "2"]}]},
    ),
    ("/api/admin/projects/default/features", {"name": "obs.parent"}),
    ("/api/admin/projects/default/features", {"name": "obs.flag", "description": "d", "impressionData": True}),
    (f"{DEVELOPMENT}/strategies", ROLLOUT),
    (f"{DEVELOPMENT}/strategies", {"name": "default"}),
    (f"{DEVELOPMENT}/on", {}),
    (f"{FLAG}/dependencies", {"feature": "obs.parent"}),
]
"""What was there when the recording began."""


class Replay:
    """Sends the steps: those without a token by a browser that keeps its cookies."""

    def __init__(self, server: TestServer) -> None:
        self._server = server
        self._browser = httpx.Client(base_url=server.url, timeout=30, trust_env=False)
        self._kept = {
            "admin": ADMIN,
            "password": PASSWORD,
            "backend": self._token("client"),
            "frontend": self._token("frontend"),
        }
        self._etags: dict[str, str] = {}

    def __enter__(self) -> Self:
        for path, body in BEFORE:
            assert self._server.post(path, json=body).is_success, path
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.close()

    def _token(self, kind: str) -> str:
        body = {"tokenName": f"first-{kind}", "type": kind, "environment": "development", "projects": ["default"]}
        return str(self._server.post("/api/admin/api-tokens", json=body).json()["secret"])

    def _filled(self, text: str) -> str:
        for name, value in self._kept.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _happens_before(self, step: str) -> None:
        """What was done beside the recording. SDKs are told of changes a moment after these."""
        if step == "misc 18":
            self.log_in("viewer1", "Str0ng!passw0rd")
        elif step == "frontend-api 0":
            self._server.call(self._server.services[USAGE].flush())
        elif step == "misc 25":
            for _ in range(12):
                self.log_in("viewer1", "wrong")

    def _all_is_told(self) -> bool:
        figures = dict(
            line.split(" ", 1) for line in self._server.get("/internal-backstage/prometheus").text.splitlines()
        )
        return figures[SDKS] == figures["flagkeeper_log_last_event"]

    def log_in(self, name: str, password: str) -> None:
        self._browser.post("/auth/simple/login", json={"username": name, "password": password})

    def send(self, step: dict[str, Any]) -> httpx.Response:
        self._happens_before(step["step"])
        if re.match("GET /api/(client|frontend)", step["request"]):
            until_now(self._all_is_told)
        method, _, path = self._filled(step["request"]).partition(" ")
        etag = self._etags.get(path, "")
        headers = {name: value.replace("{etag}", etag) for name, value in step.get("headers", {}).items()}
        body = {"json": json.loads(self._filled(json.dumps(step["body"])))} if "body" in step else {}
        client = self._browser
        if token := self._filled(step["token"]):
            client, headers["Authorization"] = self._server.client, token
        with client.stream(method, path, headers=headers, **body) as answer:
            if "event-stream" not in answer.headers.get("content-type", ""):  # which has no end
                answer.read()
        self._etags[path] = answer.headers.get("etag", etag).removeprefix("W/")
        for name, key in step.get("keep", {}).items():
            self._kept[name] = str(answer.json()[key])
        return answer


def lacking(keys: Any, answers: list[Any], where: str = "") -> Iterator[str]:
    """The recorded keys that none of these values has: those at one place of an answer, which are all items of a list.
    An empty list says nothing of its items, and null nothing of what else may stand there."""
    answers = [each for each in answers if each is not None]
    if isinstance(keys, list) and keys and answers:
        lists = [each for each in answers if isinstance(each, list)]
        yield from lacking(keys[0], [item for each in lists for item in each], f"{where}[]") if lists else [where]
    elif isinstance(keys, dict) and answers:
        objects = [each for each in answers if isinstance(each, dict)]
        for name, inner in keys.items():
            having = [each[name] for each in objects if name in each]
            yield from lacking(inner, having, f"{where}.{name}") if having else [f"{where}.{name}"]


def differences(step: dict[str, Any], answer: httpx.Response) -> Iterator[tuple[str, str]]:
    """Whether the `status` is another one, and which `keys` are left out of an answer that has the same status."""
    if answer.status_code != step["status"]:
        yield "status", f"{answer.status_code} instead of {step['status']}"
    elif "keys" in step:
        for key in lacking(step["keys"], [answer.json()]):
            yield "keys", key


def is_meant(step: dict[str, Any], kind: str, what: str) -> bool:
    meant = MEANT.get(step["step"], {})
    return (
        "status" in meant
        if kind == "status"
        else any(fnmatchcase(what, each.replace("[", "[[]")) for each in meant.get("keys", ()))
    )


def test_the_recorded_steps_are_answered_alike(server: TestServer) -> None:
    with Replay(server) as replay:
        found = [(step, each) for step in STEPS for each in differences(step, replay.send(step))]
    strange = [f"{step['step']}, {step['request']}: {each[1]}" for step, each in found if not is_meant(step, *each)]
    assert not strange, "Mend it, or give a reason in recorded-steps-meant.toml:\n" + "\n".join(strange)
    kinds = {(step["step"], kind) for step, (kind, _) in found}
    told = {(step, kind) for step, meant in MEANT.items() for kind in ("status", "keys") if kind in meant}
    assert told <= kinds, "these reasons fit nothing any more"
    assert len(kinds) <= MOST_MEANT
    unequal = {name for name, kind in kinds if kind == "status"}
    print(f"{len(STEPS)} steps: {len(unequal)} statuses and {len(kinds) - len(unequal)} answers differ, with a reason")


def test_what_is_lacking_is_found() -> None:
    keys = {"a": {"b": None}, "list": [{"c": None, "d": [{"e": None}]}], "there": {"f": None}}
    assert list(lacking(keys, [{"a": {"b": 1}, "list": [{"c": 1}, {"d": [{"e": 2}]}], "there": None, "more": 1}])) == []
    assert list(lacking(keys, [{"a": {}, "list": [{"c": 1, "d": []}]}])) == [".a.b", ".there"]
    assert list(lacking(keys, [{"a": [], "list": {}, "there": {"f": 1}}])) == [".a.b", ".list"]
    assert list(lacking(keys, [[]])) == [".a", ".list", ".there"]
