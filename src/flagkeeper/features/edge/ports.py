"""What handlers of this slice are given."""

import msgspec


class EdgeSecret(msgspec.Struct, frozen=True):
    """What Edge shares with this server. Empty: nothing."""

    text: str

    def __repr__(self) -> str:
        return "EdgeSecret(***)"
