"""Tokens for Edge on the wire."""

from typing import Annotated

import msgspec

from flagkeeper.features.edge.commands import Issued
from flagkeeper.features.edge.model import MOST_TOKENS, Wanted
from flagkeeper.features.tokens.schemas import BACKEND, EdgeToken, EdgeTokens


class WantedBody(msgspec.Struct, frozen=True, kw_only=True):
    environment: str
    projects: Annotated[list[str], msgspec.Meta(max_length=MOST_TOKENS)]


class IssueBody(msgspec.Struct, frozen=True, kw_only=True):
    tokens: Annotated[list[WantedBody], msgspec.Meta(max_length=MOST_TOKENS)]

    def wanted(self) -> list[Wanted]:
        return [Wanted(environment=each.environment, projects=each.projects) for each in self.tokens]


def shown(issued: list[Issued]) -> EdgeTokens:
    return EdgeTokens(
        tokens=[
            EdgeToken(
                token=each.secret,
                type=BACKEND,
                environment=each.token.environment,
                projects=tuple(each.token.projects),
            )
            for each in issued
        ]
    )
