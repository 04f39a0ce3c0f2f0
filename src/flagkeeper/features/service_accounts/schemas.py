"""Service accounts on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.access.schemas import RoleOut
from flagkeeper.features.service_accounts.queries import Account
from flagkeeper.features.tokens.schemas import PatOut, shown_pat
from flagkeeper.features.users.model.user import SERVICE, UserChange, UserDraft, draft, image_url
from flagkeeper.kernel import clock


class ServiceAccountOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    name: str
    username: str
    image_url: str
    root_role: int
    created_at: clock.Iso
    tokens: list[PatOut]


class ServiceAccountList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    service_accounts: list[ServiceAccountOut]
    root_roles: list[RoleOut]


class NewServiceAccountBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an administrator sends to make a service account."""

    username: str
    name: str
    root_role: int

    def draft(self) -> UserDraft:
        """Raises `BadData`."""
        return draft(username=self.username, name=self.name, root_role=self.root_role, account_type=SERVICE)


class ServiceAccountBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to change; what is left out stays."""

    name: str | UnsetType = UNSET
    root_role: int | UnsetType = UNSET

    def change(self) -> UserChange:
        return UserChange(name=self.name, root_role=self.root_role)


def shown(found: Account) -> ServiceAccountOut:
    user, tokens = found
    return ServiceAccountOut(
        id=user.id,
        name=user.name or "",
        username=user.username or "",
        image_url=image_url(user.username or str(user.id)),
        root_role=user.root_role,
        created_at=clock.to_iso(user.created_at),
        tokens=[shown_pat(each) for each in tokens],
    )
