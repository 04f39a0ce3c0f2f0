"""Counting attempts in the database, where all servers count."""

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.attempts import commands, queries
from flagkeeper.features.attempts.model import Tried, network_of
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.limits import PerMinute
from flagkeeper.storage.reader import Reader


class SharedAttempts:
    """Refuses what is one too many with a read, so that whoever goes on trying keeps nobody else from writing; what is
    let through is counted in the database, where all servers count."""

    def __init__(self, units: Units, reader: Reader, per_minute: PerMinute) -> None:
        self._units = units
        self._reader = reader
        self._most = {
            Tried.LOGIN: per_minute.logins,
            Tried.RETURN: per_minute.logins,
            Tried.SIGN_UP: per_minute.sign_ups,
            Tried.ACCESS_REQUEST: per_minute.sign_ups,
            Tried.RESET_MAIL: per_minute.reset_mails,
            Tried.NEW_USER: per_minute.new_users,
        }

    async def count(self, tried: Tried, address: str) -> None:
        """Counts one attempt from an address. Raises `RateLimited`."""
        network, most = network_of(address), self._most[tried]
        await self._reader.run(queries.demand_room, tried, network, most, clock.now())
        await self._units.run(SYSTEM, commands.count, tried, network, most)

    async def try_password(self, account: str) -> None:
        """Counts one attempt as wrong, until it turns out to be right. Raises `RateLimited`."""
        await self._reader.run(queries.demand_patience, account, clock.now())
        await self._units.run(SYSTEM, commands.try_password, account)
