"""Changes of banners as steps."""

from typing import Any

import msgspec

from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.banners import commands
from flagkeeper.features.banners.model import BannerDraft, BannerState
from flagkeeper.http.permissions import Permission


class Restore(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    state: BannerState


class Update(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    draft: BannerDraft


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    id: int


def _demands(_wanted: Any) -> tuple[tuple[Demand, ...], ...]:
    return ((Demand(Permission.UPDATE_INSTANCE_BANNERS),),)


CREATE = Op(
    name="banner.create",
    payload=BannerDraft,
    run=lambda unit, draft, _ports: commands.create(unit, draft),
    demands=_demands,
    operation="createBanner",
)
RESTORE = Op(
    name="banner.restore",
    payload=Restore,
    run=lambda unit, wanted, _ports: commands.restore(unit, wanted.id, wanted.state),
    demands=_demands,
    operation="createBanner",
)
UPDATE = Op(
    name="banner.update",
    payload=Update,
    run=lambda unit, wanted, _ports: commands.update(unit, wanted.id, wanted.draft),
    demands=_demands,
    operation="updateBanner",
)
DELETE = Op(
    name="banner.delete",
    payload=Delete,
    run=lambda unit, wanted, _ports: commands.delete(unit, wanted.id),
    demands=_demands,
    operation="deleteBanner",
)
OPS = (CREATE, RESTORE, UPDATE, DELETE)
