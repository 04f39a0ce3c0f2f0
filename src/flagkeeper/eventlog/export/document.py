"""JSON: one array of events as the API shows them."""

from collections.abc import Sequence

import msgspec

from flagkeeper.eventlog.export.format import Format
from flagkeeper.eventlog.read import EventRow, View

_encode = msgspec.json.Encoder().encode


class Document(Format):
    media_type = "application/json"
    extension = "json"

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._separator = b""

    def begin(self) -> bytes:
        return b"["

    def batch(self, rows: Sequence[EventRow]) -> bytes:
        if not rows:
            return b""
        separator, self._separator = self._separator, b","
        view = self._view
        return separator + _encode([row.shown(view) for row in rows])[1:-1]

    def end(self) -> bytes:
        return b"]"
