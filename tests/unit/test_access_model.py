"""The predefined roles and the one list of permissions."""

import pytest

from flagkeeper.features.access.model import (
    EDITOR,
    ENVIRONMENT_PERMISSIONS,
    MEMBER,
    OWNER,
    PERMISSIONS,
    PREDEFINED,
    READER,
    VIEWER,
    Role,
    root_role,
)
from flagkeeper.features.access.schemas import all_permissions
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.errors import BadData


def names(role: Role) -> set[str]:
    return {each.name for each in role.permissions}


def test_the_permissions_are_those_that_routes_demand() -> None:
    listed = [name for names in PERMISSIONS.values() for name in names]
    assert sorted(listed) == sorted(Permission)
    assert [len(names) for names in PERMISSIONS.values()] == [35, 22, 8]


def test_the_roles_have_the_ids_and_rights_of_the_ecosystem() -> None:
    assert [(role.id, role.name, role.type) for role in PREDEFINED] == [
        (1, "Admin", "root"),
        (2, "Editor", "root"),
        (3, "Viewer", "root"),
        (4, "Owner", "project"),
        (5, "Member", "project"),
        (6, "Reader", "project"),
    ]
    assert names(VIEWER) == names(READER) == set()
    assert names(MEMBER) < names(OWNER)
    assert "UPDATE_PROJECT" not in names(MEMBER)
    assert names(OWNER) - names(EDITOR) == {
        "UPDATE_PROJECT_CONTEXT",
        "UPDATE_PROJECT_SEGMENT",
        "UPDATE_PROJECT_RELEASE_TEMPLATE",
    }
    for role in (EDITOR, OWNER, MEMBER):
        assert names(role) & set(ENVIRONMENT_PERMISSIONS) == set(ENVIRONMENT_PERMISSIONS[:5])
        assert all(not each.environment for each in role.permissions)


@pytest.mark.parametrize("named", [2, "2", "Editor"])
def test_a_root_role_is_found_by_id_and_name(named: int | str) -> None:
    assert root_role(named) is EDITOR


@pytest.mark.parametrize("named", [99, "Owner", 4, "editor", ""])
def test_what_is_no_root_role(named: int | str) -> None:
    with pytest.raises(BadData) as caught:
        root_role(named)
    assert caught.value.details[0].path == "/body/rootRole"


def test_every_permission_has_a_number_of_its_own() -> None:
    found = all_permissions(["development", "production"]).permissions
    numbers = [each.id for each in (*found.root, *found.project, *found.environments[0].permissions)]
    assert sorted(set(numbers)) == list(range(1, len(Permission) + 1))
    assert [each.name for each in found.environments] == ["development", "production"]
    assert {each.environment for each in found.environments[1].permissions} == {"production"}
