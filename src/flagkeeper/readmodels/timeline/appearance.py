"""How an event may be drawn: hints for whoever shows it. Pure."""

from collections.abc import Iterable, Mapping
from typing import Literal

from flagkeeper.eventlog.catalogue import about
from flagkeeper.eventlog.catalogue.tone import Tone

Icon = Literal["on", "off", "archive", "strategy", "segment", "release", "flag", "several", "event"]

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
    tones = {_tone(each) for each in types}
    return tones.pop() if len(tones) == 1 else "neutral"


def tones_of(types: Mapping[str, int]) -> dict[Tone, int]:
    """How many events there are of each tone, of so many of each type."""
    found: dict[Tone, int] = {}
    for kind, number in types.items():
        tone = _tone(kind)
        found[tone] = found.get(tone, 0) + number
    return found


def _tone(kind: str) -> Tone:
    known = about(kind)
    return known.tone if known else "neutral"


def icon_of(types: Iterable[str]) -> Icon:
    icons = {_icon(each) for each in types}
    return icons.pop() if len(icons) == 1 else "several"


def _icon(kind: str) -> Icon:
    return next((icon for start, icon in _ICONS.items() if kind.startswith(start)), "event")
