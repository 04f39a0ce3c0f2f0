"""What tags must ask the flags; the slice there answers."""

from typing import Protocol, runtime_checkable

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.port import Port


@runtime_checkable
class TaggedFlags(Protocol):
    """Takes a tag off flags."""

    def __call__(self, unit: Unit, tag: Tag) -> None:
        """Takes the tag off every flag that has it, archived ones too, and records `feature-untagged` for each."""
        ...


TAGGED_FLAGS = Port[TaggedFlags]("tagged_flags")
