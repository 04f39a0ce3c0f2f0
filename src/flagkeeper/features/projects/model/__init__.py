"""What a project is, and the rules for changing one. Pure."""

from flagkeeper.features.projects.model.environment import (
    DEFAULT_STRATEGY,
    ProjectEnvironment,
    ProjectEnvironmentState,
    check_default_strategy,
    strategy_for,
)
from flagkeeper.features.projects.model.favorite import (
    FavoriteProjectState,
    demand_own,
    favorite_state,
    person_of,
)
from flagkeeper.features.projects.model.project import (
    DEFAULT_PROJECT,
    DEFAULT_STICKINESS,
    NO_NAMING,
    Mode,
    NewProject,
    Project,
    ProjectChange,
    ProjectDraft,
    ProjectState,
    first_project,
    health,
)
from flagkeeper.features.projects.model.rules import (
    check,
    check_id,
    check_new_id,
    demand_removable,
    free_id,
)

__all__ = [
    "DEFAULT_PROJECT",
    "DEFAULT_STICKINESS",
    "DEFAULT_STRATEGY",
    "NO_NAMING",
    "FavoriteProjectState",
    "Mode",
    "NewProject",
    "Project",
    "ProjectChange",
    "ProjectDraft",
    "ProjectEnvironment",
    "ProjectEnvironmentState",
    "ProjectState",
    "check",
    "check_default_strategy",
    "check_id",
    "check_new_id",
    "demand_own",
    "demand_removable",
    "favorite_state",
    "first_project",
    "free_id",
    "health",
    "person_of",
    "strategy_for",
]
