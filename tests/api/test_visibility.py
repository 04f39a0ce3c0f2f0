"""What belongs to a private project is not there for those who are no members: one table of all that reads flags,
projects, tokens, segments, applications, integrations, deliveries and events.

A new route that shows things of projects needs a line in `LISTS` or `BY_NAME`.
"""

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from flagkeeper import app
from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.access import RoleCreated, UserUpdated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.access import store as access_store
from flagkeeper.features.access.model import EDITOR, READER, ROOT_PERMISSIONS, Role, RolePermission
from flagkeeper.features.flags.commands import create, strategies, switch
from flagkeeper.features.flags.model.flag import FlagDraft
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.projects.model import Mode
from flagkeeper.features.usage.slice import USAGE
from flagkeeper.features.users import store as user_store
from flagkeeper.http.permissions import Permission
from flagkeeper.http.route import PERMISSION, SCOPE, Scope
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from tests.deliveries import until_now
from tests.people import Person, person
from tests.projects import add_project, set_mode_of, token_for
from tests.receiver import FINE, Receiver, always
from tests.sdk import PLACE, make_segment, run
from tests.server import Host, TestServer, settings_for

HIDDEN, MISSING = "hush", "none"
POWERFUL = Role(
    id=200,
    name="Everything but Admin",
    description="",
    type="root",
    permissions=tuple({*map(RolePermission, ROOT_PERMISSIONS[1:]), *EDITOR.permissions}),
)
"""It allows everything but what only administrators may do, so that only visibility stands in the way."""

World = SimpleNamespace
Json = dict[str, Any]


class Read(NamedTuple):
    """How a route is asked for all that it has."""

    path: Callable[[World], str] = lambda _: ""
    """How the path goes on after the part that has no parameters."""
    body: Json | None = None


class Named(NamedTuple):
    """How a route is asked for one thing: by its name, its id, or the id of its project."""

    kind: str
    """What it is, in `World.hidden` and `World.missing`."""
    path: str | None = None
    """With `{it}` where its name stands; None: in the place of the first parameter."""
    body: Any = None


EVENTS = "?limit=100"
HOOK = {"provider": "webhook", "enabled": True, "parameters": {"url": "https://hooks.example.com/x"}, "events": []}
MOVED = {"environment": PLACE, "project": "{it}", "data": {"features": [], "featureStrategies": [], "tagTypes": []}}
SEGMENT = {"name": "fresh-segment", "constraints": []}

LISTS = {
    "GET /api/admin/api-tokens": Read(),
    "GET /api/admin/cdn/tokens": Read(),
    "GET /api/admin/environments": Read(),
    "GET /api/admin/environments/{name}": Read(lambda _: f"/{PLACE}"),
    "GET /api/admin/projects": Read(),
    "GET /api/admin/projects/roles/{role_id}/access": Read(lambda _: "/6/access"),
    "GET /api/admin/segments": Read(),
    "GET /api/admin/segments/{segment_id}": Read(lambda world: f"/{world.segment}"),
    "GET /api/admin/segments/{segment_id}/strategies": Read(lambda world: f"/{world.segment}/strategies"),
    "GET /api/admin/metrics/applications": Read(lambda _: "?query=app"),
    "GET /api/admin/metrics/applications/{app_name}": Read(lambda _: "/open-app"),
    "GET /api/admin/metrics/applications/{app_name}/overview": Read(lambda _: "/open-app/overview"),
    "GET /api/admin/metrics/sdks/outdated": Read(),
    "GET /api/admin/metrics/unknown-flags": Read(),
    "GET /api/admin/client-metrics/features/{name}": Read(lambda _: "/lantern"),
    "GET /api/admin/client-metrics/features/{name}/raw": Read(lambda _: "/lantern/raw?hoursBack=1"),
    "GET /api/admin/personal-dashboard": Read(),
    "POST /api/admin/playground": Read(body={"environment": PLACE, "context": {"appName": "a"}}),
    "POST /api/admin/playground/advanced": Read(body={"environments": [PLACE], "context": {"appName": "a"}}),
    "GET /api/admin/context": Read(lambda _: "?include=project"),
    "GET /api/admin/context/{context_field}/strategies": Read(lambda _: "/region/strategies"),
    "GET /api/admin/search/features": Read(lambda _: "?sortBy=name"),
    "GET /api/admin/lifecycle/count": Read(),
    "GET /api/admin/insights/lifecycle": Read(),
    "GET /api/admin/addons": Read(),
    "GET /api/admin/addons/{integration_id}/deliveries": Read(lambda world: f"/{world.integration}/deliveries"),
    "POST /api/admin/addons/dry-run": Read(body={**HOOK, "events": ["feature-created", "project-updated"]}),
    "GET /api/admin/search/events": Read(lambda _: EVENTS),
    "POST /api/admin/events/search": Read(body={"limit": 100}),
    "GET /api/admin/event-creators": Read(),
    "GET /api/admin/log/events": Read(lambda _: EVENTS),
    "GET /api/admin/log/types": Read(),
    "GET /api/admin/log/counts": Read(lambda _: "?by=actor,project,type,flag&bucket=total"),
    "GET /api/admin/log/export": Read(),
    "GET /api/admin/log/timeline": Read(lambda world: f"?span=1h&to={world.moment}"),
    "GET /api/admin/log/what-changed": Read(lambda world: f"?window=1h&limit=100&at={world.moment}"),
}
"""Routes whose answers must be the same as before there was a private project."""

BY_NAME = {
    "GET /api/admin/api-tokens/{name}": Named("token name"),
    "POST /api/admin/api-tokens": Named(
        "project", body={"tokenName": "x", "type": "client", "environment": PLACE, "projects": ["{it}"]}
    ),
    "POST /api/admin/cdn/tokens": Named("project", body={"tokenName": "x", "environment": PLACE, "project": "{it}"}),
    "PUT /api/admin/api-tokens/{token}": Named("token", body={"expiresAt": "2090-01-01T00:00:00Z"}),
    "DELETE /api/admin/api-tokens/{token}": Named("token"),
    "GET /api/admin/segments/{segment_id}": Named("segment"),
    "GET /api/admin/segments/{segment_id}/strategies": Named("segment"),
    "POST /api/admin/segments": Named("project", body={**SEGMENT, "project": "{it}"}),
    "PUT /api/admin/segments/{segment_id}": Named("segment", body=SEGMENT),
    "DELETE /api/admin/segments/{segment_id}": Named("segment"),
    "GET /api/admin/context/{context_field}": Named("context field"),
    "POST /api/admin/context": Named("project", body={"name": "fresh-field", "project": "{it}"}),
    "PUT /api/admin/context/{context_field}": Named("context field", body={"description": "x"}),
    "DELETE /api/admin/context/{context_field}": Named("context field"),
    "POST /api/admin/context/{context_field}/legal-values": Named("context field", body={"value": "x"}),
    "DELETE /api/admin/context/{context_field}/legal-values/{legal_value}": Named(
        "context field", "/api/admin/context/{it}/legal-values/x"
    ),
    "GET /api/admin/segments/strategies/{strategy_id}": Named("strategy"),
    "POST /api/admin/segments/strategies": Named(
        "project", body={"projectId": "{it}", "strategyId": "x", "environmentId": PLACE, "segmentIds": []}
    ),
    "POST /api/admin/features/validate": Named("project", body={"name": "fresh", "projectId": "{it}"}),
    "PUT /api/admin/features/{flag}": Named("flag", body={"description": "x"}),
    "GET /api/admin/features/{flag}/tags": Named("flag"),
    "POST /api/admin/features/{flag}/tags": Named("flag", body={"type": "simple", "value": "seen"}),
    "PUT /api/admin/features/{flag}/tags": Named("flag", body={"addedTags": [], "removedTags": []}),
    "DELETE /api/admin/features/{flag}/tags/{type}/{value}": Named("flag", "/api/admin/features/{it}/tags/simple/seen"),
    "POST /api/admin/archive/revive/{flag}": Named("flag"),
    "DELETE /api/admin/archive/{flag}": Named("flag"),
    "POST /api/admin/features-batch/export": Named("project", body={"environment": PLACE, "project": "{it}"}),
    "POST /api/admin/features-batch/validate": Named("project", body=MOVED),
    "POST /api/admin/features-batch/import": Named("project", body=MOVED),
    "GET /api/admin/metrics/applications/{app_name}": Named("application"),
    "GET /api/admin/metrics/applications/{app_name}/overview": Named(
        "application", "/api/admin/metrics/applications/{it}/overview"
    ),
    "GET /api/admin/metrics/instances/{app_name}/environment/{environment}": Named(
        "application", f"/api/admin/metrics/instances/{{it}}/environment/{PLACE}"
    ),
    "DELETE /api/admin/metrics/applications/{app_name}": Named("application"),
    "GET /api/admin/client-metrics/features/{name}": Named("flag"),
    "GET /api/admin/client-metrics/features/{name}/raw": Named("flag"),
    "GET /api/admin/addons/{integration_id}": Named("integration"),
    "PUT /api/admin/addons/{integration_id}": Named("integration", body=HOOK),
    "DELETE /api/admin/addons/{integration_id}": Named("integration"),
    "POST /api/admin/addons/{integration_id}/signing-secret": Named("integration"),
    "POST /api/admin/addons/{integration_id}/test": Named("integration"),
    "GET /api/admin/addons/{integration_id}/deliveries": Named("integration"),
    "POST /api/admin/addons/{integration_id}/deliveries/replay": Named("integration", body={"states": ["done"]}),
    "POST /api/admin/addons/{integration_id}/deliveries/{event_id}/replay": Named(
        "event", "/api/admin/addons/{integration}/deliveries/{it}/replay"
    ),
    "GET /api/admin/events/{feature}": Named("flag"),
    "GET /api/admin/log/events/{event_id}": Named("event"),
}
"""Routes that must say the same of a hidden thing and of one that is not there."""

ELSEWHERE = {
    "GET /api/admin/addons/{integration_id}/events": "for administrators, who see everything",
    "GET /api/admin/events": "for administrators, who see everything",
    "GET /api/admin/insights": "tests/api/test_insights.py, as it follows the log a second later",
    "GET /api/admin/notifications": "tests/api/test_notices.py, as it depends on whose flags they are",
    "GET /api/admin/log/stream": "tests/api/test_log_visibility.py, as it never ends",
    "GET /api/client/features": "an SDK's token says which projects it opens: tests/api/test_two_projects.py",
    "GET /api/client/features/{featureName}": "the same",
    "GET /api/client/streaming": "the same",
    "GET /api/client/delta": "the same",
    **{
        f"{method} {base}{path}": "the same: tests/api/test_frontend.py"
        for base in ("/api/frontend", "/api/proxy")
        for path in ("", "/all", "/features/{featureName}")
        for method in ("GET", "POST")
    },
    "POST /ofrep/v1/evaluate/flags": "the same: tests/api/test_ofrep.py",
    "POST /ofrep/v1/evaluate/flags/{key}": "the same: tests/api/test_ofrep.py",
    "GET /ofrep/v1/streams": "the same: tests/api/test_ofrep_streams.py",
}
"""Other routes that show things of projects, each with the reason why it is not here."""


@pytest.fixture
def server(host: Host, database_url: str) -> Iterator[TestServer]:
    """A server that may speak to this machine."""
    with TestServer(host, settings_for(database_url, allow_private_integrations=True)) as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(always(FINE)) as receiver:
        yield receiver


@pytest.fixture
def world(server: TestServer, receiver: Receiver) -> World:
    """Some of each kind of thing that everybody may see."""
    run(server, add_role)
    segment = make_segment(server, "shared-segment")
    flag_with_segment(server, "default", "lantern", segment)
    world = SimpleNamespace(segment=segment, integration=integration_of(server, receiver), hidden={})
    world.missing = dict.fromkeys(("token", "segment", "integration", "event"), 999999)
    world.missing |= {"project": MISSING, "flag": "no-plan", "application": "no-app", "token name": "no-token"}
    world.missing |= {"context field": "no-field", "strategy": "no-strategy"}
    report(server, token_for(server, "open-token", "default"), "open-app", "lantern")
    world.everywhere = token_for(server, "everywhere", "*")
    report(server, world.everywhere, "open-app", "lantern")
    run(server, create.create, "default", FlagDraft(name="candle"))
    delivered(server, receiver, 1)
    world.moment = clock.to_iso(clock.now() + 10 * clock.MINUTE)
    world.outsider, world.member = powerful(server, "outsider"), powerful(server, "member")
    return world


def add_role(unit: Unit) -> None:
    access_store.add_role(unit.tx, POWERFUL)
    unit.record(RoleCreated(data=POWERFUL.payload()), POWERFUL.state())


def give_root_role(unit: Unit, user_id: int, role: int) -> None:
    """Also one that nobody can make yet."""
    old = user_store.load(unit.tx, user_id)
    assert old is not None
    new = replace(old, root_role=role)
    user_store.save(unit.tx, new)
    unit.record(UserUpdated(data=new.payload(), pre_data=old.payload()), new.state())


def powerful(server: TestServer, name: str) -> Person:
    made = person(server, name)
    run(server, give_root_role, made.id, POWERFUL.id)
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))
    return made


def flag_with_segment(server: TestServer, project: str, name: str, segment: int) -> None:
    run(server, create.create, project, FlagDraft(name=name))
    region = [Constraint(context_name="region", operator="IN", values=["eu"])]
    draft = StrategyDraft(name="default", segments=[segment], constraints=region)
    run(server, strategies.add, project, name, PLACE, draft)
    path = f"/api/admin/projects/{project}/features/{name}/environments/{PLACE}/on"
    assert server.post(path).status_code == 200
    assert server.post(f"/api/admin/features/{name}/tags", json={"type": "simple", "value": "seen"}).status_code == 201


def integration_of(server: TestServer, receiver: Receiver, *projects: str) -> int:
    body = {**HOOK, "parameters": {"url": receiver.url}, "events": ["feature-created"], "projects": list(projects)}
    answer = server.post("/api/admin/addons", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def delivered(server: TestServer, receiver: Receiver, number: int) -> None:
    until_now(lambda: len(receiver.arrivals) >= number)
    until_now(
        lambda: all(
            not server.get(f"/api/admin/addons/{each['id']}/deliveries?state=waiting").json()["deliveries"]
            for each in server.get("/api/admin/addons").json()["addons"]
        )
    )


def report(server: TestServer, token: str, application: str, *flags: str) -> None:
    """An application starts, and counts how often flags were on."""
    now = clock.to_iso(clock.now())
    about = {"appName": application, "instanceId": "i", "interval": 15, "started": now, "strategies": ["default"]}
    about["sdkVersion"] = "unleash-client-node:5.3.1"
    assert server.post("/api/client/register", json=about, token=token).status_code == 202
    toggles = {flag: {"yes": 3, "no": 1, "variants": {}} for flag in flags}
    counted = {"appName": application, "instanceId": "i", "bucket": {"start": now, "stop": now, "toggles": toggles}}
    assert server.post("/api/client/metrics", json=counted, token=token).status_code == 202
    server.call(server.services[USAGE].flush())


def hide(server: TestServer, receiver: Receiver, world: World) -> None:
    """A private project, with one of each kind of thing, beside what everybody may see."""
    add_project(server, HIDDEN)
    set_mode_of(server, HIDDEN, Mode.PRIVATE)
    integration = integration_of(server, receiver, HIDDEN)
    flag_with_segment(server, HIDDEN, "secret-plan", world.segment)
    off = server.services.units.run(Actor("mole", 99), switch.turn_off, HIDDEN, "secret-plan", PLACE)
    server.call(off)
    segment = server.post("/api/admin/segments", json={**SEGMENT, "name": "secret-segment", "project": HIDDEN})
    assert segment.status_code == 201, segment.text
    token = token_for(server, "secret-token", HIDDEN)
    network = {"tokenName": "secret-token-of-a-network", "environment": PLACE, "project": HIDDEN}
    assert server.post("/api/admin/cdn/tokens", json=network).status_code == 202
    report(server, token, "secret-app", "secret-plan", "lantern", "not-yet-planned")
    report(server, world.everywhere, "open-app", "secret-plan")
    delivered(server, receiver, 3)
    (event,) = server.events(feature="IS:secret-plan", type="IS:feature-created")
    tokens = server.get("/api/admin/api-tokens/secret-token").json()["tokens"]
    world.hidden = {"project": HIDDEN, "flag": "secret-plan", "application": "secret-app", "token name": "secret-token"}
    world.hidden |= {"segment": segment.json()["id"], "integration": integration, "event": event["id"]}
    world.hidden |= {"token": token_id(server, tokens[0]), "context field": "secret-field"}
    assert server.post(f"/api/admin/projects/{HIDDEN}/context", json={"name": "secret-field"}).status_code == 201
    place = f"/api/admin/projects/{HIDDEN}/features/secret-plan/environments/{PLACE}/strategies"
    world.hidden |= {"strategy": server.get(place).json()[0]["id"]}
    run(server, access.grant, HIDDEN, world.member.id, READER.id)
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))


def token_id(server: TestServer, token: Json) -> int:
    (event,) = (
        each for each in server.events(type="IS:api-token-created") if each["data"]["tokenName"] == token["tokenName"]
    )
    return int(event["data"]["id"])


def plain(text: str) -> str:
    """An answer without what differs from one time to the next: moments, and the ids of errors."""
    text = re.sub(r"\d{4}-\d\d-\d\dT(?:%3A|[\d:.])+Z", "<time>", text)
    text = text.replace('"seenAt":null', '"seenAt":"<time>"')  # written a moment after a token was used
    return re.sub(r"[\da-f]{8}-[\da-f]{4}-[\da-f-]{22}", "<id>", text)


def listed(server: TestServer, world: World, who: Person) -> dict[str, str]:
    answers = {}
    for name, read in LISTS.items():
        method, path = name.split()
        url = re.sub(r"/\{.*", "", path) + read.path(world)
        answer = server.request(method, url, token=who.token, json=read.body)
        assert answer.status_code == 200, (name, answer.text)
        answers[name] = plain(answer.text)
    return answers


def test_lists_and_counts_are_as_if_it_were_not_there(server: TestServer, receiver: Receiver, world: World) -> None:
    before = listed(server, world, world.outsider)
    assert listed(server, world, world.outsider) == before, "the questions below would prove nothing"

    hide(server, receiver, world)

    after = listed(server, world, world.outsider)
    members = listed(server, world, world.member)
    for name in LISTS:
        assert after[name] == before[name], name
        assert members[name] != before[name], f"{name}: nothing was hidden"
    for name, text in after.items():
        assert not re.search(r"hush|mole|secret-(plan|segment|token|app|field)", text), name


def asked(server: TestServer, name: str, it: Any, world: World, who: Person) -> tuple[int, str]:
    question = BY_NAME[name]
    method, path = name.split()
    path = question.path or re.sub(r"\{\w+\}", "{it}", path, count=1)
    url = path.replace("{it}", str(it)).replace("{integration}", str(world.integration))
    body = question.body
    if isinstance(body, dict):
        body = {key: _filled(value, it) for key, value in body.items()}
    answer = server.request(method, url, token=who.token, json=body)
    return answer.status_code, plain(answer.text).replace(str(it), "<it>")


def _filled(value: Any, it: Any) -> Any:
    if isinstance(value, list):
        return [_filled(each, it) for each in value]
    return str(it) if value == "{it}" else value


def test_a_hidden_thing_and_one_that_is_not_there_are_the_same(
    server: TestServer, receiver: Receiver, world: World
) -> None:
    hide(server, receiver, world)
    for name, question in BY_NAME.items():
        hidden = asked(server, name, world.hidden[question.kind], world, world.outsider)
        missing = asked(server, name, world.missing[question.kind], world, world.outsider)
        assert hidden == missing, name
        if name.startswith("GET"):
            members = asked(server, name, world.hidden[question.kind], world, world.member)
            assert members != missing, f"{name}: nothing was hidden"
    admin = server.get("/api/admin/addons").json()["addons"]
    assert {each["id"] for each in admin} >= {world.hidden["integration"]}
    assert server.get(f"/api/admin/segments/{world.hidden['segment']}").json()["name"] == "secret-segment"
    assert len(server.get("/api/admin/api-tokens/secret-token").json()["tokens"]) == 1
    assert server.get(f"/api/admin/projects/{HIDDEN}/features/secret-plan").json()["description"] is None
    assert not [each for each in server.events() if each["createdBy"] == "outsider"], "something was changed"


def test_a_project_in_the_path_is_not_found(server: TestServer, receiver: Receiver, world: World) -> None:
    hide(server, receiver, world)
    viewer = person(server, "viewer")
    values = {"flag": "secret-plan", "environment": PLACE, "strategy_id": "x", "token": "1"}
    values |= {"person_id": "1", "group_id": "1", "holder_id": "1", "role_id": "5"}
    values |= {
        "context_field": "secret-field",
        "legal_value": "x",
        "child": "secret-plan",
        "parent": "x",
        "link_id": "x",
        "chart_id": "x",
    }
    paths = [
        (method, re.sub(r":\w+}", "}", path))
        for handler in app.ROUTES
        for path in handler.paths
        for method in handler.http_methods - {"HEAD", "OPTIONS"}
        if "{project:" in path
    ]
    assert len(paths) > 30
    for method, path in paths:
        answers = []
        for project in (HIDDEN, MISSING):
            url = path.format(project=project, **values)
            for who in (world.outsider, viewer):
                answer = server.request(method, url, token=who.token)
                answers.append((answer.status_code, plain(answer.text).replace(project, "<it>")))
        hidden, hidden_from_viewer, _missing, _ = answers
        assert hidden[0] == hidden_from_viewer[0] == 404, (method, path)
        if method == "GET":
            assert len(set(answers)) == 1, (method, path, set(answers))
        member = server.request(method, path.format(project=HIDDEN, **values), token=world.member.token)
        assert "There is no project" not in member.text, (method, path)


def test_a_member_who_leaves_and_a_project_that_opens_are_noticed_at_once(
    server: TestServer, receiver: Receiver, world: World
) -> None:
    hide(server, receiver, world)
    path = f"/api/admin/projects/{HIDDEN}/features/secret-plan"

    def statuses() -> list[int]:
        return [server.get(path, token=each.token).status_code for each in (world.member, world.outsider)]

    assert statuses() == [200, 404]
    run(server, access.revoke_user, world.member.id)
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))
    assert statuses() == [404, 404]
    set_mode_of(server, HIDDEN, Mode.PROTECTED)
    assert statuses() == [200, 200]
    assert server.put(path, token=world.outsider.token, json={"description": "x"}).status_code == 403
    set_mode_of(server, HIDDEN, Mode.OPEN)
    assert server.put(path, token=world.outsider.token, json={"description": "x"}).status_code == 200


def test_what_is_shared_with_a_hidden_project_is_shown_without_its_name(
    server: TestServer, receiver: Receiver, world: World
) -> None:
    hide(server, receiver, world)
    token_for(server, "both", "default", HIDDEN)
    integration = integration_of(server, receiver, "default", HIDDEN)
    path, token = f"/api/admin/addons/{integration}", world.outsider.token

    (seen,) = server.get("/api/admin/api-tokens/both", token=token).json()["tokens"]
    assert (seen["projects"], seen["project"]) == (["default"], "default")
    found = server.get(path, token=token).json()
    assert found["projects"] == ["default"]
    assert server.put(path, token=token, json={**found, "description": "mine"}).json()["projects"] == ["default"]
    assert server.get(path).json()["projects"] == ["default", HIDDEN], "it is kept"
    assert server.delete("/api/admin/strategies/default", token=token).status_code == 403
    used = server.delete(f"/api/admin/segments/{world.segment}", token=token)
    assert (used.status_code, "secret-plan" in used.text, "lantern" in used.text) == (409, False, True)


def test_replays_leave_out_what_the_caller_may_not_see(server: TestServer, receiver: Receiver, world: World) -> None:
    hide(server, receiver, world)
    path = f"/api/admin/addons/{world.integration}/deliveries/replay"
    replayed = server.post(path, token=world.outsider.token, json={"states": ["done"]})
    assert (replayed.status_code, replayed.json()) == (202, {"replayed": 1})
    assert server.post(path, json={"states": ["done", "waiting"]}).json() == {"replayed": 2}


def test_every_route_that_shows_things_of_projects_is_in_the_table(server: TestServer) -> None:
    admin = {
        f"{method} {path}"
        for handler in app.ROUTES
        if handler.opt[SCOPE] is Scope.PROJECT
        for path in handler.paths
        for method in handler.http_methods - {"HEAD", "OPTIONS"}
        if "{project:" not in path
    }
    raw = {f"{each.method} {each.path}" for each in app.RAW_OPERATIONS if each.scope is Scope.PROJECT}
    found = {re.sub(r":\w+}", "}", each) for each in admin | raw}
    assert found == LISTS.keys() | BY_NAME.keys() | ELSEWHERE.keys()
    permissions = {path: handler.opt[PERMISSION] for handler in app.ROUTES for path in handler.paths}
    assert permissions["/api/admin/events"] == Permission.ADMIN
    assert permissions["/api/admin/addons/{integration_id:str}/events"] == Permission.ADMIN
    documented = {re.sub(r"\{.*", "", each.path) for each in app.RAW_OPERATIONS}
    assert server.services.endpoints().keys() <= documented, "an endpoint for SDKs that declares no scope"
