"""Banners on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.features.banners.model import Banner, BannerDraft
from flagkeeper.kernel import clock


class BannerBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    message: str
    enabled: bool | UnsetType = UNSET
    """Left out: a new banner is on, and another one stays what it is."""
    variant: str = "info"
    """`info`, `warning`, `error` or `success`."""
    sticky: bool = False
    icon: str | None = None
    link: str | None = None
    """An address, a path of this server, or `dialog`."""
    link_text: str | None = None
    dialog_title: str | None = None
    dialog: str | None = None
    """Markdown. It is shown as it is written, never as markup."""

    @property
    def switches(self) -> bool:
        return self.enabled is not UNSET

    def draft(self) -> BannerDraft:
        return BannerDraft(**{**msgspec.structs.asdict(self), "enabled": self.enabled is not False})


class BannerOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    message: str
    enabled: bool
    variant: str
    sticky: bool
    icon: str | None
    link: str | None
    link_text: str | None
    dialog_title: str | None
    dialog: str | None
    created_at: clock.Iso


class BannerList(msgspec.Struct, frozen=True, kw_only=True):
    banners: list[BannerOut]


def shown(banner: Banner) -> BannerOut:
    return BannerOut(**{**msgspec.structs.asdict(banner), "created_at": clock.to_iso(banner.created_at)})
