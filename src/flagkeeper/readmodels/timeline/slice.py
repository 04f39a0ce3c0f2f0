"""What the server has to know of the timeline."""

from flagkeeper.readmodels.timeline import api
from flagkeeper.slice import Slice

SLICE = Slice(name="timeline", routes=api.ROUTES)
