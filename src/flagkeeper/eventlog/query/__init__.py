"""The language in which events are searched for: `type:feature-* env:production -by:bot changed:rollout "free words"`.

One language for the API, the UI, exports, the live tail, saved searches and integrations. Pure: text in, conditions
out.
"""

from flagkeeper.eventlog.query.conditions import ALL, EVERYTHING, EventQuery, Visibility
from flagkeeper.eventlog.query.evaluate import Candidate, matches
from flagkeeper.eventlog.query.parse import parse

__all__ = ["ALL", "EVERYTHING", "Candidate", "EventQuery", "Visibility", "matches", "parse"]
