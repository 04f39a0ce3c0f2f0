"""Whether a constraint holds in a context: each is compiled once into a function of the context's values. Pure."""

import operator as compare
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import UNSET

from flagkeeper.evaluation import operand
from flagkeeper.evaluation.constraint import IN_CIDR, Constraint, Operator
from flagkeeper.evaluation.context import Values

Match = Callable[[Values], bool]
_Test = Callable[[str], bool]
"""Of a field's value; a missing one passes none."""

_SMALLEST_DIFFERENCE = 2.0**-52
"""Numbers that differ by less are equal."""
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQ": compare.eq,
    "GT": compare.gt,
    "GTE": compare.ge,
    "LT": compare.lt,
    "LTE": compare.le,
    "AFTER": compare.gt,
    "BEFORE": compare.lt,
}


class UnreadableError(Exception):
    """A rule that no SDK can read. It turns the whole flag off."""


def always(_: Values) -> bool:
    """Holds in every context: what is put together with it folds."""
    return True


def never(_: Values) -> bool:
    """Holds in no context."""
    return False


def all_of(matches: Sequence[Match]) -> Match:
    """Holds where all of them do. Most strategies have one or two: those cost no loop."""
    if never in matches:
        return never
    match [each for each in matches if each is not always]:
        case []:
            return always
        case [only]:
            return only
        case [one, other]:
            return lambda values: one(values) and other(values)
        case several:
            return lambda values: all(each(values) for each in several)


def any_of(matches: Sequence[Match]) -> Match:
    """Holds where any one of them does."""
    if always in matches:
        return always
    match [each for each in matches if each is not never]:
        case []:
            return never
        case [only]:
            return only
        case several:
            return lambda values: any(each(values) for each in several)


def matcher(constraint: Constraint) -> Match:
    """What tells whether the constraint holds. An inverted one also holds where the field is missing.

    Raises:
        UnreadableError: its operator is unknown, or its operand is none for that operator.
    """
    name, inverted = constraint.context_name, constraint.inverted
    if constraint.operator in (Operator.IN, Operator.NOT_IN):
        # A missing field is in no list.
        return _listed(name, constraint.values, wanted=inverted == (constraint.operator == Operator.NOT_IN))
    test = _test(constraint)

    def match(values: Values) -> bool:
        value = values.get(name)
        return (value is not None and test(value)) != inverted

    return match


def in_networks(texts: Sequence[str]) -> _Test:
    """Whether an address is in one of these networks. Entries that are no network are passed over."""
    known: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for each in texts:
        if (found := operand.network(each.strip())) is not None:
            bits = found.max_prefixlen - found.prefixlen
            known[found.version, bits].add(int(found.network_address) >> bits)
    networks = [(version, bits, frozenset(found)) for (version, bits), found in known.items()]

    def test(value: str) -> bool:
        address = operand.address(value)
        if address is None:
            return False
        number, asked = int(address), address.version
        return any(version == asked and number >> bits in found for version, bits, found in networks)

    return test


def _listed(name: str, values: Sequence[str], *, wanted: bool) -> Match:
    listed = frozenset(values)
    if not listed:
        return never if wanted else always
    if wanted:
        return lambda values: values.get(name) in listed
    return lambda values: values.get(name) not in listed


def _test(constraint: Constraint) -> _Test:
    if constraint.operator != IN_CIDR and constraint.operator not in Operator.__members__:
        raise UnreadableError(f"There is no operator {constraint.operator!r}.")
    kind, _, name = constraint.operator.partition("_")
    if (kind == "STR" or constraint.operator == IN_CIDR) and not constraint.values:
        raise UnreadableError(f"{constraint.operator} has no values to compare with.")
    if constraint.operator == IN_CIDR:
        return in_networks(constraint.values)
    match kind:
        case "STR":
            return _text(name, constraint.values, constraint.case_insensitive)
        case "REGEX":
            pattern = operand.pattern(_value(constraint), ignore_case=constraint.case_insensitive)
            return lambda value: pattern is not None and pattern.search(value) is not None
        case "NUM":
            holds = _nearly_equal if name == "EQ" else _ORDER[name]
            return _ordered(_read(constraint, _operand_number), holds, operand.number)
        case "DATE":
            wanted = _read(constraint, operand.time)
            return _ordered(wanted, _ORDER[name], operand.time_of_any_precision)
        case _:
            return _ordered(_read(constraint, operand.version), _ORDER[name], operand.version)


def _text(name: str, values: Sequence[str], ignore_case: bool) -> _Test:
    def folded(text: str) -> str:
        return text.lower() if ignore_case else text

    wanted = tuple(map(folded, values))
    match name:
        case "STARTS_WITH":
            return lambda value: folded(value).startswith(wanted)
        case "ENDS_WITH":
            return lambda value: folded(value).endswith(wanted)
        case _:
            return lambda value: any(each in folded(value) for each in wanted)


def _operand_number(text: str) -> float | None:
    return operand.number(text.strip())


def _nearly_equal(one: float, other: float) -> bool:
    return abs(one - other) < _SMALLEST_DIFFERENCE


def _ordered(wanted: Any, holds: Callable[[Any, Any], bool], read: Callable[[str], Any]) -> _Test:
    def test(value: str) -> bool:
        found = read(value)
        return found is not None and holds(found, wanted)

    return test


def _read(constraint: Constraint, read: Callable[[str], Any]) -> Any:
    """The operand, never None."""
    value = _value(constraint)
    found = read(value)
    if found is None:
        raise UnreadableError(f"{constraint.operator} cannot read {value!r}.")
    return found


def _value(constraint: Constraint) -> str:
    if constraint.value is UNSET:
        raise UnreadableError(f"{constraint.operator} has no value to compare with.")
    return constraint.value
