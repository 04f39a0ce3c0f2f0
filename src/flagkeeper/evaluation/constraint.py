"""What a constraint is, and which ones are legal. Pure.

One malformed constraint makes SDKs refuse their whole state, so everything is checked to its exact type before it is
stored.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.evaluation import operand
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import is_one_line

LONGEST_VALUE = 100


class Operator(StrEnum):
    """How constraints compare."""

    IN = "IN"
    NOT_IN = "NOT_IN"
    STR_CONTAINS = "STR_CONTAINS"
    STR_STARTS_WITH = "STR_STARTS_WITH"
    STR_ENDS_WITH = "STR_ENDS_WITH"
    NUM_EQ = "NUM_EQ"
    NUM_GT = "NUM_GT"
    NUM_GTE = "NUM_GTE"
    NUM_LT = "NUM_LT"
    NUM_LTE = "NUM_LTE"
    DATE_AFTER = "DATE_AFTER"
    DATE_BEFORE = "DATE_BEFORE"
    SEMVER_EQ = "SEMVER_EQ"
    SEMVER_GT = "SEMVER_GT"
    SEMVER_GTE = "SEMVER_GTE"
    SEMVER_LT = "SEMVER_LT"
    SEMVER_LTE = "SEMVER_LTE"
    REGEX = "REGEX"


IN_CIDR = "IN_CIDR"
"""An operator that newer SDKs know. Unleash 8.2 refuses it, and so do we: older SDKs would turn the flag off."""

LISTS = frozenset(
    {Operator.IN, Operator.NOT_IN, Operator.STR_CONTAINS, Operator.STR_STARTS_WITH, Operator.STR_ENDS_WITH}
)
"""Operators that compare with any of `values`; the others compare with `value`."""
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
"""Numbers that every SDK reads: no `.5`, and no infinity."""


class Constraint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A condition on one field of the context."""

    context_name: str
    operator: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(Operator)})]
    values: list[str] = []
    value: str | UnsetType = UNSET
    """The operand of operators that take one: numbers, dates, versions, patterns."""
    inverted: bool = False
    case_insensitive: bool = False


def is_safe_word(text: str) -> bool:
    """Whether SDKs can take `text` into a rule: a quote or a final backslash would end it early, and turn the flag
    off."""
    return '"' not in text and not text.endswith("\\")


def check_constraints(constraints: Sequence[Constraint], path: str, *, most: int, most_values: int) -> None:
    """Checks a list of at most `most` constraints; `path` is the JSON pointer to it.

    Raises:
        BadData: naming each constraint that is wrong, and why.
    """
    if len(constraints) > most:
        message = f"At most {most} constraints are allowed, not {len(constraints)}."
        raise BadData(message, Detail(message, path))
    wrong = [
        Detail(message, f"{path}/{i}")
        for i, constraint in enumerate(constraints)
        for message in problems(constraint, most_values)
    ]
    if wrong:
        raise BadData(wrong[0].message, *wrong)


def problems(constraint: Constraint, most_values: int) -> list[str]:
    """What is wrong with one constraint, in words; nothing when it is right."""
    found = []
    if not constraint.context_name or len(constraint.context_name) > LONGEST_VALUE:
        found.append(f"A constraint needs a contextName of 1 to {LONGEST_VALUE} characters.")
    if not is_one_line(constraint.context_name):
        found.append("A contextName has no control characters, and no signs that change the direction of text.")
    if not is_safe_word(constraint.context_name):
        found.append("A contextName has no quotes, and no backslash at the end: SDKs cannot read them.")
    if constraint.operator not in Operator.__members__:
        return [*found, f"There is no operator {constraint.operator[:40]!r}; use one of {', '.join(Operator)}."]
    operator = Operator(constraint.operator)
    if len(constraint.values) > most_values:
        return [*found, f"At most {most_values} values are allowed, not {len(constraint.values)}."]
    found.extend(
        f"Values have 1 to {LONGEST_VALUE} characters and no backslash at the end: {value[:20]!r} does not fit."
        for value in constraint.values
        if not 1 <= len(value) <= LONGEST_VALUE or value.endswith("\\")
    )
    # Nothing is in an empty list, and NOT_IN would switch something on for everybody.
    if operator in LISTS and not constraint.values:
        found.append(f"{operator} needs at least one value in `values`.")
    if operator not in LISTS:
        found.extend(_operand_problems(operator, constraint))
    return found


def _operand_problems(operator: Operator, constraint: Constraint) -> list[str]:
    value = constraint.value
    if value is UNSET or not value:
        return [f"{operator} needs a `value`."]
    if value.endswith("\\"):
        return [f"{operator} takes no `value` with a backslash at the end: SDKs cannot read it."]
    match operator.partition("_")[0]:
        case "NUM" if not _NUMBER.fullmatch(value):
            return [f"{operator} needs a number in `value`, not {value[:40]!r}."]
        case "DATE" if operand.time(value) is None:
            return [f"{operator} needs a time such as 2026-11-22T17:00:00.000Z in `value`, not {value[:40]!r}."]
        case "SEMVER" if operand.version(value) is None:
            return [f"{operator} needs a version such as 1.2.3 in `value`, not {value[:40]!r}."]
        case "REGEX" if constraint.inverted:
            return ["REGEX cannot be inverted."]
        case "REGEX" if operand.pattern(value) is None:
            return [f"REGEX needs a pattern that RE2 understands in `value`: {value[:40]!r} is none."]
    return []
