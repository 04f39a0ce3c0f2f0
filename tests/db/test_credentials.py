"""The view of credentials, and that no secret is kept anywhere, on both databases."""

import json
import zlib
from typing import Any

import pytest
from sqlalchemy import text

from flagkeeper import schema
from flagkeeper.eventlog.follow import after
from flagkeeper.eventlog.read import LogPosition, log_position
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import commands as access
from flagkeeper.features.environments import commands as environments
from flagkeeper.features.groups import commands as groups
from flagkeeper.features.groups.model import GroupDraft
from flagkeeper.features.logins.model import Visit
from flagkeeper.features.projects import commands as projects
from flagkeeper.features.projects.model import Mode
from flagkeeper.features.searches import commands as searches
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.tokens.model import TokenType, draft, hash_of
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.password import hash_password
from flagkeeper.features.users.model.session import hash_of as session_hash
from flagkeeper.features.users.model.user import UserChange
from flagkeeper.features.users.model.user import draft as user_draft
from flagkeeper.features.users.queries import password_hashes
from flagkeeper.http.access import ADMINISTRATOR, NOTHING, Access, Grant, allowed, grants, hides, is_admin
from flagkeeper.http.caller import Kind
from flagkeeper.kernel import clock
from flagkeeper.readmodels.credentials.view import CredentialView
from flagkeeper.storage.transaction import Transaction
from tests.log import Log
from tests.projects import set_mode

FUTURE = 4_000_000_000_000


class Noted:
    """Remembers which tokens were used."""

    def __init__(self) -> None:
        self.hashes: list[str] = []

    def note(self, secret_hash: str) -> None:
        self.hashes.append(secret_hash)


class Followed:
    """A view that follows a log step by step."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.uses = Noted()
        self.view = CredentialView(self.uses)
        self._at = LogPosition("", 0)
        log.read(self._load)

    def _load(self, tx: Transaction) -> None:
        self._at = log_position(tx)
        self.view.load(tx, self._at)

    def _step(self, tx: Transaction) -> None:
        now = log_position(tx)
        self.view.apply(tx, after(tx, self._at.last_id, self.view.wants), now)
        self._at = now

    def run(self, command: Any, *args: Any) -> Any:
        """Runs a command and lets the view follow; afterwards it knows what a fresh one would know."""
        result = self.log.run(command, *args)
        self.log.read(self._step)
        fresh = Followed.__new__(Followed)
        fresh.view, fresh._at = CredentialView(Noted()), LogPosition("", 0)
        self.log.read(fresh._load)
        assert self.view.known == fresh.view.known
        return result


@pytest.fixture
def followed(log: Log) -> Followed:
    for seed in (access.seed, environments.seed, projects.seed):
        log.run(seed)
    return Followed(log)


def test_api_tokens(followed: Followed) -> None:
    token, secret = followed.run(tokens.create, draft("web", TokenType.CLIENT, "production", ["default"]))
    found = followed.view.find(secret)
    assert found is not None
    assert (found.kind, found.name, found.user_id) == (Kind.BACKEND, "web", -1337)
    assert (found.projects, found.environment, found.access) == (("default",), "production", NOTHING)
    assert followed.view.find(secret[:-1]) is None
    assert followed.uses.hashes == [hash_of(secret)]

    followed.run(tokens.set_expiry, token.id, clock.now() - 1)
    assert followed.view.find(secret) is None
    followed.run(tokens.set_expiry, token.id, FUTURE)
    assert followed.view.find(secret) is not None
    followed.run(tokens.delete, token.id)
    assert followed.view.find(secret) is None
    assert len(followed.uses.hashes) == 2


def test_an_admin_token_is_nobody(followed: Followed) -> None:
    _, secret = followed.run(tokens.create, draft("root", TokenType.ADMIN, None, None))
    found = followed.view.find(secret)
    assert found is not None
    assert (found.kind, found.name, found.user_id, found.environment) == (Kind.ADMIN, "root", -42, "*")
    assert is_admin(found.access)


def test_users_and_their_tokens(followed: Followed) -> None:
    ada = followed.run(users.create, user_draft(username="ada", root_role=3))
    pat, secret = followed.run(tokens.create_pat, ada.id, "ci", FUTURE)
    found = followed.view.find(secret)
    assert found is not None
    assert (found.kind, found.name, found.user_id, found.expires_at) == (Kind.USER, "ada", ada.id, FUTURE)
    of_session = followed.view.of_user(ada.id)
    assert of_session is not None
    assert of_session.expires_at is None
    assert list(grants(of_session.access)) == []

    followed.run(users.update, ada.id, UserChange(email="ada@example.com", root_role=2))
    found = followed.view.find(secret)
    assert found is not None
    assert found.name == "ada@example.com"
    assert Grant("CREATE_PROJECT") in set(grants(found.access))

    followed.run(tokens.delete_pat, ada.id, pat.id)
    assert followed.view.find(secret) is None
    _, other = followed.run(tokens.create_pat, ada.id, "ci", FUTURE)
    followed.run(users.delete, ada.id, tokens.delete_pats_of, searches.leave_shared_of, groups.leave_all)
    assert followed.view.find(other) is None
    assert followed.view.of_user(ada.id) is None


def test_grants_are_the_union_of_all_roles(followed: Followed) -> None:
    ada = followed.run(users.create, user_draft(username="ada", root_role=2))
    followed.run(access.grant, "default", ada.id, 4)
    followed.run(access.grant, "shop", ada.id, 5)
    found = followed.view.of_user(ada.id)
    assert found is not None
    assert {
        Grant("CREATE_SEGMENT"),
        Grant("UPDATE_PROJECT_CONTEXT", "default"),
        Grant("CREATE_FEATURE", "shop"),
        Grant("CREATE_FEATURE"),
    } <= set(grants(found.access))
    assert Grant("UPDATE_PROJECT_CONTEXT", "shop") not in set(grants(found.access))
    assert Grant("UPDATE_PROJECT_CONTEXT") not in set(grants(found.access))


def test_the_mode_of_a_project_is_followed(followed: Followed) -> None:
    ada = followed.run(users.create, user_draft(username="ada", root_role=2))

    def hers() -> Access:
        found = followed.view.of_user(ada.id)
        assert found is not None
        return found.access

    for mode, may, hidden in ((Mode.PROTECTED, False, False), (Mode.PRIVATE, False, True), (Mode.OPEN, True, False)):
        followed.run(set_mode, "default", mode)
        assert (allowed(hers(), "CREATE_FEATURE", "default"), hides(hers(), "default")) == (may, hidden)
    followed.run(set_mode, "default", Mode.PRIVATE)
    followed.run(access.grant, "default", ada.id, 5)
    assert (allowed(hers(), "CREATE_FEATURE", "default"), hides(hers(), "default")) == (True, False)


def test_what_groups_may_do_their_members_may(followed: Followed) -> None:
    ada = followed.run(users.create, user_draft(username="ada", root_role=3))
    eve = followed.run(users.create, user_draft(username="eve", root_role=3))

    def may(user_id: int) -> tuple[bool, bool, bool]:
        """Create segments, work in the project, know of it."""
        found = followed.view.of_user(user_id)
        assert found is not None
        can = (allowed(found.access, "CREATE_SEGMENT"), allowed(found.access, "CREATE_FEATURE", "default"))
        return (*can, not hides(found.access, "default"))

    followed.run(set_mode, "default", Mode.PRIVATE)
    assert may(ada.id) == (False, False, False)
    team = followed.run(groups.create, GroupDraft(name="team", root_role=2, users=[ada.id, eve.id]))
    assert may(ada.id) == (True, False, False)
    followed.run(access.set_group_roles, "default", team.id, [5], ADMINISTRATOR)
    assert may(ada.id) == may(eve.id) == (True, True, True)
    crew = followed.run(groups.create, GroupDraft(name="crew", users=[ada.id]))
    followed.run(access.set_group_roles, "default", crew.id, [6], ADMINISTRATOR)
    followed.run(groups.remove_user, team.id, ada.id)
    assert (may(ada.id), may(eve.id)) == ((False, False, True), (True, True, True))
    followed.run(groups.update, team.id, GroupDraft(name="team", users=[ada.id]))
    assert (may(ada.id), may(eve.id)) == ((False, True, True), (False, False, False))
    followed.run(groups.delete, team.id)
    followed.run(groups.delete, crew.id)
    assert may(ada.id) == may(eve.id) == (False, False, False)


def test_one_batch_of_many_changes(followed: Followed) -> None:
    def much(unit: Unit) -> None:
        ada = users.create(unit, user_draft(username="ada", root_role=3))
        eve = users.create(unit, user_draft(username="eve", root_role=3))
        team = groups.create(unit, GroupDraft(name="team", root_role=2, users=[ada.id, eve.id]))
        access.grant(unit, "default", ada.id, 4)
        access.set_group_roles(unit, "default", team.id, [5], ADMINISTRATOR)
        access.grant(unit, "shop", eve.id, 5)
        users.delete(unit, ada.id, tokens.delete_pats_of, searches.leave_shared_of, groups.leave_all)
        set_mode(unit, "default", Mode.PRIVATE)

    followed.run(much)
    assert len(followed.view.known.roles.users) == 1


def everything(log: Log) -> dict[str, str]:
    """The whole database as text, by table; what is compressed in it is unpacked."""
    engine = log.database.engine()
    found = {}
    with engine.connect() as connection:
        for table in schema.metadata.sorted_tables:
            rows = [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{table.name}"'))]
            if table.name == "log_versions":
                rows = [(*row[:-1], row[-1] and zlib.decompress(bytes(row[-1])).decode()) for row in rows]
            found[table.name] = json.dumps(rows, default=str)
    engine.dispose()
    return found


def test_no_secret_is_kept_anywhere(followed: Followed) -> None:
    password, session = "Str0ng!passw0rd-of-ada", "session-of-ada"
    ada = followed.run(users.create, user_draft(username="ada", root_role=3), hash_password(password))
    (kept,) = followed.log.read(password_hashes, ada.id)
    followed.run(users.log_in, users.Proven(ada.id, kept, None, None), session_hash(session), Visit("192.0.2.1", ""))
    secrets = [password, session]
    for type_ in TokenType:
        token, secret = followed.run(tokens.create, draft("web", type_, None, None))
        followed.run(tokens.set_expiry, token.id, FUTURE)
        secrets.append(secret)
    given = "*:development.chosen-by-the-operator"
    followed.run(tokens.create, draft("web", TokenType.CLIENT, None, None), given)
    pat, secret = followed.run(tokens.create_pat, ada.id, "ci", FUTURE)
    secrets += [given, secret]
    for each in secrets:
        followed.view.find(each)
    followed.run(tokens.record_seen, dict.fromkeys(followed.uses.hashes, FUTURE))
    followed.run(tokens.delete_pat, ada.id, pat.id)

    tables = everything(followed.log)
    assert {"events", "log_versions", "api_tokens", "sessions", "passwords"} <= tables.keys()
    assert "api-token-created" in tables["events"]
    assert "ada" in tables["log_versions"]
    for secret in secrets:
        random = secret.rpartition(".")[2].rpartition(":")[2]
        assert [table for table, content in tables.items() if secret in content or random in content] == []
        assert [table for table, content in tables.items() if random[:12] in content] == []
