"""Changing service accounts and their tokens. What is a user in all but the password is changed as one."""

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.tokens.model import Pat
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import SERVICE, UserChange
from flagkeeper.kernel.clock import Millis


def update(unit: Unit, account_id: int, change: UserChange) -> None:
    """Raises `NotFound` or `BadData`."""
    users.demand_account(unit, account_id, SERVICE)
    users.update(unit, account_id, change)


def create_token(unit: Unit, account_id: int, description: str, expires_at: Millis) -> tuple[Pat, str]:
    """Makes a token and returns it with its secret. Raises `NotFound`, and what `tokens.commands.create_pat` does."""
    users.demand_account(unit, account_id, SERVICE)
    return tokens.create_pat(unit, account_id, description, expires_at)


def delete_token(unit: Unit, account_id: int, token_id: int) -> None:
    """Raises `NotFound` without such an account. A token that does not exist is no error."""
    users.demand_account(unit, account_id, SERVICE)
    tokens.delete_pat(unit, account_id, token_id)
