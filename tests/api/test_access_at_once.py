"""Who loses something has lost it in the next request, and streams that are open end within a second; on another server
of the same database within two."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import pytest

from flagkeeper.features.access.model import EDITOR, MEMBER
from flagkeeper.features.projects.model import Mode
from flagkeeper.http.authenticator import SESSION_COOKIE
from flagkeeper.kernel import clock
from flagkeeper.readmodels.event_tail.slice import LIVE_TAILS
from flagkeeper.readmodels.event_tail.stream import Stream
from tests.api.test_people import give, group
from tests.databases import Run, fresh_postgresql, started
from tests.listener import Listener
from tests.people import Person, browser, person
from tests.projects import add_project, flag_in, set_mode_of, token_for
from tests.server import Host, TestServer, settings_for

HERE, ELSEWHERE = 1.0, 2.0
"""Seconds, at most, until it is noticed."""
ME = "/api/admin/user"
STREAM = "/api/client/streaming"
HIDDEN = "/api/admin/projects/hush"


class Pair(NamedTuple):
    """Two servers on one PostgreSQL. What changes is asked of the first."""

    first: TestServer
    second: TestServer

    @property
    def limits(self) -> list[tuple[TestServer, float]]:
        return [(self.first, HERE), (self.second, ELSEWHERE)]


@pytest.fixture(scope="module")
def another_host() -> Iterator[Host]:
    host = Host()
    yield host
    host.stop()


@pytest.fixture
def pair(run: Run, host: Host, another_host: Host) -> Iterator[Pair]:
    with (
        fresh_postgresql(run, started) as url,
        TestServer(host, settings_for(url)) as first,
        TestServer(another_host, settings_for(url)) as second,
    ):
        yield Pair(first, second)


def soon(what: Callable[[], bool], began: float, limit: float) -> None:
    """Looks until something is so, which must be before so many seconds have passed since `began`."""
    while not what():
        assert time.monotonic() - began < limit, f"it takes longer than {limit} s"
        time.sleep(0.005)


def answers(server: TestServer, path: str, status: int, **more: Any) -> Callable[[], bool]:
    return lambda: server.get(path, **more).status_code == status


def known(pair: Pair, *people: Person) -> None:
    """Both servers know them."""
    for server, _ in pair.limits:
        for each in people:
            soon(answers(server, ME, 200, token=each.token), time.monotonic(), 30)


class Loss(NamedTuple):
    """What somebody loses who called with a token or a session: everything."""

    server: TestServer
    person: Person
    cookie: str


def revoke(loss: Loss) -> None:
    (token,) = loss.server.get(f"{ME}/tokens", token=loss.person.token).json()["pats"]
    assert loss.server.delete(f"{ME}/tokens/{token['id']}", token=loss.person.token).status_code == 200


def delete(loss: Loss) -> None:
    assert loss.server.delete(f"/api/admin/user-admin/{loss.person.id}").status_code == 200


def log_out(loss: Loss) -> None:
    headers = {"Cookie": loss.cookie, "Content-Type": "application/json"}
    assert loss.server.post("/logout", token=None, headers=headers).status_code == 302


def change_password(loss: Loss) -> None:
    body = {"password": "An0ther!passw0rd"}
    path = f"/api/admin/user-admin/{loss.person.id}/change-password"
    assert loss.server.post(path, json=body).status_code == 200


@pytest.mark.parametrize(
    ("lose", "by_token", "by_session"),
    [(revoke, True, False), (delete, True, True), (log_out, False, True), (change_password, False, True)],
)
def test_who_may_not_call_any_more(pair: Pair, lose: Callable[[Loss], None], by_token: bool, by_session: bool) -> None:
    vera = person(pair.first, "vera")
    known(pair, vera)
    with browser(pair.first, vera.username) as client, ExitStack() as stack:
        cookie = f"{SESSION_COOKIE}={client.cookies[SESSION_COOKIE]}"
        ways: list[tuple[str | None, dict[str, str]]] = [(vera.token, {})] if by_token else []
        ways += [(None, {"Cookie": cookie})] if by_session else []
        tails = [
            (stack.enter_context(Listener(server.url, token, headers=headers)), limit)
            for server, limit in pair.limits
            for token, headers in ways
        ]
        for listener, _ in tails:
            listener.wait(lambda each: bool(each.messages))
        began = time.monotonic()
        lose(Loss(pair.first, vera, cookie))
        lost = time.monotonic()
        for token, headers in ways:
            assert pair.first.get(ME, token=token, headers=headers).status_code == 401, "the next request"
            soon(answers(pair.second, ME, 401, token=token, headers=headers), lost, ELSEWHERE)
        for listener, limit in tails:
            assert listener.ended.wait(max(0.0, lost + limit - time.monotonic())), f"not within {limit} s"
            assert listener.messages[-1].kind == "end"
        assert began <= lost


def test_a_token_of_sdks_that_is_revoked(pair: Pair) -> None:
    secret, other = token_for(pair.first, "lost", "default"), token_for(pair.first, "kept", "default")
    flag_in(pair.first, "default", "lantern")
    polled = "/api/client/features"
    for server, _ in pair.limits:
        soon(answers(server, polled, 200, token=other), time.monotonic(), 30)
    with ExitStack() as stack:
        lost, kept = (
            [(stack.enter_context(Listener(server.url, each, path=STREAM)), limit) for server, limit in pair.limits]
            for each in (secret, other)
        )
        for listener, _ in (*lost, *kept):
            listener.wait(lambda each: bool(each.messages))
        assert pair.first.delete("/api/admin/api-tokens/" + secret).status_code == 200
        began = time.monotonic()
        assert pair.first.get(polled, token=secret).status_code == 401
        soon(lambda: pair.second.get(polled, token=secret).status_code == 401, began, ELSEWHERE)
        for listener, limit in lost:
            assert listener.ended.wait(max(0.0, began + limit - time.monotonic())), f"not within {limit} s"
        assert not any(listener.ended.is_set() for listener, _ in kept)


def test_a_token_of_a_service_account_that_is_revoked(pair: Pair) -> None:
    path, body = "/api/admin/service-account", {"username": "bot", "name": "Bot", "rootRole": 3}
    account = pair.first.post(path, json=body).json()["id"]
    expires = clock.to_iso(clock.now() + clock.DAY)
    made = pair.first.post(f"{path}/{account}/token", json={"description": "x", "expiresAt": expires}).json()
    known(pair, Person(account, "bot", made["secret"]))
    with ExitStack() as stack:
        tails = [(stack.enter_context(Listener(server.url, made["secret"])), limit) for server, limit in pair.limits]
        for listener, _ in tails:
            listener.wait(lambda each: bool(each.messages))
        assert pair.first.delete(f"{path}/{account}/token/{made['id']}").status_code == 200
        began = time.monotonic()
        assert pair.first.get(ME, token=made["secret"]).status_code == 401
        for listener, limit in tails:
            assert listener.ended.wait(max(0.0, began + limit - time.monotonic())), f"not within {limit} s"


class Change(NamedTuple):
    """A way to get into a private project and out of it again, and into what there is to be done in it."""

    come: Callable[[TestServer, Person], Any]
    go: Callable[[TestServer, Person, Any], None]


def join(server: TestServer, who: Person) -> int:
    team = group(server, "team", who)
    give(server, "hush", MEMBER.id, to_group=team)
    return team


def leave_group(server: TestServer, _who: Person, team: int) -> None:
    assert server.put(f"/api/admin/groups/{team}", json={"name": "team", "users": []}).status_code == 200


def group_loses_its_role(server: TestServer, _who: Person, team: int) -> None:
    give(server, "hush", to_group=team)


def group_goes(server: TestServer, _who: Person, team: int) -> None:
    assert server.delete(f"/api/admin/groups/{team}").status_code == 200


def get_role(server: TestServer, who: Person) -> None:
    give(server, "hush", MEMBER.id, to_user=who.id)


def lose_role(server: TestServer, who: Person, _none: None) -> None:
    give(server, "hush", to_user=who.id)


def become_admin(server: TestServer, who: Person) -> None:
    assert server.put(f"/api/admin/user-admin/{who.id}", json={"rootRole": 1}).status_code == 200


def be_editor(server: TestServer, who: Person, _none: None) -> None:
    assert server.put(f"/api/admin/user-admin/{who.id}", json={"rootRole": EDITOR.id}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        Change(join, leave_group),
        Change(join, group_loses_its_role),
        Change(join, group_goes),
        Change(get_role, lose_role),
        Change(become_admin, be_editor),
    ],
    ids=lambda change: change.go.__name__,
)
def test_who_may_not_know_of_a_project_any_more(pair: Pair, change: Change) -> None:
    """A tail goes on, and tells nothing of it any more."""
    vera = person(pair.first, "vera")
    add_project(pair.first, "hush")
    set_mode_of(pair.first, "hush", Mode.PRIVATE)
    way = change.come(pair.first, vera)
    for server, _ in pair.limits:
        soon(answers(server, HIDDEN + "/overview", 200, token=vera.token), time.monotonic(), 30)
    with ExitStack() as stack:
        tails = [stack.enter_context(Listener(server.url, vera.token)) for server, _ in pair.limits]
        for listener in tails:
            listener.wait(lambda each: bool(each.messages))
        make(pair.first, "hush", "seen")
        for listener in tails:
            listener.wait(lambda each: "seen" in names(each))
        change.go(pair.first, vera, way)
        began = time.monotonic()
        assert pair.first.get(HIDDEN + "/overview", token=vera.token).status_code == 404, "the next request"
        soon(lambda: pair.second.get(HIDDEN + "/overview", token=vera.token).status_code == 404, began, ELSEWHERE)
        for server, limit in pair.limits:
            (stream,) = server.services[LIVE_TAILS]._streams
            soon(partial(hides, stream), began, limit)
        make(pair.first, "hush", "secret")
        make(pair.first, "default", "shown")
        for listener in tails:
            listener.wait(lambda each: "shown" in names(each))
            assert "secret" not in names(listener)


def test_a_role_that_allows_less(pair: Pair) -> None:
    """Whoever has it may do less in the next request."""
    vera = person(pair.first, "vera")
    wanted = {"name": "Maker", "type": "root-custom", "permissions": [{"name": "CREATE_SEGMENT"}]}
    role = pair.first.post("/api/admin/roles", json=wanted).json()["roles"]["id"]
    group(pair.first, "team", vera, role=role)
    number = iter(range(1_000_000))

    def status(server: TestServer) -> int:
        body = {"name": f"segment-{next(number)}", "constraints": []}
        return server.post("/api/admin/segments", json=body, token=vera.token).status_code

    def may(server: TestServer) -> bool:
        return status(server) == 201

    for server, _ in pair.limits:
        soon(partial(may, server), time.monotonic(), 30)
    less = {**wanted, "permissions": [{"name": "UPDATE_SEGMENT"}]}
    assert pair.first.put(f"/api/admin/roles/{role}", json=less).status_code == 200
    began = time.monotonic()
    assert status(pair.first) == 403
    soon(lambda: status(pair.second) == 403, began, ELSEWHERE)


def hides(stream: Stream) -> bool:
    """Whether it has been told what its listener may not know any more."""
    return "hush" in stream.log.visibility.hidden_projects


def make(server: TestServer, project: str, name: str) -> None:
    answer = server.post(f"/api/admin/projects/{project}/features", json={"name": name})
    assert answer.status_code == 201, answer.text


def names(listener: Listener) -> list[str]:
    return [event["featureName"] for event in listener.events]
