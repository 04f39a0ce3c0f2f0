"""The contexts that somebody asks about, and the evaluation of flags in them. Pure."""

import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from flagkeeper.evaluation import operand
from flagkeeper.evaluation.context import STANDARD, Context
from flagkeeper.evaluation.document import ClientDependency, ClientFeature, ClientSegment, ClientStrategy, ClientVariant
from flagkeeper.evaluation.evaluator import Evaluator, Explanation, StrategyResult, evaluator_of
from flagkeeper.eventlog.catalogue.payload import StrategyData, VariantData
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.relations import Dependency
from flagkeeper.features.segments.model import Segment
from flagkeeper.kernel.errors import BadData, Detail

MOST_RESULTS = 15_000
"""Of one question: flags, times environments, times contexts."""
PROPERTIES = "properties"

_read_variants = msgspec.json.Decoder(list[ClientVariant]).decode


class Field(msgspec.Struct, frozen=True):
    """A field of the context, with all the values that are asked about."""

    name: str
    values: Sequence[str]
    nested: bool = False
    """It stands among the `properties`."""


class Asked(msgspec.Struct, frozen=True):
    """About whom it is asked."""

    fields: Sequence[Field]
    invalid: Sequence[str]
    """Names of fields that are left out: their values are no text."""

    @property
    def size(self) -> int:
        """How many different contexts there are."""
        return math.prod(len(each.values) for each in self.fields)

    def contexts(self) -> Iterator["Sent"]:
        """Every combination of the values."""
        for values in itertools.product(*(each.values for each in self.fields)):
            yield Sent(list(zip(self.fields, values, strict=True)))


class Sent(msgspec.Struct, frozen=True):
    """One context, with one value for each field."""

    values: Sequence[tuple[Field, str]]

    def shown(self) -> dict[str, str | dict[str, str]]:
        """As an SDK would be given it."""
        plain: dict[str, str | dict[str, str]] = {field.name: value for field, value in self.values if not field.nested}
        nested = {field.name: value for field, value in self.values if field.nested}
        return {**plain, PROPERTIES: nested} if nested else plain

    def context(self, environment: str, now: str) -> Context:
        """What is evaluated: a field of the context itself takes the place of a property of the same name."""
        flat = {field.name: value for field, value in self.values if field.nested}
        flat |= {field.name: value for field, value in self.values if not field.nested}
        return Context(
            current_time=flat.get("currentTime", now),
            user_id=flat.get("userId"),
            session_id=flat.get("sessionId"),
            environment=environment,
            app_name=flat.get("appName"),
            remote_address=flat.get("remoteAddress"),
            properties={name: value for name, value in flat.items() if name not in STANDARD},
        )


class Played(msgspec.Struct, frozen=True):
    """A flag in an environment, evaluated in one context."""

    flag: Flag
    environment: str
    state: FlagEnvironment
    context: Sent
    explanation: Explanation

    def results(self) -> Iterator[tuple[StrategyData, StrategyResult | None]]:
        """Every strategy with what it said; None: it is disabled, or no SDK can read the flag."""
        said = iter(self.explanation.strategies)
        for strategy in self.state.strategies:
            yield strategy, None if strategy.disabled else next(said, None)


def read_context(given: Mapping[str, Any], *, several: bool) -> Asked:
    """What a client sent as context; with `several`, commas split values.

    Raises:
        BadData: there is no name of an application, or a time is none; or, where one context is asked about, a value
            is no text.
    """
    nested = given.get(PROPERTIES)
    if nested is not None and not isinstance(nested, dict):
        message = "`properties` holds texts by their names."
        raise BadData(message, Detail(message, f"/body/context/{PROPERTIES}"))
    fields, invalid = [], []
    found = [(name, value, False) for name, value in given.items() if name != PROPERTIES]
    for name, value, is_nested in [*found, *((name, value, True) for name, value in (nested or {}).items())]:
        if value is None:
            continue
        if (text := _text(value)) is None:
            invalid.append(name)
        else:
            fields.append(Field(name, _values(text) if several else (text,), is_nested))
    if invalid and not several:
        details = [Detail("must be a text, a number or a boolean", f"/body/context/{name}") for name in invalid]
        raise BadData(f"{', '.join(invalid)}: fields of the context are texts.", *details)
    _check(fields)
    return Asked(fields, invalid)


def demand_room(flags: int, environments: int, asked: Asked) -> None:
    """Raises `BadData` when there are more results than anybody gets at once."""
    results = flags * environments * asked.size
    if results > MOST_RESULTS:
        message = (
            f"That would be {results:,} results: {flags:,} flags in {environments:,} environments and {asked.size:,} "
            f"contexts. At most {MOST_RESULTS:,} are allowed: ask for fewer projects, environments or values."
        )
        raise BadData(message, Detail(message, "/body"))


def evaluator(
    flags: Iterable[tuple[Flag, FlagEnvironment]],
    dependencies: Mapping[str, Sequence[Dependency]],
    segments: Iterable[Segment],
    chance: random.Random,
) -> Evaluator:
    """What an SDK would evaluate."""
    features = [_feature(flag, state, dependencies.get(flag.name, ())) for flag, state in flags]
    known = [ClientSegment(id=each.id, name=each.name, constraints=each.constraints) for each in segments]
    return evaluator_of(features, known, chance=chance)


def _feature(flag: Flag, state: FlagEnvironment, dependencies: Sequence[Dependency]) -> ClientFeature:
    return ClientFeature(
        name=flag.name,
        type=flag.type,
        enabled=state.enabled,
        project=flag.project,
        stale=flag.stale,
        strategies=[_strategy(each) for each in state.strategies if not each.disabled],
        variants=_variants(state.variants),
        description=flag.description,
        impression_data=flag.impression_data,
        dependencies=[
            ClientDependency(feature=each.feature, enabled=each.enabled, variants=each.variants)
            for each in dependencies
        ],
    )


def _strategy(strategy: StrategyData) -> ClientStrategy:
    return ClientStrategy(
        name=strategy.name,
        constraints=strategy.constraints,
        parameters=strategy.parameters,
        variants=_variants(strategy.variants),
        segments=strategy.segments or UNSET,
    )


def _variants(variants: Sequence[VariantData]) -> list[ClientVariant]:
    return _read_variants(msgspec.json.encode(variants)) if variants else []


def _text(value: object) -> str | None:
    """A value as SDKs would read it. None: it is none."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if isinstance(value, bool | int | float) else None


def _values(text: str) -> Sequence[str]:
    found = dict.fromkeys(each.strip() for each in text.split(","))
    return [each for each in found if each] or [text]


def _check(fields: Sequence[Field]) -> None:
    names = {each.name: each.values for each in fields if not each.nested}
    if not all(names.get("appName", [""])):
        message = "The context needs the name of an application, in `appName`."
        raise BadData(message, Detail(message, "/body/context/appName"))
    for value in names.get("currentTime", ()):
        if operand.time_of_any_precision(value) is None:
            message = f"{value[:40]!r} is no time. Send ISO 8601, such as 2026-11-22T17:00:00.000Z."
            raise BadData(message, Detail(message, "/body/context/currentTime"))
