"""The integration providers, as sets that event types join with `|` (facts: integrations.md, section 2)."""

WEBHOOK = frozenset({"webhook"})
SLACK = frozenset({"slack"})
SLACK_APP = frozenset({"slack-app"})
TEAMS = frozenset({"teams", "teamsworkflow"})
MONITORING = frozenset({"datadog", "new-relic"})

EVERY_PROVIDER = WEBHOOK | SLACK | SLACK_APP | TEAMS | MONITORING
