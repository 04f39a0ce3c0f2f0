"""Reading settings."""

from collections.abc import Mapping, Sequence

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.eventlog.read import log_position
from flagkeeper.features.instance.store import BY_IDS, SECRET, SECRETS
from flagkeeper.storage.transaction import Transaction


def settings_of(tx: Transaction, ids: Sequence[str]) -> Mapping[str, SettingDetails]:
    """Those of `ids` that somebody has changed."""
    return dict(tx.all(BY_IDS, ids=list(ids)))


def secret_of(tx: Transaction, setting: str) -> str:
    """The secret of a setting as it is kept; empty: it has none."""
    return tx.first(SECRET, id=setting) or ""


def secrets(tx: Transaction) -> Mapping[str, str]:
    """All of them as they are kept, by setting."""
    return dict(tx.all(SECRETS))


def instance_id(tx: Transaction) -> str:
    """The name of this server's log, which is as good a name of the server."""
    return log_position(tx).epoch
