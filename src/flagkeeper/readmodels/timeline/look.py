"""How an event may be drawn: hints for whoever shows it (facts: endpoints-events.md, section 8). Pure."""

from collections.abc import Iterable
from typing import Literal

Tone = Literal["default", "success", "neutral"]
Icon = Literal["on", "off", "archive", "strategy", "segment", "release", "flag", "several", "event"]

_TONES: dict[str, Tone] = {
    "feature-environment-enabled": "success",
    "feature-environment-disabled": "neutral",
    "feature-archived": "neutral",
}
_ICONS: dict[str, Icon] = {
    "feature-environment-enabled": "on",
    "feature-environment-disabled": "off",
    "feature-archived": "archive",
    "feature-strategy-": "strategy",
    "strategy-": "strategy",
    "segment-": "segment",
    "release-plan-": "release",
    "feature-": "flag",
}
"""By the beginning of the type; the first that fits."""


def tone_of(types: Iterable[str]) -> Tone:
    """Of one or several events; those that differ are neutral together."""
    tones = {_TONES.get(each, "default") for each in types}
    return tones.pop() if len(tones) == 1 else "neutral"


def icon_of(types: Iterable[str]) -> Icon:
    icons = {_icon(each) for each in types}
    return icons.pop() if len(icons) == 1 else "several"


def _icon(kind: str) -> Icon:
    return next((icon for start, icon in _ICONS.items() if kind.startswith(start)), "event")
