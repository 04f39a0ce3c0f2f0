"""Changing tokens: load, decide, write, record. A secret is returned once, by the command that makes it."""

from collections.abc import Mapping, Sequence

import msgspec

from flagkeeper.eventlog.catalogue.token import (
    ApiTokenCreated,
    ApiTokenDeleted,
    ApiTokenUpdated,
    CdnTokenCreated,
    PatCreated,
    PatDeleted,
    ServiceAccountTokenCreated,
    ServiceAccountTokenDeleted,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.environments import queries as environments
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.tokens import store
from flagkeeper.features.tokens.model import (
    ALL,
    MOST_PATS,
    ApiToken,
    Pat,
    PatState,
    TokenDraft,
    TokenState,
    TokenType,
    check_pat,
    draft_of_secret,
    hash_of,
    new_api_secret,
    new_pat_secret,
    shown,
)
from flagkeeper.features.users import queries as users
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Conflict, Detail, Forbidden, LimitExceeded, NameExists, NotFound


def create(unit: Unit, draft: TokenDraft, secret: str | None = None) -> tuple[ApiToken, str]:
    """Makes an API token and returns it with its secret: a fresh one, or the given one, which an operator chose.

    Raises:
        BadData: there is no such environment or project.
        LimitExceeded: there are too many tokens already.
    """
    token_id = store.new_id(unit.tx)
    if store.count(unit.tx) >= unit.limits.api_tokens:
        raise LimitExceeded(
            f"There are {unit.limits.api_tokens} API tokens already, which is the limit. Delete one first."
        )
    _demand_scope(unit, draft)
    secret = secret or new_api_secret(draft)
    token = ApiToken(
        id=token_id,
        name=draft.name,
        type=draft.type,
        environment=draft.environment,
        projects=draft.projects,
        shown=shown(secret),
        created_at=unit.now,
        expires_at=draft.expires_at,
    )
    store.add(unit.tx, token, hash_of(secret))
    unit.record(
        ApiTokenCreated(project=token.project, environment=token.environment, data=token.payload()), token.state()
    )
    return token, secret


def create_cdn(unit: Unit, draft: TokenDraft) -> tuple[ApiToken, str]:
    """Makes a frontend token for a content delivery network. Raises what `create` does."""
    token, secret = create(unit, draft)
    store.mark_cdn(unit.tx, token.id)
    unit.record(CdnTokenCreated(project=token.project, environment=token.environment, data=token.cdn_payload()))
    return token, secret


def set_expiry(unit: Unit, token_id: int, expires_at: clock.Millis | None) -> None:
    """Lets a token live until then (None: for ever). One that is gone meanwhile stays gone."""
    old = store.load(unit.tx, token_id)
    if old is None or old.expires_at == expires_at:
        return
    store.set_expiry(unit.tx, token_id, expires_at)
    _record_update(unit, old, msgspec.structs.replace(old, expires_at=expires_at))


def delete(unit: Unit, token_id: int) -> None:
    """Revokes a token. One that is gone already is no error."""
    token = store.load(unit.tx, token_id)
    if token is not None:
        _delete(unit, token)


def demand_type(unit: Unit, token_id: int, type_: TokenType) -> None:
    """For those who may do something to tokens of one type. One that is gone is no error.

    Raises:
        Conflict: it is of another type.
    """
    token = store.load(unit.tx, token_id)
    if token is not None and token.type is not type_:
        raise Conflict(f"The API token {token_id} is no {type_} token.")


def demand_only_project(unit: Unit, token_id: int, project: str) -> None:
    """For those who may do something to tokens of one project. One that is gone is no error.

    Raises:
        Conflict: it opens another project too, or instead.
    """
    token = store.load(unit.tx, token_id)
    if token is not None and token.projects != [project]:
        raise Conflict(f"The API token {token_id} opens more than the project {project!r}.")


def delete_of_environment(unit: Unit, environment: str, most: int) -> int:
    """Revokes at most so many tokens of an environment that is being deleted; returns how many."""
    found = store.of_environment(unit.tx, environment)[:most]
    for token in found:
        _delete(unit, token)
    return len(found)


def delete_of_project(unit: Unit, project: str, most: int) -> int:
    """Takes a project that is being deleted out of at most so many tokens, and revokes those that open nothing else;
    returns how many that were."""
    found = store.of_project(unit.tx, project)[:most]
    for token in found:
        left = [each for each in token.projects if each != project]
        if not left:
            _delete(unit, token)
            continue
        store.set_projects(unit.tx, token.id, left)
        _record_update(unit, token, msgspec.structs.replace(token, projects=left))
    return len(found)


def seed(unit: Unit, type_: TokenType, secrets: Sequence[str]) -> None:
    """Makes tokens that the operator chose.

    Raises:
        BadData: one of them names an environment or a project that does not exist.
    """
    for secret in dict.fromkeys(secrets):
        create(unit, draft_of_secret(secret, type_), secret)


def create_pat(unit: Unit, user_id: int, description: str, expires_at: clock.Millis) -> tuple[Pat, str]:
    """Makes a token of a person, or of a service account, and returns it with its secret.

    Raises:
        BadData: without a description, or already expired.
        NotFound: there is no such user.
        NameExists: the user has one with this description.
        LimitExceeded: the user has too many.
    """
    check_pat(description, expires_at, unit.now)
    pat_id = store.new_pat_id(unit.tx)
    if not users.exists(unit.tx, user_id):
        raise NotFound(f"Only users have personal access tokens, and no user has the id {user_id}.")
    others = store.pats_of(unit.tx, user_id)
    if any(each.description == description for each in others):
        raise NameExists(f"You have a token called {description!r} already. Choose another description.")
    if len(others) >= MOST_PATS:
        raise LimitExceeded(f"You have {MOST_PATS} personal access tokens, which is the limit. Delete one first.")
    secret = new_pat_secret()
    pat = Pat(id=pat_id, user_id=user_id, description=description, created_at=unit.now, expires_at=expires_at)
    store.add_pat(unit.tx, pat, hash_of(secret))
    if users.is_service(unit.tx, user_id):
        created = ServiceAccountTokenCreated(data=pat.service_payload())
        unit.record(created, also={f"pat/{pat.id}": pat.state()})
    else:
        unit.record(PatCreated(data=pat.payload()), pat.state())
    return pat, secret


def delete_pat(unit: Unit, user_id: int, pat_id: int) -> None:
    """Revokes one of the user's own tokens. One that is gone already is no error."""
    for pat in store.pats_of(unit.tx, user_id):
        if pat.id == pat_id:
            _delete_pat(unit, pat)


def demand_own_pat(unit: Unit, pat_id: int) -> None:
    """Raises `Forbidden` when the token is somebody else's. One that is gone is no error."""
    pat = store.load_pat(unit.tx, pat_id)
    if pat is not None and pat.user_id != unit.actor.user_id:
        raise Forbidden("Only its owner may revoke a personal access token.")


def delete_pats_of(unit: Unit, user_id: int) -> None:
    """Revokes every personal access token of a user who is being deleted."""
    for pat in store.pats_of(unit.tx, user_id):
        _delete_pat(unit, pat)


def record_seen(unit: Unit, seen: Mapping[str, clock.Millis]) -> None:
    """Keeps when tokens were last used, by the hash of their secret."""
    store.save_seen(unit.tx, seen)


def _demand_scope(unit: Unit, draft: TokenDraft) -> None:
    """The environment and the projects exist, and will until the unit ends."""
    for place, name, lock in (
        ("/body/environment", draft.environment, environments.lock_shared),
        *(("/body/projects", project, projects.lock_shared) for project in sorted(draft.projects)),
    ):
        if name == ALL:
            continue
        try:
            lock(unit.tx, name)
        except NotFound as error:
            raise BadData(error.message, Detail(error.message, place)) from error


def _record_update(unit: Unit, old: ApiToken, new: ApiToken) -> None:
    unit.record(
        ApiTokenUpdated(project=new.project, environment=new.environment, data=new.payload(), pre_data=old.payload()),
        new.state(),
    )


def _delete(unit: Unit, token: ApiToken) -> None:
    store.remove(unit.tx, token.id)
    unit.record(
        ApiTokenDeleted(project=token.project, environment=token.environment, pre_data=token.payload()),
        Gone(TokenState),
    )


def _delete_pat(unit: Unit, pat: Pat) -> None:
    store.remove_pat(unit.tx, pat.id)
    if users.is_service(unit.tx, pat.user_id):
        unit.record(ServiceAccountTokenDeleted(data=pat.service_payload()), also={f"pat/{pat.id}": Gone(PatState)})
    else:
        unit.record(PatDeleted(data=pat.payload()), Gone(PatState))
