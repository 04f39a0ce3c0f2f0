"""Changing flags: lock, decide, write, record."""

from flagkeeper.features.flags.commands.archive import delete_of_project
from flagkeeper.features.flags.commands.creators import forget_creators
from flagkeeper.features.flags.commands.environments import attach, detach
from flagkeeper.features.flags.commands.tags import untag_everywhere
from flagkeeper.features.flags.commands.types import seed

__all__ = ["attach", "delete_of_project", "detach", "forget_creators", "seed", "untag_everywhere"]
