"""Events of strategy definitions, not of strategies of flags."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Event
from flagkeeper.eventlog.catalogue.payload import NameData, Payload

GROUP = "Strategy"


class StrategyParameterData(Payload, frozen=True, kw_only=True):
    name: str
    type: str
    """`string`, `percentage`, `list`, `number` or `boolean`."""
    description: str
    required: bool


class StrategyDefinitionData(Payload, frozen=True, kw_only=True):
    name: str
    title: str | None
    description: str | None
    parameters: list[StrategyParameterData]
    editable: bool
    deprecated: bool


class StrategyCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="strategy-created",
        label="Strategy created",
        summary="{actor} created strategy {data.name}",
        subject="strategy/{data.name}",
        group=GROUP,
        seeds=frozenset({1, 2, 3}),
    )
    data: StrategyDefinitionData
    pre_data: None = None


class StrategyUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="strategy-updated",
        label="Strategy updated",
        summary="{actor} changed strategy {data.name}",
        subject="strategy/{data.name}",
        group=GROUP,
        timeline=True,
        seeds=frozenset({1, 2, 3}),
    )
    data: StrategyDefinitionData
    pre_data: StrategyDefinitionData


class StrategyDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="strategy-deleted",
        label="Strategy deleted",
        summary="{actor} deleted strategy {data.name}",
        subject="strategy/{data.name}",
        group=GROUP,
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: None = None


class StrategyDeprecated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="strategy-deprecated",
        label="Strategy deprecated",
        summary="{actor} deprecated strategy {data.name}",
        subject="strategy/{data.name}",
        group=GROUP,
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: None = None


class StrategyReactivated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="strategy-reactivated",
        label="Strategy reactivated",
        summary="{actor} reactivated strategy {data.name}",
        subject="strategy/{data.name}",
        group=GROUP,
        timeline=True,
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: None = None


class StrategyImport(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="strategy-import",
        label="Strategy imported",
        summary="{actor} imported strategy {data.name}",
        subject="strategy/{data.name}",
        group=GROUP,
        seeds=frozenset({1, 2, 3}),
    )
    data: StrategyDefinitionData
    pre_data: None = None


class DropStrategies(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="drop-strategies",
        label="All strategies dropped",
        summary="{actor} dropped all custom strategies before an import",
        subject="all-strategies",
        group=GROUP,
        seeds=frozenset({1, 2, 3}),
    )
    data: NameData
    pre_data: None = None
