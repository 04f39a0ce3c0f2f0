"""Choosing a new password. Hashing is slow on purpose, so it happens on a thread, before the unit."""

import asyncio

from flagkeeper.features.users import queries
from flagkeeper.features.users.model.password import demand_strong, hash_password, matches
from flagkeeper.features.users.schemas import PasswordBody
from flagkeeper.kernel.errors import BadData, Detail, PasswordMismatch
from flagkeeper.storage.reader import Reader


async def chosen(data: PasswordBody, user_id: int, reader: Reader) -> str:
    """The hash of the password that was chosen for a user.

    Raises:
        WeakPassword: it is too weak.
        BadData: it was typed twice, differently, or the user had it before.
    """
    if data.confirm_password not in (None, data.password):
        raise BadData("The two passwords differ.", Detail("Type it again.", "/body/confirmPassword"))
    demand_strong(data.password)
    used = await reader.run(queries.password_hashes, user_id)
    if await asyncio.to_thread(_any_matches, data.password, used):
        raise BadData("This password was used before. Choose another one.", Detail("Used before.", "/body/password"))
    return await asyncio.to_thread(hash_password, data.password)


async def demand_old(data: PasswordBody, user_id: int, reader: Reader) -> None:
    """Raises `PasswordMismatch` unless the present password was sent along."""
    present = next(iter(await reader.run(queries.password_hashes, user_id)), None)
    if not await asyncio.to_thread(matches, data.old_password or "", present):
        raise PasswordMismatch("The old password is wrong.")


def _any_matches(password: str, hashes: list[str]) -> bool:
    return any(matches(password, each) for each in hashes)
