"""Who is behind a header, to the millisecond."""

import pytest

from flagkeeper.http.access import ADMINISTRATOR, NOTHING, Access, Projects
from flagkeeper.http.authentication import authenticate, bare_token
from flagkeeper.http.caller import Caller, Credential, Kind
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.errors import BadCredentials, LoginRequired, NotFound, PermissionDenied

NOW = 1_770_000_000_000


class Tokens:
    def __init__(self, expires_at: int | None) -> None:
        self._known = {"s3cret": Credential(kind=Kind.USER, name="ada", user_id=7, expires_at=expires_at)}

    def find(self, secret: str) -> Credential | None:
        return self._known.get(secret)


@pytest.mark.parametrize("expires_at", [None, NOW + 1, NOW + 10**9])
def test_a_token_opens_until_it_expires(expires_at: int | None) -> None:
    assert authenticate("s3cret", Tokens(expires_at), NOW).name == "ada"


@pytest.mark.parametrize("expires_at", [NOW, NOW - 1, 0])
def test_and_not_at_that_moment_or_later(expires_at: int) -> None:
    with pytest.raises(BadCredentials):
        authenticate("s3cret", Tokens(expires_at), NOW)


@pytest.mark.parametrize("header", ["s3cret", "Bearer s3cret", "bearer  s3cret ", " s3cret "])
def test_forms_of_the_header(header: str) -> None:
    assert bare_token(header.strip()) == "s3cret"
    assert authenticate(header.strip(), Tokens(None), NOW).user_id == 7


@pytest.mark.parametrize("header", [None, ""])
def test_no_header_asks_for_a_login(header: str | None) -> None:
    with pytest.raises(LoginRequired):
        authenticate(header, Tokens(None), NOW)


@pytest.mark.parametrize("header", ["Bearer", "Basic s3cret", "s3cre", "Bearer s3cret2"])
def test_what_nobody_knows_opens_nothing(header: str) -> None:
    with pytest.raises(BadCredentials):
        authenticate(header, Tokens(None), NOW)


def caller(kind: Kind, access: Access = NOTHING) -> Caller:
    return Caller(Credential(kind=kind, name="x", user_id=1, access=access), Actor("x", 1))


def test_who_may_not_is_told_what_is_needed() -> None:
    someone = caller(Kind.USER, Access(projects=Projects(known=frozenset({"p"}))))
    with pytest.raises(PermissionDenied) as refused:
        someone.demand(Permission.CREATE_TAG_TYPE, Permission.CREATE_FEATURE, project="p", environment="e")
    assert refused.value.permissions == (Permission.CREATE_TAG_TYPE, Permission.CREATE_FEATURE)


def test_a_project_that_is_hidden_and_one_that_is_not_there_are_the_same() -> None:
    projects = Projects(known=frozenset({"hush"}), closed=frozenset({"hush"}), private=frozenset({"hush"}))
    someone = caller(Kind.USER, Access(projects=projects))
    texts = []
    for project in ("hush", "none"):
        with pytest.raises(NotFound) as refused:
            someone.demand(Permission.CREATE_FEATURE, project=project)
        texts.append(refused.value.message.replace(project, "it"))
    assert texts[0] == texts[1]
    caller(Kind.ADMIN, ADMINISTRATOR).demand(Permission.CREATE_FEATURE, project="hush")


def test_an_admin_token_may_do_everything_and_others_nothing() -> None:
    for access, may in ((ADMINISTRATOR, True), (NOTHING, False)):
        assert caller(Kind.ADMIN, access).may(Permission.CREATE_FEATURE) is caller(Kind.ADMIN, access).is_admin is may
