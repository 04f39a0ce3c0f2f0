"""What tokens are, how secrets look, and the rules for making one. Pure."""

import re
from enum import StrEnum
from hashlib import sha256
from typing import Any, ClassVar

import msgspec

from flagkeeper.eventlog.catalogue.payload import TokenData
from flagkeeper.eventlog.catalogue.token import CdnTokenData, PatData, ServiceAccountTokenData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import is_system_name
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.ids import new_secret
from flagkeeper.kernel.text import check_line

ALL = "*"
DEFAULT_ENVIRONMENT = "development"
MOST_PATS = 10
"""Of one user."""
LONGEST_TEXT = 255
"""Characters of a token's name or description."""

_SCOPED = re.compile(r"(?P<project>\*|\[\]|[^:]+):(?P<environment>[^.:]+)\.(?P<random>.+)", re.DOTALL)
_SHOWN = 6
"""Characters of the random part that lists show, if there are so many that this gives nothing away."""


class TokenType(StrEnum):
    """Which API a token opens. `backend` is a synonym of `client` on the wire."""

    CLIENT = "client"
    FRONTEND = "frontend"
    ADMIN = "admin"


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token of an SDK or a tool. Nobody but its user has its secret."""

    id: int
    name: str
    type: TokenType
    environment: str
    projects: list[str]
    shown: str
    """What lists show in the place of the secret."""
    created_at: clock.Millis
    expires_at: clock.Millis | None
    seen_at: clock.Millis | None = None

    @property
    def project(self) -> str:
        """Its projects in one text, as events and older clients know them."""
        return ",".join(self.projects)

    def payload(self) -> TokenData:
        """How events show it."""
        return TokenData(
            id=self.id,
            token_name=self.name,
            username=self.name,
            type=self.type,
            environment=self.environment,
            project=self.project,
            projects=self.projects,
            created_at=clock.to_iso(self.created_at),
            expires_at=_iso(self.expires_at),
            seen_at=_iso(self.seen_at),
            alias=None,
            secure=True,
        )

    def cdn_payload(self) -> CdnTokenData:
        """How the event shows it that says what it was made for."""
        return CdnTokenData(
            token_name=self.name, project=self.project, environment=self.environment, expires_at=_iso(self.expires_at)
        )

    def state(self) -> "TokenState":
        return TokenState(
            name=self.name,
            type=self.type,
            environment=self.environment,
            projects=self.projects,
            created_at=self.created_at,
            expires_at=self.expires_at,
        )


class TokenState(Snapshot, frozen=True, kw_only=True):
    """A version of an API token: nothing of its secret, nor of its use."""

    kind: ClassVar = "api-token"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: _of_first_token(state["token"]) if state["token"] else None}
    name: str
    type: TokenType
    environment: str
    projects: list[str]
    created_at: clock.Millis
    expires_at: clock.Millis | None


class Pat(msgspec.Struct, frozen=True, kw_only=True):
    """A personal access token: it may do what its owner may."""

    id: int
    user_id: int
    description: str
    created_at: clock.Millis
    expires_at: clock.Millis
    seen_at: clock.Millis | None = None

    def payload(self) -> PatData:
        """How events show it."""
        return PatData(id=self.id, description=self.description, expires_at=clock.to_iso(self.expires_at), secure=True)

    def service_payload(self) -> ServiceAccountTokenData:
        """How events show it when it is a service account's."""
        return ServiceAccountTokenData(
            id=self.id,
            description=self.description,
            expires_at=clock.to_iso(self.expires_at),
            owner_id=self.user_id,
        )

    def state(self) -> "PatState":
        return PatState(
            user_id=self.user_id,
            description=self.description,
            created_at=self.created_at,
            expires_at=self.expires_at,
        )


class PatState(Snapshot, frozen=True, kw_only=True):
    """A version of a personal access token: nothing of its secret, nor of its use."""

    kind: ClassVar = "pat"
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: _of_first_pat(state["pat"]) if state["pat"] else None}
    user_id: int | None
    """Its owner. None, here and below: it was kept by an older version of Flagkeeper, which did not say."""
    description: str
    created_at: clock.Millis | None
    expires_at: clock.Millis


class TokenDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants an API token to be."""

    name: str
    type: TokenType
    environment: str
    projects: list[str]
    expires_at: clock.Millis | None = None


def draft(
    name: str,
    type_: TokenType,
    environment: str | None,
    projects: list[str] | None,
    expires_at: clock.Millis | None = None,
) -> TokenDraft:
    """A draft with defaults filled in: environment `development`, all projects.

    Raises:
        BadData: it breaks a rule.
    """
    _check_text(name, "/body/tokenName")
    if is_system_name(name):
        raise BadData("This name belongs to the system.", Detail(f"{name!r} is reserved.", "/body/tokenName"))
    if projects is not None and not all(projects):
        raise BadData("A project's id cannot be empty.", Detail("Leave it out, or name a project.", "/body/projects"))
    if projects == []:
        raise BadData("A token without projects opens nothing.", Detail("Name one, or `*` for all.", "/body/projects"))
    if type_ is TokenType.ADMIN:
        return TokenDraft(name=name, type=type_, environment=ALL, projects=[ALL], expires_at=expires_at)
    if environment == ALL:
        raise BadData(
            "A token of an SDK belongs to one environment.", Detail("Name the environment.", "/body/environment")
        )
    wanted = list(dict.fromkeys(projects or [ALL]))
    return TokenDraft(
        name=name,
        type=type_,
        environment=environment or DEFAULT_ENVIRONMENT,
        projects=[ALL] if ALL in wanted else wanted,
        expires_at=expires_at,
    )


def draft_of_secret(secret: str, type_: TokenType) -> TokenDraft:
    """What a secret that an operator brings along says of itself: `project:environment.random`. `[]` in the place of
    the project, and any other form of secret, means all projects; the other form means environment `development`.

    Raises:
        BadData: a secret of an SDK that names all environments.
    """
    scoped = _SCOPED.fullmatch(secret)
    if scoped is None:
        return draft("admin", type_, None, None)
    project = scoped["project"]
    return draft("admin", type_, scoped["environment"], None if project in (ALL, "[]") else [project])


def check_pat(description: str, expires_at: clock.Millis, now: clock.Millis) -> None:
    """Raises `BadData` for a personal access token without a description, or without a future."""
    _check_text(description, "/body/description")
    if expires_at <= now:
        raise BadData("The token would have expired already.", Detail("Choose a time to come.", "/body/expiresAt"))


def _check_text(text: str, path: str) -> None:
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise BadData("A token needs a name.", Detail(f"1 to {LONGEST_TEXT} characters are allowed.", path))
    check_line(text, path)


def new_api_secret(wanted: TokenDraft) -> str:
    """A fresh secret, `project:environment.<56 hex>`; the part before the dot is for people."""
    project = wanted.projects[0] if len(wanted.projects) == 1 else "[]"
    return f"{project}:{wanted.environment}.{new_secret()}"


def new_pat_secret() -> str:
    return f"user:{new_secret()}"


def hash_of(secret: str) -> str:
    """What is kept of a secret: its SHA-256, in hex. Secrets are random, so a fast hash is as good as a slow one."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def shown(secret: str) -> str:
    """A secret as lists show it: `default:development.f13c81***`."""
    scoped = _SCOPED.fullmatch(secret)
    if scoped is None:
        return "***"
    random = scoped["random"]
    beginning = random[:_SHOWN] if len(random) >= 8 * _SHOWN else ""
    return f"{scoped['project']}:{scoped['environment']}.{beginning}***"


def _of_first_token(token: dict[str, Any]) -> dict[str, Any]:
    """What the first schema kept: the payload of events."""
    expires_at = token["expiresAt"]
    return {
        "name": token["tokenName"],
        **{name: token[name] for name in ("type", "environment", "projects")},
        "createdAt": clock.from_iso(token["createdAt"]),
        "expiresAt": None if expires_at is None else clock.from_iso(expires_at),
    }


def _of_first_pat(pat: dict[str, Any]) -> dict[str, Any]:
    """What the first schema kept: the payload of events."""
    return {
        "userId": None,
        "description": pat["description"],
        "createdAt": None,
        "expiresAt": clock.from_iso(pat["expiresAt"]),
    }


def _iso(moment: clock.Millis | None) -> str | None:
    return None if moment is None else clock.to_iso(moment)
