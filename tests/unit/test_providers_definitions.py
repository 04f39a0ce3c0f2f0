"""How providers present themselves: names, parameters and events as the facts have them."""

import pytest

from flagkeeper.eventlog import catalogue
from flagkeeper.integrations.protocol.provider import Built
from flagkeeper.integrations.protocol.verdict import Outcome, State
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.outbound.outgoing import Answer, SendResult

REQUIRED, SECRET = "required", "sensitive"

UNLEASH: dict[str, dict[str, set[str]]] = {
    "webhook": {
        "url": {REQUIRED, SECRET},
        "contentType": set(),
        "authorization": {SECRET},
        "customHeaders": {SECRET},
        "bodyTemplate": set(),
    },
    "slack": {
        "url": {REQUIRED, SECRET},
        "username": set(),
        "emojiIcon": set(),
        "defaultChannel": {REQUIRED},
        "customHeaders": {SECRET},
    },
    "slack-app": {"accessToken": {REQUIRED, SECRET}, "defaultChannels": set()},
    "teams": {"url": {REQUIRED, SECRET}, "customHeaders": {SECRET}},
    "teamsworkflow": {"url": {REQUIRED, SECRET}, "customHeaders": {SECRET}},
    "datadog": {
        "url": set(),
        "apiKey": {REQUIRED, SECRET},
        "sourceTypeName": set(),
        "customHeaders": {SECRET},
        "bodyTemplate": set(),
    },
    "new-relic": {
        "url": {REQUIRED},
        "licenseKey": {REQUIRED, SECRET},
        "customHeaders": {SECRET},
        "bodyTemplate": set(),
    },
}
EVENTS = {"webhook": 33, "slack": 17, "slack-app": 63, "teams": 32, "teamsworkflow": 32, "datadog": 15, "new-relic": 15}
TAG_TYPES = {
    "slack": ("slack", "S"),
    "slack-app": ("slack", "S"),
    "datadog": ("datadog", "D"),
    "new-relic": ("new-relic", "D"),
}
ADDED = {"webhook": {"signingSecret", "ordered"}}


def test_all_are_offered() -> None:
    assert list(PROVIDERS) == [*UNLEASH, "grafana", "cloudevents", "email", "nats"]


@pytest.mark.parametrize("provider", UNLEASH)
def test_parameters_are_those_that_clients_know(provider: str) -> None:
    parameters = PROVIDERS[provider].definition.parameters
    known = {
        each.name: {word for word, yes in ((REQUIRED, each.required), (SECRET, each.sensitive)) if yes}
        for each in parameters
    }
    added = known.keys() - UNLEASH[provider].keys()
    assert added == ADDED.get(provider, {"ordered"})
    assert {name: words for name, words in known.items() if name not in added} == UNLEASH[provider]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_events_and_tag_types(provider: str) -> None:
    definition = PROVIDERS[provider].definition
    assert len(definition.events) == EVENTS.get(provider, len(definition.events)) > 0
    assert set(definition.events) <= set(catalogue.EVENTS)
    expected = TAG_TYPES.get(provider)
    assert [(each.name, each.icon) for each in definition.tag_types] == ([expected] if expected else [])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_people_are_told_what_they_need(provider: str) -> None:
    definition = PROVIDERS[provider].definition
    assert definition.description
    assert definition.documentation_url.startswith("https://")
    assert bool(definition.deprecated) == bool(definition.alerts) == (provider in ("slack", "teams"))
    for parameter in definition.parameters:
        assert parameter.description
        assert parameter.display_name


def judged(provider: str, answer: Answer) -> tuple[Outcome, str]:
    found = PROVIDERS[provider].judge(answer)
    return found.outcome, found.reason


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (Answer(status=200), Outcome.OK, "Status code: 200 - OK"),
        (Answer(status=204), Outcome.OK, "Status code: 204 - No Content"),
        (Answer(status=302), Outcome.RETRY, "Status code: 302 - Found"),
        (Answer(status=304), Outcome.RETRY, "Status code: 304 - Not Modified"),
        (Answer(status=400), Outcome.PERMANENT, "Status code: 400 - Bad Request"),
        (Answer(status=401), Outcome.RETRY, "Status code: 401 - Unauthorized"),
        (Answer(status=404), Outcome.RETRY, "Status code: 404 - Not Found"),
        (Answer(status=408), Outcome.RETRY, "Status code: 408 - Request Timeout"),
        (Answer(status=410), Outcome.DISABLE, "Status code: 410 - Gone"),
        (Answer(status=425), Outcome.RETRY, "Status code: 425 - Too Early"),
        (Answer(status=429), Outcome.RETRY, "Status code: 429 - Too Many Requests"),
        (Answer(status=500), Outcome.RETRY, "Status code: 500 - Internal Server Error"),
        (Answer(status=503), Outcome.RETRY, "Status code: 503 - Service Unavailable"),
        (Answer(status=599), Outcome.RETRY, "Status code: 599"),
        (Answer(status=101), Outcome.RETRY, "Status code: 101 - Switching Protocols"),
        (
            Answer(result=SendResult.REFUSED, message="x: this is private"),
            Outcome.PERMANENT,
            "Not sent: x: this is private",
        ),
        (
            Answer(result=SendResult.UNREACHABLE, message="no connection to x"),
            Outcome.RETRY,
            "No answer: no connection to x",
        ),
        (Answer(result=SendResult.TIMED_OUT, message="x did not answer"), Outcome.RETRY, "No answer: x did not answer"),
    ],
)
def test_what_http_answers_mean(answer: Answer, outcome: Outcome, reason: str) -> None:
    assert judged("webhook", answer) == (outcome, reason)


@pytest.mark.parametrize(
    ("provider", "answer", "outcome", "reason"),
    [
        (
            "slack",
            Answer(status=410, body=b"channel_is_archived"),
            Outcome.PERMANENT,
            "Status code: 410 - channel_is_archived",
        ),
        ("slack", Answer(status=404, body=b"<html>secret</html>"), Outcome.RETRY, "Status code: 404 - Not Found"),
        ("slack", Answer(status=404, body=b"no_service"), Outcome.PERMANENT, "Status code: 404 - no_service"),
        ("slack", Answer(status=500, body=b"rollup_error"), Outcome.RETRY, "Status code: 500 - rollup_error"),
        (
            "slack",
            Answer(status=200, body=b'{"success":false,"error":"invalid-channel"}'),
            Outcome.PERMANENT,
            "Status code: 200 - OK, but the answer says that the message was not taken.",
        ),
        (
            "grafana",
            Answer(status=200, body=b"\n<!doctype html>"),
            Outcome.RETRY,
            "Status code: 200 - OK, but a web page was answered. Does the address lead to the API?",
        ),
        ("datadog", Answer(status=202, body=b'{"status":"ok"}'), Outcome.OK, "Status code: 202 - Accepted"),
        ("slack", Answer(status=200, body=b"ok"), Outcome.OK, "Status code: 200 - OK"),
        ("slack-app", Answer(status=200, body=b'{"ok":true}'), Outcome.OK, "Status code: 200 - OK"),
        (
            "slack-app",
            Answer(status=200, body=b'{"ok":false,"error":"channel_not_found"}'),
            Outcome.PERMANENT,
            "Slack refused the message: channel_not_found",
        ),
        (
            "slack-app",
            Answer(status=200, body=b'{"ok":false,"error":"ratelimited"}'),
            Outcome.RETRY,
            "Slack refused the message: ratelimited",
        ),
        ("slack-app", Answer(status=200, body=b"<html>"), Outcome.RETRY, "Slack's answer cannot be read."),
        (
            "slack-app",
            Answer(status=429, retry_after=30.0),
            Outcome.RETRY,
            "Status code: 429 - Too Many Requests (retry after 30 s)",
        ),
        ("slack-app", Answer(status=410), Outcome.PERMANENT, "Status code: 410 - Gone"),
        ("slack-app", Answer(result=SendResult.TIMED_OUT, message="late"), Outcome.RETRY, "No answer: late"),
        ("teams", Answer(status=200, body=b"1"), Outcome.OK, "Status code: 200 - OK"),
        (
            "teams",
            Answer(
                status=200,
                body=b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 "
                b"with ContextId tcid=0,server=x,cv=y..",
            ),
            Outcome.RETRY,
            "Teams did not take the message. Status code: 429 - Too Many Requests",
        ),
        (
            "teams",
            Answer(status=200, body=b"Microsoft Teams endpoint returned HTTP error 403"),
            Outcome.RETRY,
            "Teams did not take the message. Status code: 403 - Forbidden",
        ),
        (
            "teams",
            Answer(status=200, body=b"Webhook message delivery failed."),
            Outcome.RETRY,
            "Teams did not take the message.",
        ),
        ("teams", Answer(status=400, body=b"delivery failed"), Outcome.PERMANENT, "Status code: 400 - Bad Request"),
        ("new-relic", Answer(status=200, body=b'{"success":true,"uuid":"x"}'), Outcome.OK, "Status code: 200 - OK"),
        ("new-relic", Answer(status=200, body=b'{"succ'), Outcome.OK, "Status code: 200 - OK"),
        (
            "new-relic",
            Answer(status=200, body=b'{"success":false}'),
            Outcome.PERMANENT,
            "Status code: 200 - OK, but the answer says that the message was not taken.",
        ),
        ("email", Answer(status=200, message="accepted"), Outcome.OK, "Accepted"),
        ("email", Answer(status=207, message="refused for a@b.example"), Outcome.OK, "Refused for a@b.example"),
        ("email", Answer(status=503, message="SMTP 450 later"), Outcome.RETRY, "SMTP 450 later"),
        ("email", Answer(status=422, message="SMTP 550 nobody"), Outcome.PERMANENT, "SMTP 550 nobody"),
        (
            "nats",
            Answer(status=503, message="no stream keeps this subject"),
            Outcome.RETRY,
            "No stream keeps this subject",
        ),
        ("nats", Answer(result=SendResult.REFUSED, message="x"), Outcome.PERMANENT, "Not sent: x"),
    ],
)
def test_receivers_have_words_of_their_own(provider: str, answer: Answer, outcome: Outcome, reason: str) -> None:
    assert judged(provider, answer) == (outcome, reason)


def test_a_mail_that_some_did_not_get_is_a_success_with_errors() -> None:
    email = PROVIDERS["email"]
    answer = Answer(status=207, message="refused for a@b.example")
    found = email.verdict(Built(parts={}, details={}), {"message": answer})
    assert (found.outcome, found.state, found.done) == (Outcome.OK, State.SUCCESS_WITH_ERRORS, ("message",))


GOOD, LATER, NEVER, GONE = (
    Answer(status=200),
    Answer(status=500, retry_after=7.0),
    Answer(status=400),
    Answer(status=410),
)


@pytest.mark.parametrize(
    ("answers", "warnings", "outcome", "state", "done"),
    [
        ([GOOD], (), Outcome.OK, State.SUCCESS, 1),
        ([GOOD], ("w",), Outcome.OK, State.SUCCESS_WITH_ERRORS, 1),
        ([GOOD, GOOD], (), Outcome.OK, State.SUCCESS, 2),
        ([GOOD, NEVER], (), Outcome.OK, State.SUCCESS_WITH_ERRORS, 2),
        ([GOOD, LATER], (), Outcome.RETRY, State.SUCCESS_WITH_ERRORS, 1),
        ([NEVER, LATER], (), Outcome.RETRY, State.FAILED, 1),
        ([LATER, LATER], (), Outcome.RETRY, State.FAILED, 0),
        ([NEVER, NEVER], (), Outcome.PERMANENT, State.FAILED, 2),
        ([GONE], (), Outcome.DISABLE, State.FAILED, 1),
        ([], ("nobody",), Outcome.PERMANENT, State.FAILED, 0),
    ],
)
def test_the_answers_of_all_parts_together(
    answers: list[Answer], warnings: tuple[str, ...], outcome: Outcome, state: State, done: int
) -> None:
    built = Built(parts={}, details={}, warnings=warnings)
    found = PROVIDERS["webhook"].verdict(built, {f"part {i}": answer for i, answer in enumerate(answers)})
    assert (found.outcome, found.state, len(found.done)) == (outcome, state, done)
    assert found.reason.count("\n") == max(0, len(answers) + len(warnings) - 1)
    assert found.retry_after == (7.0 if LATER in answers else None)
