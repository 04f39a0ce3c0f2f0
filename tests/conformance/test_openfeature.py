"""OpenFeature for Python, with the official OFREP provider, unmodified, against the running server."""

from collections.abc import Iterator

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode

from flagkeeper.features.flags.commands import switch
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.flags.model.variant import PayloadDraft, VariantDraft
from tests.sdk import PLACE, PROJECT, make_flag, run, users
from tests.server import BACKEND, TestServer

ANN = EvaluationContext("ann")


@pytest.fixture
def client(server: TestServer) -> Iterator[OpenFeatureClient]:
    provider = OFREPProvider(server.url, headers_factory=lambda: {"Authorization": f"Bearer {BACKEND}"})
    api.set_provider(provider, "test")
    yield api.get_client("test")
    provider.session.close()
    api.clear_providers()


def test_values_of_every_type(server: TestServer, client: OpenFeatureClient) -> None:
    make_flag(server, "for.ann", StrategyDraft(name="default", constraints=[users("ann")]))
    details = client.get_boolean_details("for.ann", False, ANN)
    assert (details.value, details.reason, details.variant) == (True, "TARGETING_MATCH", "on")
    version = str(server.services.log_signal.last_id)
    assert (details.flag_metadata["flagSetId"], details.flag_metadata["version"]) == ("*:development", version)
    assert client.get_boolean_value("for.ann", True, EvaluationContext("bob")) is False
    payloads = [
        PayloadDraft(type="string", value="ü"),
        PayloadDraft(type="number", value="7"),
        PayloadDraft(type="number", value="1.5"),
        PayloadDraft(type="json", value='{"a": [1]}'),
    ]
    for i, payload in enumerate(payloads):
        variants = [VariantDraft(name="only", weight=0, payload=payload)]
        make_flag(server, f"flag-{i}", StrategyDraft(name="default", variants=variants))
    assert client.get_string_value("flag-0", "", ANN) == "ü"
    assert client.get_integer_value("flag-1", 0, ANN) == 7
    assert client.get_float_value("flag-2", 0.0, ANN) == 1.5
    assert client.get_object_value("flag-3", {}, ANN) == {"a": [1]}


def test_errors_and_defaults(server: TestServer, client: OpenFeatureClient) -> None:
    half = StrategyDraft(name="flexibleRollout", parameters={"rollout": 50, "stickiness": "userId"})
    make_flag(server, "half", half)
    missing = client.get_boolean_details("none", True, ANN)
    assert (missing.value, missing.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
    nobody = client.get_boolean_details("half", True, EvaluationContext())
    assert (nobody.value, nobody.error_code) == (True, ErrorCode.TARGETING_KEY_MISSING)
    variants = [VariantDraft(name="only", weight=0, payload=PayloadDraft(type="string", value="x"))]
    make_flag(server, "text", StrategyDraft(name="default", variants=variants))
    run(server, switch.turn_off, PROJECT, "text", PLACE)
    details = client.get_string_details("text", "mine", ANN)
    assert (details.value, details.reason, details.error_code) == ("mine", "DISABLED", None)
