"""What each provider makes of events: golden requests, the receivers' own rules, and names that try to be markup.

python tests/unit/test_providers.py      writes the golden requests anew; read what changed
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from flagkeeper.integrations.config.model import IntegrationDraft, check, completed
from flagkeeper.integrations.protocol.event_body import MASK
from flagkeeper.integrations.protocol.provider import Built, EventOut, Links
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.outbound.outgoing import BrokerMessage, HttpRequest, Mail, Outgoing
from tests.announced import BASE, ENABLED, EVENTS, INTEGRATION, ODD

TESTS = Path(__file__).parents[1]
GOLDEN = TESTS / "unit/golden/providers"
SCHEMAS = {path.stem: path for path in (TESTS / "data/payload-schemas").glob("*.json")}

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PARAMETERS: dict[str, dict[str, str]] = {
    "webhook": {
        "url": "https://hooks.corp.example/in/T0K3N",
        "authorization": "Bearer s3cret",
        "customHeaders": '{"X-Team": "shop"}',
        "signingSecret": SECRET,
    },
    "slack": {"url": "https://hooks.slack.com/services/T/B/s3cret", "defaultChannel": "#general, ops"},
    "slack-app": {"accessToken": "xoxb-s3cret", "defaultChannels": "general, #releases"},
    "teams": {"url": "https://corp.webhook.office.com/webhookb2/s3cret"},
    "teamsworkflow": {"url": "https://prod.logic.azure.com/workflows/x?sig=s3cret"},
    "datadog": {"apiKey": "s3cret", "sourceTypeName": "flagkeeper"},
    "new-relic": {"url": "https://insights-collector.newrelic.com/v1/accounts/1/events", "licenseKey": "s3cret"},
    "grafana": {"url": "https://grafana.corp.example/", "token": "glsa_s3cret", "tags": "team:shop"},
    "cloudevents": {"url": "https://broker.corp.example/s3cret", "signingSecret": SECRET},
    "email": {
        "server": "smtps://mail.corp.example",
        "username": "flags",
        "password": "s3cret",
        "from": "flags@corp.example",
        "to": "team@corp.example, boss@corp.example",
    },
    "nats": {"server": "tls://nats.corp.example", "token": "s3cret"},
}


def built(provider: str, event: EventOut, **changes: str) -> Built:
    return PROVIDERS[provider].build(event, PARAMETERS[provider] | changes, Links(BASE))


def request(provider: str, event: EventOut, **changes: str) -> HttpRequest:
    (part,) = built(provider, event, **changes).parts.values()
    assert isinstance(part, HttpRequest)
    return part


def body_of(sent: HttpRequest) -> Any:
    packed = sent.headers.get("Content-Encoding") == "gzip"
    return json.loads(gzip.decompress(sent.body) if packed else sent.body)


def readable(part: Outgoing) -> dict[str, Any]:
    """Something outgoing, as a person would compare it."""
    shown: dict[str, Any] = msgspec.to_builtins({name: getattr(part, name) for name in part.__struct_fields__})
    match part:
        case HttpRequest():
            shown["body"] = body_of(part)
        case BrokerMessage():
            shown["body"] = json.loads(part.body)
        case Mail():
            shown["text"] = part.text.splitlines()
    return shown


def golden(provider: str) -> dict[str, Any]:
    made_of = {
        name: {
            "parts": {part: readable(sent) for part, sent in made.parts.items()},
            "details": made.details,
            "warnings": list(made.warnings),
        }
        for name, event in EVENTS.items()
        for made in [built(provider, event)]
    }
    plain: dict[str, Any] = json.loads(json.dumps(made_of))
    return plain


@pytest.mark.parametrize("provider", PROVIDERS)
def test_requests_are_the_golden_ones(provider: str) -> None:
    assert golden(provider) == json.loads((GOLDEN / f"{provider}.json").read_text())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_same_event_makes_the_same_request(provider: str) -> None:
    assert built(provider, ENABLED) == built(provider, ENABLED)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_parameters_used_here_are_accepted(provider: str) -> None:
    draft = IntegrationDraft(
        provider=provider,
        description=None,
        enabled=True,
        parameters=PARAMETERS[provider],
        events=list(PROVIDERS[provider].definition.events),
        projects=[],
        environments=[],
    )
    check(completed(draft), [])


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("event", EVENTS)
def test_details_hold_no_secret(provider: str, event: str) -> None:
    shown = json.dumps(built(provider, EVENTS[event]).details)
    assert "s3cret" not in shown
    assert SECRET not in shown
    assert "T0K3N" not in shown


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("provider", SCHEMAS)
def test_payloads_follow_the_rules_of_their_receivers(provider: str, event: str) -> None:
    schema = jsonschema_rs.validator_for(json.loads(SCHEMAS[provider].read_text()))
    for part in built(provider, EVENTS[event]).parts.values():
        assert isinstance(part, HttpRequest)
        schema.validate(body_of(part))


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("mode", ["", "structured", "binary"])
def test_cloudevents_are_read_by_the_official_library(event: str, mode: str) -> None:
    sent = request("cloudevents", EVENTS[event], mode=mode)
    read = from_http_event(HTTPMessage({name.lower(): value for name, value in sent.headers.items()}, sent.body))
    told = EVENTS[event]
    assert (read.get_id(), read.get_source(), read.get_type()) == ("42", BASE, f"flagkeeper.{told.type}")
    assert read.get_specversion() == "1.0"
    moment = read.get_time()
    assert moment is not None
    assert moment.isoformat() == "2026-11-22T09:00:00.123000+00:00"
    assert read.get_extension("project") == told.project
    assert read.get_extension("environment") == told.environment
    assert read.get_data() == json.loads(msgspec.json.encode(told))


def test_a_broker_gets_cloudevents_under_a_subject_that_can_be_filtered() -> None:
    for event, subject in (
        (ENABLED, "shop.production.feature-environment-enabled"),
        (INTEGRATION, "_._.addon-config-created"),
    ):
        (part,) = built("nats", event).parts.values()
        assert isinstance(part, BrokerMessage)
        assert part.subject == f"flagkeeper.{subject}"
        read = from_http_event(HTTPMessage({"content-type": part.headers["Content-Type"]}, part.body))
        assert read.get_type() == f"flagkeeper.{event.type}"
    (part,) = built("nats", ODD).parts.values()
    assert isinstance(part, BrokerMessage)
    assert part.subject == "flagkeeper.shop._pro_d___uction__.feature-environment-enabled"


def test_names_are_no_markup_in_slack() -> None:
    for provider in ("slack", "slack-app"):
        for part in built(provider, ODD).parts.values():
            assert isinstance(part, HttpRequest)
            text = body_of(part)["text"]
            assert "<!here>" not in text
            assert "&lt;!here&gt;" in text
            assert "<http://evil" not in text
            assert f"<{BASE}/projects/shop/features/check_out%2A|check_out*>" in text


def test_names_are_no_markup_in_teams_datadog_and_grafana() -> None:
    teams = body_of(request("teams", ODD))["sections"][0]["activityTitle"]
    card = body_of(request("teamsworkflow", ODD))["attachments"][0]["content"]["body"][1]["text"]
    datadog = body_of(request("datadog", ODD))["text"]
    for text in (teams, card, datadog):
        assert "[x](http://evil.example)" not in text
        assert r"\[x\]\(http://evil.example\)" in text
        assert "<" not in text.replace(r"\<", "")
    annotation = body_of(request("grafana", ODD))["text"]
    assert "&lt;!here&gt;" in annotation
    assert "&lt;pro&gt;d&amp;" in annotation


def test_tags_choose_slack_channels() -> None:
    tagged = {"slack": ["releases", "shop-dev"], "slack-app": ["releases", "shop-dev", "general"]}
    untagged = {"slack": ["general", "ops"], "slack-app": ["general", "releases"]}
    for provider in ("slack", "slack-app"):
        assert list(built(provider, ENABLED).parts) == built(provider, ENABLED).details["channels"] == tagged[provider]
        assert list(built(provider, INTEGRATION).parts) == untagged[provider]
    nobody = built("slack-app", INTEGRATION, defaultChannels=" , ")
    assert (nobody.parts, nobody.details) == ({}, {"channels": [], "message": ""})
    assert nobody.warnings == ("There is no channel to post to.",)


def test_long_texts_are_cut() -> None:
    long = msgspec.structs.replace(ENABLED, summary="**" + "x" * 10_000 + "**")
    assert len(body_of(request("datadog", long))["text"]) == 4000
    for part in built("slack", long).parts.values():
        assert isinstance(part, HttpRequest)
        assert len(body_of(part)["text"]) == 3000
        assert body_of(part)["text"].endswith("… (cut)")


def test_new_relic_keeps_its_own_names() -> None:
    data = {"eventType": "Evil", "timestamp": 1, "featureName": "other", "enabled": True, "weights": [1, 2], "count": 3}
    body = body_of(request("new-relic", msgspec.structs.replace(ENABLED, data=msgspec.Raw(json.dumps(data).encode()))))
    assert (body["eventType"], body["featureName"]) == ("UnleashServiceEvent", "checkout")
    assert "timestamp" not in body
    assert (body["enabled"], body["weights"], body["count"]) == ("true", "[1,2]", 3)
    assert body["createdAt"] == 1795338000123


def test_templates_shape_what_is_sent() -> None:
    template = '{"flag": "{{event.featureName}}", "text": "{{{eventMarkdown}}}", "json": {{{eventJson}}}}'
    sent = request("webhook", ODD, bodyTemplate=template)
    found = json.loads(sent.body)
    assert found["flag"] == "check_out*"
    assert json.loads(found["json"]) == json.loads(msgspec.json.encode(ODD))
    assert found["text"].startswith('**anna* <!here> [x](http://evil.example) & "Co"* enabled *[check_out*](')
    assert built("webhook", ODD, bodyTemplate=template).details["body"] == sent.body.decode()
    assert (
        body_of(request("datadog", ENABLED, bodyTemplate="{{event.type}}!"))["text"] == "feature-environment-enabled!"
    )
    assert (
        body_of(request("new-relic", ENABLED, bodyTemplate="{{event.type}}!"))["message"]
        == "feature-environment-enabled!"
    )


@pytest.mark.parametrize("provider", ["webhook", "datadog", "new-relic"])
def test_a_template_that_does_not_work_sends_nothing(provider: str) -> None:
    made = built(provider, ENABLED, bodyTemplate="{{#a}}")
    assert made.parts == {}
    assert made.warnings == ("The body template does not work. Line 1, column 1: the section 'a' is never closed.",)


@pytest.mark.parametrize(
    "provider", [name for name in PARAMETERS if PROVIDERS[name].definition.parameter("customHeaders")]
)
def test_extra_headers_win_and_are_left_out_when_they_cannot_be_read(provider: str) -> None:
    extra = '{"content-type": "text/plain", "X-One": "1"}'
    for part in built(provider, INTEGRATION, customHeaders=extra).parts.values():
        assert isinstance(part, HttpRequest)
        assert part.headers["X-One"] == "1"
        assert [value for name, value in part.headers.items() if name.lower() == "content-type"] == ["text/plain"]
    broken = built(provider, INTEGRATION, customHeaders="{")
    assert broken.parts == built(provider, INTEGRATION, customHeaders="").parts
    assert broken.warnings[0].startswith("Sent without the extra headers.")


def test_addresses_are_masked_but_for_the_host() -> None:
    for url, shown in (
        ("https://hooks.slack.com/services/s3cret", f"https://hooks.slack.com/{MASK}"),
        ("http://x.example:8080?key=s3cret", f"http://x.example:8080/{MASK}"),
        ("http://user:s3cret@x.example#s3cret", f"http://x.example/{MASK}"),
    ):
        assert built("webhook", ENABLED, url=url).details["url"] == shown


if __name__ == "__main__":
    for each in PROVIDERS:
        (GOLDEN / f"{each}.json").write_text(json.dumps(golden(each), indent=2, ensure_ascii=False) + "\n")
    sys.exit()
