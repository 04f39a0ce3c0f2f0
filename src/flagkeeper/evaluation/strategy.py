"""The built-in strategies: when they hold, and which parameters they take. Pure."""

import random
import re
from collections.abc import Callable, Collection, Mapping

import msgspec

from flagkeeper.evaluation.constraint import is_safe_word
from flagkeeper.evaluation.context import Values
from flagkeeper.evaluation.document import ClientStrategy
from flagkeeper.evaluation.match import Match, UnreadableError, always, in_networks, never
from flagkeeper.evaluation.rollout import rollout

GRADUAL = "flexibleRollout"

_PERCENTAGES = frozenset({"rollout", "percentage"})
_PERCENT = re.compile(r"0|[1-9]\d?|100")
_WHOLE_NUMBER = re.compile(r"\+?\d+", re.ASCII)


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What strategies depend on besides the context."""

    flag: str
    hostname: str
    """Of the application's machine."""
    chance: random.Random


def rule(strategy: ClientStrategy, surroundings: Surroundings) -> Match:
    """Whether the strategy's own condition holds, its constraints and segments aside. One that we do not know holds
    for nobody: only an application can tell when its own strategies do.

    Raises:
        UnreadableError: it rolls out to more than 100 percent.
    """
    build = _RULES.get(strategy.name)
    return never if build is None else build(strategy.parameters, surroundings)


def is_built_in(name: str) -> bool:
    """Whether SDKs know the strategy's rule; that of any other is written by those who use it."""
    return name in _RULES


def parameter_problem(strategy: str, key: str, text: str, percentages: Collection[str]) -> str | None:
    """What is wrong with a parameter, in words; None when it is right. `percentages`: parameters that are percentages
    by the strategy's definition. SDKs turn what is not a whole number, and words with quotes, into a flag that is
    off."""
    built_in = strategy != "default" and strategy in _RULES
    if (key in percentages or (built_in and key in _PERCENTAGES)) and not _PERCENT.fullmatch(text):
        return f"{key} is a whole number from 0 to 100, not {text[:20]!r}."
    if built_in and not all(is_safe_word(part) for part in _words(text)):
        return f"{key} may not hold quotes, nor words that end with a backslash."
    return None


_Parameters = Mapping[str, str]


def _user_with_id(parameters: _Parameters, _: Surroundings) -> Match:
    users = frozenset(_words(parameters.get("userIds")))
    return lambda values: values.get("userId") in users


def _gradual_by(stickiness: str) -> Callable[[_Parameters, Surroundings], Match]:
    def build(parameters: _Parameters, surroundings: Surroundings) -> Match:
        if "groupId" not in parameters:
            return never
        return _rollout(parameters.get("percentage"), stickiness, parameters["groupId"], surroundings)

    return build


def _gradual_random(parameters: _Parameters, surroundings: Surroundings) -> Match:
    return rollout(_percent(parameters.get("percentage")), "random", "", surroundings.chance)


def _flexible(parameters: _Parameters, surroundings: Surroundings) -> Match:
    group = parameters.get("groupId", surroundings.flag)
    return _rollout(parameters.get("rollout"), parameters.get("stickiness", "default"), group, surroundings)


def _rollout(text: str | None, stickiness: str, group: str, surroundings: Surroundings) -> Match:
    percent = _percent(text)
    if percent > 100:
        raise UnreadableError(f"{percent} is no percentage.")
    return rollout(percent, stickiness, group, surroundings.chance)


def _remote_address(parameters: _Parameters, _: Surroundings) -> Match:
    holds = in_networks(_words(parameters.get("IPs")))

    def match(values: Values) -> bool:
        address = values.get("remoteAddress")
        return address is not None and holds(address)

    return match


def _application_hostname(parameters: _Parameters, surroundings: Surroundings) -> Match:
    listed = surroundings.hostname.lower() in {each.lower() for each in _words(parameters.get("hostNames"))}
    return always if listed else never


def _words(text: str | None) -> list[str]:
    return [] if text is None else [each.strip() for each in text.split(",")]


def _percent(text: str | None) -> int:
    """0, nobody, for what is no whole number."""
    return int(text) if text is not None and _WHOLE_NUMBER.fullmatch(text) else 0


_RULES: Mapping[str, Callable[[_Parameters, Surroundings], Match]] = {
    "default": lambda *_: always,
    "userWithId": _user_with_id,
    "gradualRolloutUserId": _gradual_by("userId"),
    "gradualRolloutSessionId": _gradual_by("sessionId"),
    "gradualRolloutRandom": _gradual_random,
    GRADUAL: _flexible,
    "remoteAddress": _remote_address,
    "applicationHostname": _application_hostname,
}
