"""Evaluates the flags of a document: is one on, which variant, and why. Pure."""

import random
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.evaluation.context import Context, Values
from flagkeeper.evaluation.document import ClientDependency, ClientFeature, ClientSegment, ClientVariant
from flagkeeper.evaluation.flag import OFF, CompiledFlag, Decision, Segment, Strategy, decided
from flagkeeper.evaluation.match import Match
from flagkeeper.evaluation.strategy import is_built_in


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
    """Flags that may depend on each other, ready to be asked."""

    def __init__(self, flags: Mapping[str, CompiledFlag]) -> None:
        self._flags = flags

    @property
    def names(self) -> Iterable[str]:
        return self._flags.keys()

    def decision(self, name: str) -> Decision:
        """Which of the flag's outcomes a context gets. Raises `KeyError` when there is no such flag."""
        flag = self._flags[name]
        if not flag.feature.dependencies or flag.decision == OFF:
            return flag.decision
        decision, hold = flag.decision, self._dependencies_hold
        return lambda values: decided(decision, values) if hold(flag, values) else OFF

    def evaluate(self, name: str, context: Context) -> Evaluation | None:
        """What the flag gives in this context. None: there is no such flag."""
        flag = self._flags.get(name)
        return None if flag is None else _evaluation(flag, decided(self.decision(name), context.values()))

    def explain(self, name: str, context: Context) -> Explanation | None:
        """The same, and what each part of the flag said. None: there is no such flag."""
        flag, values = self._flags.get(name), context.values()
        if flag is None:
            return None
        results = [_explained(each, values) for each in flag.strategies]
        first = next((i for i, each in enumerate(results) if each.holds), None)
        satisfied = self._dependencies_hold(flag, values)
        outcome = flag.given(first, values) if satisfied and flag.is_on(first) else OFF
        evaluation = _evaluation(flag, outcome)
        if evaluation.enabled and first is not None and flag.feature.strategies[first].variants:
            # Drawn once: where chance decides, the flag gives what its strategy is said to give.
            evaluation = Evaluation(True, results[first].variant)
        return Explanation(evaluation, flag.feature.enabled, satisfied, results, flag.unreadable)

    def _dependencies_hold(self, flag: CompiledFlag, values: Values) -> bool:
        return all(self._holds(each, values) for each in flag.feature.dependencies or ())

    def _holds(self, dependency: ClientDependency, values: Values) -> bool:
        parent = self._flags.get(dependency.feature)
        # One level only: a parent that depends on others satisfies nobody.
        if parent is None or parent.feature.dependencies:
            return False
        first = parent.chosen(values)
        if parent.is_on(first) != dependency.enabled:
            return False
        # As SDKs do it: a parent without any variants meets every demand, and one that is off is still asked for its.
        variant = parent.outcomes[parent.given(first, values)]
        return not dependency.variants or variant is None or variant.name in dependency.variants


def evaluator_of(
    features: Iterable[ClientFeature],
    segments: Iterable[ClientSegment] = (),
    *,
    hostname: str = "",
    chance: random.Random,
) -> Evaluator:
    """The flags of one document, of an application on the machine `hostname`; `chance` draws what is random."""
    known = {each.id: Segment(each) for each in segments}
    return Evaluator({each.name: CompiledFlag(each, known, hostname=hostname, chance=chance) for each in features})


def _evaluation(flag: CompiledFlag, outcome: int) -> Evaluation:
    return Evaluation(outcome != OFF, flag.outcomes[outcome])


def _explained(strategy: Strategy, values: Values) -> StrategyResult:
    rule_holds = strategy.rule(values)
    own = _results(strategy.strategy.constraints, strategy.own, values)
    segments = [_segment(each, values) for each in strategy.segments]
    holds = rule_holds and all(each.holds for each in own) and all(each.holds for each in segments)
    name = strategy.strategy.name
    return StrategyResult(name, holds, rule_holds, is_built_in(name), own, segments, strategy.variant(values))


def _segment(segment: Segment, values: Values) -> SegmentResult:
    results = _results(segment.constraints, segment.matches, values)
    return SegmentResult(segment.id, all(each.holds for each in results), results)


def _results(constraints: Sequence[Constraint], matches: Sequence[Match], values: Values) -> list[ConstraintResult]:
    return [ConstraintResult(constraint, match(values)) for constraint, match in zip(constraints, matches, strict=True)]
