"""Changing projects and what they have in environments."""

from flagkeeper.features.projects.commands.environments import (
    add_environment,
    bring_environment,
    remove_environment,
    reset_default_strategy,
    set_default_strategy,
)
from flagkeeper.features.projects.commands.favorites import add_favorite, remove_favorite
from flagkeeper.features.projects.commands.projects import (
    archive,
    bring,
    change,
    create,
    delete_piece,
    drop,
    restore,
    revive,
    seed,
)

__all__ = [
    "add_environment",
    "add_favorite",
    "archive",
    "bring",
    "bring_environment",
    "change",
    "create",
    "delete_piece",
    "drop",
    "remove_environment",
    "remove_favorite",
    "reset_default_strategy",
    "restore",
    "revive",
    "seed",
    "set_default_strategy",
]
