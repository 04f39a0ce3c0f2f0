"""What steps of integrations ask the server for."""

from flagkeeper.integrations.config.secrets import Keyring
from flagkeeper.kernel.port import Port

SEALED_BY = Port[Keyring]("keyring")
"""The part of that name: it is opened with the database."""
