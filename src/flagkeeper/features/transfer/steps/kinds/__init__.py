"""The kinds of things in a document: how each is imported. (How it is exported stands in `model.export`.)"""

from collections.abc import Callable

from flagkeeper.features.transfer.steps.kinds import (
    context_fields,
    environments,
    flags,
    projects,
    relations,
    segments,
    strategies,
    tags,
)
from flagkeeper.features.transfer.steps.planning import Planning

KINDS: tuple[Callable[[Planning], None], ...] = (
    flags.plan_standing,
    environments.plan,
    projects.plan,
    strategies.plan,
    tags.plan,
    context_fields.plan,
    segments.plan,
    projects.plan_default_strategies,
    flags.plan,
    flags.plan_tags,
    relations.plan_dependencies,
    relations.plan_links,
    projects.plan_leaving,
    environments.plan_leaving,
    context_fields.plan_leaving,
)
"""In an order in which each finds what it refers to."""
