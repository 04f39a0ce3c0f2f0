"""Events of tokens and invite links. No payload holds a secret."""

from typing import ClassVar

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.offer import SLACK_APP
from flagkeeper.eventlog.catalogue.payload import Payload, TokenData
from flagkeeper.eventlog.catalogue.wording import fill_summary, value_at

GROUP = "Token"


class PatData(Payload, frozen=True, kw_only=True):
    """A personal access token."""

    id: int
    description: str
    expires_at: str
    secure: bool
    """Whether the server keeps only a hash of it."""


class InviteLinkRole(Payload, frozen=True, kw_only=True):
    id: int
    name: str
    type: str


class InviteLinkData(Payload, frozen=True, kw_only=True):
    """A link by which people sign up, without what makes it work: neither its secret nor its address."""

    id: int
    """Ours; other servers know a link by its secret only."""
    name: str
    enabled: bool
    expires_at: str
    created_at: str
    created_by: str | None
    users: list[int]
    role: InviteLinkRole


class InvitedUserData(Payload, frozen=True, kw_only=True):
    id: int
    """Of the invite link."""
    name: str
    user_id: int


class ServiceAccountTokenData(Payload, frozen=True, kw_only=True):
    id: int
    description: str
    expires_at: str
    owner_id: int
    """The service account."""


class CdnTokenData(Payload, frozen=True, kw_only=True):
    token_name: str
    project: str
    environment: str
    expires_at: str | None


def _new_expiry(event: Event, actor: str) -> str:
    expiry = "{data.expires_at}" if value_at(event, "data.expires_at") else "never"
    return fill_summary(f"{{actor}} changed API token {{data.token_name}}: it expires {expiry}", event, actor)


def _invite_link(event: Event, actor: str) -> str:
    state = "disabled" if value_at(event, "data.enabled") is False else "enabled"
    wording = f"{{actor}} changed invite link {{data.name}}: it is {state} and expires {{data.expires_at}}"
    return fill_summary(wording, event, actor)


class ApiTokenCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="api-token-created",
        label="API token created",
        summary="{actor} created token {data.token_name} ({data.type}) for environment {environment} of {data.project}",
        subject="api-token/{data.id}",
        group=GROUP,
        concerns=Concern.API_TOKENS,
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: TokenData
    pre_data: None = None


class ApiTokenUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="api-token-updated",
        label="API token updated",
        summary=_new_expiry,
        subject="api-token/{data.id}",
        group=GROUP,
        concerns=Concern.API_TOKENS,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: TokenData
    pre_data: TokenData


class ApiTokenDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="api-token-deleted",
        label="API token deleted",
        summary="{actor} deleted API token {pre_data.token_name}",
        subject="api-token/{pre_data.id}",
        group=GROUP,
        concerns=Concern.API_TOKENS,
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    project: str
    environment: str
    data: None = None
    pre_data: TokenData


class PatCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="pat-created",
        label="Personal token created",
        summary="{actor} created personal token {data.description}",
        subject="pat/{data.id}",
        group=GROUP,
        concerns=Concern.PERSONAL_TOKENS,
        seeds=frozenset({1}),
    )
    data: PatData
    pre_data: None = None


class PatDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="pat-deleted",
        label="Personal token deleted",
        summary="{actor} deleted personal token {data.description}",
        subject="pat/{data.id}",
        group=GROUP,
        concerns=Concern.PERSONAL_TOKENS,
        seeds=frozenset({1}),
    )
    data: PatData
    pre_data: None = None


class PublicSignupTokenCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="public-signup-token-created",
        label="Invite link created",
        summary="{actor} created invite link {data.name}, which expires {data.expires_at}",
        subject="invite-link/{data.id}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    data: InviteLinkData
    pre_data: None = None


class PublicSignupTokenUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="public-signup-token-updated",
        label="Invite link updated",
        summary=_invite_link,
        subject="invite-link/{data.id}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    data: InviteLinkData
    pre_data: InviteLinkData


class PublicSignupTokenUserAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="public-signup-token-user-added",
        label="User joined by invite link",
        summary="User {data.user_id} joined by invite link {data.name}",
        subject="invite-link/{data.id}",
        group=GROUP,
        seeds=frozenset({1}),
    )
    data: InvitedUserData
    pre_data: None = None


class ServiceAccountTokenCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="service-account-token-created",
        label="Service account token created",
        summary="{actor} created token {data.description} of service account {data.owner_id}",
        subject="service-account-token/{data.id}",
        group=GROUP,
        concerns=Concern.PERSONAL_TOKENS,
    )
    data: ServiceAccountTokenData
    pre_data: None = None


class ServiceAccountTokenDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="service-account-token-deleted",
        label="Service account token deleted",
        summary="{actor} deleted token {data.description} of service account {data.owner_id}",
        subject="service-account-token/{data.id}",
        group=GROUP,
        concerns=Concern.PERSONAL_TOKENS,
    )
    data: ServiceAccountTokenData
    pre_data: None = None


class CdnTokenCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="cdn-token-created",
        label="CDN token created",
        summary="{actor} created CDN token {data.token_name} for environment {environment} of project {project}",
        subject="cdn-token/{data.token_name}",
        group=GROUP,
    )
    project: str
    environment: str
    data: CdnTokenData
    pre_data: None = None
