"""What streams of OFREP ask of others."""

from typing import Protocol, runtime_checkable

from flagkeeper.http.caller import Credential
from flagkeeper.kernel.port import Port
from flagkeeper.kernel.secrets import Keyring


@runtime_checkable
class TokensById(Protocol):
    """Knows every API token that is valid now."""

    def of_token(self, token_id: str) -> Credential | None: ...


TOKENS_BY_ID = Port[TokensById]("token_view")
SIGNED_BY = Port[Keyring]("keyring")
