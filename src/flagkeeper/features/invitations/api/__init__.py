"""The API of invitations and new passwords."""

from flagkeeper.features.invitations.api.admin import ROUTES as ADMIN_ROUTES
from flagkeeper.features.invitations.api.reset import ROUTES as RESET_ROUTES

ROUTES = [*ADMIN_ROUTES, *RESET_ROUTES]
