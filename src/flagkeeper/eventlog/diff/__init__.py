"""What differs between two decoded JSON documents: as a JSON Patch for programs, as lines and
field by field for people. Pure."""

from flagkeeper.eventlog.diff.fields import NARROW, WIDE, FieldChange, Room, fields
from flagkeeper.eventlog.diff.lines import Line, added, lines, removed
from flagkeeper.eventlog.diff.patch import Operation, patch

__all__ = ["NARROW", "WIDE", "FieldChange", "Line", "Operation", "Room", "added", "fields", "lines", "patch", "removed"]
