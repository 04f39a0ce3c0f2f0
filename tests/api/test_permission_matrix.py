"""Every operation, asked by everybody (people by their session and by their own token, programs by theirs), in every
kind of project: allowed exactly as its route declares.

The server is in maintenance meanwhile, which is looked at after permissions: whoever may change something is told 503,
and everybody else is refused before anything of the request is read.
"""

import asyncio
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import pytest

from flagkeeper.app import ROUTES
from flagkeeper.features.access.model import EDITOR, MEMBER, OWNER, VIEWER, Role
from flagkeeper.features.projects.model import Mode
from flagkeeper.http.permissions import Permission
from flagkeeper.http.route import ANYBODY, PERMISSION, PUBLIC
from flagkeeper.kernel import clock
from tests.people import Person, browser, person
from tests.projects import add_project, set_mode_of
from tests.server import ADMIN, BACKEND, FRONTEND, TestServer

MODES = {"open": Mode.OPEN, "guarded": Mode.PROTECTED, "hush": Mode.PRIVATE}
ENVIRONMENTS = ("development", "production")
EVERYWHERE = frozenset({""})
Allows = Mapping[str, frozenset[str]]
"""Permissions, and in which environments each holds; the empty one stands for all."""


NONE: Allows = {}


class Who(NamedTuple):
    """Somebody, how they call, and what they may do, as they were made."""

    name: str
    headers: dict[str, str]
    known: bool = True
    """Whether the admin API knows them at all."""
    root: Allows = NONE
    member: Allows | None = None
    """In each of the projects; None: they are no member of any."""


class Cell(NamedTuple):
    method: str
    path: str
    needed: Any
    who: Who
    project: str | None
    environment: str | None


def allows(role: Role) -> Allows:
    return {each.name: frozenset({each.environment}) for each in role.permissions}


def holds(role: Allows, permission: str, environment: str | None) -> bool:
    places = role.get(permission, frozenset())
    return "" in places or environment in places


def expected(cell: Cell) -> int:
    """200: it is let through. Otherwise the status of the refusal."""
    who, needed = cell.who, cell.needed
    if needed == PUBLIC:
        return 200
    if not who.known:
        return 403 if who.headers.get("authorization") in (BACKEND, FRONTEND) else 401
    if Permission.ADMIN in who.root:
        return 200
    if cell.project == "hush" and who.member is None:
        return 404
    if needed == ANYBODY:
        return 200
    for permission in needed if isinstance(needed, tuple) else (needed,):
        if cell.project in (None, "open") and holds(who.root, permission, cell.environment):
            return 200
        if cell.project is not None and who.member is not None and holds(who.member, permission, cell.environment):
            return 200
    return 403


def everybody(server: TestServer) -> Iterator[Who]:
    for name in ("open", "guarded", "hush"):
        add_project(server, name)
    switch = {"name": "UPDATE_FEATURE_ENVIRONMENT", "environment": "development"}
    inside = [switch, {"name": "CREATE_FEATURE"}, {"name": "PROJECT_USER_ACCESS_WRITE"}]
    custom = _role(server, "Custom", "custom", inside)
    outside = [{"name": "CREATE_SEGMENT"}, {"name": "UPDATE_FEATURE_STRATEGY", "environment": "production"}]
    root = _role(server, "Custom root", "root-custom", outside)
    of_custom: Allows = {
        "UPDATE_FEATURE_ENVIRONMENT": frozenset({"development"}),
        "CREATE_FEATURE": EVERYWHERE,
        "PROJECT_USER_ACCESS_WRITE": EVERYWHERE,
    }
    of_root: Allows = {"CREATE_SEGMENT": EVERYWHERE, "UPDATE_FEATURE_STRATEGY": frozenset({"production"})}
    yield Who("anonymous", {}, known=False)
    yield Who("a token that nobody knows", {"authorization": "user:unknown"}, known=False)
    yield Who("backend token", {"authorization": BACKEND}, known=False)
    yield Who("frontend token", {"authorization": FRONTEND}, known=False)
    yield Who("admin token", {"authorization": ADMIN}, root={"ADMIN": EVERYWHERE})
    for name, root_role, of_user, of_group, group_root, role, member in (
        ("viewer", "Viewer", None, None, None, VIEWER, None),
        ("editor", "Editor", None, None, None, EDITOR, None),
        ("another-admin", "Admin", None, None, None, None, None),
        ("member", "Viewer", MEMBER.id, None, None, VIEWER, allows(MEMBER)),
        ("owner", "Viewer", OWNER.id, None, None, VIEWER, allows(OWNER)),
        ("reader", "Editor", 6, None, None, EDITOR, {}),
        ("custom", "Viewer", custom, None, None, VIEWER, of_custom),
        ("in-a-group", "Viewer", None, MEMBER.id, None, VIEWER, allows(MEMBER)),
        ("in-a-custom-group", "Viewer", None, custom, None, VIEWER, of_custom),
        ("program", "Viewer", MEMBER.id, None, None, VIEWER, allows(MEMBER)),
        ("program-without-a-project", "Viewer", None, None, None, VIEWER, None),
        ("program-in-a-custom-group", "Viewer", None, custom, None, VIEWER, of_custom),
        ("program-in-a-group-with-a-custom-root", "Viewer", None, None, root, None, None),
        ("in-a-group-of-editors", "Viewer", None, None, EDITOR.id, EDITOR, None),
        ("in-a-group-with-a-custom-root", "Viewer", None, None, root, None, None),
    ):
        made, group = program(server, name) if name.startswith("program") else person(server, name, root_role), 0
        if of_group or group_root:
            body = {"name": name, "rootRole": group_root, "users": [{"user": {"id": made.id}}]}
            group = server.post("/api/admin/groups", json=body).json()["id"]
        for project in MODES:
            place = f"/api/admin/projects/{project}"
            if of_user:
                assert server.put(f"{place}/users/{made.id}/roles", json={"roles": [of_user]}).status_code == 200
            if of_group:
                assert server.put(f"{place}/groups/{group}/roles", json={"roles": [of_group]}).status_code == 200
        known: Allows = {"ADMIN": EVERYWHERE} if name == "another-admin" else allows(role) if role else of_root
        yield Who(name, {"authorization": made.token}, root=known, member=member)
        if name in ("viewer", "member", "in-a-group", "in-a-group-with-a-custom-root"):
            with browser(server, name) as client:
                cookies = "; ".join(f"{key}={value}" for key, value in client.cookies.items())
            yield Who(f"{name}, logged in", {"cookie": cookies}, root=known, member=member)


def program(server: TestServer, name: str) -> Person:
    """A service account, and the token that it calls with."""
    path, body = "/api/admin/service-account", {"username": name, "name": name, "rootRole": VIEWER.id}
    account = int(server.post(path, json=body).json()["id"])
    until = clock.to_iso(clock.now() + clock.DAY)
    made = server.post(f"{path}/{account}/token", json={"description": "matrix", "expiresAt": until})
    assert made.status_code == 201, made.text
    return Person(account, name, made.json()["secret"])


def _role(server: TestServer, name: str, type_: str, permissions: list[dict[str, str]]) -> int:
    body = {"name": name, "type": type_, "permissions": permissions}
    return int(server.post("/api/admin/roles", json=body).json()["roles"]["id"])


def cells(people: list[Who]) -> Iterator[Cell]:
    """Everything but what ends one's own sessions, which all that comes after needs."""
    for handler in ROUTES:
        for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
            for template in sorted(handler.paths - {"/logout"}):
                if method == "DELETE" and template.startswith("/api/admin/user/sessions"):
                    continue
                for who in people:
                    for project in MODES:
                        for environment in ENVIRONMENTS:
                            yield Cell(
                                method,
                                _filled(template, project, environment),
                                handler.opt[PERMISSION],
                                who,
                                project if "{project:" in template else None,
                                environment if "{environment:" in template else None,
                            )


def _filled(template: str, project: str, environment: str) -> str:
    path = template.replace("{project:str}", project).replace("{environment:str}", environment)
    return re.sub(r"\{[^}]*\}", lambda found: "999999" if ":int" in found[0] else "nothing", path)


async def ask(application: Any, cell: Cell) -> tuple[int, str]:
    """The status, and the name of the error, of a request without a body."""
    answered: dict[str, Any] = {"status": 0, "body": b""}

    async def receive() -> dict[str, Any]:
        return (
            {"type": "http.request", "body": b"", "more_body": False}
            if not answered["status"]
            else {"type": "http.disconnect"}
        )

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered["status"] = message["status"]
        elif len(answered["body"]) < 10_000:
            answered["body"] += message.get("body", b"")

    headers = {"host": "flagkeeper.test", "content-type": "application/json", **cell.who.headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": cell.method,
        "scheme": "http",
        "path": cell.path,
        "raw_path": cell.path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("flagkeeper.test", 80),
        "state": {},
    }
    try:
        await asyncio.wait_for(application(scope, receive, send), 30)
    except TimeoutError:
        assert answered["status"], f"{cell.method} {cell.path} does not answer"
    status = int(answered["status"])
    if status < 400:
        return status, ""
    found = msgspec.json.decode(answered["body"])
    hidden = status == 404 and found["message"].startswith("There is no project with the id")
    return status, "hidden" if hidden else found["name"]


def is_as_declared(cell: Cell, status: int, error: str) -> bool:
    wanted = expected(cell)
    if wanted == 200:
        # 403 that is no matter of permissions: only people have personal tokens, and the like.
        return status != 401 and error not in ("PermissionError", "hidden") if cell.needed != PUBLIC else True
    names = {401: ("AuthenticationRequired", "UnauthorizedError"), 403: ("PermissionError", "ForbiddenError")}
    return status == wanted and error in names.get(wanted, ("hidden",))


def check(server: TestServer, chosen: list[Cell]) -> tuple[int, int]:
    """The numbers of cells, and of those that are refused. Cells that make the same request share its answer."""
    application = server._host.application
    distinct = {(cell.method, cell.path, cell.who.name): cell for cell in chosen}
    wrong, refused = [], 0

    async def some(part: list[Cell]) -> list[tuple[int, str]]:
        return [await ask(application, cell) for cell in part]

    order = list(distinct.values())
    answers: dict[tuple[str, str, str], tuple[int, str]] = {}
    for first in range(0, len(order), 100):
        part = order[first : first + 100]
        for cell, answer in zip(part, server.call(some(part)), strict=True):
            answers[cell.method, cell.path, cell.who.name] = answer
    for cell in chosen:
        status, error = answers[cell.method, cell.path, cell.who.name]
        refused += expected(cell) != 200
        if not is_as_declared(cell, status, error):
            wrong.append(f"{cell.who.name}: {cell.method} {cell.path}: {status} {error}, not {expected(cell)}")
    assert not wrong, f"{len(wrong)} are wrong: " + "\n".join(wrong[:30])
    return len(chosen), refused


def prepared(server: TestServer) -> list[Cell]:
    people = list(everybody(server))
    for project, mode in MODES.items():
        set_mode_of(server, project, mode)
    assert server.post("/api/admin/maintenance", json={"enabled": True}).status_code in (200, 204)
    return list(cells(people))


def demand_unchanged(server: TestServer, before: int) -> None:
    """Who is refused writes nothing, and who is let through was stopped; that somebody took a copy is no change."""
    recorded = {each["type"] for each in server.events_after(before)}
    assert recorded <= {"flagkeeper-events-exported"}


def test_some_of_it(server: TestServer) -> None:
    every = prepared(server)
    before = server.last_id()
    number, refused = check(server, random.Random(14).sample(every, 1_500))
    assert number == 1_500
    demand_unchanged(server, before)
    assert 300 < refused < 1_200


@pytest.mark.slow
@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_all_of_it(server: TestServer) -> None:
    every = prepared(server)
    assert len(every) >= 20_000
    before = server.last_id()
    check(server, every)
    demand_unchanged(server, before)
