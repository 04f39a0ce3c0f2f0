"""What is known of all flags at one position of the log, and which of them a question finds. Never changed. Pure."""

from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any

import msgspec

from flagkeeper.eventlog.read import LogPosition
from flagkeeper.features.flags.model.lifecycle import NO_USAGE, Moments, Stage, StageEntered, stage_now, stages_of
from flagkeeper.features.flags.model.relations import Completion
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.feature_search.question import OneOf, Question, Since, State


class Known(msgspec.Struct, frozen=True, kw_only=True):
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
    on: frozenset[str]
    """The environments in which it is on."""
    off: frozenset[str]
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


NOTHING = Flags(LogPosition("", 0), {}, Usage({}, {}, frozenset()))
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


def state_of(flags: Flags, flag: Known) -> State:
    if flag.stale:
        return State.STALE
    return State.POTENTIALLY_STALE if flag.name in flags.usage.potentially_stale else State.ACTIVE


def stage_now_of(flags: Flags, flag: Known) -> Stage:
    """The same, without since when."""
    return stage_now(flag.archived_at, flags.usage.moments.get(flag.name, NO_USAGE), flag.completion)


def count_stages(flags: Flags, hidden: Set[str]) -> Mapping[Stage, int]:
    """How many flags are in each stage of their life, those of hidden projects left out."""
    found = dict.fromkeys(Stage, 0)
    for flag in flags.known.values():
        if flag.project not in hidden:
            found[stage_now_of(flags, flag)] += 1
    return found


def find(flags: Flags, question: Question, asker: Asker, segments: Mapping[str, int]) -> list[Known]:
    """All flags that a question finds, in its order. `segments`: their ids by name."""
    found = [flag for flag in flags.known.values() if (flag.archived_at is not None) is question.archived]
    for check in _checks(flags, question, asker, segments):
        found = [flag for flag in found if check(flag)]
    found = _sorted(found, flags, question, asker)
    if not question.favorites_first:
        return found
    favorites = asker.favorites
    first = [flag for flag in found if flag.name in favorites]
    return [*first, *(flag for flag in found if flag.name not in favorites)]


MAY_BE_MISSING = ("lastSeenAt", "archivedAt")
"""Orders by what not every flag has."""
Check = Callable[[Known], bool]


def _checks(flags: Flags, asked: Question, asker: Asker, segments: Mapping[str, int]) -> Iterator[Check]:
    """The cheap ones first."""
    if asker.hidden:
        yield lambda flag: flag.project not in asker.hidden
    if (favorite := asked.favorite) is not None:
        yield lambda flag: (flag.name in asker.favorites) is favorite
    yield from _values(flags, asked)
    yield from _sets(asked, segments)
    if asked.words:
        words = asked.words
        yield lambda flag: any(word in flag.text for word in words)


def _values(flags: Flags, asked: Question) -> Iterator[Check]:
    """What is asked of fields that have one value."""
    values: tuple[tuple[OneOf | Since | None, Callable[[Known], Any]], ...] = (
        (asked.project, lambda flag: flag.project),
        (asked.type, lambda flag: flag.type),
        (asked.created_by, lambda flag: str(flag.created_by_user_id)),
        (asked.state, lambda flag: state_of(flags, flag)),
        (asked.lifecycle, lambda flag: stage_now_of(flags, flag)),
        (asked.created_at, lambda flag: flag.created_at),
        (asked.last_seen_at, lambda flag: flags.usage.last_seen.get(flag.name)),
    )
    for condition, value in values:
        if condition is not None:
            yield _holds(condition, value)


def _holds(condition: OneOf | Since, value: Callable[[Known], Any]) -> Check:
    return lambda flag: condition.holds(value(flag))


def _sets(asked: Question, segments: Mapping[str, int]) -> Iterator[Check]:
    """What is asked of tags, segments and environments."""
    if (tag := asked.tag) is not None:
        yield lambda flag: tag.holds(flag.tags)
    if (segment := asked.segment) is not None:
        named = {id_: name for name, id_ in segments.items()}
        yield lambda flag: segment.holds(frozenset(named[id_] for id_ in flag.segments if id_ in named))
    if asked.status:
        on = {environment for environment, enabled in asked.status if enabled}
        off = {environment for environment, enabled in asked.status if not enabled}
        yield lambda flag: not (on.isdisjoint(flag.on) and off.isdisjoint(flag.off))


def _sorted(found: list[Known], flags: Flags, asked: Question, asker: Asker) -> list[Known]:
    """Flags that are equal in it stay in the order of their names. Moments that are not known come last."""
    key = _key(flags, asked, asker)
    missing: list[Known] = []
    if asked.sort_by in MAY_BE_MISSING:
        missing = [flag for flag in found if key(flag) is None]
        found = [flag for flag in found if key(flag) is not None]
    found.sort(key=key, reverse=asked.descending)
    return found + missing


def _key(flags: Flags, asked: Question, asker: Asker) -> Callable[[Known], Any]:
    places = {stage: place for place, stage in enumerate(Stage)}
    last_seen = flags.usage.last_seen
    _, on_in, environment = asked.sort_by.partition("environment:")
    if on_in:
        return lambda flag: environment in flag.on
    keys: dict[str, Callable[[Known], Any]] = {
        "name": lambda flag: flag.name,
        "type": lambda flag: flag.type,
        "project": lambda flag: flag.project,
        "createdAt": lambda flag: flag.created_at,
        "createdBy": lambda flag: flag.created_by,
        "lastSeenAt": lambda flag: last_seen.get(flag.name),
        "archivedAt": lambda flag: flag.archived_at,
        "state": lambda flag: state_of(flags, flag),
        "lifecycle": lambda flag: places[stage_now_of(flags, flag)],
        "favorite": lambda flag: flag.name in asker.favorites,
    }
    return keys[asked.sort_by]
