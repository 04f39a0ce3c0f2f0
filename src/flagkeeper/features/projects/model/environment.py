"""What a project has in an environment, beside its flags. Pure."""

from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.environments.model import Environment
from flagkeeper.features.projects.model.project import Project
from flagkeeper.kernel.errors import BadData, Detail

DEFAULT_STRATEGY = "flexibleRollout"
"""The only strategy that may be a default one."""


class ProjectEnvironment(Environment, frozen=True, kw_only=True):
    """An environment as one project has it."""

    default_strategy: DefaultStrategyData | None
    """None: the built-in one."""


class ProjectEnvironmentState(Snapshot, frozen=True, kw_only=True):
    """A version of what a project has in an environment, beside its flags."""

    kind: ClassVar = "project-environment"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state if state["attached"] else None}
    default_strategy: DefaultStrategyData | None


def strategy_for(project: Project, given: DefaultStrategyData | None, feature_name: str) -> DefaultStrategyData:
    """The strategy that a flag gets when it is switched on without one: the project's own for that environment
    (`given`), else everybody; what it leaves open is filled in."""
    strategy = given or DefaultStrategyData(
        name=DEFAULT_STRATEGY,
        title=None,
        disabled=False,
        constraints=[],
        parameters={},
        variants=[],
        segments=[],
    )
    filled = {"rollout": "100", "stickiness": project.default_stickiness, "groupId": feature_name}
    chosen = {name: value for name, value in strategy.parameters.items() if value}
    return msgspec.structs.replace(strategy, parameters=filled | chosen)


def check_default_strategy(strategy: DefaultStrategyData) -> None:
    """Raises `BadData` unless it is a gradual rollout."""
    if strategy.name != DEFAULT_STRATEGY:
        raise BadData(
            f"Only {DEFAULT_STRATEGY} can be a default strategy.",
            Detail(f"Use {DEFAULT_STRATEGY}, not {strategy.name!r}.", "/body/name"),
        )
