"""How handlers of all slices count attempts."""

from typing import Protocol, runtime_checkable

from flagkeeper.features.attempts.model import Tried


@runtime_checkable
class Attempts(Protocol):
    """Counts what strangers try, on all servers together."""

    async def count(self, tried: Tried, address: str) -> None:
        """Counts one attempt from an address. Raises `RateLimited`."""
        ...

    async def try_password(self, account: str) -> None:
        """Counts one attempt as wrong, until it turns out to be right. Raises `RateLimited`."""
        ...
