"""What the server has to know of notifications."""

from flagkeeper.readmodels.notifications import api, tables
from flagkeeper.slice import Slice

SLICE = Slice(
    name="notifications",
    routes=api.ROUTES,
    eventless={"POST /api/admin/notifications/read": "what somebody has read is use and not a change"},
    tables=tables,
)
