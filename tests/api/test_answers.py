"""What is the same for every route: whose fault an answer names, what it carries, and how it can be kept."""

import gzip
import json
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.databases import Run, fresh_sqlite, started
from tests.server import ADMIN, BACKEND, FRONTEND, Host, TestServer, settings_for

FLAGS = "/api/admin/projects/default/features"
USER = "/api/admin/user"
STREAMS = {"/api/admin/events", "/api/admin/log/stream", "/api/admin/log/export", "/api/client/streaming"}
"""They are not in one piece, or may be not."""
OWN_TAGS = ("/docs/openapi", "/api/client/", "/api/frontend", "/api/proxy")
OWN_ERRORS = ("/ofrep/", "/scim/")
"""As their protocols say."""
OF_BROWSERS = ("/api/frontend", "/api/proxy")

JSON = {"Content-Type": "application/json"}
REPORT = b'{"appName": "shop", "bucket": null}'
OPEN = {"contextName": "a"}
OWNERS = {"type": "simple", "value": "owners"}

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture
def sqlite_server(host: Host, run: Run, tmp_path: Path) -> Iterator[TestServer]:
    """For what no database has a part in."""
    with fresh_sqlite(run, tmp_path, started) as url, TestServer(host, settings_for(url)) as server:
        yield server


def operations(server: TestServer) -> Iterator[Operation]:
    """Method, path and description of all that there is."""
    for path, found in server.get("/docs/openapi.json").json()["paths"].items():
        for method, operation in found.items():
            yield method.upper(), path, operation


def filled(path: str) -> str:
    """A path without its parameters."""
    steps = [("1" if step.startswith("{") else step) for step in path.split("/")]
    return "/".join(steps)


def token_for(path: str) -> str:
    if path.startswith((*OF_BROWSERS, "/ofrep/")):
        return FRONTEND
    return BACKEND if path.startswith("/api/client") else ADMIN


def problem(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, name and the first detail's place of an error that has all that errors have."""
    body = answer.json()
    assert {"id", "name", "message", "details"} <= set(body)
    assert body["message"]
    assert all(detail["message"] for detail in body["details"])
    return answer.status_code, body["name"], body["details"][0].get("path")


BAD_BODIES = [
    pytest.param('{"name": "größe"}'.encode("latin-1"), {}, (400, "BadDataError", "/body"), id="latin-1"),
    pytest.param(b'{"name":' * 2_000, {}, (400, "BadDataError", "/body"), id="deep"),
    pytest.param(b"[" * 30_000, {}, (400, "BadDataError", "/body"), id="deeper"),
    pytest.param(b"{}", {"Content-Type": "application/json; charset=utf-16"}, (415, "ContentTypeError", None), id="16"),
    pytest.param(
        b"{}", {"Content-Type": "application/json; charset=no"}, (415, "ContentTypeError", None), id="charset"
    ),
    pytest.param(b"{}", {"Content-Encoding": "br"}, (415, "ContentTypeError", None), id="coding"),
    pytest.param(b"{}", {"Content-Encoding": "gzip"}, (400, "BadDataError", "/body"), id="not-packed"),
]


@pytest.mark.parametrize(("body", "headers", "expected"), BAD_BODIES)
def test_no_route_takes_a_body_that_nobody_can_read(
    sqlite_server: TestServer, body: bytes, headers: dict[str, str], expected: tuple[int, str, str | None]
) -> None:
    asked = 0
    for method, path, operation in operations(sqlite_server):
        if "requestBody" in operation:
            asked += 1
            answer = sqlite_server.request(
                method,
                filled(path),
                token=token_for(path),
                content=body,
                headers={"Content-Type": "application/json", **headers},
            )
            if path.startswith(OWN_ERRORS):
                assert 400 <= answer.status_code < 500, (method, path)
            else:
                assert problem(answer) == expected, (method, path)
    assert asked > 50


@pytest.mark.parametrize("suffix", ["-gzip", ";gzip", "--gzip", "-br", "-zstd"])
@pytest.mark.parametrize("path", [FLAGS, "/api/client/features", "/api/frontend", "/docs/openapi.json"])
def test_a_tag_is_known_however_a_proxy_has_marked_it(sqlite_server: TestServer, path: str, suffix: str) -> None:
    token = token_for(path)
    tag = sqlite_server.get(path, token=token).headers["etag"]
    for known in (tag, f'{tag[:-1]}{suffix}"', f'W/"other", W/{tag.removeprefix("W/")[:-1]}{suffix}"'):
        again = sqlite_server.get(path, token=token, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b""), known
    for unknown in (f'{tag[:-2]}{suffix}"', f'{tag[:-1]}-x"', '"-gzip"', "gzip"):
        assert sqlite_server.get(path, token=token, headers={"If-None-Match": unknown}).status_code == 200, unknown


def test_json_by_another_name_is_json(server: TestServer) -> None:
    assert server.post(FLAGS, json={"name": "patched"}).status_code == 201
    patch = b'[{"op": "replace", "path": "/description", "value": "new"}]'
    for kind in ("application/json-patch+json", "application/vnd.api+json; charset=utf-8"):
        answer = server.patch(f"{FLAGS}/patched", content=patch, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["description"]) == (200, "new"), kind
    nul = patch.replace(b"new", b"\\u0000")
    for kind, status in (("application/json-patch+json", 400), ("text/x+json", 415), ("application/+json", 415)):
        answer = server.patch(f"{FLAGS}/patched", content=nul, headers={"Content-Type": kind})
        assert answer.status_code == status, kind


@pytest.mark.parametrize("name", ["größe", "\ufeffx"])
def test_a_body_is_read_packed_or_with_a_byte_order_mark(server: TestServer, name: str) -> None:
    flag = json.dumps({"name": "packed", "description": name}, ensure_ascii=False).encode()
    packed = server.post(FLAGS, content=gzip.compress(flag), headers={"Content-Encoding": "gzip", **JSON})
    assert (packed.status_code, packed.json()["description"]) == (201, name)
    marked = server.post("/api/admin/segments", content=b'\xef\xbb\xbf{"name": "m", "constraints": []}', headers=JSON)
    assert marked.status_code == 201
    for report in (gzip.compress(REPORT), b"\xef\xbb\xbf" + REPORT):
        coding = {} if report.startswith(b"\xef") else {"Content-Encoding": "gzip"}
        answer = server.post("/api/client/metrics", token=BACKEND, content=report, headers={**JSON, **coding})
        assert answer.status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "body", "place"),
    [
        ("POST", FLAGS, {}, "/body/name"),
        ("POST", FLAGS, {"name": ["x"]}, "/body/name"),
        ("POST", FLAGS, None, "/body"),
        ("POST", FLAGS, [], "/body"),
        ("POST", "/api/admin/segments", {"constraints": []}, "/body/name"),
        ("POST", "/api/admin/segments", {"name": "x", "constraints": [OPEN]}, "/body/constraints/0/operator"),
        ("POST", "/auth/simple/login", {"username": "x"}, "/body/password"),
        ("PATCH", f"{FLAGS}/x", [{"op": "add", "path": "/a"}, {"op": "add"}], "/body/1/path"),
        ("PUT", "/api/admin/environments/sort-order", {"a": {"b": 1}}, "/body/*"),
        ("POST", "/api/client/metrics", {"appName": "a", "bucket": {"start": 1}}, "/body/bucket/stop"),
        ("GET", "/api/admin/user/roles", None, "/query/projectId"),
        ("GET", "/api/admin/metrics/applications?sortBy=x", None, "/query/sortBy"),
        ("GET", "/api/admin/addons/1/deliveries?state=x", None, "/query/state"),
        ("GET", "/api/admin/log/stream?lastEventId=x", None, "/query/lastEventId"),
        ("GET", "/api/admin/client-metrics/features/x/raw?hoursBack=abc", None, "/query/hoursBack"),
        ("POST", FLAGS, {"name": "x", "tags": [OWNERS, {"type": "simple", "value": "y"}]}, "/body/tags/1/value"),
        ("POST", FLAGS, {"name": "x", "tags": [OWNERS, {"type": "no", "value": "one"}]}, "/body/tags/1/type"),
        ("GET", "/api/admin/log/export?limit=x", None, "/query/limit"),
    ],
)
def test_a_problem_is_named_by_its_place(
    sqlite_server: TestServer, method: str, path: str, body: Any, place: str
) -> None:
    content = None if body is None else json.dumps(body)
    answer = sqlite_server.request(method, path, token=token_for(path), content=content, headers=JSON)
    assert problem(answer) == (400, "BadDataError", place)


def test_an_id_that_no_database_can_keep_is_nobodys(server: TestServer) -> None:
    for number in (2**63 - 1, 2**63, 2**64):
        answer = server.get(f"/api/admin/user-admin/{number}")
        assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError")


def test_a_route_that_takes_other_media_types_names_them(sqlite_server: TestServer) -> None:
    path, state = "/api/admin/state/import", b"version: 3"
    answer = sqlite_server.post(path, content=state, headers={"Content-Type": "text/plain"})
    assert (answer.status_code, "application/yaml" in answer.json()["message"]) == (415, True), answer.text
    for media_type in ("application/yaml", "application/json"):
        answer = sqlite_server.post(path, content=state, headers={"Content-Type": media_type})
        assert answer.status_code != 415, answer.text


def test_strangers_learn_nothing_but_that_they_must_log_in(sqlite_server: TestServer) -> None:
    paths = dict.fromkeys(path for _, path, _ in operations(sqlite_server) if path.startswith("/api/"))
    unknown = ["/api/admin/nowhere", "/api/admin/projects/default/nowhere", "/api/nowhere", "/api/client/nowhere"]
    for path in (*paths, *unknown):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"):
            answer = sqlite_server.request(method, filled(path), token=None)
            assert answer.status_code == 401, (method, path)
    for path in unknown:
        assert problem(sqlite_server.get(path, token=None))[1] == "AuthenticationRequired"
        assert problem(sqlite_server.get(path, token="*:*.wrong"))[1] == "UnauthorizedError"
        assert problem(sqlite_server.get(path))[:2] == (404, "NotFoundError")
        assert problem(sqlite_server.get(path, token=BACKEND))[:2] == (404, "NotFoundError")
    assert problem(sqlite_server.delete(FLAGS, token=None))[0] == 401
    assert problem(sqlite_server.delete(FLAGS))[0] == 405
    assert sqlite_server.get("/nowhere", token=None).status_code == 404


@pytest.mark.parametrize("path", [USER, "/api/admin/nowhere", "/api/admin/log/stream"])
@pytest.mark.parametrize("cookie", ["unleash-session=dead", "a=b; unleash-session=s%3Adead.x; c"])
def test_a_dead_session_leads_to_the_login(server: TestServer, path: str, cookie: str) -> None:
    answer = server.get(path, token=None, headers={"Cookie": cookie})
    assert problem(answer)[:2] == (401, "AuthenticationRequired")
    assert {key: answer.json()[key] for key in ("path", "type", "defaultHidden")} == {
        "path": "/auth/simple/login",
        "type": "password",
        "defaultHidden": False,
    }


def test_every_path_says_which_methods_it_knows(server: TestServer) -> None:
    for token in (None, ADMIN):
        answer = server.request("OPTIONS", FLAGS, token=token)
        assert (answer.status_code, answer.content) == (204, b"")
    known: dict[str, set[str]] = {}
    for method, path, _ in operations(server):
        known.setdefault(filled(path), set()).add(method)
    for path, methods in known.items():
        every = ", ".join(sorted({*methods, "OPTIONS", *(("HEAD",) if "GET" in methods else ())}))
        answer = server.request("OPTIONS", path, token=None)
        assert (answer.status_code, answer.headers["allow"]) == (204, every), path
        if path.startswith("/scim/"):
            continue  # who has no token for it is refused first
        refused = server.request("PROPFIND", path, token=token_for(path))
        assert (refused.status_code, refused.headers["allow"]) == (405, every), path


def readable(server: TestServer) -> Iterator[str]:
    """Every path that answers GET with 200 and needs no parameters."""
    for method, path, _ in operations(server):
        plain = method == "GET" and "{" not in path and path not in STREAMS
        if plain and server.get(path, token=token_for(path)).status_code == 200:
            yield path


def test_what_was_read_before_is_not_sent_again(server: TestServer) -> None:
    server.post(FLAGS, json={"name": "x"})
    tagged = 0
    for path in readable(server):
        first = server.get(path, token=token_for(path))
        tag = first.headers.get("etag")
        if not first.headers.get("content-type", "").startswith("application/json"):
            continue
        tagged += 1
        assert tag, path
        assert path.startswith(OWN_TAGS) or tag.startswith('W/"'), path
        assert first.headers["vary"].split(", ") == ["Accept-Encoding", *["Origin"] * path.startswith(OF_BROWSERS)]
        assert "cache-control" in first.headers or path.startswith(OWN_TAGS)
        if server.get(path, token=token_for(path)).headers["etag"] != tag:
            continue  # it shows the time
        # Of deltas, the tag is where the client is: one of several says nothing.
        held_by = (tag,) if path == "/api/client/delta" else (tag, f'"other", {tag}', tag.removeprefix("W/"), "*")
        for held in held_by:
            again = server.get(path, token=token_for(path), headers={"If-None-Match": held})
            assert (again.status_code, again.content) == (304, b""), (path, held)
            assert again.headers["etag"] == tag
            assert "content-type" not in again.headers
            assert "content-length" not in again.headers
        other = server.get(path, token=token_for(path), headers={"If-None-Match": 'W/"other"'})
        assert (other.status_code, other.content) == (200, first.content), path
    assert tagged > 15


def test_a_change_is_seen_in_spite_of_the_tag(server: TestServer) -> None:
    before = server.get(FLAGS).headers["etag"]
    server.post(FLAGS, json={"name": "x"})
    after = server.get(FLAGS, headers={"If-None-Match": before})
    assert (after.status_code, len(after.json()["features"])) == (200, 1)
    assert after.headers["etag"] != before


@pytest.mark.parametrize("number", [10, 250])
def test_large_answers_are_packed_for_those_who_ask(sqlite_server: TestServer, number: int) -> None:
    values = [f"user-{at}-" + "x" * 80 for at in range(number)]
    constraints = [{"contextName": "userId", "operator": "IN", "values": values}]
    for name in "abcd":
        sqlite_server.post("/api/admin/segments", json={"name": name, "constraints": constraints})
    plain = sqlite_server.get("/api/admin/segments", headers={"Accept-Encoding": "identity"})
    packed = sqlite_server.get("/api/admin/segments", headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert (packed.content, packed.headers["etag"]) == (plain.content, plain.headers["etag"])
    for asked in ("zstd", "gzip, zstd", "gzip;q=0.5, ZSTD; q=0.9", "gzip;q=0, zstd"):
        answer = sqlite_server.get("/api/admin/segments", headers={"Accept-Encoding": asked})
        assert (answer.headers["content-encoding"], answer.json()) == ("zstd", plain.json()), asked
    for asked in ("gzip, zstd;q=0.9", "gzip, zstd;q=0", "*", "zstd;q=0, *"):
        answer = sqlite_server.get("/api/admin/segments", headers={"Accept-Encoding": asked})
        assert (answer.headers["content-encoding"], answer.json()) == ("gzip", plain.json()), asked
    for refused in ("gzip;q=0", "br", "", "zstd;q=0", "zstd;q=no"):
        answer = sqlite_server.get("/api/admin/segments", headers={"Accept-Encoding": refused})
        assert "content-encoding" not in answer.headers


def test_small_secret_and_endless_answers_are_not_packed(server: TestServer) -> None:
    accepted = {"Accept-Encoding": "gzip"}
    for path in ("/health", USER, "/api/admin/events?project=default", "/api/admin/log/export"):
        answer = server.get(path, headers=accepted)
        assert "content-encoding" not in answer.headers, path
    assert "etag" not in server.get("/api/admin/log/export").headers


def test_who_may_keep_an_answer(server: TestServer) -> None:
    def kept(answer: httpx.Response) -> str:
        return str(answer.headers["cache-control"])

    assert kept(server.get(FLAGS)) == "private, no-cache"
    assert kept(server.get(USER)) == "no-store"
    token = {"tokenName": "t", "type": "client", "environment": "development", "projects": ["*"]}
    made = server.post("/api/admin/api-tokens", json=token)
    assert (made.status_code, kept(made)) == (201, "no-store")
    assert kept(server.get("/api/admin/nowhere")) == kept(server.get(USER, token=None)) == "no-store"
    assert kept(server.get("/api/admin/log/export")) == "no-store"
    assert kept(server.get("/docs/openapi.json")) == "public, max-age=300"


def test_an_answer_without_a_body_has_no_content_type(server: TestServer) -> None:
    made = server.post(FLAGS, json={"name": "x"})
    assert made.headers["content-type"] == "application/json; charset=utf-8"
    on = server.post(f"{FLAGS}/x/environments/development/on")
    gone = server.delete(f"{FLAGS}/x")
    strong = server.post("/auth/reset/validate-password", json={"password": "Correct-horse-1"})
    for answer in (on, gone, strong, server.post("/logout", token=None)):
        assert answer.status_code < 400
        assert answer.content == b""
        assert "content-type" not in answer.headers


def test_head_is_get_without_the_body(server: TestServer) -> None:
    server.post(FLAGS, json={"name": "x"})
    for path in (*readable(server), *STREAMS, "/api/admin/projects/default/features/x", "/nowhere"):
        with server.client.stream("GET", path, headers={"Authorization": token_for(path)}) as got:
            head = server.request("HEAD", path, token=token_for(path))
            assert (head.status_code, head.content) == (got.status_code, b""), path
            for name in ("content-type", "vary", "cache-control"):
                assert head.headers.get(name) == got.headers.get(name), (path, name)
            assert ("content-length" in head.headers) == ("content-length" in got.headers), path
    flag = f"{FLAGS}/x"
    assert server.request("HEAD", flag).headers["content-length"] == server.get(flag).headers["content-length"]
    assert server.request("HEAD", "/api/client/metrics", token=BACKEND).status_code == 405
    assert server.request("HEAD", FLAGS, token=None).status_code == 401


def test_a_head_of_an_endless_stream_ends(server: TestServer) -> None:
    for _ in range(3):
        answer = server.request("HEAD", "/api/admin/log/stream")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert server.get(FLAGS).status_code == 200


@pytest.mark.parametrize("path", ["//api/client/features", "/api//client/features", "/api/client/features/"])
def test_a_doubled_slash_is_one(server: TestServer, path: str) -> None:
    with httpx.Client(trust_env=False) as client:
        answer = client.get(f"{server.url}{path}", headers={"Authorization": BACKEND})
        assert answer.status_code == 200
        report = client.post(f"{server.url}/api//client/metrics/", content=REPORT, headers={"Authorization": BACKEND})
        assert report.status_code == 202
        assert client.get(f"{server.url}//api/admin//projects", headers={"Authorization": ADMIN}).status_code == 200


def test_all_lines_that_proxies_wrote_count(host: Host, sqlite_url: str) -> None:
    settings = settings_for(sqlite_url, trusted_proxies=(ip_network("127.0.0.1"), ip_network("10.0.0.0/8")))
    with TestServer(host, settings) as server:
        for number, (lines, address) in enumerate(
            [
                (["203.0.113.66", "198.51.100.7"], "198.51.100.7"),
                (["203.0.113.66, 198.51.100.7", "10.0.0.9"], "198.51.100.7"),
                (["198.51.100.7:4711"], "198.51.100.7"),
                (["[2001:db8::7]:4711"], "2001:db8::7"),
                (["203.0.113.66", "nonsense"], "127.0.0.1"),
                ([], "127.0.0.1"),
            ]
        ):
            headers = [("Authorization", ADMIN), *JSON.items(), *(("X-Forwarded-For", line) for line in lines)]
            with httpx.Client(trust_env=False, headers=headers) as client:
                assert client.post(f"{server.url}{FLAGS}", json={"name": f"f{number}"}).status_code == 201
            assert server.events(type="IS:feature-created")[0]["ip"] == address, lines
