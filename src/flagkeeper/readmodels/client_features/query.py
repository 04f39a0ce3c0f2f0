"""What an SDK asks for: its token's scope, narrowed by the query. Pure."""

import re
from hashlib import sha256
from urllib.parse import parse_qsl

import msgspec

from flagkeeper.features.tags.model import read_tag
from flagkeeper.http.caller import Credential
from flagkeeper.http.sdk import DEFAULT_ENVIRONMENT
from flagkeeper.kernel.errors import BadData

_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)
_KNOWS_SEGMENTS = (4, 2, 0)
"""The first client specification in which SDKs resolve segments themselves."""

LONGEST_VERSION = 100
MOST_PARAMETERS = 200


class FeatureQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which flags, of which environment, in which form."""

    environment: str
    projects: tuple[str, ...] | None = None
    """None: all."""
    name_prefix: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    """Flags with any one of these; all flags when there are none."""
    inline: bool

    def sees(self, name: str, project: str, tags: frozenset[tuple[str, str]]) -> bool:
        return (
            (self.projects is None or project in self.projects)
            and (self.name_prefix is None or name.startswith(self.name_prefix))
            and (not self.tags or not tags.isdisjoint(self.tags))
        )

    def encode(self) -> bytes:
        """As the answer repeats it."""
        return msgspec.json.encode(
            QueryOut(
                tag=self.tags or msgspec.UNSET,
                project=msgspec.UNSET if self.projects is None else self.projects,
                namePrefix=self.name_prefix or msgspec.UNSET,
                environment=self.environment,
                inlineSegmentConstraints=self.inline,
            )
        )

    def hash_in(self, epoch: str) -> str:
        """Eight hex digits that differ from query to query, and from log to log."""
        return sha256(epoch.encode() + self.encode()).hexdigest()[:8]


class QueryOut(msgspec.Struct, frozen=True, kw_only=True):
    """The query that an answer is for, without what filters nothing."""

    tag: tuple[tuple[str, str], ...] | msgspec.UnsetType
    project: tuple[str, ...] | msgspec.UnsetType
    namePrefix: str | msgspec.UnsetType  # noqa: N815 - a wire name
    environment: str
    inlineSegmentConstraints: bool  # noqa: N815 - a wire name


def read_query(credential: Credential, query_string: bytes, client_spec: str | None) -> FeatureQuery:
    """The query of a request. What the token is limited to cannot be asked otherwise; other parameters are ignored.

    Raises:
        BadData: a tag or the version of the client specification is malformed.
    """
    given = read_parameters(query_string)
    projects: tuple[str, ...] | None = credential.projects
    if "*" in credential.projects:
        projects = tuple(dict.fromkeys(value for name, value in given if name == "project")) or None
    named = {name: value for name, value in given if name in ("environment", "namePrefix")}
    environment = credential.environment
    if environment == "*":
        environment = named.get("environment", DEFAULT_ENVIRONMENT)
    return FeatureQuery(
        environment=environment,
        projects=projects,
        name_prefix=named.get("namePrefix"),
        tags=tuple(dict.fromkeys(_tag(value) for name, value in given if name == "tag")),
        inline=not knows_segments(client_spec),
    )


def knows_segments(client_spec: str | None) -> bool:
    """Whether an SDK that announces this version of the client specification resolves segments itself.

    Raises:
        BadData: it is no semantic version.
    """
    if not client_spec:
        return False
    match = _SEMVER.fullmatch(client_spec) if len(client_spec) <= LONGEST_VERSION else None
    if match is None:
        raise BadData(f"Unleash-Client-Spec must be a version such as 5.2.0, not {client_spec[:40]!r}.")
    version = (int(match[1]), int(match[2]), int(match[3]))
    return version > _KNOWS_SEGMENTS or (version == _KNOWS_SEGMENTS and match[4] is None)


def read_parameters(query_string: bytes) -> list[tuple[str, str]]:
    """The parameters of a query in their order. Raises `BadData` when there are too many."""
    try:
        return parse_qsl(query_string.decode("latin-1"), max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise BadData(f"A query has at most {MOST_PARAMETERS} parameters.") from error


def _tag(text: str) -> tuple[str, str]:
    tag = read_tag(text)
    return tag.type, tag.value
