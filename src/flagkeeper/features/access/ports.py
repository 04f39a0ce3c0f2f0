"""What access must ask a higher slice; the slice there answers."""

from typing import Protocol, runtime_checkable

from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class EnvironmentNames(Protocol):
    """Knows all environments, in the order in which people see them."""

    def __call__(self, tx: Transaction) -> list[str]: ...


ENVIRONMENT_NAMES = Port[EnvironmentNames]("environment_names")


@runtime_checkable
class RootRoleUses(Protocol):
    """Knows how many users, service accounts and groups have a root role."""

    def __call__(self, tx: Transaction, role_id: int, /) -> int: ...


ROOT_ROLE_USES = Port[RootRoleUses]("root_role_uses")
