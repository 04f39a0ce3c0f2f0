"""What the server has to know of the configuration of web interfaces."""

from flagkeeper.readmodels.ui_config import api
from flagkeeper.slice import Slice

SLICE = Slice(name="ui_config", routes=api.ROUTES)
