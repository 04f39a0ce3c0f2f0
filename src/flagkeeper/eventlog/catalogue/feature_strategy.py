"""Events of what decides who gets a flag: its strategies and variants."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.offer import EVERY_PROVIDER, MONITORING, SLACK, SLACK_APP, TEAMS, WEBHOOK
from flagkeeper.eventlog.catalogue.payload import Payload, StrategyData, VariantsData
from flagkeeper.eventlog.catalogue.strategy_change import summarize_strategy_update

GROUP = "Feature flag"


class StrategyOrderData(Payload, frozen=True, kw_only=True):
    strategy_ids: list[str]


class FeatureStrategyAdd(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-strategy-add",
        label="Flag strategy added",
        summary="{actor} added strategy {data.title|data.name} to {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    environment: str
    data: StrategyData
    pre_data: None = None


class FeatureStrategyUpdate(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-strategy-update",
        label="Flag strategy updated",
        summary=summarize_strategy_update,
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    environment: str
    data: StrategyData
    pre_data: StrategyData


class FeatureStrategyRemove(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-strategy-remove",
        label="Flag strategy removed",
        summary="{actor} removed strategy {pre_data.title|pre_data.name} from {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=EVERY_PROVIDER,
        seeds=frozenset({1, 2, 3}),
    )
    feature_name: str
    project: str
    environment: str
    data: None = None
    pre_data: StrategyData


class StrategyOrderChanged(Event, frozen=True, kw_only=True):
    """Named like events of strategy definitions, it is one of a flag in an environment."""

    about: ClassVar = About(
        type="strategy-order-changed",
        label="Strategy order changed",
        summary="{actor} changed the order of the strategies of {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        seeds=frozenset({1}),
    )
    feature_name: str
    project: str
    environment: str
    data: StrategyOrderData
    pre_data: StrategyOrderData


class FeatureEnvironmentVariantsUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="feature-environment-variants-updated",
        label="Environment variants updated",
        summary="{actor} changed the variants of {flag} {where}",
        subject="flag/{feature_name}/{environment}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        offered_to=SLACK_APP | MONITORING,
        seeds=frozenset({1}),
    )
    feature_name: str
    project: str
    environment: str
    data: VariantsData
    pre_data: VariantsData


class FeatureVariantsUpdated(Event, frozen=True, kw_only=True):
    """Variants of the flag in all environments at once: only the old route causes it."""

    about: ClassVar = About(
        type="feature-variants-updated",
        label="Flag variants updated",
        summary="{actor} changed the variants of {flag} in project {project}",
        subject="flag/{feature_name}",
        group=GROUP,
        concerns=Concern.CLIENTS,
        timeline=True,
        offered_to=WEBHOOK | SLACK | TEAMS,
        seeds=frozenset({1}),
    )
    feature_name: str
    project: str
    data: VariantsData
    pre_data: VariantsData
