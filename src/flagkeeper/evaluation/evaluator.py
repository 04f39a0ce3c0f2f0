"""Evaluates the flags of a document: is one on, which variant, and why. Pure."""

import random
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.evaluation.context import Context
from flagkeeper.evaluation.document import ClientDependency, ClientFeature, ClientSegment, ClientStrategy, ClientVariant
from flagkeeper.evaluation.match import Match, UnreadableError, matcher
from flagkeeper.evaluation.strategy import Surroundings, is_built_in, rule
from flagkeeper.evaluation.variant import select


class Evaluation(msgspec.Struct, frozen=True):
    """What somebody gets."""

    enabled: bool
    variant: ClientVariant | None
    """None: the flag is off, or hands out no variants."""


class ConstraintResult(msgspec.Struct, frozen=True):
    constraint: Constraint
    holds: bool


class SegmentResult(msgspec.Struct, frozen=True):
    id: int
    holds: bool
    constraints: Sequence[ConstraintResult]


class StrategyResult(msgspec.Struct, frozen=True):
    name: str
    holds: bool
    """Its rule, its constraints and its segments all do."""
    rule_holds: bool
    is_known: bool
    """Whether its rule is one of the built-in ones: that of any other holds for nobody here, and only an application
    can tell."""
    constraints: Sequence[ConstraintResult]
    segments: Sequence[SegmentResult]
    variant: ClientVariant | None
    """What it would hand out, whether or not it holds. None: it has no variants."""


class Explanation(msgspec.Struct, frozen=True):
    """Why somebody gets what they get."""

    evaluation: Evaluation
    switched_on: bool
    dependencies_hold: bool
    strategies: Sequence[StrategyResult]
    unreadable: str | None
    """Why no SDK can read the flag's strategies; then there are no results of them."""


class Evaluator:
    """The flags of one document, ready to be asked.

    Args:
        hostname: of the machine on which the application runs, for the strategy `applicationHostname`.
        chance: draws for everything that is random.
    """

    def __init__(
        self,
        features: Iterable[ClientFeature],
        segments: Iterable[ClientSegment] = (),
        *,
        hostname: str = "",
        chance: random.Random,
    ) -> None:
        self._chance = chance
        known = {each.id: _Segment(each) for each in segments}
        self._flags = {
            each.name: _Flag(each, known, Surroundings(flag=each.name, hostname=hostname, chance=chance))
            for each in features
        }

    @property
    def names(self) -> Iterable[str]:
        return self._flags.keys()

    def evaluate(self, name: str, context: Context) -> Evaluation | None:
        """What the flag gives in this context. None: there is no such flag."""
        flag = self._flags.get(name)
        return None if flag is None else self._evaluate(flag, context)

    def explain(self, name: str, context: Context) -> Explanation | None:
        """The same, and what each part of the flag said. None: there is no such flag."""
        flag = self._flags.get(name)
        if flag is None:
            return None
        results = [each.explain(context) for each in flag.strategies]
        chosen = next((i for i, each in enumerate(results) if each.holds), None)
        enabled, satisfied = flag.feature.enabled, self._dependencies_hold(flag, context)
        evaluation = self._outcome(flag, chosen, context) if enabled and satisfied else _OFF
        if evaluation.enabled and chosen is not None and flag.strategies[chosen].has_variants:
            # Drawn once: where chance decides, the flag gives what its strategy is said to give.
            evaluation = Evaluation(True, results[chosen].variant)
        return Explanation(evaluation, enabled, satisfied, results, flag.unreadable)

    def _evaluate(self, flag: "_Flag", context: Context) -> Evaluation:
        if not flag.feature.enabled or not self._dependencies_hold(flag, context):
            return _OFF
        return self._outcome(flag, flag.chosen(context), context)

    def _outcome(self, flag: "_Flag", chosen: int | None, context: Context) -> Evaluation:
        """What the flag gives when `chosen` is the first of its strategies that holds, and everything else does."""
        if chosen is None and flag.feature.strategies:
            return _OFF
        return Evaluation(True, self._variant(flag, chosen, context))

    def _variant(self, flag: "_Flag", chosen: int | None, context: Context) -> ClientVariant | None:
        """Drawn from the variants of the chosen strategy, or from those of the flag when it has none."""
        strategy = None if chosen is None else flag.strategies[chosen]
        if strategy is not None and strategy.has_variants:
            return strategy.variant(context)
        feature = flag.feature
        stickiness = feature.variants[0].stickiness if feature.variants else "default"
        return select(feature.variants, stickiness, feature.name, context, self._chance)

    def _dependencies_hold(self, flag: "_Flag", context: Context) -> bool:
        return all(self._holds(each, context) for each in flag.feature.dependencies or ())

    def _holds(self, dependency: ClientDependency, context: Context) -> bool:
        parent = self._flags.get(dependency.feature)
        # One level only: a parent that depends on others satisfies nobody.
        if parent is None or parent.feature.dependencies:
            return False
        chosen = parent.chosen(context)
        enabled = parent.feature.enabled and self._outcome(parent, chosen, context).enabled
        if enabled != dependency.enabled:
            return False
        # As SDKs do it: a parent without any variants meets every demand, and one that is off is still asked for its.
        variant = self._variant(parent, chosen, context)
        return not dependency.variants or variant is None or variant.name in dependency.variants


class _Segment:
    def __init__(self, segment: ClientSegment) -> None:
        self.id = segment.id
        self.constraints = segment.constraints
        self.unreadable: str | None = None
        self.matches: list[Match] = []
        try:
            self.matches = [matcher(each) for each in segment.constraints]
        except UnreadableError as error:
            self.unreadable = f"Segment {segment.id}: {error}"

    def explain(self, context: Context) -> SegmentResult:
        results = _results(self.constraints, self.matches, context)
        return SegmentResult(self.id, all(each.holds for each in results), results)


class _Strategy:
    """A strategy and what decides about it.

    Raises:
        UnreadableError: no SDK can read it.
    """

    def __init__(self, strategy: ClientStrategy, segments: Mapping[int, _Segment], surroundings: Surroundings) -> None:
        self._strategy = strategy
        self._surroundings = surroundings
        self._rule = rule(strategy, surroundings)
        self._own = [matcher(each) for each in strategy.constraints]
        self._segments = [_readable(id_, segments) for id_ in strategy.segments or ()]
        self._matches = [self._rule, *self._own, *(match for each in self._segments for match in each.matches)]

    def holds(self, context: Context) -> bool:
        return all(match(context) for match in self._matches)

    @property
    def has_variants(self) -> bool:
        return bool(self._strategy.variants)

    def variant(self, context: Context) -> ClientVariant | None:
        """Drawn from its own variants; None: it has none."""
        parameters, here = self._strategy.parameters, self._surroundings
        stickiness, group = parameters.get("stickiness", "default"), parameters.get("groupId", here.flag)
        return select(self._strategy.variants, stickiness, group, context, here.chance)

    def explain(self, context: Context) -> StrategyResult:
        rule_holds = self._rule(context)
        own = _results(self._strategy.constraints, self._own, context)
        segments = [each.explain(context) for each in self._segments]
        holds = rule_holds and all(each.holds for each in own) and all(each.holds for each in segments)
        name = self._strategy.name
        return StrategyResult(name, holds, rule_holds, is_built_in(name), own, segments, self.variant(context))


class _Flag:
    def __init__(self, feature: ClientFeature, segments: Mapping[int, _Segment], surroundings: Surroundings) -> None:
        self.feature = feature
        self.unreadable: str | None = None
        self.strategies: list[_Strategy] = []
        try:
            self.strategies = [_Strategy(each, segments, surroundings) for each in feature.strategies]
        except UnreadableError as error:
            self.unreadable = str(error)

    def chosen(self, context: Context) -> int | None:
        """The first strategy that holds."""
        return next((i for i, each in enumerate(self.strategies) if each.holds(context)), None)


_OFF = Evaluation(False, None)


def _results(constraints: Sequence[Constraint], matches: Sequence[Match], context: Context) -> list[ConstraintResult]:
    return [
        ConstraintResult(constraint, match(context)) for constraint, match in zip(constraints, matches, strict=True)
    ]


def _readable(id_: int, segments: Mapping[int, _Segment]) -> _Segment:
    segment = segments.get(id_)
    if segment is None:
        raise UnreadableError(f"There is no segment {id_}.")
    if segment.unreadable is not None:
        raise UnreadableError(segment.unreadable)
    return segment
