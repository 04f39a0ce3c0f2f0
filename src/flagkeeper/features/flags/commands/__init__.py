"""Changing flags: lock, decide, write, record."""

from flagkeeper.features.flags.commands.environments import attach, detach
from flagkeeper.features.flags.commands.tags import untag_everywhere
from flagkeeper.features.flags.commands.types import seed

__all__ = ["attach", "detach", "seed", "untag_everywhere"]
