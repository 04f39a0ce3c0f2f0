"""The API of projects, and of what they have in environments."""

from flagkeeper.features.projects.api import environments, projects

ROUTES = [*projects.ROUTES, *environments.ROUTES]
