"""The state of a server over HTTP: out, in, and everything that may be wrong with it."""

from pathlib import Path
from typing import Any

import pytest

from flagkeeper.readmodels.client_features.slice import CLIENT_FEATURES_RUNNER
from tests.databases import fresh_sqlite, started
from tests.moves import STATE, random_state
from tests.server import BACKEND, Host, TestServer, settings_for, start_first

Json = dict[str, Any]
IMPORT = f"{STATE}/import"
FLAGS = "/api/admin/projects/default/features"
SMALL: Json = {
    "version": 4,
    "environments": [
        {"name": "development", "type": "development", "sortOrder": 1, "enabled": True, "protected": False},
        {"name": "canary", "type": "production", "sortOrder": 2},
    ],
    "projects": [{"id": "default", "name": "Default", "description": "x", "createdAt": "2024-01-01T00:00:00.000Z"}],
    "projectEnvironments": [{"projectId": "default", "environment": name} for name in ("development", "canary")],
    "strategies": [{"name": "byCountry", "parameters": [{"name": "land", "type": "string"}]}],
    "tagTypes": [{"name": "simple", "description": "s", "icon": "#"}],
    "tags": [{"type": "simple", "value": "imported"}],
    "segments": [{"id": 41, "name": "staff", "constraints": []}],
    "features": [{"name": "some-flag", "description": "d"}],
    "featureEnvironments": [{"featureName": "some-flag", "environment": "canary", "enabled": True}],
    "featureStrategies": [
        {"id": "a", "featureName": "some-flag", "environment": "canary", "strategyName": "byCountry"}
    ],
    "featureStrategySegments": [{"featureStrategyId": "a", "segmentId": 41}],
    "featureTags": [{"featureName": "some-flag", "tagType": "simple", "tagValue": "imported"}],
}
FIELD = {"name": "tier", "legalValues": [{"value": "paid"}]}
THREE = [{"name": "some-flag"}, {"name": "second"}, {"name": "third"}]
BESIDE: Json = {
    "version": 4,
    "contextFields": [FIELD],
    "features": THREE,
    "featureDependencies": [
        {"featureName": "some-flag", "parent": "second"},
        {"featureName": "third", "parent": "second", "enabled": False},
    ],
    "featureLinks": [
        {"featureName": "third", "url": "https://b.test/", "title": "B"},
        {"featureName": "third", "url": "https://a.test/"},
    ],
}


def bring(server: TestServer, document: Json, query: str = "") -> list[Json]:
    """The events of an import."""
    before = server.last_id()
    answer = server.post(IMPORT + query, json=document)
    assert (answer.status_code, answer.text) == (202, "")
    return server.events_after(before)


@pytest.mark.causes("environment-import", "feature-import", "strategy-import", action="POST /api/admin/state/import")
@pytest.mark.causes("tag-import", "feature-tag-import", "segment-import", action="POST /api/admin/state/import")
@pytest.mark.causes("project-environment-added", action="POST /api/admin/state/import")
@pytest.mark.causes("project-import", "tag-type-import", action="POST /api/admin/state/import?keep=false")
@pytest.mark.causes(
    "drop-features", "drop-environments", "drop-projects", action="POST /api/admin/state/import?drop=true"
)
@pytest.mark.causes("drop-strategies", "drop-tag-types", "drop-tags", action="POST /api/admin/state/import?drop=true")
@pytest.mark.causes("drop-feature-tags", "feature-deleted", action="POST /api/admin/state/import?drop=true")
@pytest.mark.causes("environment-deleted", "strategy-deleted", action="POST /api/admin/state/import?drop=true")
@pytest.mark.causes("project-environment-removed", action="POST /api/admin/state/import?keep=false")
def test_a_state_comes_in(server: TestServer) -> None:
    server.post(FLAGS, json={"name": "old-flag", "tags": [{"type": "simple", "value": "mine"}]})
    server.post("/api/admin/strategies", json={"name": "old", "parameters": []})

    events = bring(server, SMALL)
    assert {event["groupType"] for event in events} == {"import"}
    assert len({event["groupId"] for event in events}) == 1
    assert [event["type"] for event in events] == [
        *("environment-import", "project-environment-added", "strategy-import", "tag-import"),
        *("segment-import", "feature-import", "feature-tag-import"),
    ]
    by_type = {event["type"]: event for event in events}
    flag = by_type["feature-import"]
    assert (flag["featureName"], flag["project"], flag["environment"]) == (None, None, None)
    assert (flag["data"]["name"], flag["data"]["enabled"], flag["data"]["archived"]) == ("some-flag", True, False)
    assert by_type["feature-tag-import"]["data"] == {
        "featureName": "some-flag",
        "tag": {"type": "simple", "value": "imported"},
    }
    assert by_type["segment-import"]["data"]["id"] == 41
    assert bring(server, SMALL) == [], "what is there stays, and nothing is recorded"

    replaced = [event["type"] for event in bring(server, SMALL, "?keep=false")]
    assert replaced == ["environment-import", "project-import", "tag-type-import", "project-environment-removed"]
    assert bring(server, SMALL, "?keep=false") == []

    without = {**SMALL, "strategies": [], "featureStrategies": [], "featureStrategySegments": []}
    token = server.post("/api/admin/state/import?drop=true", json=without)
    assert "tokens read it" not in token.text
    dropped = [event["type"] for event in server.events() if event["type"].startswith("drop-")]
    assert sorted(dropped) == sorted(
        f"drop-{each}"
        for each in ("features", "environments", "projects", "strategies", "tag-types", "tags", "feature-tags")
    )
    assert server.get(f"{FLAGS}/old-flag").status_code == 404
    (there,) = server.get(FLAGS).json()["features"]
    assert [each["name"] for each in there["environments"]] == ["development", "canary"]
    assert [each["name"] for each in server.get("/api/admin/environments").json()["environments"]] == [
        "development",
        "canary",
    ]
    detail = server.get(f"{FLAGS}/some-flag").json()
    canary = next(each for each in detail["environments"] if each["name"] == "canary")
    assert [each["name"] for each in canary["strategies"]] == ["default"], "on without a strategy means: for everybody"
    names = [each["name"] for each in server.get("/api/admin/strategies").json()["strategies"]]
    assert ("old" in names, "default" in names) == (False, True)


@pytest.mark.causes("feature-dependency-added", "feature-link-added", action="POST /api/admin/state/import")
@pytest.mark.causes("context-field-created", action="POST /api/admin/state/import")
@pytest.mark.causes("context-field-updated", "feature-link-updated", action="POST /api/admin/state/import?keep=false")
@pytest.mark.causes(
    "feature-dependency-removed", "feature-link-removed", action="POST /api/admin/state/import?keep=false"
)
@pytest.mark.causes("context-field-deleted", action="POST /api/admin/state/import?drop=true")
def test_what_hangs_on_flags_comes_in(server: TestServer) -> None:
    def types(document: Json, query: str = "?keep=false") -> list[str]:
        return [event["type"] for event in bring(server, document, query)]

    assert types(BESIDE, "") == [
        *("context-field-created", "feature-import", "feature-import", "feature-import"),
        *("feature-dependency-added", "feature-dependency-added", "feature-link-added", "feature-link-added"),
    ]
    assert types(BESIDE) == types({**BESIDE, "contextFields": [], "featureLinks": []}, "") == []
    field = server.get("/api/admin/context/tier").json()
    assert field["legalValues"] == [{"value": "paid"}]
    third = server.get(f"{FLAGS}/third").json()
    assert [(each["url"], each["title"]) for each in third["links"]] == [
        ("https://b.test/", "B"),
        ("https://a.test/", None),
    ]
    assert third["dependencies"] == [{"feature": "second", "enabled": False, "variants": []}]

    turned = {
        **BESIDE,
        "contextFields": [{**FIELD, "description": "What they pay"}],
        "featureDependencies": [{"featureName": "second", "parent": "third", "variants": ["v"]}],
        "featureLinks": [{"featureName": "third", "url": "https://b.test/", "title": "C"}],
    }
    assert types(turned) == [
        *("feature-dependency-removed", "feature-dependency-removed", "context-field-updated"),
        *("feature-dependency-added", "feature-link-updated", "feature-link-removed"),
    ]
    archived = {"version": 4, "features": [{"name": "third", "archived": True}]}
    assert types(archived) == ["feature-dependency-removed", "feature-import"], "nothing asks for what is archived"
    before = len(server.get("/api/admin/context").json())
    assert before > 1
    assert types({"version": 4, "contextFields": [FIELD]}, "?drop=true") == [
        "context-field-updated",
        *["context-field-deleted"] * (before - 1),
    ]


def test_a_state_goes_out_and_comes_in_the_same(host: Host, run: Any, database_url: str, tmp_path: Path) -> None:
    start_first(database_url)
    exported: list[tuple[Json, Any]] = []

    def seen(on: TestServer) -> tuple[Json, Any]:
        on.call(on.services[CLIENT_FEATURES_RUNNER].reached(on.last_id()))
        found = on.get("/api/client/features", token=BACKEND).json()
        return on.get(f"{STATE}/export").json(), (found["features"], found.get("segments"))

    with TestServer(host, settings_for(database_url)) as server:
        for seed in range(6):
            answer = server.post(f"{IMPORT}?drop=true", json=random_state(seed))
            assert answer.status_code == 202, answer.text
            exported.append(seen(server))
            assert len(exported[-1][0]["features"]) == len(random_state(seed)["features"])
            if seed == 0:
                written = server.get(f"{STATE}/export?format=yaml&download=true")
                assert written.headers["content-disposition"].endswith('.yaml"')
                yaml = {"Content-Type": "application/yaml"}
                before = server.last_id()
                assert server.post(f"{IMPORT}?keep=false", content=written.content, headers=yaml).status_code == 202
                form = {"file": ("state.yml", written.content, "application/octet-stream")}
                assert server.post(f"{IMPORT}?keep=false", files=form).status_code == 202
                assert server.last_id() == before, "YAML says the same as JSON"
                parts = server.get(f"{STATE}/export?tags=false&segments=false&projects=false").json()
                assert not {"tags", "tagTypes", "featureTags", "segments", "featureStrategySegments"} & parts.keys()
                assert "features" in parts
    with fresh_sqlite(run, tmp_path, started) as url, TestServer(host, settings_for(url)) as empty:
        for state, features in exported:
            assert empty.post(f"{IMPORT}?drop=true", json=state).status_code == 202
            assert seen(empty) == (state, features)


def test_servers_that_were_set_up_separately_export_the_same(
    host: Host, database_url: str, run: Any, tmp_path: Path
) -> None:
    def made(server: TestServer) -> Json:
        fields = ("userId", "tier")
        return {name: server.get(f"/api/admin/context/{name}").json()["createdAt"] for name in fields}

    with fresh_sqlite(run, tmp_path) as url:
        for each in (database_url, url):
            start_first(each)
        with TestServer(host, settings_for(database_url)) as one:
            bring(one, {**SMALL, **BESIDE})
            exported, times = one.get(f"{STATE}/export").json(), made(one)
        with TestServer(host, settings_for(url)) as other:
            bring(other, exported, "?drop=true")
            assert other.get(f"{STATE}/export").json() == exported
            assert made(other)["userId"] != times["userId"], "each has its own beginning"
            assert made(other)["tier"] == times["tier"]
            bring(other, {"version": 4, "features": [{"name": "back"}]})
            exported = other.get(f"{STATE}/export").json()
        with TestServer(host, settings_for(database_url)) as one:
            bring(one, exported, "?drop=true")
            assert one.get(f"{STATE}/export").json() == exported


ON_TIER = [{"contextName": "tier", "operator": "IN", "values": ["paid"]}]
PLACE = {"featureName": "some-flag", "environment": "canary", "strategyName": "default", "constraints": ON_TIER}
ATTACHED = {"projectId": "default", "environment": "canary"}
DEFAULT = {
    "name": "flexibleRollout",
    "title": None,
    "disabled": False,
    "constraints": ON_TIER,
    "parameters": {"rollout": "50"},
    "variants": [],
    "segments": [],
}
WITHOUT_TIER: Json = {"version": 4, "contextFields": [{"name": "userId"}]}
NAMES_TIER: dict[str, tuple[Json, Json, str]] = {
    "a flag that stays": ({"featureStrategies": [PLACE]}, {}, "the flag 'some-flag'"),
    "a flag that stays, in the archive": (
        {"featureStrategies": [PLACE], "features": [{"name": "some-flag", "archived": True}]},
        {},
        "the flag 'some-flag'",
    ),
    "a flag that comes": (
        {},
        {"features": [{"name": "next"}], "featureStrategies": [{**PLACE, "featureName": "next"}]},
        "the flag 'next'",
    ),
    "a segment that stays": (
        {"segments": [{"id": 41, "name": "staff", "constraints": ON_TIER}]},
        {},
        "the segment 'staff'",
    ),
    "a segment that comes": ({}, {"segments": [{"id": 1, "name": "payers", "constraints": ON_TIER}]}, "'payers'"),
    "a default strategy that stays": (
        {"projectEnvironments": [{**ATTACHED, "defaultStrategy": DEFAULT}]},
        {},
        "the default strategy of 'default' in 'canary'",
    ),
    "a default strategy that comes": (
        {},
        {"projectEnvironments": [{**ATTACHED, "defaultStrategy": DEFAULT}]},
        "the default strategy of 'default' in 'canary'",
    ),
}


@pytest.mark.parametrize("case", NAMES_TIER)
def test_a_context_field_that_constraints_name_is_not_dropped(server: TestServer, case: str) -> None:
    there, coming, place = NAMES_TIER[case]
    bring(server, {**SMALL, "contextFields": [FIELD], "featureStrategySegments": [], **there}, "?keep=false")
    before = server.last_id()
    refused = server.post(f"{IMPORT}?drop=true", json={**WITHOUT_TIER, **coming})
    assert refused.status_code == 400
    (said,) = [each["message"] for each in refused.json()["details"] if each["path"] == "/body/contextFields"]
    assert "'tier'" in said
    assert place in said
    assert server.last_id() == before
    assert server.get("/api/admin/context/tier").status_code == 200


def test_a_context_field_goes_with_what_named_it(server: TestServer) -> None:
    segment = {"id": 41, "name": "staff", "constraints": ON_TIER}
    with_tier = {**SMALL, "contextFields": [FIELD], "featureStrategies": [{**PLACE, "id": "a"}], "segments": [segment]}
    bring(server, with_tier, "?keep=false")
    bring(server, {**SMALL, **WITHOUT_TIER, "featureStrategySegments": []}, "?drop=true&keep=false")
    assert server.get("/api/admin/context/tier").status_code == 404


def changed(**sections: Any) -> Json:
    return {**SMALL, **sections}


BAD: dict[str, tuple[Any, list[str]]] = {
    "no object": ([], ["/body"]),
    "another version": ({"version": 3}, ["/body/version"]),
    "a section that nobody knows": (changed(users=[]), ["/body/users"]),
    "wrong types, all of them": (
        changed(features=[{"name": 1}, {"name": "x", "stale": "maybe"}], tags=[{"type": "simple"}]),
        ["/body/features/0/name", "/body/features/1/stale", "/body/tags/0"],
    ),
    "names, references and values, all of them": (
        changed(
            environments=[{"name": "a b", "type": "x"}, *SMALL["environments"]],
            features=[
                {"name": "a/b"},
                {"name": "some-flag", "type": "odd"},
                {"name": "some-flag"},
                {"name": "x", "project": "none", "createdAt": "soon"},
            ],
            segments=[{"id": 41, "name": "staff", "constraints": [{"contextName": "x", "operator": "ODD"}]}],
            tags=[{"type": "none", "value": "good"}],
            featureTags=[{"featureName": "none", "tagType": "simple", "tagValue": "x"}],
            strategies=[{"name": "byCountry", "parameters": [{"name": "a", "type": "odd"}]}],
        ),
        [
            *("/body/environments/0/name", "/body/features/0/name", "/body/features/1/type", "/body/features/2"),
            *("/body/features/3/project", "/body/features/3/createdAt", "/body/segments/0/constraints/0"),
            *("/body/tags/0/type", "/body/featureTags/0/value", "/body/featureTags/0/featureName"),
            "/body/strategies/0/parameters/0/type",
        ],
    ),
    "what hangs on flags": (
        {
            "version": 4,
            "contextFields": [{"name": "a b"}, {"name": "x", "project": "none"}, FIELD, FIELD],
            "features": [*THREE, {"name": "old", "archived": True}],
            "featureDependencies": [
                {"featureName": "second", "parent": "none"},
                {"featureName": "some-flag", "parent": "second"},
                {"featureName": "third", "parent": "old"},
                {"featureName": "old", "parent": "third"},
                {"featureName": "third", "parent": "x", "variants": [""]},
            ],
            "featureLinks": [
                {"featureName": "none", "url": "https://a.test"},
                *({"featureName": "third", "url": url} for url in ["ftp://x", *["a.test"] * 11]),
            ],
        },
        [
            *("/body/contextFields/0/name", "/body/contextFields/1/project", "/body/contextFields/3"),
            *("/body/featureDependencies/0/parent", "/body/featureDependencies/1/parent"),
            *("/body/featureDependencies/2/parent", "/body/featureDependencies/3/featureName"),
            *("/body/featureDependencies/4/variants/0", "/body/featureLinks/0/featureName"),
            *("/body/featureLinks/1/url", "/body/featureLinks"),
        ],
    ),
    "strategies of nothing": (
        changed(
            featureStrategies=[
                {"featureName": "none", "environment": "canary", "strategyName": "default"},
                {"featureName": "some-flag", "environment": "moon", "strategyName": "default"},
                {"featureName": "some-flag", "environment": "canary", "strategyName": "none"},
                {
                    "featureName": "some-flag",
                    "environment": "canary",
                    "strategyName": "flexibleRollout",
                    "parameters": {"rollout": "much"},
                },
            ],
            featureStrategySegments=[{"featureStrategyId": "b", "segmentId": 9}],
        ),
        [
            *("/body/featureStrategies/0/featureName", "/body/featureStrategies/1/environment"),
            *("/body/featureStrategies/2/strategyName", "/body/featureStrategies/3/parameters/rollout"),
            "/body/featureStrategySegments/0/featureStrategyId",
        ],
    ),
}


def test_an_error_anywhere_imports_nothing(server: TestServer) -> None:
    before, state = server.last_id(), server.get(f"{STATE}/export").json()
    for name, (document, places) in BAD.items():
        answer = server.post(IMPORT, json=document)
        assert answer.status_code == 400, name
        assert set(places) <= {each["path"] for each in answer.json()["details"]}, (name, answer.text)
    # The token of the tests reads development: it cannot go.
    only = {"version": 4, "environments": [{"name": "production", "type": "production"}]}
    answer = server.post(f"{IMPORT}?drop=true", json=only)
    assert answer.status_code == 400
    assert "tokens read it" in answer.text
    for body, kind, status in (
        (b"a: &a [*a]", "application/yaml", 400),
        (b"a: [", "application/x-yaml", 400),
        (b"{", "application/json", 400),
        (b'{"version": 4, "features": [{"name": "\\u0000"}]}', "application/json", 400),
        (b"--x\r\n\r\nno file\r\n--x--\r\n", "multipart/form-data; boundary=x", 400),
        (b"<state/>", "application/xml", 415),
    ):
        refused = server.post(IMPORT, content=body, headers={"Content-Type": kind})
        assert refused.status_code == status, (body, refused.text)
    assert server.get(f"{STATE}/export?format=xml").status_code == 400
    assert server.last_id() == before
    assert server.get(f"{STATE}/export").json() == state
    assert server.get(f"{STATE}/export", token=BACKEND).status_code in (401, 403)
