"""What the server has to know of live tails."""

from flagkeeper.readmodels.event_tail import api
from flagkeeper.readmodels.event_tail.streams import LiveTails
from flagkeeper.slice import Slice, running

LIVE_TAILS = running(
    "live_tails",
    lambda parts: LiveTails(
        reader=parts.heavy_reader,
        log_reader=parts.log_reader,
        authenticator=parts.authenticator,
        most=parts.settings.live_tails,
    ),
)

SLICE = Slice(
    name="event_tail",
    routes=api.ROUTES,
    parts=(LIVE_TAILS,),
    provides=(LIVE_TAILS,),
    metrics=lambda parts: [parts[LIVE_TAILS].metrics.registry],
)
