"""What kind of happening a type of event is, for whoever draws it. Pure."""

import re
from typing import Literal

Tone = Literal["created", "changed", "removed", "on", "off", "access", "archive", "neutral"]
"""`access` is who may come in and do what, whether that was given or taken. `neutral` is what changes nothing that
people have set up: what clients report, exports, favourites."""

_ACCESS = frozenset({"User", "Group", "Role", "Service account", "Project access", "Token"})
"""Headings under which all types are about access."""
_TONES: tuple[tuple[Tone, str], ...] = (
    ("on", "feature-environment-enabled"),
    ("off", "feature-environment-disabled"),
    ("access", "flagkeeper-(user-password-changed|actor-pseudonymised)|signal-endpoint-token-.*"),
    ("neutral", "client-.*|db-pool-update|.*-(un)?favorited|.*-exported"),
    ("neutral", "flagkeeper-(events-archived|restored|event-quarantined)"),
    ("archive", ".*-archived"),
    ("removed", "drop-.*|.*-(deleted|removed?|untagged|discarded|rejected|cancelled|lifted)"),
    ("created", ".*-(created|added|add|tagged|import|imported|placed|saved|revived)"),
)
"""The first that fits the whole type; all others are `changed`."""


def tone_of(kind: str, group: str) -> Tone:
    """Of a type under the heading `group`."""
    if group in _ACCESS:
        return "access"
    return next((tone for tone, pattern in _TONES if re.fullmatch(pattern, kind)), "changed")
