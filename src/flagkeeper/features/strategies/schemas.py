"""Strategy definitions on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.strategy import StrategyParameterData
from flagkeeper.features.strategies.model import ParameterType, Strategy, StrategyChange, StrategyDraft


class ParameterBody(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: ParameterType
    description: str = ""
    required: bool = False

    def parameter(self) -> StrategyParameterData:
        return StrategyParameterData(
            name=self.name, type=self.type, description=self.description, required=self.required
        )


class StrategyBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends to create a strategy definition."""

    name: str
    title: str | None = None
    description: str | None = None
    deprecated: bool = False
    parameters: list[ParameterBody]

    def draft(self) -> StrategyDraft:
        return StrategyDraft(
            name=self.name,
            title=self.title,
            description=self.description,
            deprecated=self.deprecated,
            parameters=[each.parameter() for each in self.parameters],
        )


class StrategyChangeBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends to change a strategy definition."""

    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    parameters: list[ParameterBody]

    def change(self) -> StrategyChange:
        return StrategyChange(
            title=self.title,
            description=self.description,
            parameters=[each.parameter() for each in self.parameters],
        )


class StrategyOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    display_name: str | None
    description: str | None
    title: str | None
    parameters: list[StrategyParameterData]
    editable: bool
    deprecated: bool


class StrategyList(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    strategies: list[StrategyOut]


def shown(strategy: Strategy) -> StrategyOut:
    return StrategyOut(
        name=strategy.name,
        display_name=strategy.display_name,
        description=strategy.description,
        title=strategy.title,
        parameters=strategy.parameters,
        editable=strategy.editable,
        deprecated=strategy.deprecated,
    )
