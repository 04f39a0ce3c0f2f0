"""What the server has to know of reminders."""

from flagkeeper.features.reminders import api, tables

from flagkeeper.slice import Slice

SLICE = Slice(name="reminders", routes=api.ROUTES, tables=tables)
