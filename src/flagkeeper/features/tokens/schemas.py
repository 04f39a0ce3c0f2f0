"""Tokens on the wire."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.catalogue.payload import one_of
from flagkeeper.features.tokens.model import ApiToken, Pat, TokenDraft, TokenType, draft
from flagkeeper.http.authentication import TokenView
from flagkeeper.http.caller import Kind
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.limits import AtOnce

BACKEND = "backend"
ShownType = Annotated[str, one_of(*TokenType, BACKEND)]
_TYPES = {"client": TokenType.CLIENT, BACKEND: TokenType.CLIENT, "frontend": TokenType.FRONTEND}


class NewTokenBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client sends to make an API token."""

    token_name: str
    type: str
    """`client`, its synonym `backend`, or `frontend`, in any case. Admin tokens are made by the operator only."""
    environment: str | None = None
    project: str | None = None
    projects: AtOnce[str] | None = None
    expires_at: datetime | None = None

    def draft(self) -> TokenDraft:
        """Raises `BadData`."""
        one = [self.project] if self.project else None
        projects = one if self.projects is None else self.projects
        return draft(self.token_name, self.wanted_type(), self.environment, projects, _millis(self.expires_at))

    def draft_of(self, project: str) -> TokenDraft:
        """The same for one project, whatever the body says of projects. Raises `BadData`."""
        return draft(self.token_name, self.wanted_type(), self.environment, [project], _millis(self.expires_at))

    def wanted_type(self) -> TokenType:
        """Raises `BadData`."""
        found = _TYPES.get(self.type.lower())
        if found is None:
            raise BadData(
                f"There is no token type {self.type!r} to be made here.",
                Detail(f"Use one of {', '.join(_TYPES)}.", "/body/type"),
            )
        return found


class CdnTokenBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    token_name: str
    project: str | None = None
    """Left out: all projects."""
    environment: str
    expires_at: datetime | None = None

    def draft(self) -> TokenDraft:
        """Raises `BadData`."""
        one = [self.project] if self.project else None
        return draft(self.token_name, TokenType.FRONTEND, self.environment, one, _millis(self.expires_at))


class CdnTokenOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    token_name: str
    project: str
    environment: str
    expires_at: clock.Iso | None


class CdnTokenList(msgspec.Struct, frozen=True, kw_only=True):
    tokens: list[CdnTokenOut]


class ExpiryBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    expires_at: datetime | None
    """None: never."""

    def millis(self) -> clock.Millis | None:
        return _millis(self.expires_at)


class NewPatBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    description: str
    expires_at: datetime

    def millis(self) -> clock.Millis:
        return clock.of_datetime(self.expires_at)


class TokenOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    """Ours: names a token where its secret cannot."""
    secret: str
    """The whole secret in the answer to making it; ever after only how it begins."""
    token_name: str
    type: ShownType
    environment: str
    project: str
    projects: list[str]
    created_at: clock.Iso
    expires_at: clock.Iso | None
    seen_at: clock.Iso | None
    alias: None = None
    secure: bool = True
    """Only a hash is kept."""


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    tokens: list[TokenOut]


class PatOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    user_id: int
    description: str
    created_at: clock.Iso
    expires_at: clock.Iso
    seen_at: clock.Iso | None
    secret: str | UnsetType = UNSET
    """Only in the answer to making it."""


class PatList(msgspec.Struct, frozen=True, kw_only=True):
    pats: list[PatOut]


class EdgeTokensBody(msgspec.Struct, frozen=True, kw_only=True):
    tokens: list[str]


class EdgeToken(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    type: ShownType
    environment: str
    projects: tuple[str, ...]


class EdgeTokens(msgspec.Struct, frozen=True, kw_only=True):
    tokens: list[EdgeToken]


def shown_valid(secrets: Iterable[str], tokens: TokenView) -> EdgeTokens:
    """Those that are valid tokens, and what they open. What people have for themselves is nobody else's business."""
    found = [(secret, tokens.find(secret)) for secret in dict.fromkeys(secrets)]
    return EdgeTokens(
        tokens=[
            EdgeToken(token=secret, type=known.kind, environment=known.environment, projects=known.projects)
            for secret, known in found
            if known is not None and known.kind is not Kind.USER
        ]
    )


def shown(token: ApiToken) -> TokenOut:
    return TokenOut(
        id=token.id,
        secret=token.shown,
        token_name=token.name,
        type=token.type,
        environment=token.environment,
        project=token.project,
        projects=token.projects,
        created_at=clock.to_iso(token.created_at),
        expires_at=_iso(token.expires_at),
        seen_at=_iso(token.seen_at),
    )


def shown_once(token: ApiToken, secret: str, asked: str) -> TokenOut:
    """A new token with its secret; its type is called what the client called it."""
    return msgspec.structs.replace(shown(token), secret=secret, type=asked.lower())


def shown_cdn(token: ApiToken) -> CdnTokenOut:
    return CdnTokenOut(
        token_name=token.name,
        project=token.project,
        environment=token.environment,
        expires_at=_iso(token.expires_at),
    )


def shown_pat(pat: Pat) -> PatOut:
    return PatOut(
        id=pat.id,
        user_id=pat.user_id,
        description=pat.description,
        created_at=clock.to_iso(pat.created_at),
        expires_at=clock.to_iso(pat.expires_at),
        seen_at=_iso(pat.seen_at),
    )


def _iso(moment: clock.Millis | None) -> str | None:
    return None if moment is None else clock.to_iso(moment)


def _millis(moment: datetime | None) -> clock.Millis | None:
    return None if moment is None else clock.of_datetime(moment)
