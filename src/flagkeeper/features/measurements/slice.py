"""What the server has to know of what applications measure."""

from flagkeeper.features.measurements import api, tables
from flagkeeper.features.measurements.jobs import Measurements, MeasurementsMetrics
from flagkeeper.scheduler import Job
from flagkeeper.slice import Slice, running

MEASUREMENTS = running("measurements", lambda parts: Measurements(parts.units, parts.supervisor))

SLICE = Slice(
    name="measurements",
    routes=api.ROUTES,
    operations=api.OPERATIONS,
    endpoints=lambda parts: api.MeasurementEndpoints(parts.authenticator, parts[MEASUREMENTS].take_custom).by_path(),
    eventless={"POST /api/client/metrics/custom": "what applications measure is no change that anybody made"},
    tables=tables,
    parts=(MEASUREMENTS,),
    jobs=lambda parts: [Job(name="measurements-cleaning", every=3600.0, run=parts[MEASUREMENTS].clean)],
    metrics=lambda parts: [MeasurementsMetrics(parts[MEASUREMENTS])],
)
