"""The frame of the catalogue: what an event type is, and how its summary is written. Pure."""

from collections.abc import Callable
from enum import Flag, IntEnum, auto
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.tone import Tone, tone_of
from flagkeeper.eventlog.catalogue.wording import fill_subject, fill_summary


class Reach(IntEnum):
    """Whom an event concerns besides people. Stored with the event, so that SDK followers read an index only."""

    NONE = 0
    CLIENTS = 1
    """SDK clients: the event moves the revision of its environment (of all, when it names none)."""


class Concern(Flag):
    """What a type of event may have changed of that which followers keep ready. It is said here, with the type, and
    no follower knows types by their names."""

    CLIENTS = auto()
    """What SDKs are sent. Stored with each event, as its `Reach`."""
    ROLES = auto()
    """What roles allow."""
    USERS = auto()
    """Who there is, and who has which roles."""
    PROJECTS = auto()
    """Which projects there are, and who may know of them and work in them."""
    API_TOKENS = auto()
    """The tokens of SDKs and tools."""
    PERSONAL_TOKENS = auto()
    """The tokens that people make for their own scripts."""
    INTEGRATIONS = auto()
    """Which integrations there are, and what they want."""


NOBODY = Concern(0)


class Tag(msgspec.Struct, frozen=True):
    """A tag as events and answers carry it."""

    type: str
    value: str
    color: str | UnsetType | None = UNSET
    """That of its type, `#RRGGBB`, where that has one. What clients send here makes no difference."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is true of a type of event, and not of one event."""

    type: str
    """The wire name, `feature-created`. Never changes."""
    label: str
    """A few words for people: `Flag created`."""
    summary: "str | Callable[[Event, str], str]"
    """Markdown. A template (`wording.fill_summary` says what may stand in braces), or a function of event and actor."""
    subject: str
    """The smallest thing one would revert, as a path: `flag/{feature_name}/{environment}`. Braces name fields."""
    group: str
    """The heading under which documentation and filters show the type."""
    concerns: Concern = NOBODY
    """What it may have changed, for followers; none of it by default."""
    timeline: bool = False
    """Shown on the event timeline by default."""
    offered_to: frozenset[str] = frozenset()
    """The integration providers that offer the type."""
    seeds: frozenset[int] = frozenset()
    """Which of the documents of Unleash's types name it; empty for types that are newer than they are."""
    ours: bool = False
    """A type of our own (`flagkeeper-...`), counted apart from Unleash's."""

    @property
    def reach(self) -> Reach:
        return Reach.CLIENTS if Concern.CLIENTS in self.concerns else Reach.NONE

    @property
    def tone(self) -> Tone:
        """What kind of happening it is, for whoever draws it."""
        return tone_of(self.type, self.group)


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of every event type.

    A subclass declares `about`, which of `feature_name`, `project` and `environment` it carries, and the types of
    `data` and `pre_data`. Fields left out here are null on the wire.
    """

    about: ClassVar[About]

    feature_name: str | None = None
    project: str | None = None
    environment: str | None = None
    data: object = None
    pre_data: object = None
    tags: tuple[Tag, ...] | None = None
    """Explicit tags, for events after which the flag's own can no longer be read. None: those of the flag."""

    def subject(self) -> str:
        """The subject's path, `flag/checkout/production`."""
        return fill_subject(self.about.subject, self)

    def summary(self, actor: str) -> str:
        """One markdown sentence, with `wording.BASE_URL` where the server's address belongs."""
        wording = self.about.summary
        return wording(self, actor) if callable(wording) else fill_summary(wording, self, actor)
