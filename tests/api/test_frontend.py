"""The frontend API: flags evaluated for browsers and phones."""

import gzip
from typing import Any

import httpx
import pytest

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.evaluation.flag import CompiledFlag
from flagkeeper.features.flags.commands import dependencies, switch
from flagkeeper.features.flags.model.relations import DependencyDraft
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.flags.model.variant import PayloadDraft, VariantDraft
from flagkeeper.features.usage.slice import USAGE
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.kernel import clock
from flagkeeper.readmodels.remote_evaluation import views
from flagkeeper.readmodels.remote_evaluation.slice import VIEWS
from tests.projects import add_project, flag_in, token_for
from tests.sdk import PLACE, PROJECT, make_flag, make_segment, run, users
from tests.server import ADMIN, BACKEND, FRONTEND, TestServer

PATH = "/api/frontend"
NO_VARIANT = {"name": "disabled", "enabled": False, "feature_enabled": True, "featureEnabled": True}
SHOP = {"Origin": "https://shop.example.com"}


def get(server: TestServer, path: str = PATH, *, token: str | None = FRONTEND, **more: Any) -> httpx.Response:
    return server.get(path, token=token, **more)


def on(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["toggles"]]


def asks(field: str, *values: str, operator: str = "IN") -> StrategyDraft:
    return StrategyDraft(
        name="default", constraints=[Constraint(context_name=field, operator=operator, values=list(values))]
    )


def test_flags_that_are_on_with_their_variants(server: TestServer) -> None:
    payload = PayloadDraft(type="json", value='{"a": "ü"}')
    variants = [VariantDraft(name="red", weight=1000, payload=payload)]
    make_flag(server, "plain")
    make_flag(server, "off", on=False)
    make_flag(server, "colours", StrategyDraft(name="default", variants=variants))
    make_flag(server, "for.ann", StrategyDraft(name="default", constraints=[users("ann")]))
    answer = get(server)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    red = {"type": "json", "value": '{"a": "ü"}'}
    plain = {"name": "plain", "enabled": True, "variant": NO_VARIANT, "impressionData": False}
    coloured = {**NO_VARIANT, "name": "red", "enabled": True, "payload": red}
    expected = [{**plain, "name": "colours", "variant": coloured}, plain]
    found = sorted(answer.json()["toggles"], key=lambda each: str(each["name"]))
    assert found == expected
    assert "for.ann" in on(get(server, params={"userId": "ann"}))

    off = {
        "name": "off",
        "enabled": False,
        "variant": {**NO_VARIANT, "feature_enabled": False, "featureEnabled": False},
    }
    every = {each["name"]: each for each in get(server, f"{PATH}/all").json()["toggles"]}
    assert every.keys() == {"plain", "off", "colours", "for.ann"}
    assert every["off"] == {**off, "impressionData": False}
    assert get(server, f"{PATH}/features/off").json() == every["off"]
    assert get(server, f"{PATH}/features/for.ann", params={"userId": "ann"}).json()["enabled"] is True
    assert get(server, f"{PATH}/features/none").status_code == 404


def test_nothing_is_valid_json(server: TestServer) -> None:
    assert get(server).json() == {"toggles": []}


@pytest.mark.parametrize(
    ("field", "query", "context"),
    [
        ("userId", {"userId": "x"}, {"userId": "x"}),
        ("appName", {"appName": "x"}, {"appName": "x"}),
        ("region", {"properties[region]": "x"}, {"properties": {"region": "x"}}),
        ("region", {"region": "x"}, {"region": "x"}),
        ("odd name", {"properties[odd name]": "x"}, {"properties": {"odd name": "x"}}),
    ],
)
def test_a_context_comes_in_the_query_or_in_the_body(
    server: TestServer, field: str, query: dict[str, str], context: dict[str, Any]
) -> None:
    make_flag(server, "f", asks(field, "x"))
    assert on(get(server, params=query)) == ["f"]
    assert on(server.post(PATH, token=FRONTEND, json={"context": context})) == ["f"]
    assert on(get(server)) == on(server.post(PATH, token=FRONTEND, json={})) == []
    assert on(server.post(PATH, token=FRONTEND)) == []


def test_what_is_no_text_is_read_as_one_or_left_out(server: TestServer) -> None:
    make_flag(server, "seven", asks("userId", "7"))
    make_flag(server, "true", asks("beta", "true"))
    context = {"userId": 7, "properties": {"beta": True, "list": [1], "none": None}}
    assert sorted(on(server.post(PATH, token=FRONTEND, json={"context": context}))) == ["seven", "true"]
    # A property is never taken for a field of the same name.
    assert on(server.post(PATH, token=FRONTEND, json={"context": {"properties": {"userId": "7"}}})) == []
    assert on(get(server, params={"properties[userId]": "7"})) == []


def test_the_environment_is_the_tokens_and_the_time_is_the_servers(server: TestServer) -> None:
    make_flag(server, "here", asks("environment", "development"))
    after = Constraint(context_name="currentTime", operator="DATE_AFTER", value="2100-01-01T00:00:00.000Z")
    make_flag(server, "later", StrategyDraft(name="default", constraints=[after]))
    context = {"environment": "production", "currentTime": "2200-01-01T00:00:00.000Z"}
    assert on(get(server, params=context)) == ["here"]
    assert on(server.post(PATH, token=FRONTEND, json={"context": context})) == ["here"]


def test_whoever_names_no_address_has_that_of_the_connection_and_a_session_of_one_answer(server: TestServer) -> None:
    make_flag(server, "local", StrategyDraft(name="remoteAddress", parameters={"IPs": "127.0.0.0/8"}))
    half: dict[str, str | int | float | bool] = {"rollout": 50, "stickiness": "sessionId", "groupId": "one"}
    for name in ("half", "same"):
        make_flag(server, name, StrategyDraft(name="flexibleRollout", parameters=half))
    assert "local" in on(get(server))
    assert "local" not in on(get(server, params={"remoteAddress": "10.0.0.1"}))
    seen = {tuple(each for each in sorted(on(get(server))) if each != "local") for _ in range(60)}
    assert seen == {(), ("half", "same")}, "flags of one session agree"
    assert len({tuple(on(get(server, params={"sessionId": "s"}))) for _ in range(20)}) == 1


def test_segments_and_dependencies(server: TestServer) -> None:
    beta = make_segment(server, "beta", users("7"))
    make_flag(server, "parent", StrategyDraft(name="default", segments=[beta]))
    make_flag(server, "child")
    run(server, dependencies.add, PROJECT, "child", DependencyDraft(feature="parent"))
    assert sorted(on(get(server, params={"userId": "7"}))) == ["child", "parent"]
    assert on(get(server, params={"userId": "8"})) == []


def test_who_has_an_answer_is_not_sent_it_again(server: TestServer) -> None:
    make_flag(server, "f", asks("userId", "7"))
    first = get(server, params={"userId": "7"})
    etag = first.headers["etag"]
    again = get(server, params={"userId": "7"}, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert get(server, params={"userId": "8"}, headers={"If-None-Match": etag}).status_code == 200
    run(server, switch.turn_off, PROJECT, "f", PLACE)
    assert on(get(server, params={"userId": "7"}, headers={"If-None-Match": etag})) == []


def test_large_answers_are_packed(server: TestServer) -> None:
    for i in range(20):
        make_flag(server, f"flag-{i}")
    packed = get(server, headers={"Accept-Encoding": "gzip"})
    plain = get(server, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert len(gzip.compress(plain.content, 1)) < int(plain.headers["content-length"]) / 3


def test_only_frontend_tokens(server: TestServer) -> None:
    for token, status in ((None, 401), ("nobody", 401), (BACKEND, 403), (ADMIN, 403), ("Basic abc", 400)):
        for path in (PATH, f"{PATH}/all", "/api/proxy", f"{PATH}/features/f"):
            answer = get(server, path, token=token, headers=SHOP)
            assert answer.status_code == status, (token, path)
            assert answer.headers["access-control-allow-origin"] == "*", "a page may read why"
        for path in ("metrics", "register"):
            assert server.post(f"{PATH}/client/{path}", token=token, json={}).status_code == status
    assert server.request("DELETE", PATH, token=FRONTEND).status_code == 405


def test_bodies_that_say_nothing(server: TestServer) -> None:
    for body in (b"{", b'{"context": 7}', b'{"context": {"properties": []}}', b"[]"):
        answer = server.post(PATH, token=FRONTEND, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["name"]) == (400, "BadDataError"), body
    large = {"context": {"userId": "x" * 100_000}}
    assert server.post(PATH, token=FRONTEND, json=large).status_code == 413
    many = "&".join(f"p{i}=x" for i in range(600))
    assert get(server, f"{PATH}?{many}").status_code == 400


def test_which_pages_may_ask(server: TestServer) -> None:
    make_flag(server, "f")
    asked = {**SHOP, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization,x-y"}
    for path in (PATH, f"{PATH}/client/metrics", "/api/proxy/all", f"{PATH}/features/f"):
        preflight = server.request("OPTIONS", path, token=None, headers=asked)
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert preflight.headers["access-control-allow-headers"] == "authorization,x-y"
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert preflight.headers["access-control-max-age"] == "86400"
    answer = get(server, headers=SHOP)
    assert answer.headers["access-control-expose-headers"] == "ETag"
    assert "Origin" in answer.headers["vary"]

    cors = {"frontendApiOrigins": ["https://shop.example.com"]}
    assert server.post("/api/admin/ui-config/cors", json=cors).status_code == 204
    assert get(server, headers=SHOP).headers["access-control-allow-origin"] == SHOP["Origin"]
    other = get(server, headers={"Origin": "https://other.example.com"})
    assert "access-control-allow-origin" not in other.headers
    assert "Origin" in other.headers["vary"]


def test_origins_count_as_browsers_send_them(server: TestServer) -> None:
    for written in ("https://Shop.Example.com", "https://shop.example.com:443", "HTTPS://shop.example.com"):
        for origins in (["https://other.example.com"], [written, "http://localhost:443"]):
            cors = {"frontendApiOrigins": origins}
            assert server.post("/api/admin/ui-config/cors", json=cors).status_code == 204
        assert get(server, headers=SHOP).headers.get("access-control-allow-origin") == SHOP["Origin"], written
    config = server.get("/api/admin/ui-config").json()
    assert config["frontendApiOrigins"] == ["https://shop.example.com", "http://localhost:443"]


def test_the_old_paths_of_proxies(server: TestServer) -> None:
    make_flag(server, "f", asks("userId", "7"))
    for tail in ("", "/all", "/features/f"):
        new, old = (get(server, base + tail, params={"userId": "7"}) for base in (PATH, "/api/proxy"))
        assert old.status_code == 200
        assert old.content == new.content


@pytest.mark.causes("application-created", action="POST /api/frontend/client/register")
@pytest.mark.causes("application-created", action="POST /api/proxy/client/register")
@pytest.mark.causes("client-metrics", action="POST /api/frontend/client/metrics")
@pytest.mark.causes("client-metrics", action="POST /api/proxy/client/metrics")
def test_what_browsers_report_is_counted(server: TestServer) -> None:
    make_flag(server, "f")
    moment = clock.to_iso(clock.now())
    register = {"appName": "web", "sdkVersion": "unleash-js-sdk:3.8.2", "strategies": [], "started": moment}
    answer = server.post(f"{PATH}/client/register", token=FRONTEND, json={**register, "interval": 30})
    assert (answer.status_code, answer.text, answer.headers["access-control-allow-origin"]) == (200, "OK", "*")
    bucket = {"start": moment, "stop": moment, "toggles": {"f": {"yes": 3, "no": 1, "variants": {"a": 2}}}}
    for base in (PATH, "/api/proxy"):
        assert server.post(f"{base}/client/register", token=FRONTEND, json={**register, "interval": 30}).text == "OK"
        body = {"appName": "web", "instanceId": "browser", "bucket": bucket, "impactMetrics": []}
        counted = server.post(f"{base}/client/metrics", token=FRONTEND, json=body)
        assert (counted.status_code, counted.text) == (200, "OK")
    server.call(server.services[USAGE].flush())
    raw = server.get("/api/admin/client-metrics/features/f/raw").json()["data"]
    assert [(each["appName"], each["yes"], each["no"]) for each in raw if each["yes"]] == [("web", 6, 2)]
    overview = server.get("/api/admin/metrics/applications/web/overview").json()
    (place,) = overview["environments"]
    assert place["frontendSdks"] == ["unleash-js-sdk:3.8.2"]
    assert server.post(f"{PATH}/client/metrics", token=FRONTEND, json={"bucket": bucket}).status_code == 400


def test_a_change_compiles_the_flag_that_it_is_about(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        make_flag(server, name)
    assert on(get(server)) == ["a", "b", "c"]
    compiled = []
    make = CompiledFlag.__init__

    def counted(flag: CompiledFlag, feature: Any, *args: Any, **more: Any) -> None:
        compiled.append(feature.name)
        make(flag, feature, *args, **more)

    monkeypatch.setattr(CompiledFlag, "__init__", counted)
    run(server, switch.turn_off, PROJECT, "b", PLACE)
    assert on(get(server)) == ["a", "c"]
    assert on(get(server)) == ["a", "c"]
    assert compiled == ["b"]


def test_views_that_were_not_asked_for_lately_are_dropped(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_VIEWS", 2)
    make_flag(server, "f")

    def view_of(project: str) -> views.View:
        scope = Credential(kind=Kind.FRONTEND, name="t", user_id=0, projects=(project,), environment=PLACE)
        found: views.View = server.call(server.services[VIEWS].of(scope))
        return found

    first, second = view_of("a"), view_of("b")
    assert (view_of("a") is first, view_of("b") is second, view_of("a") is first) == (True, True, True)
    third = view_of("c")
    assert (view_of("a") is first, view_of("c") is third) == (True, True)
    assert view_of("b") is not second


def test_a_token_gets_flags_of_its_projects_only(server: TestServer) -> None:
    add_project(server, "shop")
    make_flag(server, "mine")
    flag_in(server, "shop", "theirs")
    token = token_for(server, "one", "default", type="frontend")
    assert on(get(server, token=token)) == ["mine"]
    assert get(server, f"{PATH}/features/theirs", token=token).status_code == 404
