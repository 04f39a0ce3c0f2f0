"""What the server has to know of its health."""

from flagkeeper.readmodels.health import api
from flagkeeper.readmodels.health.jobs import LOOK_EVERY, DatabasePool
from flagkeeper.readmodels.health.vitals import VitalsCollector, VitalSigns
from flagkeeper.scheduler import Job
from flagkeeper.slice import Part, Parts, Slice


def _vital_signs(parts: Parts) -> VitalSigns:
    followers = [parts[follower] for each in parts.slices for follower in each.followers]
    return VitalSigns(
        parts.units, parts.vitals_reader, followers, parts.supervisor, parts.notifier, parts.archive_condition
    )


VITAL_SIGNS = Part("vital_signs", _vital_signs)
VITALS_COLLECTOR = Part("vitals_collector", lambda _: VitalsCollector())
DATABASE_POOL = Part("database_pool", lambda parts: DatabasePool(parts.readers))

SLICE = Slice(
    name="health",
    routes=api.ROUTES,
    causes=("every hour, when the numbers of the database pool are other than before",),
    provides=(VITAL_SIGNS, VITALS_COLLECTOR),
    jobs=lambda parts: [Job(name="database-pool", every=LOOK_EVERY, run=parts[DATABASE_POOL].look)],
    metrics=lambda parts: [parts[VITALS_COLLECTOR]],
)
