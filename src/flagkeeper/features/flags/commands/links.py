"""Links of flags to pages elsewhere."""

from collections.abc import Sequence

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.feature_relation import FeatureLinkAdded, FeatureLinkRemoved, FeatureLinkUpdated
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.relations import Link, LinkDraft, Relations, check_room_for_links
from flagkeeper.features.flags.store import flags, relations, tags
from flagkeeper.kernel.errors import Conflict, NotFound
from flagkeeper.kernel.existing import Existing
from flagkeeper.kernel.ids import new_ulid


def add(unit: Unit, project: str, name: str, draft: LinkDraft) -> Link:
    """Raises `NotFound`, `FlagArchived`, `BadData` or `LimitExceeded`."""
    flag = flags.load_active(unit.tx, name, project)
    link = draft.link(new_ulid())
    add_to(unit, flag, relations.relations_of(unit.tx, name), [link])
    return link


def restore(unit: Unit, project: str, name: str, link: Link) -> None:
    """Brings a link that was removed back, under its id. Raises what `add` does, or `Conflict` when it is there."""
    flag = flags.load_active(unit.tx, name, project)
    restored = LinkDraft(url=link.url, title=link.title).link(link.id)
    if relations.link_exists(unit.tx, link.id):
        raise Conflict(f"There is a link with the id {link.id!r}.")
    add_to(unit, flag, relations.relations_of(unit.tx, name), [restored])


def add_to(unit: Unit, flag: Flag, own: Relations, links: Sequence[Link]) -> Relations:
    """Adds links to a flag, which is locked. Returns its relations with them. Raises `LimitExceeded`."""
    check_room_for_links(own, len(links))
    for link in links:
        own = own.with_link(link)
        relations.add_link(unit.tx, flag.name, link)
        unit.record(
            FeatureLinkAdded(feature_name=flag.name, project=flag.project, data=link.payload()),
            flag.state(tags.tags_of(unit.tx, flag.name), own),
        )
    return own


def bring(unit: Unit, name: str, wanted: Sequence[LinkDraft], existing: Existing) -> None:
    """Gives a flag, archived or not, the links that an import has for it, and takes others away unless they are to be
    kept. Links are known by their addresses. Does nothing for a flag that is gone.

    Raises:
        BadData: a link cannot be.
        LimitExceeded: the flag has as many links as it may have.
    """
    flag = flags.find(unit.tx, name)
    if flag is None:
        return
    own = relations.relations_of(unit.tx, name)
    left, missing = list(own.links), []
    for draft, new_id in zip(wanted, sorted(new_ulid() for _ in wanted), strict=True):
        link = draft.link(new_id)
        old = next((each for each in left if each.url == link.url), None)
        if old is None:
            missing.append(link)
        else:
            left.remove(old)
            own = _save(unit, flag, own, old, replace(link, id=old.id))
    for link in left if existing is not Existing.KEEP else ():
        own = _remove(unit, flag, own, link)
    add_to(unit, flag, own, missing)


def update(unit: Unit, project: str, name: str, link_id: str, draft: LinkDraft) -> None:
    """Raises `NotFound` (flag, link), `FlagArchived` or `BadData`."""
    flag = flags.load_active(unit.tx, name, project)
    own = relations.relations_of(unit.tx, name)
    _save(unit, flag, own, _link(own, link_id), draft.link(link_id))


def remove(unit: Unit, project: str, name: str, link_id: str) -> None:
    """Raises `NotFound` (flag, link) or `FlagArchived`."""
    flag = flags.load_active(unit.tx, name, project)
    own = relations.relations_of(unit.tx, name)
    _remove(unit, flag, own, _link(own, link_id))


def _save(unit: Unit, flag: Flag, own: Relations, old: Link, new: Link) -> Relations:
    if new == old:
        return own
    relations.save_link(unit.tx, flag.name, new)
    changed = own.with_link(new)
    unit.record(
        FeatureLinkUpdated(feature_name=flag.name, project=flag.project, data=new.payload(), pre_data=old.payload()),
        flag.state(tags.tags_of(unit.tx, flag.name), changed),
    )
    return changed


def _remove(unit: Unit, flag: Flag, own: Relations, link: Link) -> Relations:
    relations.remove_link(unit.tx, flag.name, link.id)
    left = own.without_link(link.id)
    unit.record(
        FeatureLinkRemoved(feature_name=flag.name, project=flag.project, pre_data=link.payload()),
        flag.state(tags.tags_of(unit.tx, flag.name), left),
    )
    return left


def _link(own: Relations, link_id: str) -> Link:
    found = own.link(link_id)
    if found is None:
        raise NotFound(f"The flag has no link with the id {link_id!r}.")
    return found
