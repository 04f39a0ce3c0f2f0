"""Events of who may come in and do what: users, groups, roles and service accounts."""

from typing import ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.event import About, Concern, Event
from flagkeeper.eventlog.catalogue.offer import SLACK_APP
from flagkeeper.eventlog.catalogue.payload import Payload, RoleData, UserData


class PreferenceData(Payload, frozen=True, kw_only=True):
    user_id: int
    subscription: str
    action: str
    """`subscribed` or `unsubscribed`."""


class AccessRequestData(Payload, frozen=True, kw_only=True):
    id: str
    email: str


class GroupData(Payload, frozen=True, kw_only=True):
    id: int
    name: str
    description: str | None
    mappings_sso: list[str] = msgspec.field(name="mappingsSSO")
    root_role: int | None
    users: list[int]
    """Their ids."""
    created_at: str
    created_by: str | None
    scim_id: str | None


class MembershipData(Payload, frozen=True, kw_only=True):
    group_id: int
    user_id: int


class ServiceAccountData(Payload, frozen=True, kw_only=True):
    id: int
    name: str | None
    username: str
    root_role: int | None


class UserCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="user-created",
        label="User created",
        summary="{actor} created user {data.name|data.email|data.username|data.id}",
        subject="user/{data.id}",
        group="User",
        concerns=Concern.USERS,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    data: UserData
    pre_data: None = None


class UserUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="user-updated",
        label="User updated",
        summary="{actor} changed user {data.name|data.email|data.username|data.id}",
        subject="user/{data.id}",
        group="User",
        concerns=Concern.USERS,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    data: UserData
    pre_data: UserData


class UserDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="user-deleted",
        label="User deleted",
        summary="{actor} deleted user {pre_data.name|pre_data.email|pre_data.username|pre_data.id}",
        subject="user/{pre_data.id}",
        group="User",
        concerns=Concern.USERS,
        offered_to=SLACK_APP,
        seeds=frozenset({1, 2, 3}),
    )
    data: None = None
    pre_data: UserData


class UserPreferenceUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="user-preference-updated",
        label="User preference changed",
        summary="{actor} set e-mail subscription {data.subscription} to {data.action}",
        subject="user/{data.user_id}/{data.subscription}",
        group="User",
    )
    data: PreferenceData
    pre_data: None = None


class ScimUsersDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="scim-users-deleted",
        label="SCIM users deleted",
        summary="{actor} deleted all users that SCIM had created",
        subject="scim-users",
        group="User",
        concerns=Concern.USERS,
    )
    data: None = None
    pre_data: None = None


class UserAccessRequestRegistered(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="user-access-request-registered",
        label="Access requested",
        summary="{data.email} asked for access",
        subject="user-access-request/{data.id}",
        group="User",
        offered_to=SLACK_APP,
    )
    data: AccessRequestData
    pre_data: None = None


class UserAccessRequestApproved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="user-access-request-approved",
        label="Access request approved",
        summary="{actor} granted access to {data.email}",
        subject="user-access-request/{data.id}",
        group="User",
        offered_to=SLACK_APP,
    )
    data: AccessRequestData
    pre_data: None = None


class UserAccessRequestRejected(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="user-access-request-rejected",
        label="Access request rejected",
        summary="{actor} refused access to {data.email}",
        subject="user-access-request/{data.id}",
        group="User",
        offered_to=SLACK_APP,
    )
    data: AccessRequestData
    pre_data: None = None


class GroupCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="group-created",
        label="Group created",
        summary="{actor} created group {data.name}",
        subject="group/{data.id}",
        group="Group",
        concerns=Concern.USERS,
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    data: GroupData
    pre_data: None = None


class GroupUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="group-updated",
        label="Group updated",
        summary="{actor} changed group {data.name}",
        subject="group/{data.id}",
        group="Group",
        concerns=Concern.USERS,
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    data: GroupData
    pre_data: GroupData


class GroupDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="group-deleted",
        label="Group deleted",
        summary="{actor} deleted group {pre_data.name}",
        subject="group/{pre_data.id}",
        group="Group",
        concerns=Concern.USERS,
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    data: None = None
    pre_data: GroupData


class GroupUserAdded(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="group-user-added",
        label="User added to group",
        summary="{actor} added user {data.user_id} to group {data.group_id}",
        subject="group/{data.group_id}",
        group="Group",
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    data: MembershipData
    pre_data: None = None


class GroupUserRemoved(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="group-user-removed",
        label="User removed from group",
        summary="{actor} removed user {pre_data.user_id} from group {pre_data.group_id}",
        subject="group/{pre_data.group_id}",
        group="Group",
        concerns=Concern.USERS,
        seeds=frozenset({1}),
    )
    data: None = None
    pre_data: MembershipData


class ScimGroupsDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="scim-groups-deleted",
        label="SCIM groups deleted",
        summary="{actor} deleted all groups that SCIM had created",
        subject="scim-groups",
        group="Group",
        concerns=Concern.USERS,
    )
    data: None = None
    pre_data: None = None


class RoleCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="role-created",
        label="Role created",
        summary="{actor} created role {data.name}",
        subject="role/{data.id}",
        group="Role",
        concerns=Concern.ROLES,
        seeds=frozenset({1}),
    )
    data: RoleData
    pre_data: None = None


class RoleUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="role-updated",
        label="Role updated",
        summary="{actor} changed role {data.name}",
        subject="role/{data.id}",
        group="Role",
        concerns=Concern.ROLES,
        seeds=frozenset({1}),
    )
    data: RoleData
    pre_data: RoleData


class RoleDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="role-deleted",
        label="Role deleted",
        summary="{actor} deleted role {pre_data.name}",
        subject="role/{pre_data.id}",
        group="Role",
        concerns=Concern.ROLES,
        seeds=frozenset({1}),
    )
    data: None = None
    pre_data: RoleData


class ServiceAccountCreated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="service-account-created",
        label="Service account created",
        summary="{actor} created service account {data.name|data.username}",
        subject="service-account/{data.id}",
        group="Service account",
        concerns=Concern.USERS,
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    data: ServiceAccountData
    pre_data: None = None


class ServiceAccountUpdated(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="service-account-updated",
        label="Service account updated",
        summary="{actor} changed service account {data.name|data.username}",
        subject="service-account/{data.id}",
        group="Service account",
        concerns=Concern.USERS,
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    data: ServiceAccountData
    pre_data: ServiceAccountData


class ServiceAccountDeleted(Event, frozen=True, kw_only=True):
    about: ClassVar = About(
        type="service-account-deleted",
        label="Service account deleted",
        summary="{actor} deleted service account {pre_data.name|pre_data.username}",
        subject="service-account/{pre_data.id}",
        group="Service account",
        concerns=Concern.USERS,
        offered_to=SLACK_APP,
        seeds=frozenset({1}),
    )
    data: None = None
    pre_data: ServiceAccountData
