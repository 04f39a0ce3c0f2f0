"""Reading service accounts."""

from flagkeeper.features.tokens import queries as tokens
from flagkeeper.features.tokens.model import Pat
from flagkeeper.features.users import queries as users
from flagkeeper.features.users.model.user import User
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.transaction import Transaction

Account = tuple[User, list[Pat]]
"""A service account and its tokens."""


def all_accounts(tx: Transaction) -> list[Account]:
    return [(seen.user, tokens.pats_of(tx, seen.user.id)) for seen in users.service_accounts(tx)]


def account(tx: Transaction, account_id: int) -> Account:
    """Raises `NotFound`."""
    for seen in users.users_of(tx, [account_id]):
        if seen.user.is_service:
            return seen.user, tokens.pats_of(tx, account_id)
    raise NotFound(f"There is no service account with the id {account_id}.")
