"""What the server has to know of banners."""

from flagkeeper.features.banners import api, keeper, steps, tables
from flagkeeper.slice import Slice

SLICE = Slice(name="banners", routes=api.ROUTES, tables=tables, keepers=keeper.KEEPERS, ops=steps.OPS)
