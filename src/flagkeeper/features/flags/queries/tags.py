"""Tags of flags."""

from collections import defaultdict
from collections.abc import Mapping

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.features.flags.queries.names import flag as flag_in_use
from flagkeeper.features.flags.tables import feature_tags
from flagkeeper.features.tags.tables import tag_types
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction


class ColoredTag(msgspec.Struct, frozen=True):
    """A tag with the colour of its type."""

    type: str
    value: str
    color: str | None


_OF_FLAGS = Query(
    select(feature_tags.c.feature_name, feature_tags.c.type, feature_tags.c.value).where(
        any_of(feature_tags.c.feature_name, "flags")
    ),
    lambda flag, kind, value: (str(flag), Tag(kind, value)),
)
_COLORED = Query(
    select(feature_tags.c.type, feature_tags.c.value, tag_types.c.color)
    .outerjoin(tag_types, tag_types.c.name == feature_tags.c.type)
    .where(feature_tags.c.feature_name == bindparam("flag")),
    ColoredTag,
)


def tags_of_flags(tx: Transaction, flags: list[str]) -> Mapping[str, tuple[Tag, ...]]:
    """The tags of each flag, in order of type and value; a flag without tags is left out."""
    found: defaultdict[str, list[Tag]] = defaultdict(list)
    for flag, tag in tx.all(_OF_FLAGS, flags=flags):
        found[flag].append(tag)
    return {flag: tuple(sorted(tags, key=lambda tag: (tag.type, tag.value))) for flag, tags in found.items()}


def tags_of_flag(tx: Transaction, flag: str) -> list[ColoredTag]:
    """The tags of a flag in use. Raises `NotFound`."""
    flag_in_use(tx, flag)
    return colored_tags(tx, flag)


def colored_tags(tx: Transaction, flag: str) -> list[ColoredTag]:
    """The tags of one flag, in order of type and value."""
    return sorted(tx.all(_COLORED, flag=flag), key=lambda tag: (tag.type, tag.value))
