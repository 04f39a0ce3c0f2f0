"""How a node is: what it has to serve, how new that is, and what is wrong."""

from typing import Literal

import msgspec
from msgspec.structs import replace

from flagkeeper.edge.forwarder import Forwarder
from flagkeeper.edge.snapshots import Snapshots
from flagkeeper.edge.source import EdgeFeatures
from flagkeeper.edge.tokens import Tokens
from flagkeeper.kernel import clock

_NOTHING_YET = "No flags have come yet, and none were kept on disk."
_NOBODY_VALID = "Upstream does not say of any token that it is valid."


class Upstream(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How things stand with one scope. Which projects it has is nobody's business who shows no token."""

    environment: str
    mode: str
    """`streaming`, `polling`, `waiting` (upstream is away) or `starting`."""
    revision: int | None
    """None: there are no flags yet."""
    stale_since: str | None = None
    """Since when nobody knows whether the flags are what upstream has."""
    why: str | None = None
    """Why they cannot be had now: for those inside, as it names addresses."""


class EdgeHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`GET /ready`. With 503 it is `BAD`: there is nothing to serve."""

    health: Literal["GOOD", "BAD"]
    stale_since: str | None = None
    """The oldest of those below; not there when all flags are what upstream has."""
    reasons: list[str] = []
    notes: list[str] = []
    upstream: list[Upstream]


def health_of(features: EdgeFeatures, tokens: Tokens, forwarder: Forwarder, snapshots: Snapshots) -> EdgeHealth:
    """What is served goes on being served while upstream is away; that alone is no reason to send SDKs elsewhere."""
    notes = {
        "Upstream cannot be asked about tokens.": tokens.trouble,
        "Reports of SDKs wait for upstream.": forwarder.trouble,
        "Nothing can be written to BACKUP_FOLDER.": snapshots.trouble,
    }
    found = []
    for each in features.followers():
        followed = each.followed
        since = followed.stale_since
        found.append(
            Upstream(
                environment=followed.scope.environment,
                mode=each.mode,
                revision=None if followed.now is None else followed.now.revision.id,
                stale_since=None if since is None or followed.now is None else clock.to_iso(since),
                why=each.trouble,
            )
        )
    serves = any(each.revision is not None for each in found)
    stale = [each.stale_since for each in found if each.stale_since is not None]
    return EdgeHealth(
        health="GOOD" if serves else "BAD",
        stale_since=min(stale, default=None),
        reasons=[] if serves else [_NOTHING_YET if found else _NOBODY_VALID],
        notes=[note for note, trouble in notes.items() if trouble],
        upstream=sorted(found, key=lambda each: (each.environment, each.mode)),
    )


def for_strangers(health: EdgeHealth) -> EdgeHealth:
    """Without what names addresses of the network behind the node."""
    return replace(health, upstream=[replace(each, why=None) for each in health.upstream])
