"""What an export format is: bytes before, for, and after the events."""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

from flagkeeper.eventlog.read import EventRow, View


class FormatName(StrEnum):
    """The formats, by the names that people ask for."""

    NDJSON = "ndjson"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class Format:
    """Turns events, oldest first and some at a time, into one file: `begin`, then each batch, then `end`.

    An object belongs to one export. Everything it keeps in memory is bounded, however long the export.
    """

    media_type: ClassVar[str]
    extension: ClassVar[str]
    mark: ClassVar[bytes] = b""
    """What comes before all else, unless somebody does not want it."""
    looks_first: ClassVar[bool] = False
    """Whether it must see all events (`look`) before it can begin."""

    def __init__(self, view: View) -> None:
        self._view = view

    def survey(self, rows: Sequence[EventRow]) -> None:
        """Takes note of what the file will have to hold."""

    def begin(self) -> bytes:
        return b""

    def batch(self, rows: Sequence[EventRow]) -> bytes:
        raise NotImplementedError

    def end(self) -> bytes:
        return b""

    @classmethod
    def cut_off(cls, reason: str) -> bytes:
        """The last bytes of a file that cannot go on, in place of what is missing. No reader takes it for a whole one,
        and a person who opens it sees why."""
        raise NotImplementedError
