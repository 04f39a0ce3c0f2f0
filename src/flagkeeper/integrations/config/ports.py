"""What steps of integrations ask the server for."""

from flagkeeper.kernel.port import Port
from flagkeeper.kernel.secrets import Keyring

SEALED_BY = Port[Keyring]("keyring")
"""The part of that name: it is opened with the database."""
