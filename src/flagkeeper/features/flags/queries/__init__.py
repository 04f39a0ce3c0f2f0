"""Reading flags, for everybody."""

from flagkeeper.features.flags.queries.counts import enabled_flags, project_flags
from flagkeeper.features.flags.queries.details import (
    EnvironmentDetail,
    FlagDetail,
    ListedEnvironment,
    ListedFlag,
    environment_of_flag,
    flag_detail,
    flags_of_project,
    variants_of_flag,
)
from flagkeeper.features.flags.queries.names import (
    demand_flags,
    demand_possible_name,
    flag,
    flag_with_environments,
    name_is_taken,
    project_of_flag,
)
from flagkeeper.features.flags.queries.rules import strategy_rules
from flagkeeper.features.flags.queries.tags import ColoredTag, colored_tags, tags_of_flag, tags_of_flags
from flagkeeper.features.flags.queries.types import all_types, outdated_staleness
from flagkeeper.features.flags.queries.uses import segment_uses, strategy_uses

__all__ = [
    "ColoredTag",
    "EnvironmentDetail",
    "FlagDetail",
    "ListedEnvironment",
    "ListedFlag",
    "all_types",
    "colored_tags",
    "demand_flags",
    "demand_possible_name",
    "enabled_flags",
    "environment_of_flag",
    "flag",
    "flag_detail",
    "flag_with_environments",
    "flags_of_project",
    "name_is_taken",
    "outdated_staleness",
    "project_flags",
    "project_of_flag",
    "segment_uses",
    "strategy_rules",
    "strategy_uses",
    "tags_of_flag",
    "tags_of_flags",
    "variants_of_flag",
]
