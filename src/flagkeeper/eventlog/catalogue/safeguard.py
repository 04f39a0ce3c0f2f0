"""Events of safeguards, which stop a release when a metric leaves its bounds."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.payload import ImpactMetricData, Payload

GROUP = "Release plan"


_BOUND = "{data.impact_metric.metric_name} {data.trigger_condition.operator} {data.trigger_condition.threshold}"


class SafeguardAction(Payload, frozen=True, kw_only=True):
    type: str
    """Whether it pauses a release plan or disables the flag in the environment."""
    id: str
    """Of what it acts on."""


class SafeguardTrigger(Payload, frozen=True, kw_only=True):
    operator: str
    """`>` or `<`."""
    threshold: float


class SafeguardData(Payload, frozen=True, kw_only=True):
    id: str
    action: SafeguardAction
    trigger_condition: SafeguardTrigger
    impact_metric: ImpactMetricData


class SafeguardChanged(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="safeguard-changed",
        label="Safeguard set",
        summary="{actor} set a safeguard on {flag} {where}: " + _BOUND,
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
    )
    feature_name: str
    project: str
    environment: str
    data: SafeguardData
    pre_data: SafeguardData | None = None


class SafeguardDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="safeguard-deleted",
        label="Safeguard removed",
        summary="{actor} removed the safeguard on {pre_data.impact_metric.metric_name} from {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
    )
    feature_name: str
    project: str
    environment: str
    data: None = None
    pre_data: SafeguardData


class SafeguardTriggered(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="safeguard-triggered",
        label="Safeguard fired",
        summary="The safeguard on {data.impact_metric.metric_name} of {flag} {where} fired: {data.action.type}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
    )
    feature_name: str
    project: str
    environment: str
    data: SafeguardData
    pre_data: None = None
