"""Changing integrations: load, decide, write, record."""

from contextlib import suppress

import msgspec

from flagkeeper.eventlog.catalogue.integration import (
    AddonConfigCreated,
    AddonConfigDeleted,
    AddonConfigUpdated,
    RemovedIntegrationData,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.tags import commands as tags
from flagkeeper.integrations.config import store
from flagkeeper.integrations.config.model import (
    Integration,
    IntegrationDraft,
    IntegrationState,
    check,
    completed,
    definition_of,
    unreadable_addresses,
)
from flagkeeper.integrations.config.queries import all_integrations, secret_location, sensitive_names
from flagkeeper.integrations.protocol.parameters import SIGNING_SECRET
from flagkeeper.integrations.protocol.provider import Parameters
from flagkeeper.integrations.protocol.signing import rotated
from flagkeeper.kernel.errors import BadData, Conflict, Detail, NameExists
from flagkeeper.kernel.secrets import Keyring, Unreadable

_SIGNING = SIGNING_SECRET.name


def create(unit: Unit, draft: IntegrationDraft, problems: list[Detail], keyring: Keyring) -> Integration:
    """Raises `BadData`, `problems` included: what is wrong with the addresses."""
    draft = completed(draft)
    check(draft, problems)
    integration = _made(store.new_id(unit.tx), draft, keyring)
    _add(unit, integration)
    return integration


def restore(unit: Unit, state: IntegrationState) -> None:
    """Brings an integration that was deleted back, as it was and under its id.

    Raises:
        InvalidOperation: it had secrets.
        BadData: it breaks a rule, or no integration ever had this id.
        Conflict: it is there.
    """
    integration = state.restored()
    draft = completed(state.draft())
    check(draft, unreadable_addresses(draft))
    if not store.was_given(unit.tx, integration.id):
        raise BadData(f"No integration ever had the id {integration.id}.")
    if store.find(unit.tx, integration.id) is not None:
        raise Conflict(f"There is an integration with the id {integration.id}.")
    _add(unit, integration)


def update(
    unit: Unit, integration_id: int, draft: IntegrationDraft, problems: list[Detail], keyring: Keyring
) -> Integration:
    """Raises `NotFound`, or `BadData`, `problems` included: what is wrong with the addresses."""
    old = store.load(unit.tx, integration_id)
    kept = _kept(old, keyring) if draft.provider == old.provider else {}
    draft = completed(draft, kept)
    check(draft, problems)
    return _replace(unit, old, kept, draft, keyring)


def delete(unit: Unit, integration_id: int) -> None:
    """Raises `NotFound`."""
    old = store.load(unit.tx, integration_id)
    store.remove(unit.tx, integration_id)
    unit.record(
        AddonConfigDeleted(data=RemovedIntegrationData(id=str(old.id)), pre_data=old.payload()),
        Gone(IntegrationState),
    )


def disable(unit: Unit, integration_id: int) -> None:
    """Turns an integration off whose receiver is gone for good. Raises `NotFound`."""
    old = store.load(unit.tx, integration_id)
    if old.enabled:
        _save(unit, old, msgspec.structs.replace(old, enabled=False), [])


def rotate_signing_secret(unit: Unit, integration_id: int, keyring: Keyring) -> str:
    """A fresh signing secret, which nobody will be shown again; the one before signs too until the next time.

    Raises:
        NotFound: there is no such integration.
        BadData: its provider signs nothing.
    """
    old = store.load(unit.tx, integration_id)
    if definition_of(old.provider).parameter(_SIGNING) is None:
        raise BadData(f"Integrations of kind {old.provider} sign nothing, so they have no signing secret.")
    kept = _kept(old, keyring)
    secrets = rotated(kept.get(_SIGNING, ""))
    sealed = keyring.seal(secrets, secret_location(old.id, _SIGNING))
    new = msgspec.structs.replace(old, parameters={**old.parameters, _SIGNING: sealed})
    _save(unit, old, new, [_SIGNING])
    return secrets.split()[0]


def reseal(unit: Unit, keyring: Keyring) -> None:
    """Seals everything with the newest key. What no key opens stays as it is: its owner has to enter it anew."""
    for found in all_integrations(unit.tx):
        if all(keyring.is_newest(found.parameters[name]) for name in _sealed(found)):
            continue
        integration = store.load(unit.tx, found.id)
        with suppress(Unreadable):
            resealed = {
                name: keyring.reseal(integration.parameters[name], secret_location(integration.id, name))
                for name in _sealed(integration)
            }
            new = msgspec.structs.replace(integration, parameters={**integration.parameters, **resealed})
            store.save(unit.tx, new)
            unit.silent(f"integration/{integration.id}", "the same parameters, sealed with a newer key")


def _add(unit: Unit, integration: Integration) -> None:
    for tag_type in definition_of(integration.provider).tag_types:
        with suppress(NameExists):
            tags.create_type(unit, tag_type)
    store.add(unit.tx, integration)
    unit.record(AddonConfigCreated(data=integration.payload()), integration.state())


def _replace(unit: Unit, old: Integration, kept: Parameters, draft: IntegrationDraft, keyring: Keyring) -> Integration:
    """Whatever did not change keeps its seal, so that nothing changes when nothing was meant to."""
    made = _made(old.id, draft, keyring)
    same = {name for name, value in kept.items() if draft.parameters.get(name) == value}
    parameters = {name: old.parameters[name] if name in same else value for name, value in made.parameters.items()}
    new = msgspec.structs.replace(made, parameters=parameters)
    changed = sorted(
        name for name in {*old.parameters, *new.parameters} if old.parameters.get(name) != new.parameters.get(name)
    )
    if new != old:
        _save(unit, old, new, changed)
    return new


def _save(unit: Unit, old: Integration, new: Integration, changed_parameters: list[str]) -> None:
    store.save(unit.tx, new)
    unit.record(AddonConfigUpdated(data=new.updated(changed_parameters), pre_data=old.payload()), new.state())


def _made(integration_id: int, draft: IntegrationDraft, keyring: Keyring) -> Integration:
    return Integration(
        id=integration_id,
        provider=draft.provider,
        description=draft.description,
        enabled=draft.enabled,
        parameters=_seal(integration_id, draft.provider, draft.parameters, keyring),
        events=draft.events,
        projects=draft.projects,
        environments=draft.environments,
        query=draft.query,
    )


def _seal(integration_id: int, provider: str, parameters: Parameters, keyring: Keyring) -> dict[str, str]:
    sensitive = sensitive_names(provider)
    return {
        name: keyring.seal(value, secret_location(integration_id, name)) if name in sensitive else value
        for name, value in parameters.items()
    }


def _sealed(integration: Integration) -> list[str]:
    return sorted(sensitive_names(integration.provider) & integration.parameters.keys())


def _kept(integration: Integration, keyring: Keyring) -> dict[str, str]:
    """The parameters in clear, as far as they can be read."""
    kept = {}
    for name, value in integration.parameters.items():
        with suppress(Unreadable):
            kept[name] = (
                keyring.open(value, secret_location(integration.id, name)) if name in _sealed(integration) else value
            )
    return kept
