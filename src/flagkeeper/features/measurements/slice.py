"""What the server has to know of what applications measure."""

from flagkeeper.features.measurements import api, tables
from flagkeeper.features.measurements.jobs import Measurements, MeasurementsMetrics
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.raw import Endpoint
from flagkeeper.scheduler import Job
from flagkeeper.slice import Slice, running

MEASUREMENTS = running("measurements", lambda parts: Measurements(parts.units, parts.supervisor))


def endpoints_of(who: Authenticator, take: api.TakesCustom) -> dict[str, Endpoint]:
    """Where applications say what they measure, whatever becomes of that."""
    return api.MeasurementEndpoints(who, take).by_path()


SLICE = Slice(
    name="measurements",
    routes=api.ROUTES,
    operations=api.OPERATIONS,
    endpoints=lambda parts: endpoints_of(parts.authenticator, parts[MEASUREMENTS].take_custom),
    eventless={"POST /api/client/metrics/custom": "what applications measure is no change that anybody made"},
    tables=tables,
    parts=(MEASUREMENTS,),
    jobs=lambda parts: [Job(name="measurements-cleaning", every=3600.0, run=parts[MEASUREMENTS].clean)],
    metrics=lambda parts: [MeasurementsMetrics(parts[MEASUREMENTS])],
)
