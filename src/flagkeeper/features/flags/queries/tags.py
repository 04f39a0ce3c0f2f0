"""Tags of flags."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import select

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.flags.queries.names import visible_flag
from flagkeeper.features.flags.store import tags as store
from flagkeeper.features.flags.tables import feature_tags
from flagkeeper.features.tags.queries import color_of, to_tag
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_OF_FLAGS = Query(
    select(feature_tags.c.feature_name, feature_tags.c.type, feature_tags.c.value, color_of(feature_tags.c.type)).where(
        any_of(feature_tags.c.feature_name, "flags")
    ),
    lambda flag, kind, value, color: (str(flag), to_tag(kind, value, color)),
)


def tags_of_flags(tx: Transaction, flags: list[str]) -> Mapping[str, tuple[Tag, ...]]:
    """The tags of each flag, in order of type and value; a flag without tags is left out."""
    found: defaultdict[str, list[Tag]] = defaultdict(list)
    for flag, tag in tx.all(_OF_FLAGS, flags=flags):
        found[flag].append(tag)
    return {flag: tuple(sorted(tags, key=lambda tag: (tag.type, tag.value))) for flag, tags in found.items()}


def tags_of_flag(tx: Transaction, flag: str, visibility: Visibility) -> list[Tag]:
    """The tags of a flag in use. Raises `NotFound`, also when the reader may not know of its project."""
    visible_flag(tx, flag, visibility)
    return store.tags_of(tx, flag)
