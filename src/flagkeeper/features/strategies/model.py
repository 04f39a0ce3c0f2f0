"""What a strategy definition is, and the rules for changing one. Pure."""

import re
from enum import StrEnum
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.strategy import StrategyDefinitionData, StrategyParameterData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

LONGEST_NAME = 100
MOST_PARAMETERS = 50
CUSTOM_SORT_ORDER = 9999
"""Custom ones come after all that are built in, by name."""

_NAME = re.compile(r"[A-Za-z0-9_.!~*'()-]+")


class ParameterType(StrEnum):
    STRING = "string"
    PERCENTAGE = "percentage"
    LIST = "list"
    NUMBER = "number"
    BOOLEAN = "boolean"


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    display_name: str | None
    """Only built-in ones have one."""
    description: str | None
    title: str | None
    parameters: list[StrategyParameterData]
    built_in: bool
    """Every SDK evaluates it; nobody may change or delete it."""
    deprecated: bool
    sort_order: int

    @property
    def editable(self) -> bool:
        return not self.built_in

    def payload(self) -> StrategyDefinitionData:
        """How events show it."""
        return StrategyDefinitionData(
            name=self.name,
            title=self.title,
            description=self.description,
            parameters=self.parameters,
            editable=self.editable,
            deprecated=self.deprecated,
        )

    def state(self) -> "StrategyState":
        return StrategyState(strategy=self.payload())


class StrategyDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants a new strategy definition to be."""

    name: str
    title: str | None
    description: str | None
    parameters: list[StrategyParameterData]
    deprecated: bool

    def strategy(self) -> Strategy:
        return Strategy(
            name=self.name,
            display_name=None,
            description=self.description,
            title=self.title,
            parameters=self.parameters,
            built_in=False,
            deprecated=self.deprecated,
            sort_order=CUSTOM_SORT_ORDER,
        )


class StrategyChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants of a strategy definition to change; UNSET stays as it is."""

    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    parameters: list[StrategyParameterData]

    def applied_to(self, strategy: Strategy) -> Strategy:
        return msgspec.structs.replace(
            strategy,
            title=strategy.title if self.title is UNSET else self.title,
            description=strategy.description if self.description is UNSET else self.description,
            parameters=self.parameters,
        )


class StrategyState(Snapshot, frozen=True, kw_only=True):
    """A version of a strategy definition."""

    kind: ClassVar = "strategy"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state if state["strategy"] else None}
    strategy: StrategyDefinitionData

    def draft(self) -> StrategyDraft:
        """What a person would have to ask for, to get it."""
        shown = self.strategy
        return StrategyDraft(
            name=shown.name,
            title=shown.title,
            description=shown.description,
            parameters=shown.parameters,
            deprecated=shown.deprecated,
        )

    def change(self) -> StrategyChange:
        """What makes any other definition of this name equal to it, but for being deprecated."""
        shown = self.strategy
        return StrategyChange(title=shown.title, description=shown.description, parameters=shown.parameters)


BUILT_IN = (
    Strategy(
        name="flexibleRollout",
        display_name="Gradual rollout",
        description="On for a share of all users, and always for the same ones.",
        title=None,
        parameters=[
            StrategyParameterData(
                name="rollout",
                type=ParameterType.PERCENTAGE,
                description="The share of users, in percent.",
                required=False,
            ),
            StrategyParameterData(
                name="stickiness",
                type=ParameterType.STRING,
                description="The context field that decides who gets the same answer again.",
                required=True,
            ),
            StrategyParameterData(
                name="groupId",
                type=ParameterType.STRING,
                description="Flags with the same group pick the same users.",
                required=True,
            ),
        ],
        built_in=True,
        deprecated=False,
        sort_order=0,
    ),
    Strategy(
        name="default",
        display_name="Standard",
        description="On for everybody.",
        title=None,
        parameters=[],
        built_in=True,
        deprecated=False,
        sort_order=1,
    ),
    Strategy(
        name="remoteAddress",
        display_name="IPs",
        description="On for users with certain addresses.",
        title=None,
        parameters=[
            StrategyParameterData(
                name="IPs",
                type=ParameterType.LIST,
                description="Addresses, or ranges such as 10.0.0.0/8.",
                required=True,
            )
        ],
        built_in=True,
        deprecated=False,
        sort_order=2,
    ),
    Strategy(
        name="applicationHostname",
        display_name="Hosts",
        description="On for applications that run on certain hosts.",
        title=None,
        parameters=[
            StrategyParameterData(
                name="hostNames",
                type=ParameterType.LIST,
                description="Names of hosts.",
                required=False,
            )
        ],
        built_in=True,
        deprecated=False,
        sort_order=3,
    ),
)
"""What a new server starts with."""


def check(strategy: Strategy) -> None:
    """Checks a definition by itself.

    Raises:
        BadData: it breaks a rule.
    """
    if not _NAME.fullmatch(strategy.name) or len(strategy.name) > LONGEST_NAME or strategy.name in (".", ".."):
        raise BadData(
            f"The name of a strategy has 1 to {LONGEST_NAME} characters that may stand in a URL.",
            Detail("Letters, digits and - _ . ! ~ * ' ( ) are allowed.", "/body/name"),
        )
    check_line(strategy.title or "", "/body/title")
    if len(strategy.parameters) > MOST_PARAMETERS:
        raise BadData(f"A strategy has at most {MOST_PARAMETERS} parameters.", Detail("Too many.", "/body/parameters"))
    wrong: list[Detail] = []
    seen: set[str] = set()
    for i, parameter in enumerate(strategy.parameters):
        place = f"/body/parameters/{i}/name"
        if not 1 <= len(parameter.name) <= LONGEST_NAME:
            wrong.append(Detail(f"A parameter needs a name of 1 to {LONGEST_NAME} characters.", place))
        if parameter.name in seen:
            wrong.append(Detail(f"There are two parameters called {parameter.name!r}.", place))
        check_line(parameter.name, place)
        seen.add(parameter.name)
    if wrong:
        raise BadData(wrong[0].message, *wrong)
