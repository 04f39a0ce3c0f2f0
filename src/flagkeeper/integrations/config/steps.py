"""Changes of integrations as steps. Steps are stored, so none may hold a secret: what is sensitive can stay as it is
(`MASK`) or go. Where an address leads is looked up whenever something is sent there."""

from collections.abc import Mapping
from typing import Any

import msgspec

from flagkeeper.eventlog.step import Demand, Op, Ports
from flagkeeper.eventlog.unit import Unit
from flagkeeper.http.permissions import Permission
from flagkeeper.integrations.config import commands
from flagkeeper.integrations.config.model import (
    Integration,
    IntegrationDraft,
    IntegrationState,
    unreadable_addresses,
)
from flagkeeper.integrations.config.ports import SEALED_BY
from flagkeeper.integrations.protocol.event_body import MASK
from flagkeeper.integrations.registry import PROVIDERS


class Create(msgspec.Struct, frozen=True, kw_only=True):
    draft: IntegrationDraft

    def __post_init__(self) -> None:
        _demand_no_secrets(self.draft.provider, self.draft.parameters)


class Restore(msgspec.Struct, frozen=True, kw_only=True):
    state: IntegrationState

    def __post_init__(self) -> None:
        _demand_no_secrets(self.state.provider, self.state.parameters or {})


class Update(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    draft: IntegrationDraft

    def __post_init__(self) -> None:
        _demand_no_secrets(self.draft.provider, self.draft.parameters)


class ById(msgspec.Struct, frozen=True, kw_only=True):
    id: int


def _demand_no_secrets(provider: str, parameters: Mapping[str, str]) -> None:
    """Raises `ValueError` for every value that is not known to be harmless."""
    if provider not in PROVIDERS:
        raise ValueError(f"there is no provider called {provider!r}")
    harmless = {each.name for each in PROVIDERS[provider].definition.parameters if not each.sensitive}
    secret = sorted(name for name, value in parameters.items() if name not in harmless and value not in ("", MASK))
    if secret:
        raise ValueError(f"a step may not hold secrets, and {', '.join(secret)} may be some: enter them directly")


def _demands(permission: Permission) -> Any:
    return lambda _wanted: ((Demand(permission),),)


def _create(unit: Unit, wanted: Create, ports: Ports) -> Integration:
    return commands.create(unit, wanted.draft, unreadable_addresses(wanted.draft), ports.answer(SEALED_BY))


def _update(unit: Unit, wanted: Update, ports: Ports) -> Integration:
    return commands.update(unit, wanted.id, wanted.draft, unreadable_addresses(wanted.draft), ports.answer(SEALED_BY))


CREATE = Op(
    name="integration.create",
    payload=Create,
    run=_create,
    demands=_demands(Permission.CREATE_ADDON),
    operation="createAddon",
)
RESTORE = Op(
    name="integration.restore",
    payload=Restore,
    run=lambda unit, wanted, _ports: commands.restore(unit, wanted.state),
    demands=_demands(Permission.CREATE_ADDON),
    operation="createAddon",
)
UPDATE = Op(
    name="integration.update",
    payload=Update,
    run=_update,
    demands=_demands(Permission.UPDATE_ADDON),
    operation="updateAddon",
)
DELETE = Op(
    name="integration.delete",
    payload=ById,
    run=lambda unit, wanted, _ports: commands.delete(unit, wanted.id),
    demands=_demands(Permission.DELETE_ADDON),
    operation="deleteAddon",
)
ROTATE_SIGNING_SECRET = Op(
    name="integration.rotate-signing-secret",
    payload=ById,
    run=lambda unit, wanted, ports: commands.rotate_signing_secret(unit, wanted.id, ports.answer(SEALED_BY)),
    demands=_demands(Permission.UPDATE_ADDON),
    operation="rotateAddonSigningSecret",
)
OPS = (CREATE, RESTORE, UPDATE, DELETE, ROTATE_SIGNING_SECRET)
