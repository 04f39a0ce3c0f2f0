"""Events of integration configurations. Their parameters, which hold secrets, are never recorded."""

from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.offer import SLACK_APP
from flagkeeper.eventlog.catalogue.payload import Payload

GROUP = "Integration"


class IntegrationData(Payload, frozen=True, kw_only=True):
    id: str
    """A number, as text: so the documents show it."""
    provider: str
    enabled: bool
    description: str | None
    events: list[str]
    projects: list[str]
    environments: list[str]
    query: str | msgspec.UnsetType = msgspec.UNSET
    """What events must match besides; left out when there is no such query."""


class UpdatedIntegrationData(IntegrationData, frozen=True, kw_only=True):
    changed_parameters: list[str]
    """Names only, so that a new address or key shows as a change."""


class RemovedIntegrationData(Payload, frozen=True, kw_only=True):
    id: str


class AddonConfigCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="addon-config-created",
        label="Integration added",
        summary="{actor} added an integration of kind {data.provider}",
        subject="integration/{data.id}",
        group=GROUP,
        concerns=Concern.INTEGRATIONS,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    data: IntegrationData
    pre_data: None = None


class AddonConfigUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="addon-config-updated",
        label="Integration updated",
        summary="{actor} changed integration {data.id} of kind {data.provider}",
        subject="integration/{data.id}",
        group=GROUP,
        concerns=Concern.INTEGRATIONS,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    data: UpdatedIntegrationData
    pre_data: IntegrationData


class AddonConfigDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="addon-config-deleted",
        label="Integration deleted",
        summary="{actor} deleted integration {data.id} of kind {pre_data.provider}",
        subject="integration/{data.id}",
        group=GROUP,
        concerns=Concern.INTEGRATIONS,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    data: RemovedIntegrationData
    pre_data: IntegrationData
