"""What the server has to know of retention."""

from flagkeeper.eventlog.archive.archiver import RetentionPolicy
from flagkeeper.eventlog.archive.own_names import names_beside_the_log
from flagkeeper.features.retention import api
from flagkeeper.features.retention.jobs import ARCHIVE_EVERY, GO_ON_EVERY, LONGEST, Retention
from flagkeeper.scheduler import Job
from flagkeeper.slice import Part, Parts, Slice


def _retention(parts: Parts) -> Retention:
    settings = parts.settings
    return Retention(
        units=parts.units,
        reader=parts.heavy_reader,
        blobs=parts.blobs,
        policy=RetentionPolicy(keep_days=settings.log_keep_days, keep_events=settings.log_keep_events),
        needs=[need for each in parts.slices for need in each.needs],
        elsewhere=[names for each in parts.slices for names in each.names_outside_log],
        reindex=parts.indexer.reindex,
    )


RETENTION = Part("retention", _retention, stop=lambda retention: retention.stop(), last=True)

SLICE = Slice(
    name="retention",
    routes=api.ROUTES,
    causes=("flagkeeper user pseudonymise",),
    parts=(RETENTION,),
    provides=(RETENTION,),
    jobs=lambda parts: [
        Job(name="archive", every=ARCHIVE_EVERY, limit=LONGEST, run=lambda _: parts[RETENTION].archive()),
        Job(name="pseudonyms", every=GO_ON_EVERY, limit=LONGEST, run=lambda _: parts[RETENTION].go_on()),
    ],
    names_outside_log=(names_beside_the_log,),
)
