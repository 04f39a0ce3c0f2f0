"""Versions of people, what lets them in, and integrations, as they are stored: what was written once must be readable
for ever, in exactly this shape."""

import zlib
from pathlib import Path

import msgspec
import pytest

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.access.model import (
    GroupMembership,
    Membership,
    ProjectAccessState,
    Role,
    RolePermission,
    RoleState,
)
from flagkeeper.features.access_requests.model import AccessRequestState
from flagkeeper.features.groups.model import GroupState
from flagkeeper.features.instance.model import SettingState
from flagkeeper.features.logins.model import AuthType
from flagkeeper.features.signups.model import InviteLinkState
from flagkeeper.features.tokens.model import PatState, TokenState, TokenType
from flagkeeper.features.users.model.user import User, UserState
from flagkeeper.integrations.config.model import Integration, IntegrationState
from flagkeeper.keepers import KEEPERS
from flagkeeper.kernel.secrets import Keyring, entry_of

GOLDEN = Path(__file__).parent / "golden"
CREATED, EXPIRES = 1_700_000_000_000, 2_000_000_000_000
USER = User(id=7, username="ada", email="ada@example.com", name="Ada", root_role=3, created_at=CREATED)
ROLE = Role(
    id=101,
    name="Switcher",
    description="May switch flags",
    type="custom",
    permissions=(RolePermission("UPDATE_FEATURE"), RolePermission("UPDATE_FEATURE_ENVIRONMENT", "production")),
)
MEMBERS = ProjectAccessState(members=[Membership(7, 4), Membership(8, 5)], groups=[GroupMembership(2, 5)])
TOKEN = TokenState(
    name="web",
    type=TokenType.CLIENT,
    environment="production",
    projects=["default", "shop"],
    created_at=CREATED,
    expires_at=EXPIRES,
)
PAT = PatState(user_id=7, description="ci", created_at=CREATED, expires_at=EXPIRES)
INTEGRATION = IntegrationState(
    id=4,
    provider="webhook",
    description="Tells the team",
    enabled=True,
    parameters={"contentType": "text/plain"},
    entries={"url": "AAECAwQFBgcICQoL"},
    events=["feature-created"],
    projects=["shop"],
    environments=["production"],
    query="-by:bot",
)
LINK = InviteLinkState(name="team", enabled=False, created_at=CREATED, expires_at=EXPIRES)
MAINTENANCE = SettingState(details=SettingDetails(enabled=True))
GROUP = GroupState(
    id=2,
    name="team",
    description=None,
    mappings_sso=["all"],
    root_role=2,
    scim_id="x1",
    created_by="ada",
    created_at=CREATED,
    users=[7, 8],
)
ASKED = AccessRequestState(
    id="01JD3Q7C8X9ZK4M5N6P7Q8R9ST", email="ada@example.com", name="Ada", auth_type=AuthType.OIDC, created_at=CREATED
)
VERSIONS: list[Snapshot] = [
    *(USER.state(), ROLE.state(), MEMBERS, TOKEN, PAT, INTEGRATION, LINK, MAINTENANCE, GROUP),
    ASKED,
]
FIRST: list[Snapshot] = [
    msgspec.structs.replace(USER.state(), created_at=None),
    ROLE.state(),
    msgspec.structs.replace(MEMBERS, groups=[]),
    TOKEN,
    msgspec.structs.replace(PAT, user_id=None, created_at=None),
    msgspec.structs.replace(INTEGRATION, parameters=None, entries={}),
]
"""The same, as far as the first schema told."""
GONE = {
    UserState: b'{"user":null}',
    RoleState: b'{"role":null}',
    ProjectAccessState: b'{"members":[]}',
    TokenState: b'{"token":null}',
    PatState: b'{"pat":null}',
    IntegrationState: b'{"integration":null}',
}


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.kind)
def test_a_version_has_the_shape_that_was_stored(version: Snapshot) -> None:
    """When this fails, raise `schema`, add an upcaster, and keep the old file."""
    stored = msgspec.json.decode((GOLDEN / f"version-{version.kind}-{version.schema}.json").read_bytes())
    assert msgspec.json.decode(msgspec.json.encode(version)) == stored
    assert msgspec.convert(stored, type(version)) == version
    assert type(version).unpack(version.schema, version.pack()) == version


@pytest.mark.parametrize("version", FIRST, ids=lambda version: version.kind)
def test_the_first_schema_is_read_as_one_of_today(version: Snapshot) -> None:
    stored = (GOLDEN / f"version-{version.kind}-1.json").read_bytes()
    assert type(version).unpack(1, zlib.compress(stored)) == version
    assert type(version).unpack(1, zlib.compress(GONE[type(version)])) is None


def test_access_to_a_project_of_the_second_schema() -> None:
    stored = (GOLDEN / "version-project-access-2.json").read_bytes()
    assert ProjectAccessState.unpack(2, zlib.compress(stored)) == msgspec.structs.replace(MEMBERS, groups=[])


def test_a_token_without_end_and_an_integration_without_query_of_the_first_schema() -> None:
    token = msgspec.json.decode((GOLDEN / "version-api-token-1.json").read_bytes())
    token["token"]["expiresAt"] = None
    found = TokenState.unpack(1, zlib.compress(msgspec.json.encode(token)))
    assert found == msgspec.structs.replace(TOKEN, expires_at=None)
    integration = msgspec.json.decode((GOLDEN / "version-integration-1.json").read_bytes())
    del integration["integration"]["query"]
    read = IntegrationState.unpack(1, zlib.compress(msgspec.json.encode(integration)))
    assert read == msgspec.structs.replace(INTEGRATION, parameters=None, entries={}, query="")


def test_what_must_be_there() -> None:
    def refers(path: str, state: Snapshot) -> list[str]:
        return list(KEEPERS.of_path(path).refers(path, state))

    assert refers("user/7", USER.state()) == ["role/3"]
    assert refers("role/101", ROLE.state()) == ["environment/production"]
    assert refers("project-access/shop", MEMBERS) == ["project/shop", "user/7", "user/8", "group/2", "role/4", "role/5"]
    assert refers("api-token/9", TOKEN) == ["environment/production", "project/default", "project/shop"]
    admin = msgspec.structs.replace(TOKEN, type=TokenType.ADMIN, environment="*", projects=["*"])
    assert refers("api-token/9", admin) == []
    assert refers("pat/3", PAT) == ["user/7"]
    assert refers("pat/3", msgspec.structs.replace(PAT, user_id=None)) == []
    assert refers("integration/4", INTEGRATION) == []
    assert refers("invite-link/1", LINK) == refers("setting/maintenance.mode", MAINTENANCE) == []


def test_the_entry_of_a_secret_lasts_until_it_is_entered_anew() -> None:
    old, new = "o" * 32, "n" * 32
    keys, place = Keyring((old,)), "integration/4/url"
    sealed = keys.seal("s3cret", place)
    resealed = Keyring((new, old)).reseal(sealed, place)
    assert entry_of(sealed) == entry_of(resealed) != entry_of(keys.seal("s3cret", place))
    assert resealed != sealed
    assert Keyring((new,)).open(resealed, place) == "s3cret"
    assert Keyring((old, new)).reseal(resealed, place) == sealed
    for plain in (
        "",
        "s3cret",
        "https://hooks.corp.example/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        sealed[1:],
        f"x{sealed}",
    ):
        assert entry_of(plain) == ""


def test_a_state_has_nothing_that_its_provider_does_not_know() -> None:
    sealed = Keyring(("o" * 32,)).seal("s3cret", "integration/4/url")
    kept = {"url": sealed, "contentType": "text/plain", "of-yesterday": sealed}
    made = Integration(
        id=4,
        provider="webhook",
        description=None,
        enabled=True,
        parameters=kept,
        events=[],
        projects=[],
        environments=[],
    )
    assert made.state().parameters == {"contentType": "text/plain"}
    assert made.state().entries == {"url": entry_of(sealed)}
