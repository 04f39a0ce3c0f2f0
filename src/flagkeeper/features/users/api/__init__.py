"""The users API."""

from flagkeeper.features.users.api import admin, login, me

ROUTES = [*login.ROUTES, *me.ROUTES, *admin.ROUTES]
