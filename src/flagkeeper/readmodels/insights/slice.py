"""What the server has to know of insights."""

from functools import partial

from flagkeeper.eventlog.durable import LARGEST_BATCH, DurableRunner
from flagkeeper.features.projects.ports import PROJECT_PROGRESS
from flagkeeper.readmodels.insights import api, tables
from flagkeeper.readmodels.insights.follower import ProjectWeeks
from flagkeeper.readmodels.insights.jobs import LOOK_EVERY, look
from flagkeeper.scheduler import Job
from flagkeeper.slice import Slice, running

PROJECT_WEEKS = running(
    "project_weeks",
    lambda parts: DurableRunner(
        ProjectWeeks(), parts.units, parts.background_reader, parts.log_reader, rows=parts.rows, batch=LARGEST_BATCH
    ),
)

SLICE = Slice(
    name="insights",
    routes=api.ROUTES,
    tables=tables,
    parts=(PROJECT_WEEKS,),
    jobs=lambda parts: [
        Job(
            name="insights",
            every=LOOK_EVERY,
            run=partial(look, parts.background_reader, parts.answer(PROJECT_PROGRESS)),
        )
    ],
)
