"""What the server has to know of usage."""

from flagkeeper.features.flags.ports import HOUR_COUNTS
from flagkeeper.features.projects.ports import USE_OF_PROJECT
from flagkeeper.features.usage import api, commands, queries, tables
from flagkeeper.features.usage.jobs import UsageCollector, UsageMetrics
from flagkeeper.scheduler import Job
from flagkeeper.slice import Slice, running

USAGE = running("usage", lambda parts: UsageCollector(parts.units, parts.supervisor))

SLICE = Slice(
    name="usage",
    routes=api.ROUTES,
    operations=api.OPERATIONS,
    endpoints=lambda parts: api.UsageEndpoints(parts.authenticator, parts[USAGE]).by_path(),
    causes=("an SDK starts", "an SDK reports what it counted"),
    tables=tables,
    answers=(
        HOUR_COUNTS.answered_by(queries.hour_counts),
        USE_OF_PROJECT.answered_by(commands.forget_project),
    ),
    parts=(USAGE,),
    jobs=lambda parts: [Job(name="usage-cleaning", every=3600.0, run=parts[USAGE].clean)],
    metrics=lambda parts: [UsageMetrics(parts[USAGE])],
    names_outside_log=(commands.forget_creators,),
)
