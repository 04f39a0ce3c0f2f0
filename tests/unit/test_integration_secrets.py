"""Whose secrets go where: whatever a provider keeps secret goes to nobody but whom it was entered for."""

import msgspec
import pytest

from flagkeeper.integrations.config.model import IntegrationDraft, check, completed, destination, is_same
from flagkeeper.integrations.protocol.event_body import MASK
from flagkeeper.integrations.protocol.provider import Links, ProviderDefinition
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.kernel.errors import BadData
from flagkeeper.outbound.outgoing import HttpRequest, Outgoing
from flagkeeper.outbound.target import read_target
from tests.announced import BASE, ENABLED

HOSTS = {
    "webhook": "https://hooks.corp.example:8443/in",
    "nats": "tls://nats.corp.example",
    "email": "smtp://mx.example",
}
SAMPLES = {
    "customHeaders": '{"X-Key": "s3cret"}',
    "signingSecret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "from": "flags@corp.example",
    "to": "team@corp.example",
    "ordered": "false",
    "panelId": "3",
    "mode": "structured",
    "bodyTemplate": "{{event.type}} {{url}} {{authorization}} {{parameters}}",
}
"""Values that make sense, by the names of parameters; others are any text."""
DEFINITIONS = [provider.definition for provider in PROVIDERS.values()]
MOVABLE = [each for each in DEFINITIONS if each.where]


def sample(definition: ProviderDefinition) -> dict[str, str]:
    """An integration with every parameter that its provider knows."""
    found = {
        each.name: SAMPLES.get(each.name, "s3cret" if each.sensitive else "text") for each in definition.parameters
    }
    if definition.where:
        found[definition.where.name] = HOSTS.get(definition.name, "https://hooks.corp.example:8443/in")
    return found


def secrets(definition: ProviderDefinition) -> set[str]:
    """What must not go along to another address, which itself may be secret too."""
    return {each.name for each in definition.parameters if each.sensitive and each is not definition.where}


def sent(definition: ProviderDefinition, **changes: str) -> IntegrationDraft:
    """What a client sends back that was shown an integration and changed something."""
    shown = {name: MASK if name in secrets(definition) else value for name, value in sample(definition).items()}
    return IntegrationDraft(
        provider=definition.name,
        description=None,
        enabled=True,
        parameters=shown | changes,
        events=[],
        projects=[],
        environments=[],
    )


def address_of(part: Outgoing) -> str:
    return part.url if isinstance(part, HttpRequest) else part.server


def moved(url: str) -> list[str]:
    """Addresses that are somebody else, or the same one in clear."""
    scheme, _, rest = url.partition("://")
    other = {"https": "http", "tls": "nats", "smtp": "smtps"}[scheme]
    host = read_target(url, (scheme,)).host
    return [
        url.replace(host, "evil.example"),
        url.replace(host, f"{host}.evil.example"),
        url.replace(host, "93.184.216.34"),
        f"{scheme}://{host}:4444/in",
        f"{other}://{rest}",
    ]


@pytest.mark.parametrize("definition", MOVABLE, ids=lambda each: each.name)
def test_every_secret_is_asked_for_again_when_the_address_changes(definition: ProviderDefinition) -> None:
    where = definition.where
    assert where
    kept = sample(definition)
    for address in moved(kept[where.name]):
        draft = completed(sent(definition, **{where.name: address}), kept)
        assert "s3cret" not in {draft.parameters[name] for name in secrets(definition)}
        if not secrets(definition):
            continue
        with pytest.raises(BadData) as refused:
            check(draft, [])
        assert {each.path for each in refused.value.details} == {
            f"/body/parameters/{name}" for name in secrets(definition)
        }, address
        entered = sent(definition, **{where.name: address}, **{name: kept[name] for name in secrets(definition)})
        check(completed(entered, kept), [])


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.name)
def test_secrets_are_kept_while_the_address_stays(definition: ProviderDefinition) -> None:
    kept = sample(definition)
    again = [sent(definition)]
    if where := definition.where:
        host = read_target(kept[where.name], where.schemes).host
        same = [kept[where.name].replace(host, f"{host.upper()}."), f"{kept[where.name]}/elsewhere?x=1"]
        same += [MASK] if where.sensitive else []
        again += [sent(definition, **{where.name: address}) for address in same]
    for draft in again:
        full = completed(draft, kept)
        check(full, [])
        assert {name: full.parameters[name] for name in secrets(definition)} == {
            name: kept[name] for name in secrets(definition)
        }


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.name)
def test_everything_is_sent_to_whom_the_definition_says(definition: ProviderDefinition) -> None:
    least = {each.name: sample(definition)[each.name] for each in definition.parameters if each.required}
    for parameters in (sample(definition), least):
        built = PROVIDERS[definition.name].build(ENABLED, parameters, Links(BASE))
        expected = destination(definition, parameters)
        assert expected
        for part in built.parts.values():
            target = read_target(address_of(part), ("http", "https", "smtp", "smtps", "nats", "tls"))
            assert (target.scheme, target.host, target.port) == expected
        assert "s3cret" not in str(built.details)


def test_a_provider_has_one_address_at_most() -> None:
    for definition in DEFINITIONS:
        assert sum(each.type == "url" for each in definition.parameters) <= 1, definition.name
        assert definition.where is None or definition.where.required or definition.address, definition.name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://hooks.example", "https://hooks.example:443/x?y#z", True),
        ("https://hooks.example", "HTTPS://HOOKS.example.", True),
        ("https://m\u00fcnchen.example", "https://xn--mnchen-3ya.example/", True),
        ("https://[::1]:8/", "https://[0:0:0:0:0:0:0:1]:8", True),
        ("https://hooks.example", "http://hooks.example:443", False),
        ("https://hooks.example", "https://hooks.example:444", False),
        ("https://hooks.example", "https://hooks.example@evil.example", False),
        ("https://hooks.example", "https://evil.example#hooks.example", False),
        ("https://hooks.example", "https://hooks.example\\.evil.example", False),
        ("https://hooks.example", "https://hook\u200bs.example.evil", False),
        ("https://hooks.example", "", False),
        ("https://user@hooks.example", "https://user@hooks.example", False),
    ],
)
def test_addresses_are_compared_as_they_are_connected_to(one: str, other: str, same: bool) -> None:
    webhook = PROVIDERS["webhook"].definition
    assert is_same(webhook, {"url": one}, {"url": other}) is same


def test_an_address_that_nobody_can_read_any_more_keeps_no_secret() -> None:
    webhook = PROVIDERS["webhook"].definition
    unreadable = {name: value for name, value in sample(webhook).items() if name != "url"}
    with pytest.raises(BadData) as refused:
        check(completed(sent(webhook), unreadable), [])
    assert "/body/parameters/authorization" in {each.path for each in refused.value.details}


def test_left_out_is_the_usual_address() -> None:
    datadog = PROVIDERS["datadog"].definition
    kept = {name: value for name, value in sample(datadog).items() if name != "url"}
    assert completed(sent(datadog, url=datadog.address), kept).parameters["apiKey"] == "s3cret"
    region = completed(sent(datadog, url="https://api.datadoghq.eu/api/v1/events"), kept)
    assert region.parameters["apiKey"] == MASK
    back = completed(msgspec.structs.replace(sent(datadog), parameters={"apiKey": MASK}), sample(datadog))
    assert back.parameters["apiKey"] == MASK
