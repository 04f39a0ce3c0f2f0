"""All flags of a view in one form: what is the same for everybody, and what has to be asked. Pure.

Most flags do nothing but roll out, or are on for the few whom a list names. The former are asked together, and of the
latter only those are asked that could be on: the others cost nothing, however many there are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from flagkeeper.evaluation.context import Values
from flagkeeper.evaluation.flag import OFF, ON, Decision, Listing
from flagkeeper.evaluation.rollout import Rollout, Rollouts
from flagkeeper.readmodels.remote_evaluation.pieces import Pieces

Asked = tuple[Callable[[Values], int], Pieces]
"""What finds a flag's outcome, and what each outcome looks like."""


class Listed:
    """Flags that are off for everybody who is not on a list of theirs, all of them lists of one field's values."""

    def __init__(self, field: str, flags: Sequence[tuple[frozenset[str], Asked]]) -> None:
        self._field = field
        self._off = [pieces[OFF] for _, (_, pieces) in flags]
        self._all_off = [b"".join(self._off)]
        self._listed: defaultdict[str, list[tuple[int, Asked]]] = defaultdict(list)
        for place, (names, asked) in enumerate(flags):
            for name in names:
                self._listed[name].append((place, asked))

    def outcomes(self, values: Values) -> list[bytes]:
        listed = self._listed.get(values.get(self._field, ""))
        if listed is None:
            return self._all_off
        found = self._off.copy()
        for place, (decide, pieces) in listed:
            found[place] = pieces[decide(values)]
        return found


class Sheet(msgspec.Struct, frozen=True):
    """What `sheet_of` makes of the flags."""

    fixed: bytes
    together: Sequence[Rollouts[bytes] | Listed]
    asked: Sequence[Asked]
    """One by one."""

    def fill(self, values: Values) -> bytes:
        """What this context gets, without the comma at its end."""
        found = [self.fixed]
        for each in self.together:
            found += each.outcomes(values)
        found += [pieces[decide(values)] for decide, pieces in self.asked]
        return b"".join(found)[:-1]


def sheet_of(flags: Iterable[tuple[Decision, Listing | None, Pieces]]) -> Sheet:
    """Flags, each with what decides about it, and where it is off for sure."""
    fixed, asked = [], []
    rollouts: defaultdict[str, list[tuple[Rollout, bytes, bytes]]] = defaultdict(list)
    listed: defaultdict[str, list[tuple[frozenset[str], Asked]]] = defaultdict(list)
    for decision, listing, pieces in flags:
        if isinstance(decision, int):
            fixed.append(pieces[decision])
        elif isinstance(decision, Rollout):
            rollouts[decision.stickiness].append((decision, pieces[OFF], pieces[ON]))
        elif listing is not None:
            listed[listing.field].append((listing.values, (decision, pieces)))
        else:
            asked.append((decision, pieces))
    together = [Rollouts(name, found) for name, found in rollouts.items()]
    return Sheet(b"".join(fixed), [*together, *(Listed(field, found) for field, found in listed.items())], asked)
