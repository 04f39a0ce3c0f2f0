"""Reading settings."""

from collections.abc import Mapping, Sequence

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.features.instance.store import BY_IDS
from flagkeeper.storage.transaction import Transaction


def settings_of(tx: Transaction, ids: Sequence[str]) -> Mapping[str, SettingDetails]:
    """Those of `ids` that somebody has changed."""
    return dict(tx.all(BY_IDS, ids=list(ids)))
