"""The API of context fields: those of the whole server, and the same for those of one project."""

from flagkeeper.features.context_fields.api import instance, projects

ROUTES = [*instance.ROUTES, *projects.ROUTES]
