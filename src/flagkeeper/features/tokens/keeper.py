"""The states of tokens, and the steps from one to another. Nobody can bring a token back: its secret is gone."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.tokens import queries, steps
from flagkeeper.features.tokens.model import ALL, PatState, TokenState
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class TokenKeeper:
    """Of all API tokens, `api-token/{id}`."""

    pattern = "api-token/{id}"
    state = TokenState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, TokenState]:
        found = queries.tokens_of(tx, [int(names(path, 1)[0]) for path in paths])
        return {f"api-token/{token.id}": token.state() for token in found}

    def refers(self, _path: str, state: TokenState) -> Iterable[str]:
        environments = [] if state.environment == ALL else [f"environment/{state.environment}"]
        return environments + [f"project/{project}" for project in state.projects if project != ALL]

    def steps(self, path: str, now: TokenState | None, then: TokenState | None) -> list[Step]:
        if now == then:
            return []
        id_ = int(names(path, 1)[0])
        if now is None:
            raise InvalidOperation(
                f"The API token {id_} cannot be brought back: it was deleted, and its secret with it. Make a new one."
            )
        if then is None:
            return [Step(steps.DELETE_TOKEN.name, steps.Delete(id=id_, type=now.type))]
        if now.projects != then.projects:
            raise InvalidOperation(f"What the API token {id_} opens cannot be changed. Make a new one.")
        wanted = steps.SetExpiry(id=id_, type=now.type, expires_at=then.expires_at)
        return [Step(steps.SET_EXPIRY.name, wanted)]


class PatKeeper:
    """Of all personal access tokens, `pat/{id}`."""

    pattern = "pat/{id}"
    state = PatState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, PatState]:
        found = queries.pats_with(tx, [int(names(path, 1)[0]) for path in paths])
        return {f"pat/{pat.id}": pat.state() for pat in found}

    def refers(self, _path: str, state: PatState) -> Iterable[str]:
        return [] if state.user_id is None else [f"user/{state.user_id}"]

    def steps(self, path: str, now: PatState | None, then: PatState | None) -> list[Step]:
        id_ = int(names(path, 1)[0])
        if now is None and then is not None:
            raise InvalidOperation(
                f"The personal access token {id_} cannot be brought back: it was deleted, and its secret with it. Its "
                "owner can make a new one."
            )
        if now is None or then is not None:
            return []  # It never changes while it is there.
        return [Step(steps.DELETE_PAT.name, steps.DeletePat(id=id_))]


KEEPERS = (TokenKeeper(), PatKeeper())
