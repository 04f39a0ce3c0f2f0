"""Sessions: who is logged in. Looked up in the database on every request, so that one that was ended opens nothing."""

from collections.abc import Iterable

from flagkeeper.features.users.model.session import hash_of
from flagkeeper.features.users.queries import user_of_session, users_of_sessions
from flagkeeper.http.caller import Credential
from flagkeeper.kernel import clock
from flagkeeper.readmodels.credentials.view import CredentialView
from flagkeeper.storage.reader import Reader


class UserSessions:
    """Finds the user behind a session's cookie (`http.authenticator.Sessions`)."""

    def __init__(self, reader: Reader, credentials: CredentialView) -> None:
        self._reader = reader
        self._credentials = credentials

    async def find(self, cookie: str) -> Credential | None:
        user_id = await self._reader.run(user_of_session, hash_of(cookie), clock.now())
        return None if user_id is None else self._credentials.of_user(user_id)

    async def find_all(self, cookies: Iterable[str]) -> dict[str, Credential]:
        hashes = {hash_of(cookie): cookie for cookie in cookies}
        users = await self._reader.run(users_of_sessions, list(hashes), clock.now())
        found = {hashes[each]: self._credentials.of_user(user_id) for each, user_id in users.items()}
        return {cookie: credential for cookie, credential in found.items() if credential is not None}
