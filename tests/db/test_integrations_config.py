"""Changing integrations, and the keys that seal their secrets, on both databases."""

import json
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from flagkeeper.eventlog.read import EventRow
from flagkeeper.features.tags import commands as tags
from flagkeeper.features.tags.queries import all_tag_types
from flagkeeper.integrations.config import commands, queries
from flagkeeper.integrations.config.keys import open_keyring
from flagkeeper.integrations.config.model import Integration, IntegrationDraft
from flagkeeper.integrations.config.tables import integrations, secret_keys
from flagkeeper.kernel.errors import BadData, Detail, NotFound
from flagkeeper.kernel.secrets import Keyring, Unreadable
from flagkeeper.storage.statement import Query, columns
from tests.log import Log

KEYS = Keyring(("k" * 32,))
NEW_KEY = "n" * 32
DRAFT = IntegrationDraft(
    provider="webhook",
    description="Tells the team",
    enabled=True,
    parameters={"url": "https://hooks.corp.example/x", "authorization": "Bearer s3cret", "contentType": "text/plain"},
    events=["feature-created"],
    projects=["shop"],
    environments=["production"],
)
PAYLOAD = {
    "id": "1",
    "provider": "webhook",
    "enabled": True,
    "description": "Tells the team",
    "events": ["feature-created"],
    "projects": ["shop"],
    "environments": ["production"],
}
_STORED = Query(select(integrations.c.parameters), str)
_KEYS = Query(select(secret_keys.c.id, secret_keys.c.key), columns)


def create(log: Log, draft: IntegrationDraft = DRAFT, keys: Keyring = KEYS) -> Integration:
    made: Integration = log.run(commands.create, draft, [], keys)
    return made


def update(log: Log, draft: IntegrationDraft, keys: Keyring = KEYS) -> Integration:
    made: Integration = log.run(commands.update, 1, draft, [], keys)
    return made


def changed(**changes: Any) -> IntegrationDraft:
    return msgspec.structs.replace(DRAFT, **changes)


def parameters(**changes: str) -> IntegrationDraft:
    """As a client sends the draft back: with masks for what it was not shown."""
    return changed(parameters=DRAFT.parameters | {"url": "*****", "authorization": "*****"} | changes)


def newest(log: Log) -> EventRow:
    found: list[EventRow] = log.events(limit=1)
    return found[0]


def opened(log: Log, keys: Keyring = KEYS) -> dict[str, str]:
    return dict(queries.opened(log.read(queries.integration, 1), keys))


def test_an_integration_is_kept_and_recorded_without_its_parameters(log: Log) -> None:
    made = create(log)
    assert log.read(queries.all_integrations) == [made] == [log.read(queries.integration, 1)]
    assert opened(log) == DRAFT.parameters
    event = newest(log)
    assert (event.type, event.project, event.pre_data) == ("addon-config-created", None, None)
    assert json.loads(event.data or "") == PAYLOAD


def test_secrets_are_sealed_where_they_are_stored(log: Log) -> None:
    create(log)
    (stored,) = log.reader.now(lambda tx: tx.all(_STORED))
    assert "s3cret" not in stored
    assert "hooks.corp.example" not in stored
    assert json.loads(stored)["contentType"] == "text/plain"


def test_secrets_cannot_be_moved_to_another_integration(log: Log) -> None:
    create(log)
    other = create(log)
    moved = msgspec.structs.replace(other, parameters=log.read(queries.integration, 1).parameters)
    with pytest.raises(Unreadable):
        queries.opened(moved, KEYS)


def test_a_change_is_recorded_with_what_was_before(log: Log) -> None:
    create(log)
    update(log, parameters(contentType="application/json"))
    event = newest(log)
    assert event.type == "addon-config-updated"
    assert json.loads(event.data or "") == PAYLOAD | {"changedParameters": ["contentType"]}
    assert json.loads(event.pre_data or "") == PAYLOAD
    update(log, msgspec.structs.replace(parameters(contentType="application/json"), enabled=False, projects=[]))
    event = newest(log)
    assert json.loads(event.data or "") == PAYLOAD | {"enabled": False, "projects": [], "changedParameters": []}
    assert opened(log) == DRAFT.parameters | {"contentType": "application/json"}


def test_secrets_alone_can_be_changed_and_the_event_names_but_does_not_tell_them(log: Log) -> None:
    create(log)
    update(log, parameters(authorization="Bearer other", url="https://hooks.corp.example/y"))
    event = newest(log)
    assert json.loads(event.data or "")["changedParameters"] == ["authorization", "url"]
    assert "other" not in f"{event.data}{event.pre_data}{event.summary}"
    assert opened(log)["authorization"] == "Bearer other"


def test_nothing_is_recorded_when_nothing_changed(log: Log) -> None:
    create(log)
    before = log.count()
    for draft in (DRAFT, parameters()):
        update(log, draft)
    assert log.count() == before


def test_a_parameter_can_be_taken_away(log: Log) -> None:
    create(log)
    update(log, parameters(authorization=""))
    assert "authorization" not in opened(log)
    with pytest.raises(BadData, match="url is missing"):
        update(log, parameters(url=""))


def test_masks_keep_nothing_of_another_provider(log: Log) -> None:
    create(log)
    with pytest.raises(BadData) as caught:
        update(log, changed(provider="teams", parameters={"url": "*****"}))
    assert caught.value.details[0].path == "/body/parameters/url"
    update(log, changed(provider="teams", parameters={"url": "https://teams.example"}))
    assert opened(log) == {"url": "https://teams.example"}


def test_a_deleted_integration(log: Log) -> None:
    create(log)
    log.run(commands.delete, 1)
    event = newest(log)
    assert (event.type, json.loads(event.data or "")) == ("addon-config-deleted", {"id": "1"})
    assert json.loads(event.pre_data or "") == PAYLOAD
    for command, args in ((commands.delete, ()), (commands.disable, ()), (commands.rotate_signing_secret, (KEYS,))):
        with pytest.raises(NotFound):
            log.run(command, 1, *args)
    with pytest.raises(NotFound):
        log.read(queries.integration, 1)
    assert create(log).id == 2


def test_bad_data_stores_nothing(log: Log) -> None:
    before = log.count()
    for draft, problems in (
        (changed(events=["feature-eaten"]), []),
        (changed(parameters={}), []),
        (DRAFT, [Detail("url: 10.0.0.1: this is a private address", "/body/parameters/url")]),
    ):
        with pytest.raises(BadData):
            log.run(commands.create, draft, problems, KEYS)
    assert log.count() == before
    assert log.read(queries.all_integrations) == []


def test_tag_types_of_a_provider_are_made_when_they_are_missing(log: Log) -> None:
    log.run(tags.seed)
    for provider, own in (
        ("slack", {"url": "https://x.example", "defaultChannel": "a"}),
        ("slack-app", {"accessToken": "x"}),
    ):
        create(log, changed(provider=provider, parameters=own))
    assert [each.name for each in log.read(all_tag_types)] == ["simple", "slack"]
    created: list[EventRow] = log.events("type:tag-type-created", limit=10)
    assert len(created) == 2
    assert json.loads(created[0].data or "")["name"] == "slack"


def test_a_receiver_that_is_gone_is_switched_off_once(log: Log) -> None:
    create(log)
    log.run(commands.disable, 1)
    before = log.count()
    assert not log.read(queries.integration, 1).enabled
    assert json.loads(newest(log).data or "")["enabled"] is False
    log.run(commands.disable, 1)
    assert log.count() == before


def test_a_signing_secret_is_made_and_the_one_before_goes_on_signing(log: Log) -> None:
    create(log)
    first = log.run(commands.rotate_signing_secret, 1, KEYS)
    second = log.run(commands.rotate_signing_secret, 1, KEYS)
    third = log.run(commands.rotate_signing_secret, 1, KEYS)
    assert len({first, second, third}) == 3
    assert opened(log)["signingSecret"] == f"{third} {second}"
    event = newest(log)
    assert json.loads(event.data or "")["changedParameters"] == ["signingSecret"]
    assert third not in f"{event.data}{event.pre_data}"


def test_providers_that_sign_nothing_have_no_signing_secret(log: Log) -> None:
    create(log, changed(provider="teams", parameters={"url": "https://teams.example"}))
    with pytest.raises(BadData, match="sign nothing"):
        log.run(commands.rotate_signing_secret, 1, KEYS)


async def test_without_a_key_one_is_made_and_kept(log: Log) -> None:
    keys = await open_keyring(log.units, ())
    create(log, keys=keys)
    assert opened(log, await open_keyring(log.units, ())) == DRAFT.parameters
    assert len(log.reader.now(lambda tx: tx.all(_KEYS))) == 1


async def test_a_key_of_ones_own_seals_everything_anew(log: Log) -> None:
    create(log, keys=await open_keyring(log.units, ()))
    before = log.count()
    own = await open_keyring(log.units, (NEW_KEY,))
    assert opened(log, own) == opened(log, Keyring((NEW_KEY,))) == DRAFT.parameters
    rotated = await open_keyring(log.units, ("m" * 32, NEW_KEY))
    assert opened(log, rotated) == opened(log, Keyring(("m" * 32,))) == DRAFT.parameters
    assert log.count() == before


async def test_a_lost_key_costs_its_secrets_and_nothing_else(log: Log) -> None:
    create(log, keys=Keyring((NEW_KEY,)))
    keys = await open_keyring(log.units, ())
    with pytest.raises(Unreadable):
        opened(log, keys)
    with pytest.raises(BadData):
        update(log, parameters(), keys)
    update(log, DRAFT, keys)
    assert opened(log, keys) == DRAFT.parameters


async def test_a_key_that_is_too_short_is_an_error(log: Log) -> None:
    with pytest.raises(BadData, match="FLAGKEEPER_SECRET_KEY: a secret key has at least 32 characters"):
        await open_keyring(log.units, ("short",))
