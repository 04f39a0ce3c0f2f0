"""Who acts: a name and an id that belong together."""

import pytest

from flagkeeper.cli.terminal import operator
from flagkeeper.features.tokens.model import TokenType
from flagkeeper.features.tokens.model import draft as token_draft
from flagkeeper.features.users.model.user import draft as user_draft
from flagkeeper.kernel.actor import OPERATOR_USER_ID, SYSTEM, SYSTEM_USER_ID, Actor, ActorKind
from flagkeeper.kernel.errors import BadData


@pytest.mark.parametrize("name", ["admin", "cli:ops", "backend", "Unleash_System_User"])
def test_the_id_of_the_system_is_nobody_elses(name: str) -> None:
    with pytest.raises(ValueError, match="is not the system"):
        Actor(name, SYSTEM_USER_ID)


def test_an_actor_has_a_name() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        Actor("", 1)


@pytest.mark.parametrize("name", ["unleash_system_user", " Unleash_System_User "])
def test_the_name_of_the_system_is_nobody_elses(name: str) -> None:
    with pytest.raises(BadData) as user:
        user_draft(username=name, root_role=1)
    assert user.value.details[0].path == "/body/username"
    with pytest.raises(BadData) as token:
        token_draft(name, TokenType.ADMIN, None, None)
    assert token.value.details[0].path == "/body/tokenName"
    with pytest.raises(BadData):
        operator(name)


def test_whoever_works_at_the_terminal_is_not_the_system() -> None:
    assert operator("deploy") == Actor("deploy", OPERATOR_USER_ID, kind=ActorKind.OPERATOR)
    assert operator(None).name.startswith("cli:")
    assert SYSTEM.user_id == SYSTEM_USER_ID != OPERATOR_USER_ID
