"""Constraints and their rules (facts: platform-model.md, section 3; evaluation.md, section 1). Pure.

One malformed constraint makes SDKs refuse their whole state (facts: client-protocol.md, section 3), so everything is
checked to its exact type before it is stored.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
import re2

from flagkeeper.eventlog.catalogue.payload import ConstraintData
from flagkeeper.kernel.errors import BadData, Detail


class Operator(StrEnum):
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


MOST_CONSTRAINTS = 30
MOST_VALUES = 250
LONGEST_VALUE = 100

_LISTS = frozenset({Operator.IN, Operator.NOT_IN})
_TEXTS = frozenset({Operator.STR_CONTAINS, Operator.STR_STARTS_WITH, Operator.STR_ENDS_WITH})
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_SEMVER = re.compile(
    r"(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)


def check_constraints(constraints: Sequence[ConstraintData], path: str) -> None:
    """Checks a list of constraints; `path` is the JSON pointer to it.

    Raises:
        BadData: naming each constraint that is wrong, and why.
    """
    wrong = [
        Detail(message, f"{path}/{i}") for i, constraint in enumerate(constraints) for message in problems(constraint)
    ]
    if len(constraints) > MOST_CONSTRAINTS:
        wrong.append(Detail(f"At most {MOST_CONSTRAINTS} constraints are allowed, not {len(constraints)}.", path))
    if wrong:
        raise BadData(wrong[0].message, *wrong)


def problems(constraint: ConstraintData) -> list[str]:
    """What is wrong with one constraint, in words; nothing when it is right."""
    found = []
    if not constraint.context_name or len(constraint.context_name) > LONGEST_VALUE:
        found.append(f"A constraint needs a contextName of 1 to {LONGEST_VALUE} characters.")
    if '"' in constraint.context_name or constraint.context_name.endswith("\\"):
        found.append("A contextName has no quotes, and no backslash at the end: SDKs cannot read them.")
    if constraint.operator not in Operator.__members__:
        return [*found, f"There is no operator {constraint.operator!r}; use one of {', '.join(Operator)}."]
    operator = Operator(constraint.operator)
    if len(constraint.values) > MOST_VALUES:
        found.append(f"At most {MOST_VALUES} values are allowed, not {len(constraint.values)}.")
    found.extend(
        f"Values have 1 to {LONGEST_VALUE} characters and no backslash at the end: {value[:20]!r} does not fit."
        for value in constraint.values
        if not 1 <= len(value) <= LONGEST_VALUE or value.endswith("\\")
    )
    if operator in _TEXTS and not constraint.values:
        found.append(f"{operator} needs at least one value in `values`.")
    if operator not in _LISTS | _TEXTS:
        found.extend(_operand_problems(operator, constraint))
    return found


def _operand_problems(operator: Operator, constraint: ConstraintData) -> list[str]:
    value = constraint.value
    if value is msgspec.UNSET or not value:
        return [f"{operator} needs a `value`."]
    if value.endswith("\\"):
        return [f"{operator} takes no `value` with a backslash at the end: SDKs cannot read it."]
    match operator.partition("_")[0]:
        case "NUM" if not _NUMBER.fullmatch(value):
            return [f"{operator} needs a number in `value`, not {value[:40]!r}."]
        case "DATE" if not _is_date(value):
            return [f"{operator} needs a time such as 2026-11-22T17:00:00.000Z in `value`, not {value[:40]!r}."]
        case "SEMVER" if not _SEMVER.fullmatch(value):
            return [f"{operator} needs a version such as 1.2.3 in `value`, not {value[:40]!r}."]
        case "REGEX" if constraint.inverted:
            return ["REGEX cannot be inverted."]
        case "REGEX" if not _compiles(value):
            return [f"REGEX needs a pattern that RE2 understands in `value`: {value[:40]!r} is none."]
    return []


def _is_date(text: str) -> bool:
    """A time with a zone and a fraction of no or three digits: what SDKs read (facts: evaluation.md, section 1)."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)", text, re.ASCII):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _compiles(pattern: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error:
        return False
    return True
