"""The tokens API."""

from flagkeeper.features.tokens.api import api_tokens, edge, personal, project_tokens

ROUTES = [*api_tokens.ROUTES, *project_tokens.ROUTES, *personal.ROUTES, *edge.ROUTES]
