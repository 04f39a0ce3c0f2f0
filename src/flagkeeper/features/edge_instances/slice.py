"""What the server has to know of connected edges."""

from flagkeeper.features.edge_instances import api, tables
from flagkeeper.features.edge_instances.jobs import EdgeReports, EdgeReportsMetrics
from flagkeeper.scheduler import Job
from flagkeeper.slice import Slice, running

EDGE_REPORTS = running("edge_reports", lambda parts: EdgeReports(parts.units, parts.supervisor))

SLICE = Slice(
    name="edge_instances",
    routes=api.ROUTES,
    operations=api.OPERATIONS,
    endpoints=lambda parts: api.EdgeEndpoints(parts.authenticator, parts[EDGE_REPORTS].take).by_path(),
    eventless={
        f"POST {api.REPORT}": "that an edge runs is no change that anybody made",
        f"POST {api.HEARTBEAT}": "only says that any edge may run",
    },
    tables=tables,
    parts=(EDGE_REPORTS,),
    jobs=lambda parts: [Job(name="edges-cleaning", every=3600.0, run=parts[EDGE_REPORTS].clean)],
    metrics=lambda parts: [EdgeReportsMetrics(parts[EDGE_REPORTS])],
)
