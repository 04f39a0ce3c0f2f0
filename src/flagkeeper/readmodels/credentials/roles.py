"""Who may do what, of everybody at once: kept in memory, and followed change by change."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from flagkeeper.eventlog.keeper import names
from flagkeeper.features.projects.model import Mode
from flagkeeper.http.access import Access, Allowed, Projects
from flagkeeper.readmodels.credentials import rows
from flagkeeper.readmodels.credentials.rows import GROUP, USER, Held, Holder
from flagkeeper.storage.transaction import Transaction

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known at one position of the log. Replaced as a whole, never changed."""

    allowed: Mapping[int, Allowed] = {}
    """What each role allows."""
    users: Mapping[int, rows.User] = {}
    groups: Mapping[int, rows.Group] = {}
    modes: Mapping[str, str] = {}
    held: Mapping[str, Held] = {}
    """By project, who has which roles in it."""

    projects: Projects = Projects()
    """What `modes` says, as it is asked for."""
    groups_of: Mapping[int, tuple[int, ...]] = {}
    """By user, what `groups` says."""
    held_by: Mapping[Holder, Mapping[str, tuple[int, ...]]] = {}
    """By holder, what `held` says."""

    def access_of(self, user_id: int) -> Access | None:
        """What somebody may do, by themselves and through groups. None: there is nobody with this id."""
        user = self.users.get(user_id)
        if user is None:
            return None
        groups = self.groups_of.get(user_id, ())
        roots = {user.root_role, *(role for each in groups if (role := self.groups[each].root_role) is not None)}
        holders = [(USER, user_id), *((GROUP, each) for each in groups)]
        return Access(
            roots=tuple(sorted(roots)),
            members=_together([self.held_by[holder] for holder in holders if holder in self.held_by]),
            roles=self.allowed,
            projects=self.projects,
        )

    def after(self, tx: Transaction, subjects: Iterable[str]) -> "Roles":
        """What is known when what these subjects tell of has been read again; everything, if one of them is unknown."""
        touched: defaultdict[str, set[str]] = defaultdict(set)
        for subject in subjects:
            kind, _, rest = subject.partition("/")
            if kind not in _KINDS or not rest:
                return load(tx)
            touched[_KINDS[kind]].add(names(subject, 1)[0])
        new = self
        if roles := _numbers(touched["role"]):
            new = replace(new, allowed=_renewed(new.allowed, roles, rows.roles(tx, roles)))
        if users := _numbers(touched["user"]):
            new = replace(new, users=_renewed(new.users, users, rows.users(tx, users)))
        if groups := _numbers(touched["group"]):
            new = new.with_groups(groups, rows.groups(tx, groups))
        if projects := touched["project"]:
            modes = _renewed(new.modes, projects, rows.modes(tx, projects))
            new = replace(new, modes=modes, projects=_projects(modes))
        if held := touched["project"] | touched["project-access"]:
            new = new.with_held(held, rows.held(tx, held))
        return new

    def with_groups(self, ids: Collection[int], found: Mapping[int, rows.Group]) -> "Roles":
        """The same, when this is what was found of these groups."""
        groups_of = dict(self.groups_of)
        for group_id in ids:
            before = self.groups[group_id].users if group_id in self.groups else frozenset()
            now = found[group_id].users if group_id in found else frozenset()
            for user_id in before ^ now:
                others = {each for each in groups_of.pop(user_id, ()) if each != group_id}
                if belongs := others | ({group_id} if user_id in now else set()):
                    groups_of[user_id] = tuple(sorted(belongs))
        return replace(self, groups=_renewed(self.groups, ids, found), groups_of=groups_of)

    def with_held(self, projects: Collection[str], found: Mapping[str, Held]) -> "Roles":
        """The same, when this is what was found of who has roles in these projects."""
        held_by = dict(self.held_by)
        for project in projects:
            before, now = self.held.get(project, {}), found.get(project, {})
            for holder in before.keys() | now.keys():
                if before.get(holder) != now.get(holder):
                    of_holder = {name: roles for name, roles in held_by.pop(holder, {}).items() if name != project}
                    if holder in now:
                        of_holder[project] = now[holder]
                    if of_holder:
                        held_by[holder] = of_holder
        return replace(self, held=_renewed(self.held, projects, found), held_by=held_by)


_KINDS = {
    "role": "role",
    "user": "user",
    "service-account": "user",
    "group": "group",
    "project": "project",
    "project-access": "project-access",
}
"""By kind of subject, what there is to read again."""


def load(tx: Transaction) -> Roles:
    """Everything, read from the tables."""
    modes = rows.modes(tx)
    empty = Roles(allowed=rows.roles(tx), users=rows.users(tx), modes=modes, projects=_projects(modes))
    groups, held = rows.groups(tx), rows.held(tx)
    return empty.with_groups(groups, groups).with_held(held, held)


def _projects(modes: Mapping[str, str]) -> Projects:
    return Projects(
        known=frozenset(modes),
        closed=frozenset(project for project, mode in modes.items() if mode != Mode.OPEN),
        private=frozenset(project for project, mode in modes.items() if mode == Mode.PRIVATE),
    )


def _renewed(old: Mapping[KeyT, ValueT], keys: Collection[KeyT], found: Mapping[KeyT, ValueT]) -> dict[KeyT, ValueT]:
    """The same with what was found for these keys, and without those of them for which there is nothing any more."""
    new = dict(old)
    for key in keys:
        new.pop(key, None)
    return new | dict(found)


def _together(held: list[Mapping[str, tuple[int, ...]]]) -> Mapping[str, tuple[int, ...]]:
    if len(held) == 1:
        return held[0]
    found: defaultdict[str, set[int]] = defaultdict(set)
    for each in held:
        for project, roles in each.items():
            found[project].update(roles)
    return {project: tuple(sorted(roles)) for project, roles in found.items()}


def _numbers(texts: Collection[str]) -> list[int]:
    return [int(each) for each in texts]
