"""What differs between two decoded JSON documents: as a JSON Patch for programs, as lines for people. Pure."""

from flagkeeper.eventlog.diff.lines import Line, added, lines, removed
from flagkeeper.eventlog.diff.patch import Operation, patch

__all__ = ["Line", "Operation", "added", "lines", "patch", "removed"]
