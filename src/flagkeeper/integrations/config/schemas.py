"""Integrations and providers on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.integrations.config.model import Integration, IntegrationDraft
from flagkeeper.integrations.config.queries import sensitive_names
from flagkeeper.integrations.protocol.event_body import MASK
from flagkeeper.integrations.protocol.provider import Alert, Installation, Parameter, ProviderDefinition
from flagkeeper.kernel.limits import AtOnce


class IntegrationBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends to create or replace an integration."""

    provider: str
    description: str | None = None
    enabled: bool
    parameters: dict[str, str | int | float | bool | None]
    events: AtOnce[str]
    projects: AtOnce[str] = []
    environments: AtOnce[str] = []
    query: str = ""
    """What events must match besides, in the language of the event log: `-by:bot changed:rollout`."""

    def draft(self) -> IntegrationDraft:
        return IntegrationDraft(
            provider=self.provider,
            description=self.description,
            enabled=self.enabled,
            parameters={name: _text(value) for name, value in self.parameters.items()},
            events=self.events,
            projects=self.projects,
            environments=self.environments,
            query=self.query.strip(),
        )


class IntegrationOut(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    provider: str
    description: str | None
    enabled: bool
    parameters: dict[str, str]
    """Sensitive ones are masked."""
    events: list[str]
    projects: list[str]
    environments: list[str]
    query: str | UnsetType = UNSET


class ParameterOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    display_name: str
    type: str
    description: str
    placeholder: str | UnsetType
    required: bool
    sensitive: bool


class ProviderTagType(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str
    icon: str | None
    color: str | UnsetType


class ProviderOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    display_name: str
    description: str
    documentation_url: str
    how_to: str | UnsetType
    parameters: list[ParameterOut]
    events: tuple[str, ...]
    tag_types: list[ProviderTagType] | UnsetType
    deprecated: str | UnsetType
    installation: Installation | UnsetType
    alerts: tuple[Alert, ...] | UnsetType


class IntegrationList(msgspec.Struct, frozen=True, kw_only=True):
    addons: list[IntegrationOut]
    providers: list[ProviderOut]


class SigningSecretOut(msgspec.Struct, frozen=True, kw_only=True):
    secret: str
    """Shown only this once."""


def shown(integration: Integration) -> IntegrationOut:
    sensitive = sensitive_names(integration.provider)
    return IntegrationOut(
        id=integration.id,
        provider=integration.provider,
        description=integration.description,
        enabled=integration.enabled,
        parameters={name: MASK if name in sensitive else value for name, value in integration.parameters.items()},
        events=integration.events,
        projects=integration.projects,
        environments=integration.environments,
        query=integration.query or UNSET,
    )


def shown_provider(definition: ProviderDefinition) -> ProviderOut:
    tag_types = [
        ProviderTagType(name=each.name, description=each.description, icon=each.icon, color=each.color or UNSET)
        for each in definition.tag_types
    ]
    return ProviderOut(
        name=definition.name,
        display_name=definition.display_name,
        description=definition.description,
        documentation_url=definition.documentation_url,
        how_to=definition.how_to or UNSET,
        parameters=[_shown_parameter(each) for each in definition.parameters],
        events=definition.events,
        tag_types=tag_types or UNSET,
        deprecated=definition.deprecated or UNSET,
        installation=definition.installation or UNSET,
        alerts=definition.alerts or UNSET,
    )


def _shown_parameter(parameter: Parameter) -> ParameterOut:
    return ParameterOut(
        name=parameter.name,
        display_name=parameter.display_name,
        type=parameter.type,
        description=parameter.description,
        placeholder=parameter.placeholder or UNSET,
        required=parameter.required,
        sensitive=parameter.sensitive,
    )


def _text(value: str | float | bool | None) -> str:
    """Parameters are kept as text, whatever they were sent as."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
