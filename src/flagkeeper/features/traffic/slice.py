"""What the server has to know of traffic."""

from flagkeeper.features.traffic import api, tables
from flagkeeper.features.traffic.jobs import TrafficCollector, TrafficMetrics
from flagkeeper.scheduler import Job
from flagkeeper.slice import Slice, running

TRAFFIC = running("traffic", lambda parts: TrafficCollector(parts.units, parts.supervisor))

SLICE = Slice(
    name="traffic",
    routes=api.ROUTES,
    tables=tables,
    parts=(TRAFFIC,),
    watches=lambda parts: [parts[TRAFFIC].watch],
    jobs=lambda parts: [Job(name="traffic-cleaning", every=3600.0, run=parts[TRAFFIC].clean)],
    metrics=lambda parts: [TrafficMetrics(parts[TRAFFIC])],
)
