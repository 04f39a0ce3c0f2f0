"""The laws of keepers and steps, on roles that are made here, on who has them, and on service accounts."""

from random import Random

import pytest

from flagkeeper.eventlog.step import Step
from flagkeeper.features.access import commands as access
from flagkeeper.features.access import queries
from flagkeeper.features.access.model import MEMBER, OWNER, RoleDraft, RolePermission
from flagkeeper.features.access.ports import ENVIRONMENT_NAMES, ROOT_ROLE_USES
from flagkeeper.features.groups import commands as groups
from flagkeeper.features.groups import queries as group_queries
from flagkeeper.features.groups.model import GroupDraft
from flagkeeper.features.searches.commands import leave_shared_of
from flagkeeper.features.service_accounts import commands as accounts
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.users import commands as users
from flagkeeper.features.users.model.user import SERVICE, UserChange, draft
from flagkeeper.features.users.ports import GROUPS_OF_USER, SEARCHES_OF_USER, TOKENS_OF_USER
from flagkeeper.http.access import ADMINISTRATOR
from flagkeeper.keepers import OPS
from flagkeeper.kernel.errors import BadData, Conflict, InvalidOperation, NameExists, NotFound, RoleInUse
from tests.keeping import StandingIn, check_steps
from tests.log import Log
from tests.story import SEEDS, Change, attempt, tell

KINDS = {"role", "user", "group", "project-access", "pat"}
PORTS = StandingIn(
    {
        TOKENS_OF_USER: tokens.delete_pats_of,
        SEARCHES_OF_USER: leave_shared_of,
        GROUPS_OF_USER: groups.leave_all,
        ENVIRONMENT_NAMES: lambda _: ["development", "production"],
        ROOT_ROLE_USES: group_queries.root_role_uses,
    }
)
ADMIN, VIEWING = 1, 3
BOSS, ADA, BOT = 1, 2, 3
FIRST, SECOND = 101, 102
"""The ids of roles that are made here."""
FUTURE = 4_000_000_000_000
SWITCH = RolePermission("UPDATE_FEATURE_ENVIRONMENT", "development")
CREATE, SEGMENTS = RolePermission("CREATE_FEATURE"), RolePermission("CREATE_SEGMENT")


def op(step: Step) -> Change:
    return lambda unit: OPS.run(unit, step, PORTS)


def wanted(name: str, *permissions: RolePermission, root: bool = False) -> RoleDraft:
    type_ = "root-custom" if root else "custom"
    return RoleDraft(name=name, type=type_, permissions=tuple(sorted(permissions)))


def role(name: str, *permissions: RolePermission, root: bool = False) -> Change:
    return lambda unit: access.create_role(unit, wanted(name, *permissions, root=root), PORTS.answer(ENVIRONMENT_NAMES))


def role_becomes(role_id: int, name: str, *permissions: RolePermission, root: bool = False) -> Change:
    new = wanted(name, *permissions, root=root)
    return lambda unit: access.update_role(unit, role_id, new, PORTS.answer(ENVIRONMENT_NAMES))


def role_goes(role_id: int) -> Change:
    return lambda unit: access.delete_role(unit, role_id, PORTS.answer(ROOT_ROLE_USES))


def user(username: str, root_role: int = VIEWING) -> Change:
    return lambda unit: users.create(unit, draft(username=username, root_role=root_role), None)


def account(username: str, root_role: int = VIEWING) -> Change:
    new = draft(username=username, name=username, root_role=root_role, account_type=SERVICE)
    return lambda unit: users.create(unit, new, None)


def goes(user_id: int, *, service: bool = False) -> Change:
    delete, ports = (
        users.delete_service if service else users.delete,
        (TOKENS_OF_USER, SEARCHES_OF_USER, GROUPS_OF_USER),
    )
    return lambda unit: delete(unit, user_id, *map(PORTS.answer, ports))


def group(name: str, *members: int, root_role: int | None = None) -> Change:
    return lambda unit: groups.create(unit, GroupDraft(name=name, users=list(members), root_role=root_role), None)


def roles_of_user(project: str, user_id: int, *roles: int) -> Change:
    return lambda unit: access.set_user_roles(unit, project, user_id, roles, ADMINISTRATOR)


def roles_of_group(project: str, group_id: int, *roles: int) -> Change:
    return lambda unit: access.set_group_roles(unit, project, group_id, roles, ADMINISTRATOR)


BEGINNING: list[Change] = [access.seed, user("boss", ADMIN), user("ada")]
STORY: list[Change] = [
    role("Switch", SWITCH, CREATE),
    role("Drawing", SEGMENTS, root=True),
    role_becomes(FIRST, "Switches", SWITCH),
    role_becomes(FIRST, "Switches", SWITCH),
    account("bot", SECOND),
    lambda unit: accounts.update(unit, BOT, UserChange(name="Robot")),
    lambda unit: accounts.update(unit, BOT, UserChange(root_role=VIEWING)),
    lambda unit: accounts.create_token(unit, BOT, "ci", FUTURE),
    group("team", ADA, BOT, root_role=SECOND),
    roles_of_group("shop", 1, OWNER.id, FIRST),
    roles_of_user("shop", BOT, FIRST, MEMBER.id),
    lambda unit: access.copy_environment(unit, "development", "production"),
    lambda unit: access.forget_environment(unit, "production"),
    roles_of_group("shop", 1, OWNER.id),
    roles_of_user("shop", BOT),
    role_becomes(FIRST, "Nothing"),
    role_goes(FIRST),
    lambda unit: accounts.delete_token(unit, BOT, 1),
    goes(BOT, service=True),
]


def test_every_command(log: Log) -> None:
    for each in BEGINNING:
        log.run(each)
    tell(log, STORY, kinds=KINDS)
    assert check_steps(log, PORTS, kinds=KINDS, refused={"project-access/shop", "pat/1"}) > 8


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (role(""), BadData),
        (role("Switch"), NameExists),
        (role("Far", RolePermission("UPDATE_FEATURE_ENVIRONMENT", "mars")), BadData),
        (role("Wide", SEGMENTS), BadData),
        (role("All", RolePermission("ADMIN"), root=True), BadData),
        (role_becomes(FIRST, "Switch", root=True), BadData),
        (role_becomes(OWNER.id, "Mine"), InvalidOperation),
        (role_becomes(999, "None"), NotFound),
        (role_goes(FIRST), RoleInUse),
        (role_goes(SECOND), RoleInUse),
        (role_goes(OWNER.id), InvalidOperation),
        (account("bot"), BadData),
        (account("other", FIRST), BadData),
        (lambda unit: accounts.update(unit, ADA, UserChange(name="x")), NotFound),
        (goes(ADA, service=True), NotFound),
        (roles_of_user("shop", ADA, SECOND), BadData),
    ],
)
def test_what_is_refused_is_refused_in_a_rehearsal_too(log: Log, change: Change, error: type[Exception]) -> None:
    made = [role("Switch", SWITCH), role("Drawing", SEGMENTS, root=True), account("bot", SECOND)]
    for each in [*BEGINNING, *made, group("team", ADA, root_role=SECOND), roles_of_group("shop", 1, FIRST)]:
        log.run(each)
    assert isinstance(attempt(log, change, kinds=KINDS), error)


def test_a_role_comes_back_only_where_it_was(log: Log) -> None:
    for each in [*BEGINNING, role("Switch", SWITCH)]:
        log.run(each)
    state = log.read(queries.role, FIRST).state()
    assert isinstance(attempt(log, op(Step("role.restore", state)), kinds=KINDS), Conflict)
    tell(log, [role_goes(FIRST), op(Step("role.restore", state))], kinds=KINDS)
    assert log.read(queries.role, FIRST).state() == state


def random_change(dice: Random) -> Change:
    name, project = f"it {dice.random()}", dice.choice(("shop", "web"))
    own, root = dice.randint(FIRST, FIRST + 4), dice.choice((2, 3, *range(FIRST, FIRST + 5)))
    some = dice.sample([SWITCH, CREATE, RolePermission("UPDATE_FEATURE_STRATEGY", "production")], dice.randint(0, 3))
    place, token = dice.choice(("development", "production")), dice.randint(1, 3)
    who, team = dice.randint(ADA, ADA + 5), dice.randint(1, 3)
    held = dice.sample([OWNER.id, MEMBER.id, *range(FIRST, FIRST + 5)], dice.randint(0, 2))
    changes: list[Change] = [
        role(name, *some),
        role(name, SEGMENTS, root=True),
        role_becomes(own, name, *some),
        role_becomes(own, name, SEGMENTS, *some, root=True),
        role_goes(own),
        account(name, root),
        lambda unit: accounts.update(unit, who, UserChange(name=name, root_role=root)),
        lambda unit: accounts.create_token(unit, who, name, FUTURE),
        lambda unit: accounts.delete_token(unit, who, token),
        goes(who, service=True),
        group(name, *dice.sample([BOSS, ADA, BOT], dice.randint(0, 3)), root_role=dice.choice((None, root))),
        lambda unit: groups.delete(unit, team),
        roles_of_user(project, who, *held),
        roles_of_group(project, team, *held),
        lambda unit: access.copy_environment(unit, "development", "production"),
        lambda unit: access.forget_environment(unit, place),
    ]
    return dice.choice(changes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens(log: Log, seed: int) -> None:
    for each in [*BEGINNING, account("bot"), role("Switch", SWITCH), role("Drawing", SEGMENTS, root=True)]:
        log.run(each)
    dice = Random(seed)
    refused = [attempt(log, random_change(dice), kinds=KINDS) for _ in range(50)]
    assert refused.count(None) > 10
    assert check_steps(log, PORTS, kinds=KINDS, refused=None) > 3
