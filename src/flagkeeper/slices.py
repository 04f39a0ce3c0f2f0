"""The slices of the server, in order: each may use those before it in this list only, and starts after them.

The application, the schema, the import contracts and the documents are made from this list. Whoever adds a slice adds
it here (`docs/adding-a-slice.md`).
"""

from flagkeeper.features.access.slice import SLICE as ACCESS
from flagkeeper.features.access_requests.slice import SLICE as ACCESS_REQUESTS
from flagkeeper.features.attempts.slice import SLICE as ATTEMPTS
from flagkeeper.features.banners.slice import SLICE as BANNERS
from flagkeeper.features.charts.slice import SLICE as CHARTS
from flagkeeper.features.context_fields.slice import SLICE as CONTEXT_FIELDS
from flagkeeper.features.edge.slice import SLICE as EDGE
from flagkeeper.features.edge_instances.slice import SLICE as EDGE_INSTANCES
from flagkeeper.features.environments.slice import SLICE as ENVIRONMENTS
from flagkeeper.features.feedback.slice import SLICE as FEEDBACK
from flagkeeper.features.flags.slice import SLICE as FLAGS
from flagkeeper.features.groups.slice import SLICE as GROUPS
from flagkeeper.features.instance.slice import SLICE as INSTANCE
from flagkeeper.features.invitations.slice import SLICE as INVITATIONS
from flagkeeper.features.logins.slice import SLICE as LOGINS
from flagkeeper.features.measurements.slice import SLICE as MEASUREMENTS
from flagkeeper.features.project_access.slice import SLICE as PROJECT_ACCESS
from flagkeeper.features.projects.slice import SLICE as PROJECTS
from flagkeeper.features.retention.slice import SLICE as RETENTION
from flagkeeper.features.scim.slice import SLICE as SCIM
from flagkeeper.features.searches.slice import SLICE as SEARCHES
from flagkeeper.features.segments.slice import SLICE as SEGMENTS
from flagkeeper.features.service_accounts.slice import SLICE as SERVICE_ACCOUNTS
from flagkeeper.features.signups.slice import SLICE as SIGNUPS
from flagkeeper.features.sso.slice import SLICE as SSO
from flagkeeper.features.strategies.slice import SLICE as STRATEGIES
from flagkeeper.features.tags.slice import SLICE as TAGS
from flagkeeper.features.tokens.slice import SLICE as TOKENS
from flagkeeper.features.traffic.slice import SLICE as TRAFFIC
from flagkeeper.features.transfer.slice import SLICE as TRANSFER
from flagkeeper.features.undertakings.slice import SLICE as UNDERTAKINGS
from flagkeeper.features.usage.slice import SLICE as USAGE
from flagkeeper.features.users.slice import SLICE as USERS
from flagkeeper.integrations.config.slice import SLICE as INTEGRATIONS
from flagkeeper.integrations.delivery.slice import SLICE as DELIVERIES
from flagkeeper.readmodels.client_features.slice import SLICE as CLIENT_FEATURES
from flagkeeper.readmodels.credentials.slice import SLICE as CREDENTIALS
from flagkeeper.readmodels.event_export.slice import SLICE as EVENT_EXPORT
from flagkeeper.readmodels.event_search.slice import SLICE as EVENT_SEARCH
from flagkeeper.readmodels.event_tail.slice import SLICE as EVENT_TAIL
from flagkeeper.readmodels.feature_search.slice import SLICE as FEATURE_SEARCH
from flagkeeper.readmodels.health.slice import SLICE as HEALTH
from flagkeeper.readmodels.insights.slice import SLICE as INSIGHTS
from flagkeeper.readmodels.notifications.slice import SLICE as NOTIFICATIONS
from flagkeeper.readmodels.people.slice import SLICE as PEOPLE
from flagkeeper.readmodels.playground.slice import SLICE as PLAYGROUND
from flagkeeper.readmodels.project_figures.slice import SLICE as PROJECT_FIGURES
from flagkeeper.readmodels.remote_evaluation.slice import SLICE as REMOTE_EVALUATION
from flagkeeper.readmodels.statistics.slice import SLICE as STATISTICS
from flagkeeper.readmodels.timeline.slice import SLICE as TIMELINE
from flagkeeper.readmodels.ui_config.slice import SLICE as UI_CONFIG
from flagkeeper.readmodels.views.slice import SLICE as VIEWS
from flagkeeper.slice import Slice
from flagkeeper.web.slice import SLICE as WEB

SLICES: tuple[Slice, ...] = (
    ATTEMPTS,
    ACCESS,
    INSTANCE,
    LOGINS,
    ACCESS_REQUESTS,
    USERS,
    GROUPS,
    INVITATIONS,
    SIGNUPS,
    SSO,
    SCIM,
    FEEDBACK,
    UNDERTAKINGS,
    BANNERS,
    ENVIRONMENTS,
    PROJECTS,
    PROJECT_ACCESS,
    TOKENS,
    SERVICE_ACCOUNTS,
    EDGE,
    EDGE_INSTANCES,
    TAGS,
    STRATEGIES,
    CONTEXT_FIELDS,
    SEGMENTS,
    MEASUREMENTS,
    CHARTS,
    FLAGS,
    TRANSFER,
    USAGE,
    TRAFFIC,
    SEARCHES,
    RETENTION,
    VIEWS,
    CREDENTIALS,
    PEOPLE,
    CLIENT_FEATURES,
    REMOTE_EVALUATION,
    FEATURE_SEARCH,
    EVENT_TAIL,
    EVENT_SEARCH,
    EVENT_EXPORT,
    TIMELINE,
    UI_CONFIG,
    STATISTICS,
    PLAYGROUND,
    PROJECT_FIGURES,
    INSIGHTS,
    NOTIFICATIONS,
    HEALTH,
    INTEGRATIONS,
    DELIVERIES,
    WEB,
)
