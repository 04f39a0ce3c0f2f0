"""One flag, compiled once into functions of a context's values. Pure.

What does not depend on the context is folded: a flag that is the same for everybody has a number in place of a
function.
"""

import random
from collections.abc import Callable, Mapping, Sequence

import msgspec

from flagkeeper.evaluation.constraint import Operator
from flagkeeper.evaluation.context import Values
from flagkeeper.evaluation.document import ClientFeature, ClientSegment, ClientStrategy, ClientVariant
from flagkeeper.evaluation.match import Match, UnreadableError, all_of, always, any_of, matcher, never
from flagkeeper.evaluation.strategy import Surroundings, rule
from flagkeeper.evaluation.variant import NONE, Choice, choice, chosen

OFF = 0
ON = 1
"""On, without a variant."""
_FIRST = 2

Decision = int | Callable[[Values], int]
"""Which of a flag's `outcomes` a context gets, or what finds it."""


def decided(decision: Decision, values: Values) -> int:
    return decision if isinstance(decision, int) else decision(values)


class Listing(msgspec.Struct, frozen=True):
    """A flag is off for everybody whose `field` is none of these."""

    field: str
    values: frozenset[str]


class Segment:
    """A segment, its constraints compiled."""

    def __init__(self, segment: ClientSegment) -> None:
        self.id = segment.id
        self.constraints = segment.constraints
        self.unreadable: str | None = None
        self.matches: list[Match] = []
        try:
            self.matches = [matcher(each) for each in segment.constraints]
        except UnreadableError as error:
            self.unreadable = f"Segment {segment.id}: {error}"


class Strategy:
    """A strategy and what decides about it.

    Raises:
        UnreadableError: no SDK can read it.
    """

    def __init__(self, strategy: ClientStrategy, segments: Mapping[int, Segment], surroundings: Surroundings) -> None:
        parameters = strategy.parameters
        self.strategy = strategy
        self.rule = rule(strategy, surroundings)
        self.own = [matcher(each) for each in strategy.constraints]
        self.segments = [_readable(id_, segments) for id_ in strategy.segments or ()]
        # What folds or costs least is asked first: every one must hold.
        inherited = [match for each in self.segments for match in each.matches]
        self.holds = all_of([*self.own, *inherited, self.rule])
        stickiness, group = parameters.get("stickiness", "default"), parameters.get("groupId", surroundings.flag)
        self.choice = choice(strategy.variants, stickiness, group, surroundings.chance)

    def variant(self, values: Values) -> ClientVariant | None:
        """Drawn from its own variants; None: it has none."""
        i = chosen(self.choice, values)
        return None if i == NONE else self.strategy.variants[i]


class CompiledFlag:
    """A flag by itself: whom it depends on is asked by the `Evaluator`.

    Args:
        feature: as it is sent to SDKs.
        segments: all that it may name, by id.
        hostname: of the machine on which the application runs, for the strategy `applicationHostname`.
        chance: draws for everything that is random.
    """

    def __init__(
        self, feature: ClientFeature, segments: Mapping[int, Segment], *, hostname: str, chance: random.Random
    ) -> None:
        self.feature = feature
        self.unreadable: str | None = None
        self.strategies: list[Strategy] = []
        surroundings = Surroundings(flag=feature.name, hostname=hostname, chance=chance)
        try:
            self.strategies = [Strategy(each, segments, surroundings) for each in feature.strategies]
        except UnreadableError as error:
            self.unreadable = str(error)
        self.outcomes: list[ClientVariant | None] = [None, None, *feature.variants]
        """`OFF`, `ON`, then every variant that it may hand out."""
        stickiness = feature.variants[0].stickiness if feature.variants else "default"
        self._own = _gives(choice(feature.variants, stickiness, feature.name, chance), _FIRST)
        self._given = [self._gives(each) for each in self.strategies]
        self.decision: Decision = self._decision() if feature.enabled else OFF
        self.listing = _listing(self.strategies)

    def chosen(self, values: Values) -> int | None:
        """The first strategy that holds."""
        return next((i for i, each in enumerate(self.strategies) if each.holds(values)), None)

    def is_on(self, strategy: int | None) -> bool:
        """Whether it is on when this is the first strategy that holds, and all that it depends on is as it asks."""
        return self.feature.enabled and (strategy is not None or not self.feature.strategies)

    def given(self, strategy: int | None, values: Values) -> int:
        """Which outcome this strategy gives, or the flag itself, whether or not it is on."""
        return decided(self._own if strategy is None else self._given[strategy], values)

    def _gives(self, strategy: Strategy) -> Decision:
        """From its own variants; from those of the flag when it has none."""
        if not strategy.strategy.variants:
            return self._own
        first = len(self.outcomes)
        self.outcomes += strategy.strategy.variants
        return _gives(strategy.choice, first)

    def _decision(self) -> Decision:
        if not self.feature.strategies:
            return self._own
        pairs = _reachable([each.holds for each in self.strategies], self._given)
        if all(given == ON for _, given in pairs):
            # True and False are the numbers of these two outcomes.
            match = any_of([match for match, _ in pairs])
            return _constant(match)
        match pairs:
            case [(first, given)]:
                return _when(first, given)
            case _:
                return _first_of(pairs)


def _gives(made: Choice, first: int) -> Decision:
    """The outcome of a choice among variants that begin at `first`."""
    if isinstance(made, int):
        return ON if made == NONE else first + made

    def give(values: Values) -> int:
        i = made(values)
        return ON if i == NONE else first + i

    return give


_Pair = tuple[Match, Decision]


def _reachable(matches: Sequence[Match], given: Sequence[Decision]) -> list[_Pair]:
    """Without strategies that hold for nobody, and without those after one that holds for everybody."""
    found: list[_Pair] = []
    for match, gives in zip(matches, given, strict=True):
        if match is not never:
            found.append((match, gives))
        if match is always:
            break
    return found


def _listing(strategies: Sequence[Strategy]) -> Listing | None:
    """The shortest list of one field's values that somebody must be on for any strategy to hold. None: there is no
    such list."""
    lists = [_demanded(each) for each in strategies if each.holds is not never]
    fields = set(lists[0]).intersection(*lists[1:]) if lists else ()
    listings = [Listing(field, frozenset().union(*(each[field] for each in lists))) for field in sorted(fields)]
    return min(listings, key=lambda listing: len(listing.values), default=None)


def _demanded(strategy: Strategy) -> dict[str, frozenset[str]]:
    """By field, the values of which it must have one."""
    found: dict[str, frozenset[str]] = {}
    constraints = [*strategy.strategy.constraints, *(one for each in strategy.segments for one in each.constraints)]
    for each in constraints:
        if (each.operator == Operator.IN and not each.inverted) or (each.operator == Operator.NOT_IN and each.inverted):
            values = frozenset(each.values)
            found[each.context_name] = values & found.get(each.context_name, values)
    return found


def _constant(match: Match) -> Decision:
    if match in (always, never):
        return ON if match is always else OFF
    return match


def _when(match: Match, given: Decision) -> Decision:
    if match is always:
        return given
    if isinstance(given, int):
        return lambda values: given if match(values) else OFF
    return lambda values: given(values) if match(values) else OFF


def _first_of(pairs: Sequence[_Pair]) -> Decision:
    def decide(values: Values) -> int:
        for match, given in pairs:
            if match(values):
                return decided(given, values)
        return OFF

    return decide


def _readable(id_: int, segments: Mapping[int, Segment]) -> Segment:
    segment = segments.get(id_)
    if segment is None:
        raise UnreadableError(f"There is no segment {id_}.")
    if segment.unreadable is not None:
        raise UnreadableError(segment.unreadable)
    return segment
