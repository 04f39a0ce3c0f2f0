"""What is known of all flags at one position of the log, and which of them a question finds. Never changed. Pure."""

from collections.abc import Callable, Iterator, Mapping, Set
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from flagkeeper.eventlog.read import LogPosition
from flagkeeper.features.flags.model.lifecycle import NO_USAGE, Moments, Stage, StageEntered, stage_now, stages_of
from flagkeeper.features.flags.model.relations import Completion
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.feature_search.question import Has, OneOf, Question, Since, State


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
    for narrow in _narrowing(flags, question, asker, segments):
        found = narrow(found)
    found = _sorted(found, flags, question, asker)
    if not question.favorites_first:
        return found
    favorites = asker.favorites
    first = [flag for flag in found if flag.name in favorites]
    return [*first, *(flag for flag in found if flag.name not in favorites)]


MAY_BE_MISSING = ("lastSeenAt", "archivedAt")
"""Orders by what not every flag has."""
Narrow = Callable[[list[Known]], list[Known]]
"""Those among some flags for which one of the filters holds. Each loops by itself: a call for each flag and filter
would cost more than all that they do."""


def _narrowing(flags: Flags, asked: Question, asker: Asker, segments: Mapping[str, int]) -> Iterator[Narrow]:
    """The cheap ones, and those that leave little, first."""
    if (favorite := asked.favorite) is not None:
        yield lambda found: [flag for flag in found if (flag.name in asker.favorites) is favorite]
    yield from _values(flags, asked)
    if asker.hidden:
        yield lambda found: [flag for flag in found if flag.project not in asker.hidden]
    yield from _sets(asked, segments)
    if len(asked.words) == 1:
        (word,) = asked.words
        yield lambda found: [flag for flag in found if word in flag.text]
    elif words := asked.words:
        yield lambda found: [flag for flag in found if any(word in flag.text for word in words)]


def _values(flags: Flags, asked: Question) -> Iterator[Narrow]:
    """What is asked of fields that have one value."""
    last_seen = flags.usage.last_seen
    ones: tuple[tuple[OneOf | None, Callable[[Known], str]], ...] = (
        (asked.project, attrgetter("project")),
        (asked.type, attrgetter("type")),
        (asked.created_by, lambda flag: str(flag.created_by_user_id)),
        (asked.state, partial(state_of, flags)),
        (asked.lifecycle, partial(stage_now_of, flags)),
    )
    moments: tuple[tuple[Since | None, Callable[[Known], Millis | None]], ...] = (
        (asked.created_at, attrgetter("created_at")),
        (asked.last_seen_at, lambda flag: last_seen.get(flag.name)),
    )
    for one, value in ones:
        if one is not None:
            yield partial(one.among, value=value)
    for since, at in moments:
        if since is not None:
            yield partial(since.among, at=at)


def _sets(asked: Question, segments: Mapping[str, int]) -> Iterator[Narrow]:
    """What is asked of tags, segments and environments."""
    if (tag := asked.tag) is not None:
        yield partial(tag.among, own=attrgetter("tags"))
    if (segment := asked.segment) is not None:
        # Ids below zero are those of no segment, as names are that nobody has given.
        ids = frozenset(segments.get(str(name), -number) for number, name in enumerate(segment.values, 1))
        yield partial(Has(segment.rule, ids).among, own=attrgetter("segments"))
    if asked.status:
        on = {environment for environment, enabled in asked.status if enabled}
        off = {environment for environment, enabled in asked.status if not enabled}
        yield lambda found: [flag for flag in found if not (on.isdisjoint(flag.on) and off.isdisjoint(flag.off))]


def _sorted(found: list[Known], flags: Flags, asked: Question, asker: Asker) -> list[Known]:
    """Flags that are equal in it stay in the order of their names. Moments that are not known come last."""
    key = _key(flags, asked, asker)
    if asked.sort_by not in MAY_BE_MISSING:
        return sorted(found, key=key, reverse=asked.descending)
    missing: list[Known] = []
    dated: list[tuple[Millis, Known]] = []
    for flag in found:
        at = key(flag)
        if at is None:
            missing.append(flag)
        else:
            dated.append((at, flag))
    dated.sort(key=itemgetter(0), reverse=asked.descending)
    return [flag for _, flag in dated] + missing


def _key(flags: Flags, asked: Question, asker: Asker) -> Callable[[Known], Any]:
    places = {stage: place for place, stage in enumerate(Stage)}
    last_seen = flags.usage.last_seen
    kind, _, environment = asked.sort_by.partition(":")
    if kind == "environment" and environment:
        return lambda flag: environment in flag.on
    keys: dict[str, Callable[[Known], Any]] = {
        "name": attrgetter("name"),
        "type": attrgetter("type"),
        "project": attrgetter("project"),
        "createdBy": attrgetter("created_by"),
        "lastSeenAt": lambda flag: last_seen.get(flag.name),
        "archivedAt": attrgetter("archived_at"),
        "state": lambda flag: state_of(flags, flag),
        "lifecycle": lambda flag: places[stage_now_of(flags, flag)],
        "favorite": lambda flag: flag.name in asker.favorites,
    }
    return keys.get(asked.sort_by, attrgetter("created_at"))
