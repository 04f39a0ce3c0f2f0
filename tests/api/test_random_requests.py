"""Random requests, made from our own OpenAPI document: whatever is sent, the answer is one that a caller can use."""

import json
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.core.control import SkipTest

from tests.exchanges import Exchanges, exchange, wrong
from tests.server import ADMIN, BACKEND, FRONTEND, TestServer

EXAMPLES = 5
"""Requests per operation and mode (valid ones, and ones that are wrong in some way)."""
UNSENT = {
    "/logout",
    "/auth/simple/login",
    "/api/admin/log/stream",
    "/api/client/streaming",
    "/api/admin/maintenance",
}
"""They end sessions, are limited to ten a minute, never end, or close the server for all others; tests of their own
exist."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
def test_no_request_causes_an_error_of_ours(server: TestServer, mode: GenerationMode) -> None:
    document = server.get("/docs/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.update(modes=[mode], with_security_parameters=False)
    requests = Requests(server)

    result: Any
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path not in UNSENT:
            requests.send(operation, mode)

    assert requests.sent > 200
    assert not requests.failures, "\n".join(requests.failures[:10])
    assert server.get("/ready").status_code == 200


def test_exchanges_that_are_hardly_http(server: TestServer) -> None:
    exchanges = Exchanges(server.get("/docs/openapi.json").json(), seed=23)
    port = httpx.URL(server.url).port
    assert port is not None
    found = [exchange(port, exchanges.request()) for _ in range(400)]
    assert not wrong(found), "\n".join(wrong(found)[:5])
    assert {0, 200, 400, 401, 404, 405, 415} <= {each.status for each in found}
    assert server.get("/ready").status_code == 200


class Requests:
    """Sends random requests and keeps the answers that nobody could use."""

    def __init__(self, server: TestServer) -> None:
        self._server = server
        self.sent = 0
        self.failures: list[str] = []

    def send(self, operation: Any, mode: GenerationMode) -> None:
        token = token_for(operation.path)

        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=[hypothesis.Phase.generate],
        )
        def try_it(case: Any) -> None:
            answer = case.call(base_url=self._server.url, headers={"Authorization": token}, timeout=30)
            self.sent += 1
            if problem := what_is_wrong(answer, form_of(operation.path)):
                self.failures.append(f"{case.method} {case.formatted_path}: {problem}")

        try:
            try_it()
        except (hypothesis.errors.Unsatisfiable, SkipTest):
            return  # it takes nothing that could be like that


FORMS = {"/scim/": {"schemas", "status", "detail"}, "/ofrep/v1/evaluate/": {"errorCode"}}
"""What errors hold where a protocol has its own."""


def token_for(path: str) -> str:
    if path.startswith(("/api/frontend", "/api/proxy", "/ofrep/")):
        return FRONTEND
    return BACKEND if path.startswith("/api/client") else ADMIN


def form_of(path: str) -> set[str]:
    return next((form for begin, form in FORMS.items() if path.startswith(begin)), {"id", "name", "message", "details"})


def what_is_wrong(answer: Any, form: set[str]) -> str:
    """Nothing for a success, and for a refusal that says what to do."""
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.text[:300]}"
    if answer.status_code < 400:
        return ""
    try:
        body = json.loads(answer.content)
    except ValueError:
        return f"{answer.status_code} without a JSON body: {answer.text[:100]!r}"
    missing = form - set(body)
    return f"{answer.status_code} without {missing}" if missing else ""
