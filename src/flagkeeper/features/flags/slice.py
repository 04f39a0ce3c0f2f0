"""What the server has to know of flags."""

from collections.abc import Iterator

from flagkeeper.eventlog.leased_units import UnitRunner
from flagkeeper.features.charts.ports import CHARTED_FLAG
from flagkeeper.features.context_fields.ports import FIELD_CONSTRAINTS, FIELD_USES
from flagkeeper.features.environments.ports import ENABLED_FLAGS_BY_ENVIRONMENT
from flagkeeper.features.flags import api, commands, keeper, queries, steps, tables
from flagkeeper.features.flags.jobs import mark_potentially_stale
from flagkeeper.features.flags.ports import HOUR_COUNTS
from flagkeeper.features.projects.ports import FLAG_ENVIRONMENTS, FLAGS_OF_PROJECT, PROJECT_FLAGS, STRATEGY_RULES
from flagkeeper.features.segments.ports import SEGMENT_USES
from flagkeeper.features.strategies.ports import STRATEGY_USES
from flagkeeper.features.tags.ports import TAGGED_FLAGS
from flagkeeper.scheduler import Job
from flagkeeper.slice import TAG_SOURCE, Parts, Slice


def _jobs(parts: Parts) -> Iterator[Job]:
    async def mark(units: UnitRunner) -> None:
        await mark_potentially_stale(units, parts.background_reader)

    yield Job(name="potentially-stale", every=60.0, run=mark)


SLICE = Slice(
    name="flags",
    routes=api.ROUTES,
    eventless={
        "POST /api/admin/features/validate": "only asks whether a name is free",
        "POST /api/admin/constraints/validate": "only asks whether a constraint makes sense",
        "POST /api/admin/projects/{projectId}/archive/validate": "only asks what archiving would mean",
    },
    causes=("every minute, for flags older than their type allows",),
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    seed=commands.seed,
    asks=(HOUR_COUNTS,),
    answers=(
        TAG_SOURCE.answered_by(queries.tags_of_flags),
        ENABLED_FLAGS_BY_ENVIRONMENT.answered_by(queries.enabled_flags),
        PROJECT_FLAGS.answered_by(queries.project_flags),
        FLAG_ENVIRONMENTS.answered_by(commands),
        FLAGS_OF_PROJECT.answered_by(commands.delete_of_project),
        STRATEGY_RULES.answered_by(queries.strategy_rules),
        CHARTED_FLAG.answered_by(queries.charted_flag),
        SEGMENT_USES.answered_by(queries.segment_uses),
        FIELD_USES.answered_by(queries.field_uses),
        FIELD_CONSTRAINTS.answered_by(queries.constraints_on),
        STRATEGY_USES.answered_by(queries.strategy_uses),
        TAGGED_FLAGS.answered_by(commands.untag_everywhere),
    ),
    jobs=_jobs,
    names_outside_log=(commands.forget_creators,),
)
