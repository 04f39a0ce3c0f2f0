"""Saved searches over HTTP, and at the terminal."""

from typing import Any

import pytest
from typer.testing import CliRunner

from flagkeeper.cli import app
from flagkeeper.features.searches.model import MOST_SEARCHES
from flagkeeper.kernel import clock
from tests.people import Person, person
from tests.server import ADMIN, BACKEND, TestServer

SEARCHES = "/api/admin/log/searches"
QUERY = 'type:feature-* -by:bot "50 % & more" since:2h'
NIGHT = {"name": "Night shift", "query": QUERY, "description": "What changed while all slept", "shared": False}


def save(server: TestServer, token: str, **changes: Any) -> dict[str, Any]:
    answer = server.post(SEARCHES, token=token, json={**NIGHT, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(search: dict[str, Any], owner: int | None, **changes: Any) -> dict[str, Any]:
    """How events show it."""
    kept = {key: search[key] for key in ("id", "name", "query", "description", "shared")}
    return {**kept, "userId": owner, **changes}


def names(server: TestServer, token: str) -> list[str]:
    return [each["name"] for each in server.get(SEARCHES, token=token).json()["searches"]]


def refusal(server: TestServer, status: int, method: str, path: str, **more: Any) -> dict[str, Any]:
    """What an error says, of a request that left no event."""
    before = server.last_id()
    answer = server.request(method, path, **more)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert {"id", "name", "message", "details"} <= body.keys()
    assert server.last_id() == before
    return body


@pytest.fixture
def ada(server: TestServer) -> Person:
    return person(server, "ada")


@pytest.mark.causes("flagkeeper-search-saved", action="POST /api/admin/log/searches")
def test_a_search_is_saved_and_run(server: TestServer, ada: Person) -> None:
    server.post("/api/admin/projects/default/features", json={"name": "checkout", "description": "50 % & more"})
    server.post("/api/admin/projects/default/features", json={"name": "other"})
    before = server.last_id()
    answer = server.post(SEARCHES, token=ada.token, json={**NIGHT, "name": "  Night shift "})
    saved = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"searches/{saved['id']}")
    moments = {saved.pop("createdAt"), saved.pop("updatedAt")}
    assert len(moments) == 1
    assert abs(clock.from_iso(moments.pop()) - clock.now()) < clock.MINUTE
    assert saved == {
        **NIGHT,
        "id": saved["id"],
        "mine": True,
        "createdBy": "ada",
        "events": "/api/admin/log/events?q=type%3Afeature-%2A%20-by%3Abot%20%2250%20%25%20%26%20more%22%20since%3A2h",
    }
    assert saved.items() <= server.get(f"{SEARCHES}/{saved['id']}", token=ada.token).json().items()
    found = server.get(saved["events"], token=ada.token).json()["events"]
    assert [each["featureName"] for each in found] == ["checkout"]

    (event,) = server.events_after(before)
    assert (event["type"], event["label"], event["createdBy"]) == ("flagkeeper-search-saved", "Search saved", "ada")
    assert (event["data"], event["preData"], event["project"]) == (told(saved, ada.id), None, None)
    assert event["summary"] == "**ada** saved search **Night shift**"
    assert server.get(f"/api/admin/search/events?id=IS:{event['id']}", token=ada.token).json()["total"] == 0


@pytest.mark.causes("flagkeeper-search-changed", action="PUT /api/admin/log/searches/{searchId}")
def test_a_search_is_replaced(server: TestServer, ada: Person) -> None:
    old = save(server, ada.token)
    before = server.last_id()
    body = {"name": "Day shift", "query": ""}
    answers = [server.put(f"{SEARCHES}/{old['id']}", token=ada.token, json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    first, new = (answer.json() for answer in answers)
    assert first == new
    assert {**body, "description": None, "shared": False, "mine": True}.items() <= new.items()
    assert (new["events"], new["createdAt"]) == ("/api/admin/log/events?q=", old["createdAt"])
    assert new["updatedAt"] >= old["updatedAt"]
    assert server.get(f"{SEARCHES}/{old['id']}", token=ada.token).json() == new
    assert len(server.get(new["events"]).json()["events"]) > 5

    (event,) = server.events_after(before)
    assert (event["type"], event["label"]) == ("flagkeeper-search-changed", "Saved search changed")
    assert (event["data"], event["preData"]) == (told(new, ada.id), told(old, ada.id))
    assert event["summary"] == "**ada** changed saved search **Day shift**"


@pytest.mark.causes("flagkeeper-search-deleted", action="DELETE /api/admin/log/searches/{searchId}")
def test_a_search_is_deleted(server: TestServer, ada: Person) -> None:
    saved = save(server, ada.token)
    before = server.last_id()
    path = f"{SEARCHES}/{saved['id']}"
    answer = server.delete(path, token=ada.token)
    assert (answer.status_code, answer.content) == (204, b"")
    assert names(server, ada.token) == []

    (event,) = server.events_after(before)
    assert (event["type"], event["label"]) == ("flagkeeper-search-deleted", "Saved search deleted")
    assert (event["data"], event["preData"]) == (None, told(saved, ada.id))
    assert event["summary"] == "**ada** deleted saved search **Night shift**"
    for method, more in (("GET", {}), ("PUT", {"json": NIGHT}), ("DELETE", {})):
        assert refusal(server, 404, method, path, token=ada.token, **more)["name"] == "NotFoundError"
    assert save(server, ada.token)["id"] > saved["id"], "an id is never given again"


def test_who_sees_and_changes_what(server: TestServer, ada: Person) -> None:
    viewer, editor = person(server, "vera").token, person(server, "ed", "Editor").token
    admin = person(server, "root", "Admin").token
    private = save(server, ada.token, name="b private")
    shared = save(server, ada.token, name="a shared", shared=True)
    assert names(server, ada.token) == ["a shared", "b private"]
    for other in (viewer, editor, admin, ADMIN):
        assert names(server, other) == ["a shared"]
        found = server.get(f"{SEARCHES}/{shared['id']}", token=other).json()
        assert found == {**shared, "mine": False}
        for method, more in (("GET", {}), ("PUT", {"json": NIGHT}), ("DELETE", {})):
            refusal(server, 404, method, f"{SEARCHES}/{private['id']}", token=other, **more)
    for other in (viewer, editor):
        for method, more in (("PUT", {"json": NIGHT}), ("DELETE", {})):
            body = refusal(server, 403, method, f"{SEARCHES}/{shared['id']}", token=other, **more)
            assert (body["name"], "administrators" in body["message"]) == ("ForbiddenError", True)

    for number, other in enumerate((ada.token, admin, ADMIN)):
        body = {"name": f"a shared {number}", "query": "by:bot", "shared": True}
        changed = server.put(f"{SEARCHES}/{shared['id']}", token=other, json=body).json()
        assert (changed["name"], changed["mine"], changed["createdBy"]) == (body["name"], other == ada.token, "ada")
    assert server.delete(f"{SEARCHES}/{shared['id']}", token=admin).status_code == 204

    unshared = save(server, ada.token, name="a shared", shared=True)
    path = f"{SEARCHES}/{unshared['id']}"
    assert server.put(path, token=admin, json={**NIGHT, "shared": False}).status_code == 200
    assert server.get(path, token=admin).status_code == 404
    assert server.get(path, token=ada.token).json()["mine"] is True


def test_nobody_else_is_let_in(server: TestServer) -> None:
    saved = save(server, ADMIN, shared=True)
    path = f"{SEARCHES}/{saved['id']}"
    for method, where, more in (
        ("GET", SEARCHES, {}),
        ("POST", SEARCHES, {"json": NIGHT}),
        ("GET", path, {}),
        ("PUT", path, {"json": NIGHT}),
        ("DELETE", path, {}),
    ):
        refusal(server, 401, method, where, token=None, **more)
        refusal(server, 403, method, where, token=BACKEND, **more)


def test_a_token_that_belongs_to_no_user_only_shares(server: TestServer, ada: Person) -> None:
    body = refusal(server, 400, "POST", SEARCHES, json=NIGHT)
    assert body["details"][0]["path"] == "/body/shared"
    assert "belongs to a user" in body["message"]

    before = server.last_id()
    saved = save(server, ADMIN, shared=True)
    assert (saved["mine"], names(server, ada.token)) == (False, ["Night shift"])
    (event,) = server.events_after(before)
    assert event["data"] == told(saved, None)
    refusal(server, 400, "PUT", f"{SEARCHES}/{saved['id']}", json=NIGHT)
    refusal(server, 409, "POST", SEARCHES, json={**NIGHT, "shared": True})


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"name": ""}, "/body/name", "1 to 100"),
        ({"name": " \t "}, "/body/name", "1 to 100"),
        ({"name": "x" * 101}, "/body/name", "1 to 100"),
        ({"name": "two\nlines"}, "/body/name", "Control"),
        ({"name": "\u202eright to left"}, "/body/name", "Control"),
        ({"name": None}, None, ""),
        ({"name": ["x"]}, None, ""),
        ({"description": "x" * 501}, "/body/description", "500"),
        ({"shared": "yes"}, None, ""),
        (
            {"query": "env:production tpye:x"},
            "/body/query",
            "did you mean type:? Quotation marks search for it as text (pos",
        ),
        ({"query": 'by:bot "open'}, "/body/query", "(position 8 of the query)"),
        ({"query": "a" * 2001}, "/body/query", "at most 2000 characters"),
        ({"query": "since:yesterday"}, "/body/query", "is no moment"),
        ({"query": "a\0b"}, "/body", "NUL"),
        ({"query": None}, None, ""),
    ],
)
def test_a_search_that_cannot_be_saved(
    server: TestServer, ada: Person, change: dict[str, Any], path: str | None, message: str
) -> None:
    saved = save(server, ada.token)
    wanted = {**NIGHT, "name": "Another", **change}
    for method, where in (("POST", SEARCHES), ("PUT", f"{SEARCHES}/{saved['id']}")):
        body = refusal(server, 400, method, where, token=ada.token, json=wanted)
        assert message in body["message"]
        assert path in (None, body["details"][0].get("path"))
        assert path != "/body/query" or body["details"][0]["message"] == body["message"]


@pytest.mark.parametrize("body", [{}, {"name": "no query"}, {"query": "no name"}, [], 7, None])
def test_a_body_that_is_none(server: TestServer, ada: Person, body: Any) -> None:
    refusal(server, 400, "POST", SEARCHES, token=ada.token, json=body)
    refusal(server, 400, "POST", SEARCHES, token=ada.token, content=b'{"name":"\\ud800","query":""}',
            headers={"Content-Type": "application/json"})  # fmt: skip


def test_what_is_just_allowed(server: TestServer, ada: Person) -> None:
    query = '"' + "ü" * 1998 + '"'
    saved = save(server, ada.token, name="日" * 100, query=query, description="x" * 500)
    assert (saved["query"], len(saved["name"])) == (query, 100)
    assert server.get(saved["events"]).status_code == 200
    assert save(server, ada.token, name="none", description="  ")["description"] is None


@pytest.mark.parametrize("id_", ["0", "-1", "99", str(2**63), "9" * 40, "x"])
def test_unknown_searches(server: TestServer, id_: str) -> None:
    for method, more in (("GET", {}), ("PUT", {"json": NIGHT}), ("DELETE", {})):
        refusal(server, 404, method, f"{SEARCHES}/{id_}", **more)


def test_a_name_is_taken_once_by_each_owner(server: TestServer, ada: Person) -> None:
    eve = person(server, "eve").token
    save(server, ada.token)
    other = save(server, ada.token, name="Another")
    save(server, eve, shared=True)
    save(server, ADMIN, shared=True)
    for method, where in (("POST", SEARCHES), ("PUT", f"{SEARCHES}/{other['id']}")):
        body = refusal(server, 409, method, where, token=ada.token, json={**NIGHT, "shared": True})
        assert (body["name"], "'Night shift'" in body["message"]) == ("NameExistsError", True)
    assert server.put(f"{SEARCHES}/{other['id']}", token=ada.token, json={**NIGHT, "name": "x"}).status_code == 200


def test_there_are_not_too_many(server: TestServer, ada: Person) -> None:
    last, *_ = [save(server, ada.token, name=f"search {number}", query="") for number in range(MOST_SEARCHES)]
    body = refusal(server, 400, "POST", SEARCHES, token=ada.token, json=NIGHT)
    assert (body["name"], f"{MOST_SEARCHES} saved searches" in body["message"]) == ("ExceedsLimitError", True)
    save(server, person(server, "eve").token)
    assert server.put(f"{SEARCHES}/{last['id']}", token=ada.token, json=NIGHT).status_code == 200
    assert server.delete(f"{SEARCHES}/{last['id']}", token=ada.token).status_code == 204
    save(server, ada.token, name="once more")


@pytest.mark.causes(
    "flagkeeper-search-deleted", "flagkeeper-search-changed", action="DELETE /api/admin/user-admin/{userId}"
)
def test_what_is_left_of_a_deleted_user(server: TestServer, ada: Person) -> None:
    eve = person(server, "eve")
    private, shared = save(server, ada.token, name="private"), save(server, ada.token, shared=True)
    save(server, eve.token, shared=True)
    before = server.last_id()
    assert server.delete(f"/api/admin/user-admin/{ada.id}").status_code == 200
    events = {each["type"]: each for each in server.events_after(before)}
    assert len({each["groupId"] for each in events.values()}) == 1
    assert events["flagkeeper-search-deleted"]["preData"] == told(private, ada.id)
    changed = events["flagkeeper-search-changed"]
    assert (changed["preData"], changed["data"]) == (told(shared, ada.id), told(shared, None))
    assert server.get(f"{SEARCHES}/{private['id']}").status_code == 404
    assert server.get(f"{SEARCHES}/{shared['id']}").json() == {**shared, "mine": False}

    assert server.delete(f"/api/admin/user-admin/{eve.id}").status_code == 200
    assert names(server, ADMIN) == ["Night shift"] * 2, "two that are nobody's may have one name"
    path = f"{SEARCHES}/{shared['id']}"
    refusal(server, 403, "DELETE", path, token=person(server, "vera").token)
    assert server.put(path, json={**NIGHT, "query": "by:bot", "shared": True}).status_code == 200
    assert server.delete(path).status_code == 204


def test_shared_searches_at_the_terminal(server: TestServer, ada: Person) -> None:
    given = {"DATABASE_URL": server.settings.database_url}
    for name in ("checkout", "other"):
        server.post("/api/admin/projects/default/features", json={"name": name})

    def run(command: str, *arguments: str) -> tuple[int, list[str]]:
        done = CliRunner().invoke(app, ["events", command, *arguments], env=given)
        return done.exit_code, [line for line in done.stdout.splitlines() if "feature-created" in line]

    def complaint(*arguments: str) -> str:
        return str(CliRunner().invoke(app, ["events", "list", *arguments], env=given).exception)

    assert complaint("--saved", "made") == "No search that you may see is called 'made'. There is none."
    save(server, ada.token, name="mine", query="")
    made = save(server, ada.token, name="made", query="type:feature-created since:2h", shared=True)
    save(server, ADMIN, name="rest", query="-type:feature-created", shared=True)

    for wanted in ("made", str(made["id"])):
        code, found = run("list", "--json", "--saved", wanted)
        assert (code, len(found)) == (0, 2)
    code, found = run("list", "flag:other", "--saved", "made", "--since", "1h", "--json")
    assert (code, len(found), '"other"' in found[0]) == (0, 1, True)
    assert run("list", "--saved", "made", "--until", "2020-01-01") == (0, [])
    assert run("list", "--saved", "rest", "--limit", "1000") == (0, [])
    code, found = run("export", "flag:checkout", "--saved", "made")
    assert (code, len(found)) == (0, 1)

    for name in ("mine", "made "):
        assert complaint("--saved", name) == f"No search that you may see is called {name!r}. There are: made, rest."
    again = save(server, ADMIN, name="made", query="", shared=True)
    said = complaint("--saved", "made")
    assert said.endswith(f"Name one by its id: {made['id']} by ada, {again['id']} by {again['createdBy']}.")
