"""What the server has to know of its statistics."""

from flagkeeper.readmodels.statistics import api
from flagkeeper.slice import Slice

SLICE = Slice(name="statistics", routes=api.ROUTES)
