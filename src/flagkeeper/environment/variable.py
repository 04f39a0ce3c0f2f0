"""What there is to say of an environment variable, and what becomes of it."""

from enum import Enum, auto
from fnmatch import fnmatchcase

import msgspec


class Handling(Enum):
    """What becomes of a variable that is set."""

    HONOURED = auto()
    REFUSED = auto()
    """The server does not start: it would do something else than it was told."""
    UNNEEDED = auto()
    """The start says that nothing depends on it here."""


class Variable(msgspec.Struct, frozen=True):
    """One variable, or several that a pattern such as `CSP_ALLOWED_*` names."""

    name: str
    meaning: str
    """What it does; or why it does nothing here, and what does it instead."""
    default: str = ""
    """As people read it."""
    secret: bool = False
    """`<NAME>_FILE` may name a file that holds the value, as container platforms keep secrets."""
    handling: Handling = Handling.HONOURED
    harmless: frozenset[str] = frozenset()
    """Values, in lower case, of one that is refused, which ask for what happens anyway."""

    def names(self, name: str) -> bool:
        return fnmatchcase(name, self.name)


def refused(name: str, meaning: str, *harmless: str) -> Variable:
    return Variable(name, meaning, handling=Handling.REFUSED, harmless=frozenset(harmless))


def unneeded(name: str, meaning: str) -> Variable:
    return Variable(name, meaning, handling=Handling.UNNEEDED)
