"""Knowing one's password."""

import asyncio

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.attempts.commands import was_right
from flagkeeper.features.attempts.model import account_of_user
from flagkeeper.features.attempts.ports import Attempts
from flagkeeper.features.users import queries
from flagkeeper.features.users.model.password import matches
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import PasswordMismatch
from flagkeeper.storage.reader import Reader


async def demand_old(password: str | None, user_id: int, units: Units, reader: Reader, attempts: Attempts) -> None:
    """Demands that it is the present password.

    Raises:
        PasswordMismatch: it is not.
        RateLimited: too many were wrong; whoever found a session must not find the password too.
    """
    account = account_of_user(user_id)
    await attempts.try_password(account)
    present = next(iter(await reader.run(queries.password_hashes, user_id)), None)
    if not await asyncio.to_thread(matches, password or "", present):
        raise PasswordMismatch("The old password is wrong.")
    await units.run(SYSTEM, was_right, account)
