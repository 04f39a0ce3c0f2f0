"""What the server has to know of finding flags."""

from flagkeeper.readmodels.feature_search import api
from flagkeeper.readmodels.feature_search.memory import FlagMemory
from flagkeeper.slice import Part, Slice

FLAG_MEMORY = Part("flag_memory", lambda _: FlagMemory())

SLICE = Slice(name="feature_search", routes=api.ROUTES, provides=(FLAG_MEMORY,))
"""It follows the log when somebody asks, and needs no event that is archived: then it reads all flags anew."""
