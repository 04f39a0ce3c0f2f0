"""The integration providers, as sets that event types join with `|`."""

WEBHOOK = frozenset({"webhook"})
SLACK = frozenset({"slack"})
SLACK_APP = frozenset({"slack-app"})
TEAMS = frozenset({"teams", "teamsworkflow"})
MONITORING = frozenset({"datadog", "new-relic"})

EVERY_PROVIDER = WEBHOOK | SLACK | SLACK_APP | TEAMS | MONITORING
