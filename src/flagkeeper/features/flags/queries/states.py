"""The states of flags and of their environments now: of some, archived ones too, or of all in use."""

from collections.abc import Collection, Mapping

from sqlalchemy import select

from flagkeeper.features.flags.model.environment import FlagEnvironment, FlagEnvironmentState
from flagkeeper.features.flags.model.flag import Flag, FlagState
from flagkeeper.features.flags.model.relations import NO_RELATIONS
from flagkeeper.features.flags.queries.relations import relations_of_flags
from flagkeeper.features.flags.queries.tags import tags_of_flags
from flagkeeper.features.flags.store.environments import STATES, assembled
from flagkeeper.features.flags.store.flags import COLUMNS
from flagkeeper.features.flags.tables import feature_environments, features
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction

_FLAGS = Query(select(*COLUMNS).where(any_of(features.c.name, "names")), Flag)
_ENVIRONMENTS = Query(STATES.where(any_of(feature_environments.c.feature_name, "names")), columns)
_OF_PROJECTS = (features.c.archived_at.is_(None), any_of(features.c.project, "projects"))
_IN_USE = Query(select(*COLUMNS).where(*_OF_PROJECTS).order_by(features.c.name), Flag)
_STATES_IN_USE = Query(
    STATES.join(features, features.c.name == feature_environments.c.feature_name).where(
        *_OF_PROJECTS, any_of(feature_environments.c.environment, "environments")
    ),
    columns,
)


def flag_states(tx: Transaction, names: Collection[str]) -> Mapping[str, FlagState]:
    """By subject; those that do not exist are left out."""
    tags = tags_of_flags(tx, sorted(names))
    relations = relations_of_flags(tx, sorted(names))
    found = tx.all(_FLAGS, names=sorted(names))
    return {
        f"flag/{flag.name}": flag.state(list(tags.get(flag.name, ())), relations.get(flag.name, NO_RELATIONS))
        for flag in found
    }


def environment_states(tx: Transaction, flags: Collection[str]) -> Mapping[str, FlagEnvironmentState]:
    """Of all environments of these flags, by subject."""
    projects = {flag.name: flag.project for flag in tx.all(_FLAGS, names=sorted(flags))}
    found = assembled(tx.all(_ENVIRONMENTS, names=sorted(flags)))
    return {
        f"flag/{flag}/{environment}": state.state(projects[flag])
        for flag, states in found.items()
        for environment, state in states.items()
    }


def states_in_use(
    tx: Transaction, projects: Collection[str], environments: Collection[str]
) -> list[tuple[Flag, Mapping[str, FlagEnvironment]]]:
    """The flags in use of these projects, by name, each with its state in those of the environments that it has."""
    states = assembled(tx.all(_STATES_IN_USE, projects=sorted(projects), environments=sorted(environments)))
    return [(flag, states.get(flag.name, {})) for flag in tx.all(_IN_USE, projects=sorted(projects))]
