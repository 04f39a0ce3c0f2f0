"""What the server has to know of how projects get on."""

from flagkeeper.eventlog.durable import LARGEST_BATCH, DurableRunner
from flagkeeper.features.projects.ports import PROJECT_PROGRESS
from flagkeeper.readmodels.project_figures import api, queries, tables
from flagkeeper.readmodels.project_figures.follower import ProjectFigures
from flagkeeper.readmodels.project_figures.jobs import LOOK_EVERY, look
from flagkeeper.scheduler import Job
from flagkeeper.slice import Slice, running

PROJECT_FIGURES = running(
    "project_figures",
    lambda parts: DurableRunner(
        ProjectFigures(), parts.units, parts.background_reader, parts.log_reader, rows=parts.rows, batch=LARGEST_BATCH
    ),
)

SLICE = Slice(
    name="project_figures",
    routes=api.ROUTES,
    tables=tables,
    answers=(PROJECT_PROGRESS.answered_by(queries.progress),),
    parts=(PROJECT_FIGURES,),
    jobs=lambda _: [Job(name="project-health", every=LOOK_EVERY, run=look)],
)
