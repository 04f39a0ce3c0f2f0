"""What an environment is (facts: platform-model.md, section 5). Pure."""

import re
from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.payload import EnvironmentData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel.errors import BadData, Detail

PRODUCTION = "production"
"""The type on which lifecycles and delivery measures are based."""
LARGEST_SORT_ORDER = 2**31 - 1

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


class EnvironmentState(Snapshot, frozen=True, kw_only=True):
    kind: ClassVar = "environment"
    environment: EnvironmentData | None
    """None: it was deleted."""


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
