"""What an event is made of, as far as a search can tell: words, names and values, and the fields that changed.

The index and the evaluator both start from here, so that an event is found by what it contains and by nothing else.
"""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

LONGEST_WORD = 100
"""Characters of a word that count."""

LONGEST_KEY = 50
"""Characters of a key on a path that count."""
DEEPEST = 12
_LARGEST = 1e15
"""Numbers below are told apart by the digits that are kept of them."""
"""Keys on a path: what changed further down has changed here."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d:\d\d.*", re.DOTALL)
_GENERATED = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a UUID
    r"|(?=[a-f]*\d)[0-9a-f]{8,}"  # a hash, a serial number
    r"|[0-7][0-9a-hjkmnp-tv-z]{25}",  # a ULID
    re.IGNORECASE,
)
_RUNS = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d.*)?", re.DOTALL)

Amount = float | str
"""What can be more or less than another: a number, or a day as in `2026-11-22`."""

_encode = msgspec.json.Encoder().encode


def fold(text: str) -> str:
    """One form for all spellings of a word: no case, no accents. A NUL becomes a blank: PostgreSQL can keep none."""
    if text.isascii():
        return text.lower().replace("\0", " ")
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each)).casefold().replace("\0", " ")


def is_generated(value: str) -> bool:
    """Whether a machine made this up (a UUID, a hash, a ULID): nobody looks for a part of it."""
    return _GENERATED.fullmatch(value) is not None


def words_of(value: str) -> tuple[str, ...]:
    """The words of a name or value: what stands between blanks, and the letters and digits it consists of.

    `checkout-v2` is the words `checkout-v2`, `checkout` and `v2`. A time is the word of its day; what a machine
    generated is one word.
    """
    if moment := _TIME.fullmatch(value):
        return (moment[1],)
    if is_generated(value):
        return (value.lower(),)
    found: dict[str, None] = {}
    for chunk in fold(value).split():
        runs = list(_RUNS.finditer(chunk))
        if runs:
            found[chunk[runs[0].start() : runs[-1].end()][:LONGEST_WORD]] = None
            if len(runs) > 1:
                found.update((run[0][:LONGEST_WORD], None) for run in runs)
    return tuple(found)


def text_of(value: str) -> str | None:
    """A name or value as substrings are looked for in it; None for times and what a machine generated."""
    if not value or _TIME.fullmatch(value) or is_generated(value):
        return None
    return plain(value)


def plain(text: str) -> str:
    """One form for upper and lower case."""
    return text.casefold().replace("\0", " ")


def leaves(*payloads: Any) -> set[str]:
    """Every string, number and truth value of decoded JSON documents, as text."""
    found: set[str] = set()
    for payload in payloads:
        _gather(payload, found)
    return found


def _gather(value: Any, found: set[str]) -> None:
    # Not `match`: this runs some fifty times for an event, and twice as fast so.
    kind = type(value)
    if kind is str:
        found.add(value)
    elif kind is dict:
        for member in value.values():
            _gather(member, found)
    elif kind is list:
        for item in value:
            _gather(item, found)
    elif kind is bool:
        found.add("true" if value else "false")
    elif value is not None:
        found.add(str(value))


def changed_paths(kind: str, data: Any, pre_data: Any) -> set[tuple[str, ...]]:
    """The paths of keys, in lower case, at which `data` differs from `pre_data`; none when the event lacks either.

    Positions in lists are no part of a path. Strategy events carry the strategy itself; their paths begin with
    `strategies`, as in the flag that it belongs to.
    """
    found: set[tuple[str, ...]] = set()
    if data is not None and pre_data is not None:
        _compare(data, pre_data, ("strategies",) if kind.startswith("feature-strategy-") else (), found)
    return found


def amount_of(value: Any) -> Amount | None:
    """What a value amounts to: a number, also one that is written as text (a rollout is), or the day of a time. None:
    nothing that could be more or less."""
    kind = type(value)
    if kind is int or kind is float:
        return float(value) if abs(value) < _LARGEST else None
    if kind is str and value and value[0] in "-0123456789":
        if _NUMBER.fullmatch(value):
            return float(value)
        if day := _DAY.fullmatch(value):
            return day[1]
    return None


def shown_amount(amount: Amount) -> str:
    """An amount as the language writes it."""
    if isinstance(amount, str):
        return amount
    digits = f"{Decimal(repr(amount)):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def amounts(kind: str, data: Any) -> set[tuple[str, Amount]]:
    """The amounts in `data`, each with the keys on its path, in lower case and with dots between them. Text in a list
    is no amount: it is what somebody listed, ids for the most part."""
    found: set[tuple[str, Amount]] = set()
    if data is not None:
        _weigh(data, ("strategies",) if kind.startswith("feature-strategy-") else (), found)
    return found


def _weigh(value: Any, path: tuple[str, ...], found: set[tuple[str, Amount]]) -> None:
    kind = type(value)
    if kind is dict:
        for key, member in value.items():
            _weigh(member, _below(path, key), found)
    elif kind is list:
        for item in value:
            if type(item) is not str:
                _weigh(item, path, found)
    elif path and (amount := amount_of(value)) is not None:
        found.add((".".join(path), amount))


def has_path(asked: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the keys of `asked` occur on `path` in this order: `strategies.rollout` is in
    `strategies.parameters.rollout`."""
    keys = iter(path)
    return all(key in keys for key in asked)


def _compare(new: Any, old: Any, path: tuple[str, ...], found: set[tuple[str, ...]]) -> bool:
    """Whether the values differ, as JSON: `true` is not `1`."""
    kind = type(new)
    differs = False
    if kind is not type(old):
        differs = True
        _descend(new, path, found)
        _descend(old, path, found)
    elif kind is not dict and kind is not list:
        differs = new != old
    # Most of what an event shows did not change. To Python `True` is 1; the text knows better.
    elif new == old and _encode(new) == _encode(old):
        return False
    elif kind is dict:
        for key in new.keys() | old.keys():
            below = _below(path, key)
            if key in new and key in old:
                differs |= _compare(new[key], old[key], below, found)
            else:
                differs = True
                found.add(below)
                _descend(new.get(key, old.get(key)), below, found)
    else:
        for one, other in zip(new, old, strict=False):
            differs |= _compare(one, other, path, found)
        for item in (new if len(new) > len(old) else old)[min(len(new), len(old)) :]:
            differs = True
            _descend(item, path, found)
    if differs and path:
        found.add(path)
    return differs


def _below(path: tuple[str, ...], key: str) -> tuple[str, ...]:
    return path if len(path) == DEEPEST else (*path, _key(key))


@lru_cache(maxsize=2_000)
def _key(key: str) -> str:
    return fold(key)[:LONGEST_KEY]


def _descend(value: Any, path: tuple[str, ...], found: set[tuple[str, ...]]) -> None:
    """Everything below a value that came or went has changed with it."""
    if isinstance(value, dict):
        for key, member in value.items():
            below = _below(path, key)
            found.add(below)
            _descend(member, below, found)
    elif isinstance(value, list):
        for item in value:
            _descend(item, path, found)
