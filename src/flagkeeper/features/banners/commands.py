"""Changing banners: load, decide, write, record."""

import msgspec

from flagkeeper.eventlog.catalogue.system import BannerCreated, BannerDeleted, BannerUpdated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.banners import store
from flagkeeper.features.banners.model import MOST_BANNERS, Banner, BannerDraft, BannerState
from flagkeeper.features.banners.queries import not_found
from flagkeeper.kernel.errors import Conflict, LimitExceeded


def create(unit: Unit, draft: BannerDraft) -> Banner:
    """Raises `BadData` or `LimitExceeded`."""
    made = Banner(id=store.new_id(unit.tx), created_at=unit.now, **msgspec.structs.asdict(draft))
    return _add(unit, made)


def restore(unit: Unit, banner_id: int, state: BannerState) -> None:
    """Brings a banner that was deleted back, as it was. Raises `BadData`, `LimitExceeded` or `Conflict`."""
    if store.load(unit.tx, banner_id) is not None:
        raise Conflict(f"There is a banner with the id {banner_id}.")
    _add(unit, Banner(id=banner_id, created_at=state.created_at, **msgspec.structs.asdict(state.draft)))


def update(unit: Unit, banner_id: int, draft: BannerDraft, *, switches: bool = True) -> Banner:
    """Replaces a banner. Unless it `switches`, the banner stays on or off, whatever the draft has. Raises `NotFound` or
    `BadData`."""
    old = _load(unit, banner_id)
    new = old.changed(draft)
    return _save(unit, old, new if switches else msgspec.structs.replace(new, enabled=old.enabled))


def switch(unit: Unit, banner_id: int, *, enabled: bool) -> Banner:
    """Shows a banner, or shows it no longer. Raises `NotFound`."""
    old = _load(unit, banner_id)
    return _save(unit, old, msgspec.structs.replace(old, enabled=enabled))


def delete(unit: Unit, banner_id: int) -> None:
    """Raises `NotFound`."""
    old = _load(unit, banner_id)
    store.remove(unit.tx, banner_id)
    unit.record(BannerDeleted(pre_data=old.payload()), Gone(BannerState))


def _add(unit: Unit, banner: Banner) -> Banner:
    banner.check()
    if store.count(unit.tx) >= MOST_BANNERS:
        raise LimitExceeded(f"There are {MOST_BANNERS} banners already, which is the limit. Delete one first.")
    store.add(unit.tx, banner)
    unit.record(BannerCreated(data=banner.payload()), banner.state())
    return banner


def _save(unit: Unit, old: Banner, new: Banner) -> Banner:
    new.check()
    if new != old:
        store.save(unit.tx, new)
        unit.record(BannerUpdated(data=new.payload(), pre_data=old.payload()), new.state())
    return new


def _load(unit: Unit, banner_id: int) -> Banner:
    found = store.load(unit.tx, banner_id)
    if found is None:
        raise not_found(banner_id)
    return found
