"""Flags as exports take them: whole, with all environments."""

from sqlalchemy import bindparam, select

from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.whole import WholeFlag
from flagkeeper.features.flags.store.environments import STATES, assembled
from flagkeeper.features.flags.store.flags import COLUMNS
from flagkeeper.features.flags.tables import feature_environments, features
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

_FLAGS = Query(select(*COLUMNS), Flag)
_NAMED = Query(select(*COLUMNS).where(any_of(features.c.name, "names"), features.c.archived_at.is_(None)), Flag)
_STATES = Query(STATES, columns)
_HERE = Query(
    STATES.where(
        any_of(feature_environments.c.feature_name, "names"),
        feature_environments.c.environment == bindparam("environment"),
    ),
    columns,
)


def all_flags(tx: Transaction) -> list[WholeFlag]:
    """Archived ones too."""
    states = assembled(tx.all(_STATES))
    return [_whole(flag, states) for flag in tx.all(_FLAGS)]


def flags_in(tx: Transaction, names: list[str], environment: str) -> list[WholeFlag]:
    """Those of `names` that are in use, with what they are in one environment, by name."""
    states = assembled(tx.all(_HERE, names=names, environment=environment))
    return [_whole(flag, states) for flag in sorted(tx.all(_NAMED, names=names), key=lambda flag: flag.name)]


def _whole(flag: Flag, states: dict[str, dict[str, FlagEnvironment]]) -> WholeFlag:
    return WholeFlag(
        name=flag.name,
        project=flag.project,
        type=flag.type,
        description=flag.description,
        stale=flag.stale,
        impression_data=flag.impression_data,
        created_at=flag.created_at,
        archived=flag.archived_at is not None,
        archived_at=flag.archived_at,
        environments=states.get(flag.name, {}),
    )
