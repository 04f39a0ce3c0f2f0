"""What an environment is. Pure."""

import re
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.payload import EnvironmentData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

PRODUCTION = "production"
"""The type on which lifecycles and delivery measures are based."""
LARGEST_SORT_ORDER = 2**31 - 1
LONGEST_TYPE = 100
MOST_APPROVALS = 1_000

_NAME = re.compile(r"[A-Za-z0-9~_.-]{1,100}")


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: str
    """`development`, `test`, `preproduction`, `production`, or any other word."""
    sort_order: int
    enabled: bool
    """False: it is not offered when a project is set up. Flags keep their state in it."""
    protected: bool
    required_approvals: int | None
    """How many approvals a change needs in it, in every project; None: the project decides."""

    def payload(self) -> EnvironmentData:
        """How events show it."""
        return EnvironmentData(
            name=self.name,
            type=self.type,
            sort_order=self.sort_order,
            enabled=self.enabled,
            protected=self.protected,
            required_approvals=self.required_approvals,
        )

    def state(self) -> "EnvironmentState":
        return EnvironmentState(environment=self.payload())


class EnvironmentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator wants a new environment to be."""

    name: str
    type: str
    enabled: bool = True
    sort_order: int | None = None
    """None: after all others."""
    required_approvals: int | None = None


class EnvironmentChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change about an environment; what is left out stays."""

    type: str | UnsetType = UNSET
    sort_order: int | UnsetType = UNSET
    required_approvals: int | UnsetType | None = UNSET


class EnvironmentState(Snapshot, frozen=True, kw_only=True):
    """A version of an environment."""

    kind: ClassVar = "environment"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: state if state["environment"] else None}
    environment: EnvironmentData


BUILT_IN = (
    Environment(
        name="development",
        type="development",
        sort_order=100,
        enabled=True,
        protected=False,
        required_approvals=None,
    ),
    Environment(
        name="production",
        type=PRODUCTION,
        sort_order=200,
        enabled=True,
        protected=False,
        required_approvals=None,
    ),
)
"""What a new server starts with."""


def check_name(name: str) -> None:
    """Raises `BadData` unless the name can stand in a URL as it is."""
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise BadData(
            "The name of an environment has 1 to 100 of the characters A-Z, a-z, 0-9, ~ _ . and -.",
            Detail("Choose another name.", "/body/name"),
        )


def check_sort_order(sort_order: int, name: str) -> None:
    """Raises `BadData` unless the number can be stored."""
    if not 0 <= sort_order <= LARGEST_SORT_ORDER:
        raise BadData(
            f"A sort order is a number from 0 to {LARGEST_SORT_ORDER}.",
            Detail(f"{sort_order} is out of range.", f"/body/{name}"),
        )


def drafted(draft: EnvironmentDraft, last: int) -> Environment:
    """A new environment. `last`: the largest sort order of all others.

    Raises:
        BadData: it breaks a rule.
    """
    check_name(draft.name)
    made = Environment(
        name=draft.name,
        type=draft.type,
        sort_order=min(last + 1, LARGEST_SORT_ORDER) if draft.sort_order is None else draft.sort_order,
        enabled=draft.enabled,
        protected=False,
        required_approvals=draft.required_approvals,
    )
    _check(made)
    return made


def changed(environment: Environment, change: EnvironmentChange) -> Environment:
    """The environment after a change.

    Raises:
        BadData: it breaks a rule.
    """
    wanted = {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not UNSET}
    new = msgspec.structs.replace(environment, **wanted)
    _check(new)
    return new


def _check(environment: Environment) -> None:
    if not environment.type.strip() or len(environment.type) > LONGEST_TYPE:
        raise BadData("An environment needs a type.", Detail(f"1 to {LONGEST_TYPE} characters.", "/body/type"))
    check_line(environment.type, "/body/type")
    check_sort_order(environment.sort_order, "sortOrder")
    if environment.required_approvals is not None and not 1 <= environment.required_approvals <= MOST_APPROVALS:
        raise BadData(
            f"A change can need 1 to {MOST_APPROVALS} approvals.", Detail("Or null.", "/body/requiredApprovals")
        )
