"""A change that changes nothing records nothing: every route that changes something is asked for the same twice."""

from typing import Any

import httpx

from flagkeeper.features.logins.model import AuthType
from flagkeeper.features.sso.model.person import Person
from flagkeeper.features.sso.model.proof import prove
from flagkeeper.features.usage.slice import USAGE
from flagkeeper.http.pages import ASK_PATH
from flagkeeper.integrations.config.slice import KEYRING
from flagkeeper.kernel import clock
from tests.people import person
from tests.server import ADMIN, BACKEND, TestServer
from tests.unit.test_every_change_is_shown import NO_EVENT, routes, shape

P, A = "/api/admin/projects/default", "/api/admin"
F = f"{P}/features/flag"
E = f"{F}/environments/development"
FAR = "2190-01-01T00:00:00Z"
VARIANTS = [{"name": "v", "weight": 1000, "weightType": "variable", "stickiness": "default"}]
CONSTRAINT = {"contextName": "appName", "operator": "IN", "values": ["shop"]}
ADDON = {
    "provider": "webhook",
    "enabled": True,
    "parameters": {"url": "https://8.8.8.8/x"},
    "events": ["feature-created"],
}

ROLE = {"name": "role", "type": "custom", "permissions": [{"name": "CREATE_FEATURE"}]}

SCIM_USER, SCIM_GROUP = (f"urn:ietf:params:scim:schemas:core:2.0:{kind}" for kind in ("User", "Group"))

ASKER = Person(issuer="https://id.test", subject="1", email="dan@example.com", username=None, name=None, groups=())


def renamed(attribute: str, value: str) -> dict[str, Any]:
    """How a provider changes one attribute."""
    operations = [{"op": "replace", "path": attribute, "value": value}]
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}


SET_UP: list[tuple[str, str, Any]] = [
    ("POST", f"{P}/features", {"name": "flag"}),
    ("POST", f"{P}/features", {"name": "parent"}),
    ("POST", f"{P}/features", {"name": "away"}),
    ("DELETE", f"{P}/features/away", None),
    ("POST", f"{A}/segments", {"name": "segment", "constraints": []}),
    ("POST", f"{A}/context", {"name": "tier"}),
    ("POST", f"{P}/context", {"name": "local"}),
    ("POST", f"{A}/projects", {"id": "own", "name": "own"}),
    ("POST", f"{A}/tag-types", {"name": "kind"}),
    ("POST", f"{A}/strategies", {"name": "own", "parameters": []}),
    ("POST", f"{A}/user-admin", {"username": "ada", "rootRole": 3, "sendEmail": False}),
    ("POST", f"{A}/addons", ADDON),
    ("POST", f"{A}/banners", {"message": "one"}),
    ("POST", f"{A}/groups", {"name": "group"}),
    ("POST", f"{A}/roles", ROLE),
    ("POST", f"{A}/service-account", {"name": "robot", "username": "robot", "rootRole": 3}),
    ("POST", f"{A}/scim-settings", {"enabled": True}),
    ("POST", f"{A}/scim-settings/generate-new-token", None),
    ("POST", f"{A}/log/searches", {"name": "search", "query": "by:ada", "shared": True}),
    ("POST", f"{F}/link", {"url": "https://a.test", "title": "a"}),
    ("POST", f"{E}/strategies", {"name": "flexibleRollout"}),
    ("POST", f"{A}/invite-link/tokens", {"name": "link", "expiresAt": FAR}),
    ("POST", f"{A}/api-tokens", {"tokenName": "t", "type": "client", "environment": "development", "projects": ["*"]}),
    (
        "POST",
        "/api/client/register",
        {"appName": "shop", "instanceId": "1", "started": FAR, "interval": 9, "strategies": []},
    ),
]

TWICE: list[tuple[str, str, Any]] = [
    ("PATCH", F, [{"op": "replace", "path": "/description", "value": "x"}]),
    ("PUT", F, {"description": "y", "type": "experiment", "impressionData": True}),
    ("PUT", f"{A}/features/flag", {"name": "flag", "description": "z", "type": "release"}),
    ("POST", f"{E}/on", None),
    ("POST", f"{E}/off", None),
    ("POST", f"{P}/bulk_features/environments/development/on", {"features": ["flag"]}),
    ("POST", f"{P}/bulk_features/environments/development/off", {"features": ["flag"]}),
    ("PUT", f"{E}/strategies/{{strategy}}", {"name": "flexibleRollout", "parameters": {"rollout": "20"}}),
    ("PATCH", f"{E}/strategies/{{strategy}}", [{"op": "replace", "path": "/title", "value": "x"}]),
    ("POST", f"{E}/strategies/set-sort-order", [{"id": "{strategy}", "sortOrder": 5}]),
    (
        "POST",
        f"{A}/segments/strategies",
        {
            "projectId": "default",
            "environmentId": "development",
            "strategyId": "{strategy}",
            "segmentIds": ["{segment}"],
        },
    ),
    ("PUT", f"{F}/variants-batch", {"variants": VARIANTS, "environments": ["development", "production"]}),
    ("PUT", f"{E}/variants", [*VARIANTS, {**VARIANTS[0], "name": "second"}]),
    ("PATCH", f"{E}/variants", [{"op": "replace", "path": "/1/name", "value": "w"}]),
    ("PUT", f"{F}/variants", [{**VARIANTS[0], "name": "u"}]),
    ("PATCH", f"{F}/variants", [{"op": "replace", "path": "/0/name", "value": "w"}]),
    ("POST", f"{P}/stale", {"features": ["flag"], "stale": True}),
    ("POST", f"{F}/lifecycle/complete", {"status": "kept"}),
    ("POST", f"{F}/lifecycle/uncomplete", None),
    ("POST", f"{F}/favorites", None),
    ("POST", f"{P}/favorites", None),
    ("POST", f"{F}/dependencies", {"feature": "parent"}),
    ("PUT", f"{F}/link/{{link}}", {"url": "https://b.test", "title": "b"}),
    ("POST", f"{A}/features/flag/tags", {"type": "simple", "value": "one"}),
    ("PUT", f"{A}/features/flag/tags", {"addedTags": [{"type": "simple", "value": "two"}], "removedTags": []}),
    (
        "PUT",
        f"{P}/tags",
        {"features": ["flag"], "tags": {"addedTags": [{"type": "simple", "value": "three"}], "removedTags": []}},
    ),
    ("PUT", f"{A}/segments/{{segment}}", {"name": "segment", "constraints": [CONSTRAINT]}),
    ("PUT", f"{A}/context/tier", {"name": "tier", "description": "x", "legalValues": [], "stickiness": True}),
    ("PUT", f"{P}/context/local", {"name": "local", "description": "x", "legalValues": [], "stickiness": True}),
    ("POST", f"{A}/context/tier/legal-values", {"value": "gold", "description": "x"}),
    ("POST", f"{P}/context/local/legal-values", {"value": "gold", "description": "x"}),
    ("PUT", f"{A}/tag-types/kind", {"description": "x"}),
    ("PUT", f"{A}/strategies/own", {"description": "x", "parameters": []}),
    ("POST", f"{A}/strategies/own/deprecate", None),
    ("POST", f"{A}/strategies/own/reactivate", None),
    ("PUT", f"{A}/feature-types/release/lifetime", {"lifetimeDays": 7}),
    ("POST", f"{A}/environments/production/off", None),
    ("POST", f"{A}/environments/production/on", None),
    ("PUT", f"{A}/environments/update/production", {"type": "test"}),
    ("PUT", f"{A}/environments/sort-order", {"production": 1, "development": 9}),
    ("POST", f"{P}/environments/development/default-strategy", {"name": "flexibleRollout", "parameters": {}}),
    ("PUT", f"{A}/addons/{{addon}}", {**ADDON, "description": "x"}),
    ("PUT", f"{A}/user-admin/{{user}}", {"name": "Ada"}),
    ("PUT", f"{A}/log/searches/{{search}}", {"name": "search", "query": "by:bob", "shared": True}),
    ("PUT", f"{A}/invite-link/tokens/{{invite}}", {"enabled": False}),
    ("PUT", f"{A}/api-tokens/{{token}}", {"expiresAt": FAR}),
    ("POST", ASK_PATH, {"proof": "{proof}"}),
    ("POST", f"{A}/maintenance", {"enabled": False}),
    ("POST", f"{A}/ui-config/cors", {"frontendApiOrigins": ["https://a.test"]}),
    ("POST", f"{A}/metrics/applications/shop", {"description": "x"}),
    ("POST", f"{A}/state/import", {"version": 4, "tagTypes": [{"name": "come", "description": "in"}]}),
    (
        "POST",
        "/api/client/register",
        {"appName": "shop", "instanceId": "1", "started": FAR, "interval": 9, "strategies": []},
    ),
    ("PUT", f"{A}/projects/own", {"name": "Own", "description": "x"}),
    ("PUT", f"{A}/projects/own/users/{{user}}/roles", {"roles": [4]}),
    ("PUT", f"{A}/projects/own/groups/{{group}}/roles", {"roles": [5]}),
    ("POST", f"{A}/projects/own/users/{{user}}/roles/6", None),
    ("PUT", f"{A}/projects/own/users/{{user}}/roles/4", None),
    ("POST", f"{A}/projects/own/groups/{{group}}/roles/6", None),
    ("PUT", f"{A}/projects/own/groups/{{group}}/roles/5", None),
    ("POST", f"{A}/projects/own/access", {"roles": [6], "users": ["{user}"], "groups": []}),
    ("PUT", f"{A}/projects/own/access", {"roles": [{"id": 4, "users": ["{user}"], "groups": []}]}),
    ("PUT", f"{A}/groups/{{group}}", {"name": "group", "description": "x", "users": [{"user": {"id": "{user}"}}]}),
    ("PUT", f"{A}/roles/{{role}}", {**ROLE, "description": "x"}),
    ("PUT", f"{A}/service-account/{{robot}}", {"name": "Robot", "rootRole": 2}),
    ("POST", f"{A}/banners/{{banner}}/off", None),
    ("POST", f"{A}/banners/{{banner}}/on", None),
    ("PUT", f"{A}/banners/{{banner}}", {"message": "two"}),
    ("PUT", f"{A}/email-subscription/productivity-report", None),
    ("POST", f"{A}/auth/simple/settings", {"disabled": True}),
    ("POST", f"{A}/auth/simple/settings", {"disabled": False}),
    ("POST", f"{A}/auth/oidc/settings", {"enabled": False, "clientId": "x"}),
    ("POST", f"{A}/auth/saml/settings", {"enabled": False, "entityId": "x"}),
    ("POST", f"{A}/scim-settings", {"enabled": True}),
    ("PUT", "/scim/v2/Users/{scim-user}", {"schemas": [SCIM_USER], "userName": "eve", "displayName": "Eve"}),
    ("PATCH", "/scim/v2/Users/{scim-user}", renamed("displayName", "Eva")),
    ("PUT", "/scim/v2/Groups/{scim-group}", {"schemas": [SCIM_GROUP], "displayName": "others"}),
    ("PATCH", "/scim/v2/Groups/{scim-group}", renamed("displayName", "more")),
    ("PUT", f"{A}/projects/own/settings", {"defaultStickiness": "userId"}),
    ("POST", f"{P}/archive", {"features": ["flag"]}),
    ("POST", f"{A}/archive/revive/away", None),
]

EACH_TIME = {
    "POST /api/admin/banners": "makes another one",
    "POST /api/admin/cdn/tokens": "makes another one",
    "POST /api/admin/environments/{}/clone": "a name is given once: 409",
    "POST /api/admin/groups": "a name is given once: 409",
    "POST /api/admin/impact-metrics/config": "makes another one",
    "POST /api/admin/projects/{}/features/{}/impact-metrics/config": "makes another one",
    "POST /api/admin/projects/{}/features/{}/changeProject": "what has moved is not found where it was",
    "POST /api/admin/roles": "a name is given once: 409",
    "POST /api/admin/scim-settings/generate-new-token": "makes another secret",
    "POST /api/admin/service-account": "a name is given once: 409",
    "POST /api/admin/service-account/{}/token": "makes another one",
    "POST /api/admin/streaming/disconnect-all": "ends the streams that were opened since",
    "POST /api/frontend/client/metrics": "counts are use, recorded once a day",
    "POST /api/frontend/client/register": "is use, recorded once a day",
    "POST /api/proxy/client/metrics": "counts are use, recorded once a day",
    "POST /api/proxy/client/register": "is use, recorded once a day",
    "POST /scim/v2/Groups": "a name is given once: 409",
    "POST /scim/v2/Users": "a name is given once: 409",
    "POST /api/admin/addons": "makes another one",
    "POST /api/admin/addons/{}/signing-secret": "makes another secret",
    "POST /api/admin/api-tokens": "makes another one",
    "POST /api/admin/context": "a name is given once: 409",
    "POST /api/admin/environments": "a name is given once: 409",
    "POST /api/admin/features-batch/export": "that somebody took a copy is what is recorded",
    "POST /api/admin/features-batch/import": "that somebody brought a file is recorded, also when all of it was there",
    "POST /api/admin/invite-link/tokens": "makes another one",
    "POST /api/admin/log/archive/runs": "archives what has become old since",
    "POST /api/admin/log/holds": "makes another one",
    "POST /api/admin/log/pseudonyms": "is a wish that is carried out later",
    "POST /api/admin/log/searches": "a name is given once: 409",
    "POST /api/admin/projects": "an id is given once: 409",
    "POST /api/admin/projects/archive/{}": "what is in the archive is not found",
    "POST /api/admin/projects/revive/{}": "what is in use is not found in the archive",
    "POST /api/admin/projects/{}/api-tokens": "makes another one",
    "POST /api/admin/projects/{}/context": "a name is given once: 409",
    "POST /api/admin/projects/{}/delete": "what is gone is not found",
    "POST /api/admin/projects/{}/revive": "what is in use is not found in the archive",
    "POST /api/admin/projects/{}/environments": "what a project has cannot be added: 409",
    "POST /api/admin/projects/{}/features": "a name is given once: 409",
    "POST /api/admin/projects/{}/features/{}/clone": "a name is given once: 409",
    "POST /api/admin/projects/{}/features/{}/environments/{}/strategies": "makes another one",
    "POST /api/admin/projects/{}/features/{}/link": "makes another one",
    "POST /api/admin/segments": "a name is given once: 409",
    "POST /api/admin/strategies": "a name is given once: 409",
    "POST /api/admin/tag-types": "a name is given once: 409",
    "POST /api/admin/tags": "a tag is made once: 409",
    "POST /api/admin/user-access-requests/{}/approve": "what was decided on is not found",
    "POST /api/admin/user-admin": "a name is given once: 409",
    "POST /api/admin/user-admin/inactive/delete": "who is gone is not found",
    "POST /api/admin/user-admin/reset-password": "makes another link",
    "POST /api/admin/user-admin/{}/change-password": "ends sessions, whatever the password was",
    "POST /api/admin/user/change-password": "a password that was used is refused",
    "POST /api/admin/user/tokens": "makes another one",
    "POST /api/client/metrics": "counts are use, recorded once a day",
    "POST /api/client/metrics/bulk": "counts are use, recorded once a day",
    "POST /auth/reset/password": "a link is good for one password",
    "POST /edge/issue-token": "makes another one",
    "POST /invite/{}/signup": "makes another user",
}


def test_the_same_change_again_records_nothing(server: TestServer) -> None:
    ids = _set_up(server)
    wrong: list[str] = []
    for method, path, body in TWICE:
        asked, given = _with(path, ids), _with(body, ids)
        token = ids["person"] if path.endswith("/favorites") or "email-subscription" in path else None
        token = ids["scim"] if path.startswith("/scim/") else token
        first = _ask(server, method, asked, given, token)
        before = server.last_id()
        again = _ask(server, method, asked, given, token)
        told = [event["type"] for event in server.events_after(before)]
        if first.status_code >= 400 or again.status_code >= 400 or told:
            wrong.append(f"{method} {path}: {first.status_code}, {again.status_code} {told} {first.text[:200]}")
    assert not wrong, "\n".join(wrong)


def test_every_change_is_asked_for_twice_or_makes_something_each_time() -> None:
    twice = {_route(method, path) for method, path, _ in TWICE}
    silent = {shape(action) for action in NO_EVENT}
    wanted = {action for action in routes() - silent if not action.startswith("DELETE ")}
    assert wanted - twice - EACH_TIME.keys() == set()
    assert twice & EACH_TIME.keys() == set()
    assert EACH_TIME.keys() <= wanted


def _ask(server: TestServer, method: str, path: str, body: Any, token: str | None = None) -> httpx.Response:
    token = token or (BACKEND if path.startswith("/api/client") else ADMIN)
    kind = "data" if path == ASK_PATH else "json"  # browsers send that form
    answer = server.request(method, path, token=token, **({} if body is None else {kind: body}))
    server.call(server.services[USAGE].flush())  # what SDKs say is recorded together, a moment later
    return answer


def _set_up(server: TestServer) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for method, path, body in SET_UP:
        answer = _ask(server, method, path, body)
        assert answer.status_code < 300, f"{path}: {answer.text}"
        made[path] = answer.json() if answer.content else None
    links = server.get(F).json()["links"]
    scim = made[f"{A}/scim-settings/generate-new-token"]["token"]
    names = {
        "Users": {"schemas": [SCIM_USER], "userName": "eve"},
        "Groups": {"schemas": [SCIM_GROUP], "displayName": "g"},
    }
    provided = {kind: _ask(server, "POST", f"/scim/v2/{kind}", body, scim).json() for kind, body in names.items()}
    return {
        "strategy": made[f"{E}/strategies"]["id"],
        "segment": made[f"{A}/segments"]["id"],
        "addon": made[f"{A}/addons"]["id"],
        "user": made[f"{A}/user-admin"]["id"],
        "search": made[f"{A}/log/searches"]["id"],
        "invite": made[f"{A}/invite-link/tokens"]["secret"],
        "token": made[f"{A}/api-tokens"]["secret"],
        "link": links[0]["id"],
        "banner": made[f"{A}/banners"]["id"],
        "group": made[f"{A}/groups"]["id"],
        "role": made[f"{A}/roles"]["roles"]["id"],
        "robot": made[f"{A}/service-account"]["id"],
        "scim": scim,
        "scim-user": provided["Users"]["id"],
        "scim-group": provided["Groups"]["id"],
        "proof": prove(ASKER, AuthType.OIDC, server.services[KEYRING], clock.now()),
        "person": person(server, "bob", "Editor").token,
    }


def _with(value: Any, ids: dict[str, Any]) -> Any:
    """The same with the ids that were given out in the place of `{names}`."""
    match value:
        case str() if value.startswith("{"):
            return ids[value[1:-1]]
        case str():
            for name, id_ in ids.items():
                value = value.replace(f"{{{name}}}", str(id_))
            return value
        case list():
            return [_with(each, ids) for each in value]
        case dict():
            return {name: _with(each, ids) for name, each in value.items()}
    return value


def _route(method: str, path: str) -> str:
    """The route that a request takes."""
    parts = path.split("/")
    fitting = [
        action
        for verb, own, action in ((*_split(each), each) for each in routes())
        if verb == method and len(own) == len(parts) and all(a in ("{}", b) for a, b in zip(own, parts, strict=True))
    ]
    return min(fitting, key=lambda action: action.count("{}"))


def _split(action: str) -> tuple[str, list[str]]:
    verb, _, path = action.partition(" ")
    return verb, path.split("/")
