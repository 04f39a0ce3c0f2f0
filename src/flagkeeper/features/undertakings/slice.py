"""What the server has to know of undertakings."""

from flagkeeper.features.undertakings import commands, tables
from flagkeeper.features.undertakings.jobs import GO_ON_EVERY, Undertakings
from flagkeeper.scheduler import Job
from flagkeeper.slice import Part, Slice

UNDERTAKINGS = Part(
    "undertakings",
    lambda parts: Undertakings(
        parts.units, parts.background_reader, parts, (op for each in parts.slices for op in each.undertakings)
    ),
)

SLICE = Slice(
    name="undertakings",
    tables=tables,
    provides=(UNDERTAKINGS,),
    jobs=lambda parts: [Job(name="undertakings", every=GO_ON_EVERY, run=lambda _: parts[UNDERTAKINGS].go_on())],
    names_outside_log=(commands.forget_actors,),
)
