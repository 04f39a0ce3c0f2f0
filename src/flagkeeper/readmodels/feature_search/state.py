"""What is known of all flags at one position of the log, and which of them a question finds. Never changed. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import compress, repeat
from operator import attrgetter, contains, not_
from typing import Any

import msgspec

from flagkeeper.eventlog.read import LogPosition
from flagkeeper.features.flags.model.lifecycle import NO_USAGE, Moments, Stage, StageEntered, stage_now, stages_of
from flagkeeper.features.flags.model.relations import Completion
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.feature_search.question import Has, OneOf, Question, SetRule, Since, State


class Known(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the log says of a flag, archived or not."""

    name: str
    project: str
    type: str
    description: str | None
    stale: bool
    impression_data: bool
    created_at: Millis
    created_by: str
    created_by_user_id: int
    archived_at: Millis | None
    completion: Completion | None
    tags: frozenset[str]
    """`type:value`."""
    segments: frozenset[int]
    places: frozenset[tuple[str, bool]]
    """Its environments, each with whether it is on there. Flags of which they are the same share one set."""
    text: str
    """All that words are looked for in, lower-case."""


class Usage(msgspec.Struct, frozen=True):
    """What comes from usage and from the passing of time, which no event tells. By flag."""

    last_seen: Mapping[str, Millis]
    moments: Mapping[str, Moments]
    potentially_stale: Set[str]


class Flags(msgspec.Struct, frozen=True):
    """All flags."""

    position: LogPosition
    known: Mapping[str, Known]
    """In the order of their names."""
    usage: Usage
    stages: Mapping[str, Stage]
    """The stage of its life in which each flag is."""
    states: Mapping[str, State]
    columns: dict[bool, "Columns"] = {}
    """Those of archived flags (True), and of flags in use, once somebody has asked for them."""

    def of(self, archived: bool) -> "Columns":
        if archived not in self.columns:
            rows = [flag for flag in self.known.values() if (flag.archived_at is not None) is archived]
            self.columns[archived] = Columns(self, rows)
        return self.columns[archived]

    def moved(
        self, position: LogPosition, known: Mapping[str, Known], usage: Usage, changed: Iterable[str] | None = None
    ) -> "Flags":
        """All flags later. Where they are in their lives is known anew of those that changed; None: of all."""
        looked_at = known.keys() if changed is None else set(changed)
        stages = {} if changed is None else dict(self.stages)
        states = {} if changed is None else dict(self.states)
        for gone in looked_at - known.keys():
            stages.pop(gone, None)
            states.pop(gone, None)
        for name in looked_at & known.keys():
            flag = known[name]
            stages[name] = stage_now(flag.archived_at, usage.moments.get(name, NO_USAGE), flag.completion)
            stale = State.POTENTIALLY_STALE if name in usage.potentially_stale else State.ACTIVE
            states[name] = State.STALE if flag.stale else stale
        return Flags(position, known, usage, stages, states)


class Columns:
    """Some flags by what each has: lists in the order of their names, made when they are first asked for.

    A question looks at one thing of all flags. To go from flag to flag for it would cost several times as much as to go
    along a list: flags are spread over more memory than a processor keeps at hand.
    """

    def __init__(self, flags: Flags, rows: list[Known]) -> None:
        self.rows = rows
        self._flags = flags
        self._made: dict[str, list[Any]] = {}

    def __getattr__(self, name: str) -> list[Any]:
        """A column with the name of a field, or one of `last_seen`, `stage`, `state` and `creator`."""
        if name not in self._made:
            self._made[name] = list(self._make(name))
        return self._made[name]

    def _make(self, name: str) -> Iterable[Any]:
        match name:
            case "last_seen":
                return map(self._flags.usage.last_seen.get, self.name)
            case "stage":
                return map(self._flags.stages.__getitem__, self.name)
            case "state":
                return map(self._flags.states.__getitem__, self.name)
            case "creator":
                return map(str, self.created_by_user_id)
        return map(attrgetter(name), self.rows)


NOTHING = Flags(LogPosition("", 0), {}, Usage({}, {}, frozenset()), {}, {})
"""Before the first load."""


class Asker(msgspec.Struct, frozen=True):
    """Who asks."""

    favorites: Set[str]
    hidden: Set[str]
    """The projects of which they may not know."""


def stage_of(flags: Flags, flag: Known) -> StageEntered:
    """Where a flag is in its life."""
    moments = flags.usage.moments.get(flag.name, NO_USAGE)
    return stages_of(flag.created_at, flag.archived_at, moments, flag.completion)[-1]


def count_stages(flags: Flags, hidden: Set[str]) -> Mapping[Stage, int]:
    """How many flags are in each stage of their life, those of hidden projects left out."""
    found = dict.fromkeys(Stage, 0)
    for flag in flags.known.values():
        if flag.project not in hidden:
            found[flags.stages[flag.name]] += 1
    return found


def find(flags: Flags, question: Question, asker: Asker, segments: Mapping[str, int]) -> list[Known]:
    """All flags that a question finds, in its order. `segments`: their ids by name."""
    columns = flags.of(question.archived)
    found: Sequence[int] = range(len(columns.rows))
    for column, holds in _conditions(columns, question, asker, segments):
        found = list(compress(found, holds(map(column.__getitem__, found))))
    found = _sorted(found, columns, question, asker)
    if question.favorites_first:
        favorites = list(map(asker.favorites.__contains__, map(columns.name.__getitem__, found)))
        found = [*compress(found, favorites), *compress(found, map(not_, favorites))]
    return [columns.rows[number] for number in found]


MAY_BE_MISSING = ("lastSeenAt", "archivedAt")
"""Orders by what not every flag has."""
Holds = Callable[[Iterable[Any]], Iterable[bool]]
Condition = tuple[list[Any], Holds]
"""A column, and what must be true of each value."""


def _conditions(columns: Columns, asked: Question, asker: Asker, segments: Mapping[str, int]) -> Iterator[Condition]:
    """The cheap ones first."""
    if asked.favorite is not None:
        yield columns.name, OneOf(frozenset(asker.favorites), not asked.favorite).holds
    values: tuple[tuple[OneOf | Since | Has | None, str], ...] = (
        (asked.project, "project"),
        (asked.type, "type"),
        (asked.created_by, "creator"),
        (asked.state, "state"),
        (asked.lifecycle, "stage"),
        (asked.created_at, "created_at"),
        (asked.last_seen_at, "last_seen"),
        (OneOf(frozenset(asker.hidden), negated=True) if asker.hidden else None, "project"),
        (asked.tag, "tags"),
        (asked.segment and _ids(asked.segment, segments), "segments"),
    )
    for condition, name in values:
        if condition is not None:
            yield getattr(columns, name), condition.holds
    if asked.status:
        yield columns.places, Has(SetRule.ANY, asked.status).holds
    if len(asked.words) == 1:
        yield columns.text, lambda texts: map(contains, texts, repeat(asked.words[0]))
    elif asked.words:
        yield columns.text, lambda texts: (any(word in text for word in asked.words) for text in texts)


def _ids(segment: Has, segments: Mapping[str, int]) -> Has:
    """The same, of ids. Those below zero are of no segment, as names are that nobody has given."""
    ids = frozenset(segments.get(str(name), -number) for number, name in enumerate(segment.values, 1))
    return Has(segment.rule, ids)


def _sorted(found: Sequence[int], columns: Columns, asked: Question, asker: Asker) -> list[int]:
    """Flags that are equal in it stay in the order of their names. Moments that are not known come last."""
    keys = _keys(columns, asked, asker)
    missing: list[int] = []
    if asked.sort_by in MAY_BE_MISSING:
        missing = [number for number in found if keys[number] is None]
        found = [number for number in found if keys[number] is not None]
    return [*sorted(found, key=keys.__getitem__, reverse=asked.descending), *missing]


_PLACES = {stage: place for place, stage in enumerate(Stage)}
_COLUMNS = {
    "name": "name",
    "type": "type",
    "project": "project",
    "createdBy": "created_by",
    "lastSeenAt": "last_seen",
    "archivedAt": "archived_at",
    "state": "state",
}


def _keys(columns: Columns, asked: Question, asker: Asker) -> list[Any]:
    """What flags are sorted by."""
    kind, _, environment = asked.sort_by.partition(":")
    if kind == "environment" and environment:
        return list(map(contains, columns.places, repeat((environment, True))))
    if kind == "lifecycle":
        return list(map(_PLACES.__getitem__, columns.stage))
    if kind == "favorite":
        return list(map(asker.favorites.__contains__, columns.name))
    column: list[Any] = getattr(columns, _COLUMNS.get(asked.sort_by, "created_at"))
    return column
