"""After a storm on several servers: do the log, what was acknowledged, what was delivered and what is shown agree?

Each function returns what is wrong, in words.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flagkeeper.eventlog.archive.blob_store import open_blob_store
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.eventlog.query import Candidate, matches, parse
from flagkeeper.kernel import clock
from tests.archive import archived, everything
from tests.log import Log
from tests.replicas import Replica
from tests.replicas_clients import SHARED, SOON, Caller, Change, Journal, Token, Watcher
from tests.server import BACKEND
from tests.truth import Line, impossible

MOST_AHEAD = clock.MINUTE
FEATURES = "/api/client/features"
EVENTS = "/api/admin/log/events"
QUERIES = (
    *("type:feature-environment-*", f"flag:{SHARED[0]}", "type:api-token-*", "type:segment-created", "text-c1-1"),
    *("-type:feature-* -type:api-token-*", "by:admin type:feature-created", "env:development type:*-strategy-*"),
)
PAGE = 100
_FEW = 3
"""Examples that are told of each kind."""


def whole_log(database_url: str, archive: Path) -> list[StoredEvent]:
    """Every event, in the archive or in the database, by id."""
    log = Log(database_url)
    try:
        old = archived(log, open_blob_store(str(archive))) if archive.exists() else []
        return sorted(old + everything(log), key=lambda event: event.row.id)
    finally:
        log.close()


def holes(log: Sequence[StoredEvent]) -> list[str]:
    """Ids start at 1, and each is there once."""
    ids = Counter(event.row.id for event in log)
    missing = sorted(set(range(1, max(ids) + 1)) - ids.keys())
    twice = sorted(id_ for id_, number in ids.items() if number > 1)
    return [
        *_some("missing event", [str(id_) for id_ in missing]),
        *_some("event both in the database and in the archive", [str(id_) for id_ in twice]),
    ]


def lost_or_doubled(log: Sequence[StoredEvent], changes: Sequence[Change]) -> list[str]:
    """What was acknowledged happened once; what was not, once at most; and nothing else happened.

    One request is one group of events, all of which come from its address.
    """
    groups: defaultdict[str, set[str | None]] = defaultdict(set)
    types: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for event in log:
        groups[event.row.ip].add(event.row.group_id)
        types[event.row.ip][event.row.type] += 1
    lost, doubled, other = [], [], []
    for change in changes:
        happened = types[change.address][change.type]
        told = f"{change.type} by {change.server} from {change.address}"
        if change.acknowledged is not None and not happened and not change.may_be_nothing:
            lost.append(told)
        if happened > 1 or len(groups[change.address]) > 1:
            doubled.append(f"{told}: {dict(types[change.address])} in {len(groups[change.address])} groups")
        if types[change.address] and not happened:
            other.append(f"{told} caused {dict(types[change.address])}")
    return [
        *_some("acknowledged, and not in the log", lost),
        *_some("in the log more than once", doubled),
        *_some("something else than was asked for", other),
    ]


def broken_chains(log: Sequence[StoredEvent]) -> list[str]:
    """Each event of a flag begins where the one before it ended."""
    story = [
        Line(
            event.row.id,
            event.row.type,
            event.subject,
            event.row.data,
            event.row.pre_data,
            event.version.schema,
            event.version.state,
        )
        for event in log
        if event.row.feature_name and event.version is not None
    ]
    return _some("impossible history", impossible(story))


def wrong_times(log: Sequence[StoredEvent], changes: Sequence[Change]) -> list[str]:
    """Times never fall, and none is later than its change was acknowledged, by more than a minute."""
    falls = [
        f"{event.row.id} at {clock.to_iso(event.row.created_at)}, after {clock.to_iso(before.row.created_at)}"
        for before, event in pairwise(log)
        if event.row.created_at < before.row.created_at
    ]
    acknowledged = {change.address: change.acknowledged for change in changes}
    end = time.time()
    ahead = [
        f"{event.row.id} of {clock.to_iso(event.row.created_at)} was over at {clock.to_iso(int(over * clock.SECOND))}"
        for event in log
        if event.row.created_at > (over := acknowledged.get(event.row.ip) or end) * clock.SECOND + MOST_AHEAD
    ]
    return [*_some("a time falls", falls), *_some("a time lies in the future", ahead)]


def undelivered(wanted: Sequence[int], arrived: Sequence[int]) -> list[str]:
    """Each event that the integration wants arrived at least once, and no other."""
    return [
        *_some("not delivered: event", [str(id_) for id_ in sorted(set(wanted) - set(arrived))]),
        *_some("delivered, though nobody wanted it: event", [str(id_) for id_ in sorted(set(arrived) - set(wanted))]),
    ]


def accepted_too_long(watchers: Sequence[Watcher]) -> list[str]:
    return [
        f"{watcher.server.name} accepted a revoked token for {watcher.longest:.1f} s"
        for watcher in watchers
        if watcher.longest > SOON
    ]


def wrong_credentials(servers: Sequence[Replica], living: Sequence[Token], revoked: Sequence[Token]) -> list[str]:
    """All that were not revoked open something everywhere, and the others nothing anywhere."""
    caller, found = Caller(Journal()), []
    for server in servers:
        for tokens, wanted in ((living, 200), (revoked, 401)):
            answers = [caller.ask(server, "GET", FEATURES, token=token.secret).status for token in tokens]
            found += [f"{server.name} answered {status}, not {wanted}" for status in answers if status != wanted]
    caller.close()
    return _some("wrong answer to a token", found)


def shown(server: Replica) -> dict[str, Any]:
    """What a server shows of what it keeps in memory: flags to SDKs, and what searches find."""
    caller = Caller(Journal())
    answer = caller.ask(server, "GET", FEATURES, token=BACKEND)
    found = {FEATURES: answer.body if answer.fine else answer.status}
    for query in QUERIES:
        answer = caller.ask(server, "GET", f"{EVENTS}?{urlencode({'q': query, 'limit': PAGE, 'total': 'exact'})}")
        found[query] = _listed(answer.body) if answer.fine else answer.status
    caller.close()
    return found


def _listed(body: Any) -> tuple[int, list[int]]:
    return body["total"]["events"], [event["id"] for event in body["events"]]


def searched(log: Sequence[StoredEvent]) -> dict[str, Any]:
    """What searches should find."""
    candidates = [(event.row.id, Candidate(event.row)) for event in reversed(log)]
    found: dict[str, Any] = {}
    for text in QUERIES:
        query = parse(text, clock.now())
        ids = [event_id for event_id, candidate in candidates if matches(query, candidate)]
        found[text] = (len(ids), ids[:PAGE])
    return found


def differences(name: str, got: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Where a server shows something else than is `wanted`."""
    wrong = [what for what in wanted if got[what] != wanted[what]]
    return [f"{name} shows {what} otherwise: {_short(got[what], wanted[what])}" for what in wrong]


def _short(got: Any, wanted: Any) -> str:
    if isinstance(got, dict) and isinstance(wanted, dict):
        flags, others = ({flag["name"]: flag for flag in each["features"]} for each in (got, wanted))
        wrong = sorted(name for name in flags.keys() | others.keys() if flags.get(name) != others.get(name))
        return f"flags {wrong[:_FEW]} ({len(wrong)} of {len(others)}), {got['meta']} instead of {wanted['meta']}"
    return f"{got!s:.150} instead of {wanted!s:.150}"


def _some(what: str, found: Sequence[str]) -> list[str]:
    """One line of a few of them, and how many there are."""
    if not found:
        return []
    return [f"{len(found)} x {what}: {'; '.join(found[:_FEW])}{' ...' if len(found) > _FEW else ''}"]
