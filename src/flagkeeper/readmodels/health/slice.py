"""What the server has to know of its health."""

from flagkeeper.readmodels.health import api
from flagkeeper.readmodels.health.vitals import VitalsCollector, VitalSigns
from flagkeeper.slice import Part, Parts, Slice


def _vital_signs(parts: Parts) -> VitalSigns:
    followers = [parts[follower] for each in parts.slices for follower in each.followers]
    return VitalSigns(
        parts.units, parts.vitals_reader, followers, parts.supervisor, parts.notifier, parts.archive_condition
    )


VITAL_SIGNS = Part("vital_signs", _vital_signs)
VITALS_COLLECTOR = Part("vitals_collector", lambda _: VitalsCollector())

SLICE = Slice(
    name="health",
    routes=api.ROUTES,
    provides=(VITAL_SIGNS, VITALS_COLLECTOR),
    metrics=lambda parts: [parts[VITALS_COLLECTOR]],
)
