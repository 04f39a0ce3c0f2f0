"""Where the keys that seal secrets come from: the settings, and the database where those bring none."""

from flagkeeper.eventlog.unit import Unit, Units
from flagkeeper.features.instance import commands as settings
from flagkeeper.integrations.config import store
from flagkeeper.integrations.config.commands import reseal
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import BadData
from flagkeeper.kernel.ids import new_secret
from flagkeeper.kernel.secrets import SHORTEST_KEY, Keyring


async def open_keyring(units: Units, keys: tuple[str, ...]) -> Keyring:
    """The keyring of this server, after everything was sealed anew that an older key sealed.

    Args:
        units: of the running server.
        keys: from the settings, newest first. The key in the database comes last: it opens what was sealed before there
            were others, and seals only where there are none.

    Raises:
        BadData: a key is too short to be random.
    """
    kept = await units.run(SYSTEM, _kept_key)
    try:
        keyring = Keyring((*keys, kept))
    except ValueError as error:
        raise BadData(f"FLAGKEEPER_SECRET_KEY: {error}.") from error
    await units.run(SYSTEM, reseal, keyring)
    await units.run(SYSTEM, settings.reseal, keyring)
    return keyring


def _kept_key(unit: Unit) -> str:
    return store.kept_key(unit.tx, new_secret(SHORTEST_KEY), unit.now)
