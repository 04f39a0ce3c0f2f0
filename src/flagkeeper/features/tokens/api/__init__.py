"""The tokens API."""

from flagkeeper.features.tokens.api import api_tokens, cdn, edge, personal, project_tokens

ROUTES = [*api_tokens.ROUTES, *project_tokens.ROUTES, *personal.ROUTES, *edge.ROUTES, *cdn.ROUTES]
