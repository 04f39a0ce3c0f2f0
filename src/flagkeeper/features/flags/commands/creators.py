"""Forgetting who created flags."""

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands.bulk import CHUNK
from flagkeeper.features.flags.store import creators


def forget_creators(unit: Unit, replacement: Replacement, position: int) -> int | None:
    """Puts the pseudonym in the place of a person's name in some flags (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    found = [flag for flag, created_by in creators.creators(unit.tx) if replacement.is_name(created_by)][:CHUNK]
    for flag in found:
        unit.silent(f"flag/{flag}", "a person is forgotten, and the event about that names no flags")
    creators.rename(unit.tx, found, replacement.pseudonym)
    return position + len(found) if found else None
