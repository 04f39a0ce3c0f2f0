"""What an import does with a thing that is there already."""

from enum import StrEnum


class Existing(StrEnum):
    KEEP = "keep"
    """It stays as it is."""
    REPLACE = "replace"
    """It becomes what the import says; where that is what it is, nothing happens."""
    DROP = "drop"
    """The same, and it counts as new: all that was there was dropped first."""
