"""What the server has to know of project access."""

from flagkeeper.features.project_access import api
from flagkeeper.slice import Slice

SLICE = Slice(name="project_access", routes=api.ROUTES)
