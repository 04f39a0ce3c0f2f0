"""Events that Unleash does not have, all prefixed `flagkeeper-`: what happened to the log itself, who keeps which
searches of it, and what it keeps no record of."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.payload import Payload

GROUP = "Event log"


class ExportedEventsData(Payload, frozen=True, kw_only=True):
    format: str
    """`json`, `csv`, ..."""
    query: str
    """The search, in the words of the query language. Empty: all events."""
    events: int | None
    """How many, where that was known before they were read."""
    first_id: int | None
    last_id: int | None


class PseudonymData(Payload, frozen=True, kw_only=True):
    """Says who took whose place only by the new name: the old one is what must be forgotten."""

    pseudonym: str
    user_id: int | None
    events: int
    """In how many events the name stood."""


class ArchivedEventsData(Payload, frozen=True, kw_only=True):
    first_id: int
    last_id: int
    events: int
    archive: str
    """The name of the archive."""
    sha256: str


class RestoredLogData(Payload, frozen=True, kw_only=True):
    epoch: str
    """The log's new epoch: entity tags and positions of older ones count no longer."""
    last_id: int
    """The newest event of the backup."""


class QuarantineData(Payload, frozen=True, kw_only=True):
    follower: str
    event_id: int
    error: str


class PasswordChangedData(Payload, frozen=True, kw_only=True):
    """Whose, and nothing about the password."""

    id: int
    name: str
    """As the log calls this person."""


class FlagkeeperUserPasswordChanged(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-user-password-changed",
        label="Password changed",
        summary="{actor} changed the password of {data.name}, which ended other sessions",
        subject="user/{data.id}",
        group=GROUP,
        ours=True,
    )
    data: PasswordChangedData
    pre_data: None = None


class PasswordLinkData(Payload, frozen=True, kw_only=True):
    """Whose password can be chosen with it, and nothing about the link."""

    id: int
    name: str
    """As the log calls this person."""
    expires_at: str


class FlagkeeperPasswordLinkCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-password-link-created",
        label="Password link created",
        summary="{actor} made a link to choose a new password for {data.name}",
        subject="user/{data.id}",
        group=GROUP,
        ours=True,
    )
    data: PasswordLinkData
    pre_data: None = None


class EndedSessionsData(Payload, frozen=True, kw_only=True):
    """Whose, and how many."""

    id: int
    name: str
    """As the log calls this person."""
    ended: int


class FlagkeeperUserSessionsEnded(Event, frozen=True, kw_only=True):
    """By somebody else: what people do with their own sessions is use and not a change."""

    about: ClassVar = About(
        type="flagkeeper-user-sessions-ended",
        label="Sessions ended",
        summary="{actor} ended {data.ended} sessions of {data.name}",
        subject="user/{data.id}",
        group=GROUP,
        ours=True,
    )
    data: EndedSessionsData
    pre_data: None = None


class FlagkeeperEventsExported(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-events-exported",
        label="Events exported",
        summary="{actor} exported {data.events} events as {data.format}",
        subject="export/events",
        group=GROUP,
        ours=True,
    )
    data: ExportedEventsData
    pre_data: None = None


class FlagkeeperActorPseudonymised(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-actor-pseudonymised",
        label="Actor pseudonymised",
        summary="{actor} replaced a person's name by {data.pseudonym} in {data.events} events",
        subject="actor/{data.pseudonym}",
        group=GROUP,
        ours=True,
    )
    data: PseudonymData
    pre_data: None = None


class FlagkeeperEventsArchived(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-events-archived",
        label="Events archived",
        summary="{actor} moved events {data.first_id} to {data.last_id} to archive {data.archive}",
        subject="archive/{data.archive}",
        group=GROUP,
        ours=True,
    )
    data: ArchivedEventsData
    pre_data: None = None


class FlagkeeperRestored(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-restored",
        label="Backup restored",
        summary="{actor} restored a backup; its newest event is {data.last_id}",
        subject="event-log",
        group=GROUP,
        concerns=Concern.CLIENTS,
        ours=True,
    )
    data: RestoredLogData
    pre_data: None = None


class FlagkeeperEventQuarantined(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-event-quarantined",
        label="Event quarantined",
        summary="Follower {data.follower} gave up on event {data.event_id}: {data.error}",
        subject="quarantine/{data.follower}/{data.event_id}",
        group=GROUP,
        ours=True,
    )
    data: QuarantineData
    pre_data: None = None


class HoldData(Payload, frozen=True, kw_only=True):
    """A legal hold: while it stands, no event is archived and nobody's name is replaced."""

    id: int
    reason: str


class FlagkeeperHoldPlaced(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-hold-placed",
        label="Legal hold placed",
        summary="{actor} placed legal hold {data.id}: {data.reason}",
        subject="hold/{data.id}",
        group=GROUP,
        ours=True,
    )
    data: HoldData
    pre_data: None = None


class FlagkeeperHoldLifted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-hold-lifted",
        label="Legal hold lifted",
        summary="{actor} lifted legal hold {pre_data.id}: {pre_data.reason}",
        subject="hold/{pre_data.id}",
        group=GROUP,
        ours=True,
    )
    data: None = None
    pre_data: HoldData


class SearchData(Payload, frozen=True, kw_only=True):
    """A saved search of the log."""

    id: int
    name: str
    query: str
    description: str | None
    shared: bool
    user_id: int | None
    """Its owner; null: nobody's."""


class FlagkeeperSearchSaved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-search-saved",
        label="Search saved",
        summary="{actor} saved search {data.name}",
        subject="search/{data.id}",
        group=GROUP,
        ours=True,
    )
    data: SearchData
    pre_data: None = None


class FlagkeeperSearchChanged(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-search-changed",
        label="Saved search changed",
        summary="{actor} changed saved search {data.name}",
        subject="search/{data.id}",
        group=GROUP,
        ours=True,
    )
    data: SearchData
    pre_data: SearchData


class FlagkeeperSearchDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-search-deleted",
        label="Saved search deleted",
        summary="{actor} deleted saved search {pre_data.name}",
        subject="search/{pre_data.id}",
        group=GROUP,
        ours=True,
    )
    data: None = None
    pre_data: SearchData


class FlagkeeperStreamsDisconnected(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="flagkeeper-streams-disconnected",
        label="Streams of SDKs ended",
        summary="{actor} ended the streams of all SDKs",
        subject="streams",
        group=GROUP,
        ours=True,
    )
    data: None = None
    pre_data: None = None
