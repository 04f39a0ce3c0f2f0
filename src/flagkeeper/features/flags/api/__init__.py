"""The flags API: parse, run, answer."""

from flagkeeper.features.flags.api import (
    archive,
    bulk,
    creators,
    environments,
    flags,
    relations,
    segments,
    strategies,
    tags,
    types,
    variants,
)

ROUTES = [
    *flags.ROUTES,
    *environments.ROUTES,
    *strategies.ROUTES,
    *variants.ROUTES,
    *tags.ROUTES,
    *archive.ROUTES,
    *bulk.ROUTES,
    *types.ROUTES,
    *relations.ROUTES,
    *segments.ROUTES,
    *creators.ROUTES,
]
