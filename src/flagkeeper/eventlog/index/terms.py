"""Terms: what the index knows events by. The first letter says what kind of term it is. Pure."""

from collections.abc import Iterator

from flagkeeper.eventlog.query.conditions import Field
from flagkeeper.eventlog.query.content import Amount

WORD = "w:"
CHANGED = "c:"
AMOUNT = "v:"
TRIGRAM = "3:"
OF_PROJECT = "o:"
"""All events that have a project."""
KINDS = {
    Field.TYPE: "t:",
    Field.PROJECT: "p:",
    Field.ENVIRONMENT: "e:",
    Field.FLAG: "f:",
    Field.BY: "n:",
    Field.USER: "u:",
    Field.GROUP: "g:",
    Field.ACTOR: "a:",
    Field.REASON: "r:",
    Field.TICKET: "k:",
    Field.CAUSE: "b:",
}
NAMED = frozenset({"t:", "p:", "e:", "f:", "n:", "u:", "a:", "k:", CHANGED, AMOUNT})
"""Kinds of which there are few terms, so that all of them can be listed."""
SEVERAL = frozenset({CHANGED, AMOUNT, KINDS[Field.REASON], KINDS[Field.CAUSE]})
"""Kinds of which an event may have more than one term."""
BEYOND = "\U0010ffff"
"""Sorts behind whatever a term may go on with."""


LONGEST = 600
"""Characters of a field that count: an entry of an index of PostgreSQL has 2,700 bytes at most."""


def field_term(field: Field, value: str) -> str:
    """The term of all events whose `field` is `value`."""
    return KINDS[field] + value[:LONGEST]


def changed_term(path: tuple[str, ...]) -> str:
    """The term of all events in which something changed at `path`."""
    return CHANGED + ".".join(path)


def amount_term(keys: str, amount: Amount) -> str:
    """The term of all events whose `data` has this amount at these keys."""
    return f"{AMOUNT}{keys}={amount}"


def read_amount(term: str) -> tuple[str, Amount]:
    """The keys and the amount of such a term."""
    keys, _, amount = term[len(AMOUNT) :].rpartition("=")
    is_day = len(amount) == len("2026-11-22") and amount[4:8:3] == "--"
    return keys, amount if is_day else float(amount)


def trigrams(text: str) -> Iterator[str]:
    """Every three neighbouring characters, as terms."""
    for end in range(3, len(text) + 1):
        yield TRIGRAM + text[end - 3 : end]
