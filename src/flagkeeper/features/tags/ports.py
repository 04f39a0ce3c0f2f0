"""What tags must ask the flags; the composition root wires the answer."""

from typing import Protocol, runtime_checkable

from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.eventlog.unit import Unit


@runtime_checkable
class TaggedFlags(Protocol):
    """Takes a tag off flags."""

    def __call__(self, unit: Unit, tag: TagData) -> None:
        """Takes the tag off every flag that has it, archived ones too, and records `feature-untagged` for each."""
        ...
