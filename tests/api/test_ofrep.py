"""OFREP, the OpenFeature Remote Evaluation Protocol."""

from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.features.flags.commands import switch
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.flags.model.variant import PayloadDraft, VariantDraft
from flagkeeper.kernel.errors import Unavailable
from flagkeeper.readmodels.remote_evaluation.views import Views
from tests.sdk import PLACE, PROJECT, make_flag, run, users
from tests.server import ADMIN, BACKEND, FRONTEND, Host, TestServer, settings_for

PATH = "/ofrep/v1/evaluate/flags"
FLAG_SET = "*:development"


def ask(server: TestServer, key: str = "", *, token: str | None = FRONTEND, **context: Any) -> httpx.Response:
    return server.post(f"{PATH}/{key}".rstrip("/"), token=token, json={"context": context})


def flags(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {each["key"]: each for each in answer.json()["flags"]}


def gives(*payloads: PayloadDraft | None, constraints: list[Constraint] | None = None) -> StrategyDraft:
    variants = [VariantDraft(name=f"v{i}", weight=0, payload=each) for i, each in enumerate(payloads)]
    return StrategyDraft(
        name="flexibleRollout",
        constraints=constraints or [],
        parameters={"rollout": 100, "stickiness": "userId", "groupId": "g"},
        variants=variants,
    )


def share(percent: int) -> StrategyDraft:
    return StrategyDraft(
        name="flexibleRollout", parameters={"rollout": percent, "stickiness": "userId", "groupId": "gr1"}
    )


def test_a_flag_without_variants_is_a_boolean_with_a_reason(server: TestServer) -> None:
    make_flag(server, "on", StrategyDraft(name="default"))
    make_flag(server, "off", on=False)
    make_flag(server, "for.ann", StrategyDraft(name="default", constraints=[users("ann")]))
    make_flag(server, "some", share(73))
    make_flag(server, "fewer", share(72))
    expected = {
        "on": (True, "on", "STATIC"),
        "off": (False, "off", "DISABLED"),
        "for.ann": (False, "off", "DEFAULT"),
        "some": (True, "on", "SPLIT"),
        "fewer": (False, "off", "DEFAULT"),
    }
    found = flags(ask(server, targetingKey="123"))
    assert {key: (each["value"], each["variant"], each["reason"]) for key, each in found.items()} == expected
    assert found["on"]["metadata"] == {"enabled": True, "project": "default"}
    for key, (value, variant, reason) in expected.items():
        body = ask(server, key, targetingKey="123").json()
        assert body == {
            "key": key,
            "value": value,
            "variant": variant,
            "reason": reason,
            "metadata": {
                "enabled": value,
                "project": "default",
                "flagSetId": FLAG_SET,
                "version": str(server.services.log_signal.last_id),
            },
        }
    assert ask(server, "for.ann", targetingKey="ann").json()["reason"] == "TARGETING_MATCH"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "ü", "ü"),
        ("csv", "a,b", "a,b"),
        ("number", "5", 5),
        ("number", "5.0", 5.0),
        ("number", "-1.5e3", -1500.0),
        ("json", '{"a": [1, null]}', {"a": [1, None]}),
    ],
)
def test_a_flag_with_variants_has_the_value_of_its_payload(
    server: TestServer, kind: Any, text: str, value: Any
) -> None:
    make_flag(server, "f", gives(PayloadDraft(type=kind, value=text), constraints=[users("ann")]))
    for found in (ask(server, "f", targetingKey="ann").json(), flags(ask(server, targetingKey="ann"))["f"]):
        assert (found["value"], type(found["value"]), found["variant"]) == (value, type(value), "v0")
    for found in (ask(server, "f", targetingKey="bob").json(), flags(ask(server, targetingKey="bob"))["f"]):
        assert "value" not in found, "the application's own default holds"
        assert (found["reason"], found["variant"], found["metadata"]["enabled"]) == ("DEFAULT", "off", False)


def test_a_variant_without_a_payload_is_its_name(server: TestServer) -> None:
    make_flag(server, "f", gives(None, None))
    given = {ask(server, "f", targetingKey=str(i)).json()["value"] for i in range(40)}
    assert given == {"v0", "v1"}
    assert ask(server, "f", targetingKey="1").json()["reason"] == "SPLIT"


def test_a_flag_that_is_rolled_out_by_user_needs_one(server: TestServer) -> None:
    make_flag(server, "on", StrategyDraft(name="default"))
    make_flag(server, "some", share(50))
    answer = ask(server, "some")
    assert (answer.status_code, answer.json()["key"]) == (400, "some")
    assert answer.json()["errorCode"] == "TARGETING_KEY_MISSING"
    found = flags(ask(server))
    assert found["some"] == answer.json()
    assert found["on"]["value"] is True
    assert ask(server, "on").status_code == 200
    assert flags(ask(server, sessionId="s"))["some"]["value"] is False, "nobody's user is nobody"


def test_a_context_has_properties_of_any_kind(server: TestServer) -> None:
    rules = [
        Constraint(context_name="region", operator="IN", values=["eu"]),
        Constraint(context_name="age", operator="NUM_GTE", value="18"),
    ]
    make_flag(server, "f", StrategyDraft(name="default", constraints=rules))
    assert ask(server, "f", targetingKey="a", region="eu", age=18, list=[1], at=None).json()["value"] is True
    assert ask(server, "f", properties={"region": "eu", "age": 18}).json()["value"] is True
    assert ask(server, "f", targetingKey="a", region="eu", age=17.5).json()["value"] is False


def test_errors_have_codes(server: TestServer) -> None:
    make_flag(server, "f")
    json = {"Content-Type": "application/json"}
    missing = ask(server, "none")
    assert (missing.status_code, missing.json()["errorCode"], missing.json()["key"]) == (404, "FLAG_NOT_FOUND", "none")
    for path, keys in (("", {"errorCode", "errorDetails"}), ("/f", {"key", "errorCode", "errorDetails"})):
        for body, code in (
            (b"{", "PARSE_ERROR"),
            (b"[]", "PARSE_ERROR"),
            (b'{"context": 7}', "INVALID_CONTEXT"),
            (b'{"context": {"targetingKey": 7}}', "INVALID_CONTEXT"),
            (b'{"context": {"properties": 7}}', "INVALID_CONTEXT"),
        ):
            answer = server.post(PATH + path, token=FRONTEND, content=body, headers=json)
            assert (answer.status_code, answer.json()["errorCode"]) == (400, code), body
            assert answer.json().keys() == keys
        assert server.post(PATH + path, token=FRONTEND).status_code == 200, "no context is one"
        assert server.get(PATH + path, token=FRONTEND).status_code == 405
        large = {"context": {"x": "x" * 100_000}}
        assert server.post(PATH + path, token=FRONTEND, json=large).status_code == 413


def test_a_defect_of_ours_has_a_code_and_tells_nothing(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    make_flag(server, "f")

    async def broken(_views: Views, _credential: Any) -> Any:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Views, "of", broken)
    with capture_logs() as logs:
        for key, keys in (("", {"errorCode", "errorDetails"}), ("f", {"key", "errorCode", "errorDetails"})):
            answer = ask(server, key)
            assert (answer.status_code, answer.json()["errorCode"]) == (500, "GENERAL")
            assert answer.json().keys() == keys
            assert "secret" not in answer.text
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["request_failed"] * 2

    async def away(_views: Views, _credential: Any) -> Any:
        raise Unavailable("Come back.")

    monkeypatch.setattr(Views, "of", away)
    assert (ask(server).status_code, ask(server).json()["name"]) == (503, "ServiceUnavailableError")


def test_tokens_of_sdks_in_either_header(server: TestServer) -> None:
    make_flag(server, "f")
    for token, status in ((None, 401), ("nobody", 401), (ADMIN, 403), (BACKEND, 200), (FRONTEND, 200)):
        for key in ("", "f"):
            assert ask(server, key, token=token).status_code == status
    for header in ({"Authorization": f"Bearer {FRONTEND}"}, {"X-API-Key": FRONTEND}):
        assert server.post(PATH, token=None, headers=header).status_code == 200
    answer = server.post(PATH, token=FRONTEND, headers={"Origin": "https://shop.example.com"})
    assert answer.headers["access-control-allow-origin"] == "*"
    asked = {"Origin": "https://shop.example.com", "Access-Control-Request-Method": "POST"}
    assert server.request("OPTIONS", PATH, token=None, headers=asked).status_code == 204


def test_what_has_not_changed_for_somebody_is_not_sent_again(server: TestServer) -> None:
    make_flag(server, "f", StrategyDraft(name="default", constraints=[users("ann")]))
    first = ask(server, targetingKey="ann")
    etag, revision = first.headers["etag"], first.json()["metadata"]
    assert revision == {"flagSetId": FLAG_SET, "version": str(server.services.log_signal.last_id)}

    def again(user: str) -> httpx.Response:
        body = {"context": {"targetingKey": user}}
        return server.post(PATH, token=FRONTEND, json=body, headers={"If-None-Match": etag})

    assert (again("ann").status_code, again("ann").content, again("ann").headers["etag"]) == (304, b"", etag)
    assert again("bob").status_code == 200
    run(server, switch.turn_off, PROJECT, "f", PLACE)
    assert again("ann").status_code == 200
    run(server, switch.turn_on, PROJECT, "f", PLACE)
    assert again("ann").status_code == 304, "it is as it was"


def test_who_asks_too_often_is_told_when_to_ask_again(host: Host, sqlite_url: str) -> None:
    with TestServer(host, settings_for(sqlite_url, evaluations_per_minute=1)) as server:
        answers = [ask(server) for _ in range(4)]  # in two minutes at most
        refused = [each for each in answers if each.status_code == 429]
        assert len(refused) >= 2
        assert 1 <= int(refused[0].headers["retry-after"]) <= 60
        assert {each.status_code for each in answers} == {200, 429}
        assert server.get("/api/frontend", token=BACKEND).status_code == 403, "who may not ask is not counted"
