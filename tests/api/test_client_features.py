"""GET /api/client/features: what SDKs poll."""

import gzip
import time
from collections.abc import Callable

import httpx
import msgspec
import pytest

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands import archive, switch, tags
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.flags.queries import segment_uses
from flagkeeper.features.projects import store as projects
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.tokens.model import TokenType
from flagkeeper.features.tokens.model import draft as token_draft
from flagkeeper.http.caller import Credential
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.readmodels.client_features import endpoint
from flagkeeper.readmodels.client_features.query import FeatureQuery, read_query
from flagkeeper.readmodels.credentials.slice import CREDENTIALS
from tests.log import ALICE
from tests.sdk import make_flag, make_segment, run, users
from tests.server import ADMIN, BACKEND, FRONTEND, TestServer

PATH = "/api/client/features"
NEW = {"Unleash-Client-Spec": "5.2.0"}


def get(server: TestServer, path: str = PATH, *, token: str | None = BACKEND, **headers: str) -> httpx.Response:
    return server.get(path, token=token, headers={name.replace("_", "-"): value for name, value in headers.items()})


def names(answer: httpx.Response) -> list[str]:
    return [flag["name"] for flag in answer.json()["features"]]


def test_the_envelope(server: TestServer) -> None:
    make_flag(server, "checkout")
    answer = get(server)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert list(body) == ["version", "features", "query", "meta"]
    assert body["version"] == 2
    assert body["query"] == {"environment": "development", "inlineSegmentConstraints": True}
    assert body["meta"] == {
        "revisionId": server.services.log_signal.last_id,
        "etag": answer.headers["etag"],
        "queryHash": answer.headers["etag"][1:9],
    }
    (flag,) = body["features"]
    assert flag == {
        "name": "checkout",
        "type": "release",
        "enabled": True,
        "project": "default",
        "stale": False,
        "strategies": [
            {
                "name": "flexibleRollout",
                "constraints": [],
                "parameters": {"rollout": "100", "stickiness": "default", "groupId": "checkout"},
                "variants": [],
            }
        ],
        "variants": [],
        "description": "d",
        "impressionData": False,
    }


def test_disabled_strategies_are_left_out_and_the_others_stand_in_order(server: TestServer) -> None:
    make_flag(
        server,
        "checkout",
        StrategyDraft(name="default", sort_order=2),
        StrategyDraft(name="remoteAddress", parameters={"IPs": "10.0.0.1"}, sort_order=1),
        StrategyDraft(name="applicationHostname", sort_order=0, disabled=True),
    )
    (flag,) = get(server).json()["features"]
    assert [strategy["name"] for strategy in flag["strategies"]] == ["remoteAddress", "default"]


def test_archived_flags_are_not_sent(server: TestServer) -> None:
    make_flag(server, "checkout")
    make_flag(server, "basket")
    run(server, archive.archive, "default", "checkout")
    assert names(get(server)) == ["basket"]
    assert get(server, f"{PATH}/checkout").status_code == 404


def test_segments_are_sent_to_sdks_that_know_them_and_written_out_for_others(server: TestServer) -> None:
    segment = make_segment(server, "beta", users("7"))
    make_segment(server, "unused", users("8"))
    make_flag(server, "checkout", StrategyDraft(name="default", segments=[segment]))
    make_flag(server, "other")
    new = get(server, **NEW).json()
    assert new["query"]["inlineSegmentConstraints"] is False
    rule = {"contextName": "userId", "operator": "IN", "values": ["7"], "inverted": False, "caseInsensitive": False}
    assert new["segments"] == [{"id": segment, "name": "beta", "constraints": [rule]}]
    assert new["features"][0]["strategies"][0]["segments"] == [segment]
    assert new["features"][0]["strategies"][0]["constraints"] == []
    assert get(server, f"{PATH}?namePrefix=other", **NEW).json()["segments"] == new["segments"]
    for old in ({}, {"Unleash-Client-Spec": "4.1.0"}):
        answer = get(server, **old).json()
        assert "segments" not in answer
        assert answer["features"][0]["strategies"][0]["constraints"] == [rule]
        assert "segments" not in answer["features"][0]["strategies"][0]


def test_a_malformed_client_specification(server: TestServer) -> None:
    for spec in ("4.2", "v5.0.0", "5", "abc"):
        answer = get(server, Unleash_Client_Spec=spec)
        assert answer.status_code == 400
        assert answer.json()["name"] == "BadDataError"


def test_what_has_not_changed_is_not_sent_again(server: TestServer) -> None:
    make_flag(server, "checkout")
    etag = get(server).headers["etag"]
    for held in (etag, f"W/{etag}", f'"other", {etag}'):
        answer = get(server, If_None_Match=held)
        assert (answer.status_code, answer.content) == (304, b"")
    assert get(server, If_None_Match='"other"').status_code == 200
    assert get(server, If_None_Match=etag, **NEW).status_code == 200
    run(server, switch.turn_off, "default", "checkout", "development")
    changed = get(server, If_None_Match=etag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag
    assert changed.json()["features"][0]["enabled"] is False


def test_another_environment_does_not_move_the_revision(server: TestServer) -> None:
    make_flag(server, "checkout")
    etag = get(server).headers["etag"]
    run(server, switch.turn_on, "default", "checkout", "production")
    assert get(server, If_None_Match=etag).status_code == 304
    run(server, tags.add, "checkout", Tag("simple", "blue"))
    assert get(server, If_None_Match=etag).status_code == 200


def test_a_changed_segment_moves_the_revision_and_what_old_sdks_are_sent(server: TestServer) -> None:
    segment = make_segment(server, "beta", users("7"))
    make_flag(server, "checkout", StrategyDraft(name="default", segments=[segment]))
    etag = get(server).headers["etag"]
    draft = SegmentDraft(name="beta", description=None, project=None, constraints=[users("8")])
    run(server, segments.update, segment, draft, segment_uses)
    answer = get(server, If_None_Match=etag)
    assert answer.json()["features"][0]["strategies"][0]["constraints"][0]["values"] == ["8"]


QUERIES = [
    ("", ["alpha", "beta", "blue.flag"]),
    ("?namePrefix=b", ["beta", "blue.flag"]),
    ("?tag=simple:blue", ["blue.flag"]),
    ("?tag=simple:blue&tag=simple:none", ["blue.flag"]),
    ("?tag=simple:none", []),
    ("?project=default", ["alpha", "beta", "blue.flag"]),
    ("?project=other", []),
    ("?project=other&project=default&namePrefix=al", ["alpha"]),
    ("?environment=production&whatever=1", ["alpha", "beta", "blue.flag"]),
]


def test_queries(server: TestServer) -> None:
    for name in ("alpha", "beta", "blue.flag"):
        make_flag(server, name, on=False)
    run(server, tags.add, "blue.flag", Tag("simple", "blue"))
    for query, found in QUERIES:
        assert names(get(server, PATH + query)) == found, query


def test_what_is_kept_for_one_token_is_not_given_to_another(server: TestServer) -> None:
    """They ask the very same, in the same words; what their tokens are for is not in the request."""
    make_flag(server, "checkout")
    server.call(server.services.units.run(SYSTEM, _another_project))
    drafts = {
        (project, environment): token_draft("t", TokenType.CLIENT, environment, [project])
        for project in ("default", "elsewhere")
        for environment in ("development", "production")
    }
    secrets = {
        scope: server.call(server.services.units.run(SYSTEM, tokens.create, draft))[1]
        for scope, draft in drafts.items()
    }
    server.call(server.services[CREDENTIALS].reached(server.services.log_signal.last_id))
    for _ in range(2):
        for (project, environment), secret in secrets.items():
            for headers in (NEW, {**NEW, "Accept-Encoding": "identity"}):
                answer = get(server, token=secret, **headers)
                assert names(answer) == (["checkout"] if project == "default" else [])
                assert answer.json()["query"]["environment"] == environment
                assert answer.json()["query"]["project"] == [project]
    etags = {get(server, token=secret, **NEW).headers["etag"] for secret in secrets.values()}
    assert len(etags) == 4


def _another_project(unit: Unit) -> None:
    default = projects.load(unit.tx, "default")
    projects.add(unit.tx, msgspec.structs.replace(default, id="elsewhere"))
    unit.silent("project/elsewhere", "a test needs a second one")


def test_a_malformed_tag(server: TestServer) -> None:
    answer = get(server, f"{PATH}?tag=blue")
    assert answer.status_code == 400
    assert answer.json()["details"][0]["path"] == "/query/tag"


def test_one_flag(server: TestServer) -> None:
    make_flag(server, "checkout")
    assert get(server, f"{PATH}/checkout").json() == get(server).json()["features"][0]
    missing = get(server, f"{PATH}/nope")
    assert missing.status_code == 404
    assert missing.json()["name"] == "NotFoundError"
    assert get(server, f"{PATH}/").json() == get(server).json()


def test_who_may_not_read(server: TestServer) -> None:
    for token, status in ((None, 401), ("nobody", 401), (FRONTEND, 403), (ADMIN, 403)):
        for path in (PATH, f"{PATH}/checkout"):
            answer = get(server, path, token=token)
            assert answer.status_code == status, (token, path)
            assert set(answer.json()) >= {"id", "name", "message", "details"}


def test_bearer_is_understood(server: TestServer) -> None:
    for prefix in ("Bearer ", "bearer "):
        assert get(server, token=prefix + BACKEND).status_code == 200


def test_other_methods(server: TestServer) -> None:
    head = server.request("HEAD", PATH, token=BACKEND)
    assert (head.status_code, head.content) == (200, b"")
    for method in ("POST", "DELETE"):
        assert server.request(method, PATH, token=None).status_code == 401
        refused = server.request(method, PATH, token=BACKEND)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_packed_answers_hold_the_same(server: TestServer) -> None:
    make_flag(server, "checkout")
    with server.client.stream(
        "GET", PATH, headers={"Authorization": BACKEND, "Accept-Encoding": "gzip, deflate"}
    ) as packed:
        body = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    plain = get(server, Accept_Encoding="identity")
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(body) == plain.content
    assert "content-encoding" not in get(server, Accept_Encoding="gzip;q=0").headers


def test_a_change_is_visible_at_once(server: TestServer) -> None:
    """Within a fraction of a second, without anybody waiting for the follower."""
    make_flag(server, "checkout", on=False)
    server.call(server.services.units.run(ALICE, switch.turn_on, "default", "checkout", "development"))
    deadline = time.monotonic() + 1
    while not get(server).json()["features"][0]["enabled"]:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_the_documentation_describes_the_answer(server: TestServer) -> None:
    make_flag(server, "checkout")
    described = msgspec.json.decode(server.get("/docs/openapi.json").content)
    assert {PATH, f"{PATH}/{{featureName}}", "/api/client/register", "/api/client/metrics/bulk"} <= set(
        described["paths"]
    )
    document = described["components"]["schemas"]["ClientFeaturesDocument"]
    assert set(document["properties"]) == set(get(server, **NEW).json())


def test_what_is_kept_of_questions_is_bounded(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that came before is not read again; those that are long, or too many, leave no trace in memory."""
    make_flag(server, "checkout")
    monkeypatch.setattr(endpoint, "MOST_KEPT", 3)
    queries = list[bytes]()

    def counted(credential: Credential, query: bytes, spec: str | None) -> FeatureQuery:
        queries.append(query)
        return read_query(credential, query, spec)

    def times(ask: Callable[[], httpx.Response]) -> int:
        """How often a question that is asked twice is read."""
        queries.clear()
        assert names(ask()) == names(ask()) == ["checkout"]
        return len(queries)

    monkeypatch.setattr(endpoint, "read_query", counted)
    room = endpoint.LONGEST_KEPT - len("x=")
    spec, encoding = "5.2.0", "gzip"
    rest = len(spec) + len(encoding)
    asked = {"Unleash_Client_Spec": spec, "Accept_Encoding": encoding}
    for length, expected in [(1, 1), (room - rest, 1), (room - rest + 1, 2), (room, 2)]:
        assert times(lambda length=length: get(server, f"{PATH}?x={'a' * length}", **asked)) == expected  # type: ignore[misc]  # bound now, not later
    for number in range(3):
        assert times(lambda number=number: get(server, f"{PATH}?y={number}", **asked)) == 1  # type: ignore[misc]  # bound now, not later
    assert times(lambda: get(server, f"{PATH}?x=a", **asked)) == 1, "it was forgotten, and is read again"
