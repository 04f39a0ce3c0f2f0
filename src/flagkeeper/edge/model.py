"""What a token opens, and the flags that a server answers with for it: read, checked, and made into a state. Pure.

What comes from elsewhere is never trusted: one field of a wrong type in one flag would make SDKs refuse all flags, so
that such a flag is sent as off, and the others as they are.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, TypeVar

import msgspec
import structlog
from msgspec import UNSET

from flagkeeper.evaluation.document import ClientFeature, ClientSegment
from flagkeeper.eventlog.read import LogPosition
from flagkeeper.kernel.nesting import is_too_deep
from flagkeeper.readmodels.client_features.delta import Step, TouchedFlag
from flagkeeper.readmodels.client_features.encoding import Encoded, Segment, encode_segment, inlined
from flagkeeper.readmodels.client_features.state import Flag, State

ALL = "*"
Revision = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
ReadT = TypeVar("ReadT")
Tags = tuple[tuple[str, str], ...]

log = structlog.get_logger("flagkeeper.edge")

_encode = msgspec.json.Encoder().encode
_read_feature = msgspec.json.Decoder(ClientFeature).decode
_read_object = msgspec.json.Decoder(dict[str, Any]).decode


class Scope(msgspec.Struct, frozen=True, order=True):
    """What some tokens open: all that have the same one are sent the same flags."""

    environment: str
    projects: tuple[str, ...]
    """In order; `*` alone for all."""
    tags: Tags = ()
    """What flags are filtered by, for those who ask for it: upstream knows the tags, and does not tell them."""

    @property
    def key(self) -> str:
        """Names it in files and entity tags."""
        return sha256(_encode(self)).hexdigest()[:32]

    def covers(self, other: "Scope") -> bool:
        """Whether whoever has its flags has those of another scope among them."""
        return (
            self.environment == other.environment
            and self.tags == other.tags
            and (ALL in self.projects or set(other.projects) <= set(self.projects))
        )


@lru_cache(maxsize=4_096)
def scope_of(environment: str, projects: tuple[str, ...], tags: Tags = ()) -> Scope:
    return Scope(environment, (ALL,) if ALL in projects else tuple(sorted(set(projects))), tags)


class Meta(msgspec.Struct, frozen=True):
    revision_id: Revision = msgspec.field(name="revisionId", default=0)


class Query(msgspec.Struct, frozen=True):
    """What upstream took the token for."""

    environment: str | None = None


class Document(msgspec.Struct, frozen=True):
    """`GET /api/client/features`."""

    features: list[msgspec.Raw]
    segments: list[msgspec.Raw] = []
    meta: Meta = Meta()
    query: Query = Query()


class Hydration(msgspec.Struct, frozen=True, tag="hydration", rename="camel"):
    event_id: Revision
    features: list[msgspec.Raw]
    segments: list[msgspec.Raw] = []


class FlagUpdated(msgspec.Struct, frozen=True, tag="feature-updated", rename="camel"):
    event_id: Revision
    feature: msgspec.Raw


class FlagRemoved(msgspec.Struct, frozen=True, tag="feature-removed", rename="camel"):
    event_id: Revision
    feature_name: str


class SegmentUpdated(msgspec.Struct, frozen=True, tag="segment-updated", rename="camel"):
    event_id: Revision
    segment: msgspec.Raw


class SegmentRemoved(msgspec.Struct, frozen=True, tag="segment-removed", rename="camel"):
    event_id: Revision
    segment_id: int


Event = Hydration | FlagUpdated | FlagRemoved | SegmentUpdated | SegmentRemoved


class Events(msgspec.Struct, frozen=True):
    """A message of `GET /api/client/streaming`."""

    events: list[Event]


class Unreadable(ValueError):
    """What upstream sent is not what it should be."""


_read_document = msgspec.json.Decoder(Document).decode
_read_events = msgspec.json.Decoder(Events).decode


def read_document(body: bytes) -> Document:
    """Raises `Unreadable`."""
    return _read(_read_document, body)


def read_events(body: bytes) -> list[Event]:
    """Raises `Unreadable`."""
    return _read(_read_events, body).events


def _read(decode: Callable[[bytes], ReadT], body: bytes) -> ReadT:
    if is_too_deep(body):
        raise Unreadable("the answer nests too deep")
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(f"the answer is not what SDKs are sent: {error}") from error


class _Placed(msgspec.Struct, frozen=True):
    project: Any = None


_read_placed = msgspec.json.Decoder(_Placed).decode


def demand_scope(told: Document | Iterable[Event], scope: Scope) -> None:
    """Raises `Unreadable` for what is meant for another token: a cache or a proxy on the way mixed answers up."""
    if isinstance(told, Document):
        if told.query.environment not in (None, scope.environment) and scope.environment != ALL:
            raise Unreadable(f"the answer is for another environment, {told.query.environment[:100]!r}")
        flags = told.features
    else:
        flags = []
        for each in told:
            flags += each.features if isinstance(each, Hydration) else []
            flags += [each.feature] if isinstance(each, FlagUpdated) else []
    if ALL not in scope.projects and not all(map(_is_in(scope.projects), flags)):
        raise Unreadable("the answer has flags of projects that the token does not open")


def _is_in(projects: tuple[str, ...]) -> Callable[[msgspec.Raw], bool]:
    def check(flag: msgspec.Raw) -> bool:
        try:
            project = _read_placed(flag).project
        except (msgspec.DecodeError, UnicodeDecodeError):
            return True  # it is sent as off
        return not isinstance(project, str) or project in projects

    return check


class Content(msgspec.Struct):
    """Flags and segments on their way from one state to the next."""

    flags: dict[str, bytes]
    """By name, as SDKs are sent them."""
    segments: dict[int, Segment]

    @staticmethod
    def of(state: State, environment: str) -> "Content":
        flags = {name: flag.environments[environment].linked for name, flag in state.flags.items()}
        return Content(flags, dict(state.segments))

    def replace(self, features: Iterable[msgspec.Raw], segments: Iterable[msgspec.Raw]) -> None:
        self.flags, self.segments = {}, {}
        for segment in segments:
            self._put_segment(segment)
        for feature in features:
            self._put_flag(feature)

    def apply(self, event: Event) -> None:
        match event:
            case Hydration():
                self.replace(event.features, event.segments)
            case FlagUpdated():
                self._put_flag(event.feature)
            case FlagRemoved():
                self.flags.pop(event.feature_name, None)
            case SegmentUpdated():
                self._put_segment(event.segment)
            case SegmentRemoved():
                self.segments.pop(event.segment_id, None)

    def _put_flag(self, raw: msgspec.Raw) -> None:
        name, encoded = _checked(bytes(raw))
        if name:
            self.flags[name] = encoded

    def _put_segment(self, raw: msgspec.Raw) -> None:
        """A segment that cannot be read is not there: the flags that use it are off."""
        try:
            found = msgspec.convert(_without_nulls(msgspec.json.decode(raw)), ClientSegment, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.error("segment_unreadable", error=str(error))
            return
        self.segments[found.id] = encode_segment(found.id, found.name, found.constraints)


def _checked(raw: bytes) -> tuple[str, bytes]:
    """The name of a flag, and the flag as SDKs can take it. The name is empty where there is none."""
    try:
        feature = _read_feature(raw)
        # In a stream, a line break would end the message.
        return feature.name, _encode(feature) if b"\n" in raw or b"\r" in raw else raw
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    given: dict[str, Any] = {}
    try:
        given = _without_nulls(_read_object(raw))
        feature = msgspec.convert(_completed(given), ClientFeature, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, AttributeError) as error:
        name = given.get("name")
        log.error("flag_sent_as_off", flag=name, error=str(error))
        return (name, _encode(_off(name, given.get("project")))) if isinstance(name, str) else ("", b"")
    return feature.name, _encode(feature)


_FLAG = {"type": "release", "project": "default", "stale": False, "strategies": [], "variants": []}
_STRATEGY: dict[str, Any] = {"constraints": [], "parameters": {}, "variants": []}
_VARIANT = {"weightType": "variable", "stickiness": "default"}


def _completed(given: Mapping[str, Any]) -> dict[str, Any]:
    """With what some servers leave out, because SDKs can do without."""
    found = {**_FLAG, "description": None, "impressionData": False, **given}
    found["variants"] = [{**_VARIANT, **each} for each in found["variants"]]
    strategies = [{**_STRATEGY, **each} for each in found["strategies"]]
    found["strategies"] = [
        {**each, "variants": [{**_VARIANT, **variant} for variant in each["variants"]]} for each in strategies
    ]
    return found


def _off(name: str, project: Any) -> ClientFeature:
    return ClientFeature(
        name=name,
        type="release",
        enabled=False,
        project=project if isinstance(project, str) else "default",
        stale=False,
        strategies=[],
        variants=[],
        description=None,
        impression_data=False,
    )


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def next_state(old: State, content: Content, scope: Scope, revision: int) -> State | None:
    """The state that has this content. None: it is the old one."""
    changed = {
        id_
        for id_ in old.segments.keys() | content.segments.keys()
        if old.segments.get(id_) != content.segments.get(id_)
    }
    flags = {}
    for name, encoded in content.flags.items():
        before = old.flags.get(name)
        same = before is not None and before.environments[scope.environment].linked == encoded
        if same and before is not None and not before.uses(changed):
            flags[name] = before
        else:
            flags[name] = _flag(encoded, content.segments, scope)
    if not changed and flags == old.flags and old.position.epoch:
        return None
    return State(LogPosition(scope.key, revision), flags, content.segments, {None: revision})


def _flag(encoded: bytes, segments: Mapping[int, Segment], scope: Scope) -> Flag:
    feature = _read_feature(encoded)
    used = frozenset(id_ for each in feature.strategies if each.segments is not UNSET for id_ in each.segments)
    off = _encode(_off(feature.name, feature.project))
    inline = encoded
    if used:
        try:
            strategies = [inlined(each, segments) for each in feature.strategies]
            inline = _encode(msgspec.structs.replace(feature, strategies=strategies))
        except KeyError:
            log.error("flag_sent_as_off", flag=feature.name, error="it uses a segment that was not sent")
            inline = off
    known = frozenset(id_ for id_ in used if id_ in segments)
    return Flag(feature.project, frozenset(scope.tags), off, {scope.environment: Encoded(inline, encoded, known)})


def step_between(old: State, new: State) -> Step:
    """What differs, for those who have the old one."""
    revision = new.position.last_id
    flags = {}
    for name in old.flags.keys() | new.flags.keys():
        before, after = old.flags.get(name), new.flags.get(name)
        if before is not after and before != after:
            projects = frozenset(each.project for each in (before, after) if each is not None)
            flags[name] = TouchedFlag(before, revision, projects)
    segments = {
        id_: revision
        for id_ in old.segments.keys() | new.segments.keys()
        if old.segments.get(id_) != new.segments.get(id_)
    }
    return Step(start=old.position.last_id, end=revision, flags=flags, segments=segments)
