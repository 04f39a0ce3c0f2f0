"""The summary of `feature-strategy-update`: what is different now."""

from collections.abc import Iterator

import msgspec

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.eventlog.catalogue.constraint_words import OPERATORS
from flagkeeper.eventlog.catalogue.event import Event
from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.eventlog.catalogue.wording import bold, fill_summary, listed

_PARAMETERS = {
    "rollout": "rollout",
    "stickiness": "stickiness",
    "groupId": "group id",
    "IPs": "IP addresses",
    "hostNames": "host names",
    "userIds": "user ids",
}


def summarize_strategy_update(event: Event, actor: str) -> str:
    """One sentence, then the differences: `rollout from **50%** to **75%**; ...`. None named: the sentence only."""
    wording = (
        "{actor} changed strategy {data.title|data.name} of {flag} in environment {environment} of project {project}"
    )
    sentence = fill_summary(wording, event, actor)
    try:
        before = msgspec.convert(event.pre_data, StrategyData, from_attributes=True)
        after = msgspec.convert(event.data, StrategyData, from_attributes=True)
    except msgspec.ValidationError:
        return sentence
    changes = "; ".join(_differences(before, after))
    return f"{sentence}: {changes}" if changes else sentence


def _differences(before: StrategyData, after: StrategyData) -> Iterator[str]:
    if before.disabled != after.disabled:
        yield bold("disabled" if after.disabled else "enabled")
    if before.title != after.title:
        yield _from_to("title", before.title or "none", after.title or "none")
    for key in sorted(before.parameters.keys() | after.parameters.keys()):
        old, new = before.parameters.get(key), after.parameters.get(key)
        if old != new:
            yield _from_to(_PARAMETERS.get(key, key), _parameter(key, old), _parameter(key, new))
    if before.constraints != after.constraints:
        yield _from_to("constraints", _constraints(before.constraints), _constraints(after.constraints))
    if before.segments != after.segments:
        yield _from_to("segments", listed(before.segments), listed(after.segments))
    if before.variants != after.variants:
        yield _from_to("variants", *(listed([variant.name for variant in s.variants]) for s in (before, after)))
    if before.sort_order != after.sort_order:
        yield _from_to("position", str(before.sort_order), str(after.sort_order))


def _from_to(what: str, old: str, new: str) -> str:
    if old == new:
        return f"{bold(what)} changed"
    return f"{bold(what)} from {bold(old)} to {bold(new)}"


def _parameter(key: str, value: str | None) -> str:
    if not value:
        return "none"
    return f"{value}%" if key in ("rollout", "percentage") else listed(value.split(","))


def _constraints(constraints: list[Constraint]) -> str:
    return listed([_constraint(constraint) for constraint in constraints], " and ")


def _constraint(constraint: Constraint) -> str:
    operator = OPERATORS.get(constraint.operator, constraint.operator)
    operand = listed(constraint.values) if constraint.values else constraint.value or "nothing"
    words = f"{constraint.context_name} {operator} {operand}"
    if constraint.case_insensitive:
        words += " (ignoring case)"
    return f"not ({words})" if constraint.inverted else words
