"""What the server has to know of what people may do."""

from flagkeeper.readmodels.people import api
from flagkeeper.slice import Slice

SLICE = Slice(name="people", routes=api.ROUTES)
