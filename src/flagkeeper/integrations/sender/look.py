"""One look at the database: everything that the sender wants to know, as of one moment."""

from collections.abc import Mapping, Sequence

import msgspec

from flagkeeper.eventlog.durable import position_of
from flagkeeper.integrations.fanout import FANOUT
from flagkeeper.integrations.secrets import Keyring
from flagkeeper.integrations.sender.due import Ask, Found, due
from flagkeeper.integrations.sender.receiver import Receiver, receivers, version
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.transaction import Transaction


class Look(msgspec.Struct, frozen=True, kw_only=True):
    position: int
    """How far the fan-out has come."""
    found: dict[int, Found]
    """What is due, by integration."""
    receivers: Mapping[int, Receiver] | None
    """The integrations that are switched on. None: as before."""
    version: int
    """Of the integrations."""


def take_look(tx: Transaction, asks: Sequence[Ask], now: Millis, known_version: int, keyring: Keyring) -> Look:
    newest = version(tx)
    return Look(
        position=position_of(tx, FANOUT),
        found={ask.integration_id: due(tx, ask, now) for ask in asks},
        receivers=None if newest == known_version else receivers(tx, keyring),
        version=newest,
    )
