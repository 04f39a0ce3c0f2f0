"""Who may do what, and who sees what: the pure rules."""

import random
from itertools import product

import pytest

from flagkeeper.http.access import (
    ADMINISTRATOR,
    NOTHING,
    Access,
    Allowed,
    Grant,
    Projects,
    allowed,
    grants,
    hidden_projects,
    hides,
    is_admin,
)
from flagkeeper.http.permissions import Permission

WANTED = Permission.CREATE_FEATURE
OTHER = Permission.CREATE_SEGMENT
EVERYWHERE = frozenset({None})
PROJECTS = Projects(
    known=frozenset({"open", "guarded", "hush"}), closed=frozenset({"guarded", "hush"}), private=frozenset({"hush"})
)


def access_of(root: Allowed | None = None, **members: Allowed) -> Access:
    """Somebody with these roles: the root role, and one in each of some projects."""
    roles = {1: root or {}} | dict(enumerate(members.values(), 2))
    return Access(
        roots=(1,),
        members={project: (number,) for number, project in enumerate(members, 2)},
        roles=roles,
        projects=PROJECTS,
    )


@pytest.mark.parametrize(
    ("access", "may"),
    [
        (NOTHING, False),
        (ADMINISTRATOR, True),
        (access_of({Permission.ADMIN: EVERYWHERE}), True),
        (access_of({WANTED: EVERYWHERE}), True),
        (access_of({WANTED: frozenset({"e"})}), True),
        (access_of({WANTED: frozenset({"f"})}), False),
        (access_of({OTHER: EVERYWHERE}), False),
        (access_of(open={WANTED: EVERYWHERE}), True),
        (access_of(open={WANTED: frozenset({"e", "f"})}), True),
        (access_of(open={WANTED: frozenset({"f"})}), False),
        (access_of(open={OTHER: EVERYWHERE}), False),
        (access_of(guarded={WANTED: EVERYWHERE}), False),
        (access_of(open={Permission.ADMIN: EVERYWHERE}), False),
    ],
)
def test_a_role_is_for_its_permission_project_and_environment(access: Access, may: bool) -> None:
    assert allowed(access, WANTED, "open", "e") is may


def test_what_is_asked_of_all_projects_or_environments_needs_all_of_them() -> None:
    for access in (access_of({WANTED: frozenset({"e"})}), access_of(open={WANTED: EVERYWHERE})):
        assert not allowed(access, WANTED)
        assert not allowed(access, WANTED, None, None)
    assert not allowed(access_of(open={WANTED: frozenset({"e"})}), WANTED, "open")
    assert allowed(access_of(open={WANTED: EVERYWHERE}), WANTED, "open")


@pytest.mark.parametrize("project", ["guarded", "hush"])
def test_in_a_closed_project_only_its_own_roles_count(project: str) -> None:
    own: dict[str, Allowed] = {project: {WANTED: EVERYWHERE}}
    other: dict[str, Allowed] = {project: {OTHER: EVERYWHERE}}
    assert not allowed(access_of({WANTED: EVERYWHERE}), WANTED, project)
    assert not allowed(access_of({WANTED: EVERYWHERE}, **other), WANTED, project)
    assert allowed(access_of({}, **own), WANTED, project)
    assert allowed(access_of({Permission.ADMIN: EVERYWHERE}), WANTED, project)


def test_a_private_project_is_hidden_from_all_but_members_and_administrators() -> None:
    editor, reader, admin = (
        access_of({WANTED: EVERYWHERE}),
        access_of(hush={}),
        access_of({Permission.ADMIN: EVERYWHERE}),
    )
    for access, hidden in ((editor, {"hush"}), (reader, set()), (admin, set()), (ADMINISTRATOR, set())):
        assert hidden_projects(access) == hidden
        assert {project for project in (*PROJECTS.known, "none") if hides(access, project)} == hidden
    assert [is_admin(each) for each in (editor, reader, admin, ADMINISTRATOR, NOTHING)] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_role_that_is_gone_allows_nothing() -> None:
    assert not allowed(Access(roots=(7,), members={"open": (8,)}), WANTED, "open")


def test_the_list_of_grants_and_the_answers_say_the_same() -> None:
    rng = random.Random(363)
    names, places = [str(each) for each in list(Permission)[1:6]], [None, "e", "f"]
    for _ in range(2_000):
        roles: dict[int, Allowed] = {
            number: {
                name: frozenset(rng.sample(places, rng.randint(1, 3))) for name in rng.sample(names, rng.randint(0, 4))
            }
            for number in range(1, 6)
        }
        members = {project: tuple(rng.sample(range(1, 6), rng.randint(1, 3))) for project in rng.sample("abc", 2)}
        access = Access(roots=tuple(rng.sample(range(7), rng.randint(0, 3))), members=members, roles=roles)
        listed = set(grants(access))
        for name, project, environment in product(names, (None, *"abcd"), (None, "e", "g")):
            wanted = {Grant(name, *where) for where in product({None, project}, {None, environment})}
            assert allowed(access, name, project, environment) is not wanted.isdisjoint(listed)
