"""CSV (RFC 4180, UTF-8): a row for each event, a column for each field of its envelope and of its payloads.

People open this in a spreadsheet, so nested payloads become columns with dots in their names, as Unleash's own export
has them: `data.parameters.rollout`. Which columns there are is known only after all events were seen, and the first
row must name them, so the events are read twice (`looks_first`) and never kept. Lists stay JSON text in one cell, or
every longer list would add columns. Where payloads have more fields than `MOST_COLUMNS`, the object with the most
members becomes JSON text in one cell too: the memory that an export takes is bounded, and nothing is left out.
"""

import codecs
import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from flagkeeper.eventlog.export.format import Format
from flagkeeper.eventlog.read import EventRow, View

MOST_COLUMNS = 500
"""Columns for fields of `data` and `preData`."""

_ENVELOPE = (
    *("id", "type", "createdAt", "createdBy", "createdByUserId", "featureName", "project", "environment"),
    *("label", "summary", "tags", "ip", "groupType", "groupId", "reason", "ticket", "cause.kind", "cause.id"),
    *("actorKind", "credentialId", "traceId"),
)
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""How a formula begins; the last four are the wide ones of East Asian keyboards."""
_FORMULA = re.compile(rf"\A(?=[{_SIGNS}\t\r\n])|(?<=[;|\t\r\n])(?=[ \"']*[{_SIGNS}])")
"""Where a text begins that a spreadsheet would run instead of show: at the beginning of a cell, or of what is one for a
spreadsheet that splits lines at other signs than commas, as those of many countries do."""
_FORMULA_IN_JSON = re.compile(rf"([;|][\s\"']*)([{_SIGNS}])")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

Path = tuple[str, ...]


class Table(Format):
    media_type = "text/csv"
    extension = "csv"
    mark = codecs.BOM_UTF8
    """Without it, Excel takes the file for one in the code page of the computer."""
    looks_first = True

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._envelope = [name for name in _ENVELOPE if view.with_ip or name != "ip"]
        self._fields = _Fields()
        self._places: dict[Path, int] = {}
        """In which column a field of a payload stands."""

    def survey(self, rows: Sequence[EventRow]) -> None:
        for row in rows:
            for path, payload in _payloads(row):
                self._fields.add(path, payload)

    def begin(self) -> bytes:
        paths = sorted(self._fields.paths)
        self._places = {path: place for place, path in enumerate(paths, len(self._envelope))}
        names = (".".join(step.replace(".", "\\.") for step in path) for path in paths)
        return _csv([[*self._envelope, *names]])

    def batch(self, rows: Sequence[EventRow]) -> bytes:
        return _csv(map(self._cells, rows))

    @classmethod
    def cut_off(cls, reason: str) -> bytes:
        """A row with words where every other one has the event's id."""
        return _csv([[f"error: {reason}"]])

    def _cells(self, row: EventRow) -> list[str]:
        shown = msgspec.to_builtins(row.shown(self._view), builtin_types=(msgspec.Raw,))
        if cause := shown.get("cause"):
            shown |= {f"cause.{name}": value for name, value in cause.items()}
        cells = [_cell(shown.get(name)) for name in self._envelope]
        cells += [""] * len(self._places)
        for start, payload in _payloads(row):
            for path, value in self._fields.leaves(start, payload):
                cells[self._places[path]] = _cell(value)
        return cells


class _Fields:
    """The paths at which payloads have values, `MOST_COLUMNS` at most."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()
        self._whole: set[Path] = set()
        """Objects that had too many members for a column each."""

    def add(self, start: Path, payload: Any) -> None:
        self.paths.update(path for path, _ in self.leaves(start, payload))
        while len(self.paths) > MOST_COLUMNS:
            widest = self._widest()
            self._whole.add(widest)
            self.paths = {widest if path[: len(widest)] == widest else path for path in self.paths}

    def _widest(self) -> Path:
        members: dict[Path, set[str]] = defaultdict(set)
        for path in self.paths:
            for depth in range(1, len(path)):
                members[path[:depth]].add(path[depth])
        return max(members, key=lambda path: (len(members[path]), len(path), path))

    def leaves(self, start: Path, payload: Any) -> Iterator[tuple[Path, Any]]:
        """Every value of a payload that gets a cell, and its path. Null gets none: its cell would be empty."""
        open_ = [(start, payload)]
        while open_:
            path, value = open_.pop()
            if isinstance(value, dict) and value and path not in self._whole:
                open_.extend(((*path, key), member) for key, member in value.items())
            elif value is not None:
                yield path, value


def _payloads(row: EventRow) -> Iterator[tuple[Path, Any]]:
    if row.data is not None:
        yield ("data",), _decode(row.data)
    if row.pre_data is not None:
        yield ("preData",), _decode(row.pre_data)


def _cell(value: Any) -> str:
    """The text of a cell. What a spreadsheet would take for a formula gets a quote before it; in JSON, where that would
    be another value, its sign is written as a code."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _FORMULA.sub("'", value)
    return _FORMULA_IN_JSON.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", _encode(value).decode())


def _csv(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
