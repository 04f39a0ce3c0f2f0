"""What requests for access must ask higher slices."""

from typing import Protocol, runtime_checkable

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access_requests.model import Asker
from flagkeeper.kernel.port import Port


@runtime_checkable
class Admit(Protocol):
    """Makes somebody a user with a root role, who can sign in as whom the provider knows; returns the user's id. Told
    to them by mail if that is wanted."""

    def __call__(self, unit: Unit, asker: Asker, root_role: int, *, by_mail: bool) -> int: ...


ADMIT = Port[Admit]("admit")
