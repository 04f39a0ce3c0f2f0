"""JSON: one array of events as the API shows them, or one event a line, which `flagkeeper events import` reads."""

from collections.abc import Sequence

import msgspec

from flagkeeper.eventlog.export.format import Format
from flagkeeper.eventlog.read import EventRow, View

# Payloads are spliced as they are stored (`msgspec.Raw`). Splicing the envelope by hand too was slower: 152,000 lines
# a second against 181,000.
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines


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

    @classmethod
    def cut_off(cls, reason: str) -> bytes:
        """No bracket closes the array."""
        return b"," + _encode({"error": reason})


class Ndjson(Format):
    media_type = "application/x-ndjson"
    extension = "ndjson"

    def batch(self, rows: Sequence[EventRow]) -> bytes:
        view = self._view
        return _encode_lines([row.shown(view) for row in rows])

    @classmethod
    def cut_off(cls, reason: str) -> bytes:
        """A line that is no event."""
        return _encode_lines([{"error": reason}])
