"""What an event changed, in lines for people and as a JSON Patch for programs."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from flagkeeper.eventlog import diff
from flagkeeper.eventlog.diff import Line, Operation
from flagkeeper.eventlog.read import EventRow

_REMOVAL = re.compile(r".+-(deleted|removed|remove|untagged|unfavorited)|drop-.+")
"""Types whose `data`, where there is no `preData`, says what is gone."""

_decode = msgspec.json.Decoder().decode


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between `preData` and `data`; all of what was created or removed."""

    patch: list[Operation]
    """Applied to `preData` (RFC 6902), gives `data`; either may be null."""
    lines: list[Line]


def changes_of(row: EventRow) -> Changes:
    return Changes(patch=diff.patch(_document(row.pre_data), _document(row.data)), lines=list(lines_of(row)))


def lines_of(row: EventRow) -> Iterator[Line]:
    data, pre_data = _document(row.data), _document(row.pre_data)
    if pre_data is None and _REMOVAL.fullmatch(row.type):
        return diff.removed(data)
    return diff.lines(pre_data, data)


def both_sides(row: EventRow) -> tuple[Any, Any]:
    """What there was before and is afterwards; where `data` says what is gone, there is nothing afterwards."""
    data, pre_data = _document(row.data), _document(row.pre_data)
    return (data, None) if pre_data is None and _REMOVAL.fullmatch(row.type) else (pre_data, data)


def _document(text: str | None) -> Any:
    return None if text is None else _decode(text)
