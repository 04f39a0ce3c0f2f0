"""What integrations match, what is wrong with a draft, and how secrets are sealed."""

import base64

import msgspec
import pytest

from flagkeeper.integrations.config.model import Integration, IntegrationDraft, check, completed
from flagkeeper.integrations.protocol.headers import read_headers
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.secrets import Keyring, Unreadable
from flagkeeper.services import Services
from flagkeeper.settings import Settings, read_settings

INTEGRATION = Integration(
    id=1,
    provider="webhook",
    description=None,
    enabled=True,
    parameters={},
    events=["feature-created", "addon-config-created"],
    projects=[],
    environments=[],
)
DRAFT = IntegrationDraft(
    provider="webhook",
    description=None,
    enabled=True,
    parameters={"url": "https://hooks.corp.example/x"},
    events=["feature-created"],
    projects=[],
    environments=[],
)
KEY, OTHER_KEY = "a" * 32, "b" * 40
PLACE = "integration/1/url"


@pytest.mark.parametrize(
    ("changes", "event", "wanted"),
    [
        ({}, ("feature-created", "shop", None), True),
        ({}, ("feature-archived", "shop", None), False),
        ({"enabled": False}, ("feature-created", "shop", None), False),
        ({"projects": ["shop"]}, ("feature-created", "shop", None), True),
        ({"projects": ["shop"]}, ("feature-created", "other", None), False),
        ({"projects": ["*"]}, ("feature-created", "other", None), True),
        ({"projects": ["shop"]}, ("addon-config-created", None, None), True),
        ({"environments": ["production"]}, ("feature-created", "shop", "production"), True),
        ({"environments": ["production"]}, ("feature-created", "shop", "development"), False),
        ({"environments": ["*", "x"]}, ("feature-created", "shop", "development"), True),
        ({"environments": ["production"]}, ("feature-created", "shop", None), True),
        ({"environments": ["production"], "projects": ["a"]}, ("feature-created", "b", "production"), False),
    ],
)
def test_events_are_matched(
    changes: dict[str, object], event: tuple[str, str | None, str | None], wanted: bool
) -> None:
    assert msgspec.structs.replace(INTEGRATION, **changes).wants(*event) is wanted


def test_order_is_a_parameter() -> None:
    assert not INTEGRATION.ordered
    assert msgspec.structs.replace(INTEGRATION, parameters={"ordered": "true"}).ordered
    assert not msgspec.structs.replace(INTEGRATION, parameters={"ordered": "false"}).ordered


def draft(provider: str = "webhook", /, **parameters: str) -> IntegrationDraft:
    return msgspec.structs.replace(DRAFT, provider=provider, parameters=parameters)


def paths(wanted: IntegrationDraft, *found: Detail) -> list[str | None]:
    """Where a draft is wrong."""
    with pytest.raises(BadData) as caught:
        check(completed(wanted), list(found))
    return [detail.path for detail in caught.value.details]


def test_every_missing_parameter_is_named() -> None:
    with pytest.raises(
        BadData, match=r"server is missing\. The parameter from is missing\. The parameter to is missing"
    ):
        check(completed(draft("email")), [])
    assert paths(draft("email")) == [f"/body/parameters/{name}" for name in ("server", "from", "to")]
    assert paths(draft("slack", url="", defaultChannel=""))[:1] == ["/body/parameters/url"]


@pytest.mark.parametrize(
    ("provider", "parameter", "value"),
    [
        ("webhook", "bodyTemplate", "{{#a}}"),
        ("webhook", "customHeaders", "{"),
        ("webhook", "customHeaders", '["a"]'),
        ("webhook", "customHeaders", '{"a": 1}'),
        ("webhook", "customHeaders", '{"a b": "1"}'),
        ("webhook", "customHeaders", '{"A": "1\\r\\nB: 2"}'),
        ("webhook", "customHeaders", '{"Host": "evil"}'),
        ("webhook", "customHeaders", '{"Content-Length": "0"}'),
        ("webhook", "authorization", "a\nb"),
        ("webhook", "authorization", "\u20ac"),
        ("webhook", "authorization", "*****"),
        ("webhook", "authorization", "x" * 5000),
        ("webhook", "contentType", "\u20ac"),
        ("webhook", "signingSecret", "whsec_short"),
        ("webhook", "ordered", "maybe"),
        ("datadog", "apiKey", "a\u0000b"),
        ("slack-app", "accessToken", "\u20ac"),
        ("grafana", "panelId", "x"),
        ("cloudevents", "mode", "batched"),
        ("email", "from", "nobody"),
        ("email", "to", "a@b.example, nobody"),
        ("email", "to", '"x"<a@b.example>'),
        ("nats", "subject", "a.*.b"),
        ("nats", "subject", "a..b"),
    ],
)
def test_parameters_that_make_no_sense(provider: str, parameter: str, value: str) -> None:
    assert f"/body/parameters/{parameter}" in paths(draft(provider, url="https://x.example", **{parameter: value}))


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = msgspec.structs.replace(
        draft(bodyTemplate="a\n {{", customHeaders="{"),
        events=["feature-created", "feature-eaten", "nope"],
        description="x" * 501,
    )
    address = Detail("url: no", "/body/parameters/url")
    assert paths(wrong, address) == [
        "/body/parameters/url",
        "/body/parameters/customHeaders",
        "/body/parameters/bodyTemplate",
        "/body/parameters/url",
        "/body/events/1",
        "/body/events/2",
        "/body/description",
    ]
    with pytest.raises(BadData, match="Line 2, column 2") as caught:
        check(completed(wrong), [])
    assert "There is no event type 'feature-eaten'." in [detail.message for detail in caught.value.details]


def test_an_unknown_provider_is_named() -> None:
    with pytest.raises(BadData, match="There is no provider called 'pager'") as caught:
        completed(draft("pager"))
    assert caught.value.details[0].path == "/body/provider"


def test_masks_stand_for_what_is_kept() -> None:
    kept = {"url": "https://kept.example", "authorization": "old", "contentType": "text/plain"}
    sent = draft(url="*****", authorization="new", contentType="*****", bodyTemplate="", unknown="x")
    assert completed(sent, kept).parameters == {
        "url": "https://kept.example",
        "authorization": "new",
        "contentType": "*****",
    }
    assert [url for _, url in draft(url="*****").urls()] == []
    assert [url for _, url in draft(url="https://x.example").urls()] == ["https://x.example"]


def test_headers_are_read() -> None:
    assert read_headers('{"X-A": "1", "x-b": "äöü"}') == {"X-A": "1", "x-b": "äöü"}
    assert read_headers("  ") == {}
    with pytest.raises(ValueError, match="At most 20"):
        read_headers("{" + ",".join(f'"h{i}": ""' for i in range(21)) + "}")


def test_a_secret_opens_only_where_it_was_put_and_with_its_key() -> None:
    keys = Keyring((KEY,))
    sealed = keys.seal("s3cret ü", PLACE)
    assert "s3cret" not in sealed
    assert keys.open(sealed, PLACE) == "s3cret ü"
    assert keys.seal("s3cret ü", PLACE) != sealed
    for notify, place in (
        (keys, "integration/2/url"),
        (keys, "integration/1/authorization"),
        (Keyring((OTHER_KEY,)), PLACE),
    ):
        with pytest.raises(Unreadable, match="FLAGKEEPER_SECRET_KEY"):
            notify.open(sealed, place)


@pytest.mark.parametrize("position", [0, 10, 30, -2])
def test_a_secret_that_was_changed_does_not_open(position: int) -> None:
    keys = Keyring((KEY,))
    name, _, text = keys.seal("s3cret", PLACE).partition(":")
    content = bytearray(base64.b64decode(text))
    content[position] ^= 1
    with pytest.raises(Unreadable):
        keys.open(f"{name}:{base64.b64encode(content).decode()}", PLACE)


@pytest.mark.parametrize("sealed", ["", "plain", "deadbeef:", "deadbeef:AAAA", ":", "xx:%%%"])
def test_what_is_not_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(Unreadable):
        Keyring((KEY,)).open(sealed, PLACE)


def test_keys_are_exchanged_by_putting_a_new_one_in_front() -> None:
    old, both, new = Keyring((KEY,)), Keyring((OTHER_KEY, KEY)), Keyring((OTHER_KEY,))
    before, after = old.seal("1", PLACE), both.seal("2", PLACE)
    assert (both.open(before, PLACE), both.open(after, PLACE), new.open(after, PLACE)) == ("1", "2", "2")
    assert (both.is_newest(before), both.is_newest(after)) == (False, True)
    with pytest.raises(Unreadable):
        new.open(before, PLACE)


@pytest.mark.parametrize("keys", [(), ("short",), (KEY, "x" * 31)])
def test_keys_that_are_no_keys(keys: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least 32 characters"):
        Keyring(keys)


def test_settings_are_read() -> None:
    found = read_settings(
        {
            "FLAGKEEPER_OUTBOUND_ALLOW": "10.1.0.0/16, *.corp.example",
            "UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION": "true",
            "FLAGKEEPER_SECRET_KEY": f"{KEY},{OTHER_KEY}",
        }
    )
    assert found.outbound_allow == ("10.1.0.0/16", "*.corp.example")
    assert found.allow_private_integrations
    assert found.secret_keys == (KEY, OTHER_KEY)
    nothing = read_settings({})
    assert (nothing.outbound_allow, nothing.allow_private_integrations, nothing.secret_keys) == ((), False, ())


def test_an_allow_list_that_makes_no_sense_names_its_variable() -> None:
    with pytest.raises(BadData, match="FLAGKEEPER_OUTBOUND_ALLOW: 'a/b' is no network"):
        Services(Settings(outbound_allow=("a/b",)))
