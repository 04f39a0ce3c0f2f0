"""Reading flags, for everybody."""

from flagkeeper.features.flags.queries.counts import enabled_flags, project_flags
from flagkeeper.features.flags.queries.creators import flag_creators
from flagkeeper.features.flags.queries.details import (
    EnvironmentDetail,
    FlagDetail,
    ListedEnvironment,
    ListedFlag,
    environment_detail,
    environment_of_flag,
    flag_detail,
    flags_of_project,
    variants_of_flag,
)
from flagkeeper.features.flags.queries.favorites import favorite_flags
from flagkeeper.features.flags.queries.lifecycle import lifecycle, stages_in
from flagkeeper.features.flags.queries.names import (
    charted_flag,
    demand_flags,
    demand_possible_name,
    flag,
    flag_with_environments,
    known_flags,
    name_is_taken,
    project_of_flag,
    visible_flag,
)
from flagkeeper.features.flags.queries.relations import (
    children_first,
    dependencies_exist,
    parent_options,
    standing_in_the_way,
    variants_of_parent,
)
from flagkeeper.features.flags.queries.rules import strategy_rules
from flagkeeper.features.flags.queries.tags import tags_of_flag, tags_of_flags
from flagkeeper.features.flags.queries.types import all_types, outdated_staleness
from flagkeeper.features.flags.queries.uses import (
    constraints_on,
    field_uses,
    flag_of_strategy,
    segment_uses,
    segments_of_strategy,
    strategy_uses,
)

__all__ = [
    "EnvironmentDetail",
    "FlagDetail",
    "ListedEnvironment",
    "ListedFlag",
    "all_types",
    "charted_flag",
    "children_first",
    "constraints_on",
    "demand_flags",
    "demand_possible_name",
    "dependencies_exist",
    "enabled_flags",
    "environment_detail",
    "environment_of_flag",
    "favorite_flags",
    "field_uses",
    "flag",
    "flag_creators",
    "flag_detail",
    "flag_of_strategy",
    "flag_with_environments",
    "flags_of_project",
    "known_flags",
    "lifecycle",
    "name_is_taken",
    "outdated_staleness",
    "parent_options",
    "project_flags",
    "project_of_flag",
    "segment_uses",
    "segments_of_strategy",
    "stages_in",
    "standing_in_the_way",
    "strategy_rules",
    "strategy_uses",
    "tags_of_flag",
    "tags_of_flags",
    "variants_of_flag",
    "variants_of_parent",
    "visible_flag",
]
