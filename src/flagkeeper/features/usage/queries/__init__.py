"""Reading usage, for everybody."""

from flagkeeper.features.usage.queries.applications import (
    Application,
    ApplicationUse,
    Instance,
    SeenFlag,
    application,
    applications,
    hidden_from,
    known_application,
)
from flagkeeper.features.usage.queries.counts import (
    FlagUsage,
    existing_flags,
    flag_usage,
    hour_counts,
    last_hour,
)
from flagkeeper.features.usage.queries.overview import Overview, PlaceOverview, overview
from flagkeeper.features.usage.queries.projects import ProjectApplication, applications_of_project, sdks_of_project
from flagkeeper.features.usage.queries.sdks import instances_in, outdated_sdks
from flagkeeper.features.usage.queries.unknown import UnknownFlag, unknown_flags

__all__ = [
    "Application",
    "ApplicationUse",
    "FlagUsage",
    "Instance",
    "Overview",
    "PlaceOverview",
    "ProjectApplication",
    "SeenFlag",
    "UnknownFlag",
    "application",
    "applications",
    "applications_of_project",
    "existing_flags",
    "flag_usage",
    "hidden_from",
    "hour_counts",
    "instances_in",
    "known_application",
    "last_hour",
    "outdated_sdks",
    "overview",
    "sdks_of_project",
    "unknown_flags",
]
