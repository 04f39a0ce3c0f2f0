"""When SDKs last evaluated flags."""

from collections.abc import Iterable
from typing import Any

from flagkeeper.features.flags.tables import feature_last_seen
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction

_SEE = Write[Any](upsert(feature_last_seen, key=["feature_name", "environment"], update=["at"]))


def save(tx: Transaction, places: Iterable[tuple[str, str]], at: Millis) -> None:
    """Pairs of flag and environment."""
    tx.write_many(_SEE, [{"feature_name": name, "environment": place, "at": at} for name, place in sorted(set(places))])
