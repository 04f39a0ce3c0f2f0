"""What the server has to know of usage."""

from collections.abc import Mapping

from flagkeeper.features.flags.ports import HOUR_COUNTS
from flagkeeper.features.instance.ports import SETTINGS_NOW
from flagkeeper.features.measurements.slice import MEASUREMENTS
from flagkeeper.features.projects.ports import USE_OF_PROJECT
from flagkeeper.features.usage import api, commands, queries, tables
from flagkeeper.features.usage.jobs import UsageCollector, UsageMetrics
from flagkeeper.features.usage.ports import TakesUsage
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.cross_origin import cross_origin
from flagkeeper.http.raw import Endpoint
from flagkeeper.scheduler import Job
from flagkeeper.slice import Parts, Slice, running

USAGE = running("usage", lambda parts: UsageCollector(parts.units, parts.supervisor, parts[MEASUREMENTS].take_impact))


def endpoints_of(who: Authenticator, usage: TakesUsage) -> tuple[dict[str, Endpoint], dict[str, Endpoint]]:
    """Where SDKs report to, whatever becomes of that: SDKs of servers and proxies, and those in pages of other
    sites."""
    found = api.UsageEndpoints(who, usage)
    return found.by_path(), found.frontend_by_path()


def _endpoints(parts: Parts) -> Mapping[str, Endpoint]:
    settings = parts.answer(SETTINGS_NOW)
    servers, browsers = endpoints_of(parts.authenticator, parts[USAGE])
    return servers | cross_origin(browsers, lambda: settings.frontend_origins)


SLICE = Slice(
    name="usage",
    routes=api.ROUTES,
    operations=api.OPERATIONS,
    endpoints=_endpoints,
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
