"""The users API."""

from flagkeeper.features.users.api.admin import ROUTES as ADMIN_ROUTES
from flagkeeper.features.users.api.login import ROUTES as LOGIN_ROUTES
from flagkeeper.features.users.api.me import ROUTES as OWN_ROUTES
from flagkeeper.features.users.api.notes import ROUTES as NOTE_ROUTES
from flagkeeper.features.users.api.sessions import ROUTES as SESSION_ROUTES

ROUTES = [*LOGIN_ROUTES, *OWN_ROUTES, *NOTE_ROUTES, *SESSION_ROUTES, *ADMIN_ROUTES]
