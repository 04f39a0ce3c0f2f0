"""Who sees which events: one table of everything that reads the log, and the same questions to each.

Whoever adds an endpoint that shows events adds a line to `READS`.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from flagkeeper import app
from flagkeeper.eventlog.catalogue.feature import FeatureEnvironmentEnabled
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.projects.model import Mode
from flagkeeper.kernel.actor import Actor
from tests.people import person
from tests.projects import add_project, set_mode_of
from tests.server import ADMIN, BACKEND, TestServer

PREFIXES = ("/api/admin/log", "/api/admin/events", "/api/admin/search/events", "/api/admin/event-creators")

Event = dict[str, Any]


def named(text: str, event: Event) -> bool:
    """Whether the event is in JSON, in lines of JSON or in a stream of them, as a whole or mentioned."""
    try:
        documents = [msgspec.json.decode(text)]
    except msgspec.DecodeError:
        lines = (line.removeprefix("data:").strip() for line in text.splitlines())
        documents = [msgspec.json.decode(line) for line in lines if line.startswith("{")]
    return any(
        found.get("id") == event["id"] and found.get("type") == event["type"] for found in dictionaries(documents)
    )


def counted(text: str, event: Event) -> bool:
    return any(each["value"] == event["createdBy"] for each in msgspec.json.decode(text)["by"]["actor"]["values"])


def creating(text: str, event: Event) -> bool:
    return any(each["id"] == event["createdByUserId"] for each in msgspec.json.decode(text))


class Read(NamedTuple):
    """How an endpoint is asked for an event, and whether its answer shows it."""

    path: Callable[[Event], str]
    """How the path goes on after the part that has no parameters."""
    shows: Callable[[str, Event], bool] = named
    body: Callable[[Event], Event] | None = None
    admins_only: bool = False
    has_ip: bool = True
    """Whether administrators see addresses here."""
    endless: bool = False
    """Whether the answer never ends."""


def id_of(event: Event) -> str:
    return f"?q=id:{event['id']}"


READS = {
    "GET /api/admin/events": Read(lambda event: f"?project={event['project'] or ''}", admins_only=True),
    "GET /api/admin/events/{feature}": Read(lambda event: f"/{event['featureName']}"),
    "GET /api/admin/search/events": Read(lambda event: f"?id=IS:{event['id']}"),
    "POST /api/admin/events/search": Read(lambda _: "", body=lambda event: {"type": event["type"]}),
    "GET /api/admin/event-creators": Read(lambda _: "", shows=creating, has_ip=False),
    "GET /api/admin/log/events": Read(id_of),
    "GET /api/admin/log/events/{event_id}": Read(lambda event: f"/{event['id']}"),
    "GET /api/admin/log/counts": Read(lambda _: "?by=actor&bucket=total", shows=counted, has_ip=False),
    "GET /api/admin/log/timeline": Read(lambda _: "", has_ip=False),
    "GET /api/admin/log/what-changed": Read(lambda _: "?limit=100", has_ip=False),
    "GET /api/admin/log/export": Read(id_of),
    "GET /api/admin/log/stream": Read(lambda _: "?after=0", endless=True),
}
"""Every endpoint that reads the log."""

NO_EVENTS = {
    "GET /api/admin/logins": "lists who logged in, for administrators only",
    "GET /api/admin/log/types": "names the newest event of each type only; test_log_ui.py asks which",
    "GET /api/admin/log/archive": "says what is in the archive, and nothing of any event",
    "POST /api/admin/log/archive/runs": "moves events, for administrators only",
    "GET /api/admin/log/searches": "lists queries, and runs none",
    "POST /api/admin/log/searches": "keeps a query",
    "GET /api/admin/log/searches/{search_id}": "shows a query, and does not run it",
    "PUT /api/admin/log/searches/{search_id}": "replaces a query",
    "DELETE /api/admin/log/searches/{search_id}": "forgets a query",
    "GET /api/admin/log/holds": "lists reasons for administrators",
    "POST /api/admin/log/holds": "keeps events where they are, for administrators only",
    "DELETE /api/admin/log/holds/{hold_id}": "lets events be moved again, for administrators only",
    "GET /api/admin/log/pseudonyms": "lists pseudonyms for administrators",
    "POST /api/admin/log/pseudonyms": "replaces a name, for administrators only",
}
"""Endpoints below the same paths that show no events, each with the reason."""

FLAG = "lantern"


class Told(NamedTuple):
    """Three events that differ in who may see them, each caused by somebody else. The last one is the newest."""

    lonely: Event
    """Of no project, though it names a flag."""
    hidden: Event
    """Of a project that the reader may not see."""
    shown: Event


def switched_on(**where: Any) -> Callable[[Unit], None]:
    return lambda unit: unit.record(FeatureEnvironmentEnabled(feature_name=FLAG, environment="production", **where))


@pytest.fixture
def told(server: TestServer) -> Told:
    for author, project in (("lena", None), ("hugo", "hush"), ("ada", "default")):
        server.call(
            server.services.units.run(Actor(author, ord(author[0]), "203.0.113.9"), switched_on(project=project))
        )
    shown, hidden, lonely = server.events(feature=f"IS:{FLAG}")
    return Told(lonely, hidden, shown)


def test_tokens_for_all_projects_are_for_administrators(server: TestServer) -> None:
    given = {"type": "backend", "environment": "development"}
    for name, projects in (("everywhere", ["*"]), ("here", ["default"])):
        made = server.post("/api/admin/api-tokens", json={"tokenName": name, **given, "projects": projects})
        assert made.status_code == 201, made.text
    viewer = person(server, "viewer").token
    for path in ("/api/admin/search/events", "/api/admin/log/events"):
        found = server.get(f"{path}?type=IS:api-token-created", token=viewer).json()["events"]
        assert [event["project"] for event in found] == ["default"]


def test_a_pattern_of_projects_does_not_show_what_is_of_all_projects(server: TestServer) -> None:
    given = {"type": "backend", "environment": "development"}
    for name, projects in (("everywhere", ["*"]), ("here", ["default"])):
        made = server.post("/api/admin/api-tokens", json={"tokenName": name, **given, "projects": projects})
        assert made.status_code == 201, made.text
    viewer = person(server, "viewer").token

    def seen(token: str, query: str) -> set[str]:
        asked = {"q": f"type:api-token-created {query}"}
        page = server.get("/api/admin/log/events", params=asked, token=token)
        file = server.get("/api/admin/log/export", params={**asked, "format": "ndjson"}, token=token)
        assert (page.status_code, file.status_code) == (200, 200), page.text + file.text
        found = {event["id"]: event["project"] for event in page.json()["events"]}
        exported = [msgspec.json.decode(line) for line in file.text.splitlines()]
        assert {event["id"]: event["project"] for event in exported} == found
        return set(found.values())

    for query in ("project:*", "project:*,default", 'project:*,"*"', "-project:nowhere", "project:* project:d*"):
        assert "default" in seen(viewer, query), query
        assert seen(viewer, query) == {"default"}, query
    for query in ('project:"*"', "-project:default", "-project:d*"):
        assert seen(viewer, query) == set(), query
        assert seen(ADMIN, query) == {"*"}, query
    assert seen(ADMIN, "project:*") == {"*", "default"}
    for path in ("?project=IS:*", "?project=IS_ANY_OF:*,default"):
        answer = server.get(f"/api/admin/search/events{path}&type=IS:api-token-created", token=viewer)
        assert {event["project"] for event in answer.json()["events"]} <= {"default"}, path


@pytest.fixture
def hush(server: TestServer) -> None:
    """`hush` is a private project, and no reader a member of it."""
    add_project(server, "hush")
    set_mode_of(server, "hush", Mode.PRIVATE)


def ask(server: TestServer, route: str, event: Event, told: Told, token: str) -> tuple[int, str]:
    """Status and text of the answer; of one that never ends, up to the newest of the three events."""
    read = READS[route]
    method, path = route.split()
    url = re.sub(r"/\{.*", "", path) + read.path(event)
    if not read.endless:
        answer = server.request(method, url, token=token, json=read.body(event) if read.body else None)
        return answer.status_code, answer.text
    text = ""
    with server.client.stream(method, url, headers={"Authorization": token}) as stream:
        for line in stream.iter_lines():
            text += f"{line}\n"
            if f'"id":{told.shown["id"]},' in line:
                break
    return stream.status_code, text


def test_administrators_see_everything(server: TestServer, told: Told) -> None:
    admin = person(server, "root", role="Admin")
    for route, read in READS.items():
        for event in told:
            status, text = ask(server, route, event, told, admin.token)
            assert status == 200, (route, text)
            assert read.shows(text, event), (route, "the questions below would prove nothing")
            assert ('"ip"' in text) is read.has_ip, route


@pytest.mark.usefixtures("hush")
@pytest.mark.parametrize("role", ["Viewer", "Editor"])
def test_others_see_events_of_the_projects_that_they_may_see(server: TestServer, told: Told, role: str) -> None:
    reader = person(server, "reader", role=role)
    for route, read in READS.items():
        for event in told:
            status, text = ask(server, route, event, told, reader.token)
            if read.admins_only:
                assert status == 403, route
                continue
            visible = event is told.shown
            # An answer that has nothing to show may be an empty list, or that there is no such thing.
            assert status == 200 or (status == 404 and not visible), (route, text)
            assert (status == 200 and read.shows(text, event)) is visible, route
            assert not re.search(r'"ip"|203\.0\.113|hush|hugo|lena', text), route


def test_nobody_else_sees_anything(server: TestServer, told: Told) -> None:
    for route in READS:
        assert ask(server, route, told.shown, told, "*:*.wrong")[0] == 401, route
        assert ask(server, route, told.shown, told, BACKEND)[0] == 403, route


def test_every_endpoint_that_reads_events_is_in_the_table() -> None:
    admin = {f"{method} {path}" for handler in app.ROUTES for method in handler.http_methods for path in handler.paths}
    raw = {f"{operation.method.upper()} {operation.path}" for operation in app.RAW_OPERATIONS}
    found = {
        re.sub(r":\w+}", "}", each)
        for each in admin | raw
        if not each.startswith(("HEAD ", "OPTIONS ")) and each.split()[1].startswith(PREFIXES)
    }

    assert found == READS.keys() | NO_EVENTS.keys()


def dictionaries(document: Any) -> Iterator[Event]:
    if isinstance(document, dict):
        yield document
        for member in document.values():
            yield from dictionaries(member)
    elif isinstance(document, list):
        for item in document:
            yield from dictionaries(item)
