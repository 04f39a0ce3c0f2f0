"""What the server has to know of service accounts. They are users of another type."""

from flagkeeper.features.service_accounts import api
from flagkeeper.slice import Slice

SLICE = Slice(name="service_accounts", routes=api.ROUTES)
