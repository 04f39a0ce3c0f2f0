"""Documents in YAML: read within bounds, and written.

Plain words mean what YAML 1.2's core schema says, and nothing more: `no` is a word and `12:30` is not a number.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.nesting import DEEPEST

LARGEST = 100_000_000
"""Characters of a document in which every alias is written out."""

_PLAIN = (
    ("tag:yaml.org,2002:bool", re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    ("tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9]*)"), "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?"),
        "-+.0123456789",
    ),
    ("tag:yaml.org,2002:null", re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
)


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for tag, pattern, first in _PLAIN:
        for sign in first:
            found.setdefault(sign, []).append((tag, re.compile(f"(?:{pattern.pattern})\\Z")))
    return found


_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(_BaseLoader):  # type: ignore[misc]  # which one it is depends on how PyYAML was built
    yaml_implicit_resolvers = _resolvers()


class _Dumper(_BaseDumper):  # type: ignore[misc]
    """Quotes what anybody, of version 1.1 or 1.2, could take for something else than text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - where PyYAML looks for them
        sign: [*_BaseDumper.yaml_implicit_resolvers.get(sign, []), *_resolvers().get(sign, [])]
        for sign in {*_BaseDumper.yaml_implicit_resolvers, *_resolvers()}
    }

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def to_json(text: bytes) -> bytes:
    """What a YAML document says, as JSON.

    Raises:
        BadData: it is no YAML, or it nests too deep, refers to itself, or would be too large without its aliases.
    """
    try:
        _demand_bounded(yaml.parse(text, Loader=_BaseLoader))
        return msgspec.json.encode(yaml.load(text, Loader=_Loader))  # noqa: S506 - made of a safe loader
    except (yaml.YAMLError, UnicodeError) as error:
        raise _no_yaml(" ".join(str(error).split())) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise _no_yaml(f"JSON cannot hold what it says: {error}") from error


def from_builtins(value: Any) -> bytes:
    """Lists, maps and plain values as YAML."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return str(text).encode()


def _demand_bounded(events: Iterator[Any]) -> None:
    """Adds up how large a document is with every alias written out, without writing it out."""
    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    size = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append((event.anchor, size))
            size += 2
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            sizes |= {anchor: size - before} if anchor else {}
        elif isinstance(event, yaml.NodeEvent):
            own = _size(event, sizes)
            sizes |= {event.anchor: own} if event.anchor else {}
            size += own
        if len(open_) > DEEPEST:
            raise _no_yaml(f"It nests deeper than {DEEPEST} levels.")
        if size > LARGEST:
            raise _no_yaml("It would be too large with its aliases written out.")


def _size(event: Any, sizes: dict[str, int]) -> int:
    """Of a word, or of what an alias stands for."""
    if isinstance(event, yaml.ScalarEvent):
        return len(event.value) + 1
    if event.anchor not in sizes:
        raise _no_yaml(f"The alias *{event.anchor} stands inside of what it stands for, or for nothing.")
    return sizes[event.anchor]


def _no_yaml(why: str) -> BadData:
    return BadData(f"This YAML cannot be read: {why}", Detail(why, "/body"))
