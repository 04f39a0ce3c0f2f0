"""The life of flags."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import and_, bindparam, func, select

from flagkeeper.features.environments.tables import environments
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.lifecycle import NO_USAGE, Moments, Stage, StageEntered, stage_now, stages_of
from flagkeeper.features.flags.model.relations import Completion
from flagkeeper.features.flags.queries.names import flag as flag_in_use
from flagkeeper.features.flags.store.relations import relations_of
from flagkeeper.features.flags.tables import feature_completions, feature_environments, feature_stages, features
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

PRODUCTION = "production"
"""The type of environments in which a flag becomes live."""

_MOMENTS = (feature_stages.c.revived_at, feature_stages.c.pre_live_at, feature_stages.c.live_at)
_OF_FLAG = Query(select(*_MOMENTS).where(feature_stages.c.feature_name == bindparam("feature_name")), Moments)
_OF_FLAGS = Query(
    select(feature_stages.c.feature_name, *_MOMENTS).where(any_of(feature_stages.c.feature_name, "flags")),
    lambda flag, *moments: (str(flag), Moments(*moments)),
)

_ON_IN_PRODUCTION = Query(
    select(feature_environments.c.feature_name, feature_environments.c.environment)
    .join(
        environments,
        and_(environments.c.name == feature_environments.c.environment, environments.c.type == PRODUCTION),
    )
    .outerjoin(feature_stages, feature_stages.c.feature_name == feature_environments.c.feature_name)
    .where(
        any_of(feature_environments.c.feature_name, "names"),
        feature_environments.c.enabled,
        feature_stages.c.live_at.is_(None),
    ),
    columns,
)
_STAGES_IN = Query(
    select(
        func.count(),
        *(func.max(column) for column in _MOMENTS),
        func.max(feature_completions.c.at),
        func.max(feature_completions.c.status),
    )
    .select_from(features)
    .outerjoin(feature_stages, feature_stages.c.feature_name == features.c.name)
    .outerjoin(feature_completions, feature_completions.c.feature_name == features.c.name)
    .where(features.c.project == bindparam("project"), features.c.archived_at.is_(None))
    .group_by(
        feature_stages.c.pre_live_at.is_(None),
        feature_stages.c.live_at.is_(None),
        feature_completions.c.at.is_(None),
    ),
    lambda number, revived, pre_live, live, at, status: (
        int(number),
        Moments(revived, pre_live, live),
        None if at is None else Completion(at=at, status=status, status_value=None),
    ),
)
"""Flags that are in the same stage together: what one of them has, all have."""


def on_in_production(tx: Transaction, names: Sequence[str]) -> list[tuple[str, str]]:
    """Those of the flags that are not live, each with every environment in which it would be when it is asked for."""
    return tx.all(_ON_IN_PRODUCTION, names=list(names))


def moments_of(tx: Transaction, flag: str) -> Moments:
    return tx.first(_OF_FLAG, feature_name=flag) or NO_USAGE


def moments_of_flags(tx: Transaction, flags: list[str]) -> Mapping[str, Moments]:
    """By flag; one that has none is left out."""
    return dict(tx.all(_OF_FLAGS, flags=flags))


def stages_in(tx: Transaction, project: str) -> Mapping[Stage, int]:
    """How many flags in use of a project are in each stage of their life."""
    found: Counter[Stage] = Counter()
    for number, moments, completion in tx.all(_STAGES_IN, project=project):
        found[stage_now(None, moments, completion)] += number
    return found


def lifecycle_of(tx: Transaction, flag: Flag) -> list[StageEntered]:
    """The stages that a flag has reached, in their order."""
    completion = relations_of(tx, flag.name).completion
    return stages_of(flag.created_at, flag.archived_at, moments_of(tx, flag.name), completion)


def lifecycle(tx: Transaction, project: str, name: str) -> list[StageEntered]:
    """The same of a flag in use. Raises `NotFound`."""
    return lifecycle_of(tx, flag_in_use(tx, name, project))
