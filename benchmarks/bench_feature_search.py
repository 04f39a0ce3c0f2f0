"""How long it takes to find flags: 10,000 of them, each in five environments and with twenty tags.

    python benchmarks/bench_feature_search.py [--flags 10000] [--rounds 40] [--database sqlite|postgresql]

Each line is one kind of question, asked with changing values, pages and orders: from the parameters of the URL to the
bytes of the answer, on the thread of a reader, without HTTP. A page has 50 flags. Three numbers of milliseconds of
processor time, SQLite's included and PostgreSQL's not: the median, the 95th of a hundred, and the slowest. "after a
change" changes a flag before each question, and finds it; "load" is the first question of a server, which reads all
flags.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments.tables import environments
from flagkeeper.features.flags import tables
from flagkeeper.features.flags.commands import metadata
from flagkeeper.features.flags.model.flag import Flag, FlagChange
from flagkeeper.features.flags.store import flags as store
from flagkeeper.features.segments.tables import segments
from flagkeeper.kernel import clock
from flagkeeper.readmodels.feature_search.memory import FlagMemory
from flagkeeper.readmodels.feature_search.page import search
from flagkeeper.readmodels.feature_search.question import read_question
from flagkeeper.storage.statement import Write
from tests.databases import migrated
from tests.log import Log
from tests.postgres_server import FAST, PostgresServer

WORDS = ("payment", "basket", "login", "search", "profile", "banner", "pricing", "invoice", "shipping", "reward")
PLACES = ("development", "test", "staging", "canary", "production")
TYPES = ("release", "experiment", "operational", "kill-switch", "permission")
TAGS, PROJECTS, PEOPLE, SEGMENTS, CHUNK = 20, 50, 200, 50, 100
ME = 1001


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flags", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    table = Table(title=f"milliseconds, {given.flags} flags")
    table.add_column("question")
    kinds = [given.database] if given.database else ["sqlite", "postgresql"]
    found: dict[str, list[str]] = {}
    for kind in kinds:
        table.add_column(kind, justify="right")
        with database(kind) as url:
            for question, taken in measured(Log(url), given.flags, given.rounds):
                found.setdefault(question, []).append(taken)
    for question, taken_on in found.items():
        table.add_row(question, *taken_on)
    Console(width=100).print(table)


@contextmanager
def database(kind: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="flagkeeper-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = PostgresServer(folder / "postgresql", dict.fromkeys(FAST, "on")) if kind == "postgresql" else None
        url = server.url if server else f"sqlite:///{folder}/flagkeeper.db"
        migrated(url)
        try:
            yield url
        finally:
            if server:
                server.stop()


def measured(log: Log, flags: int, rounds: int) -> Iterator[tuple[str, str]]:
    for start in range(0, flags, CHUNK):
        log.run(fill, start, min(flags, start + CHUNK), flags)
    memory, rng = FlagMemory(), random.Random(1)

    def ask(query: str) -> float:
        started = time.thread_time()
        question = read_question(parse_qsl(query))
        msgspec.json.encode(log.read(search, memory, question, EVERYTHING, ME))
        return (time.thread_time() - started) * 1000

    yield "load", f"{ask(''):.0f}"
    for name, query in questions(rng, flags).items():
        yield name, shown([ask(query()) for _ in range(rounds)])
    after = []
    for number in range(rounds):
        log.run(metadata.update, project_of(number), flag_name(number), FlagChange(description=f"changed-{number}"))
        after.append(ask(f"query=changed-{number}"))
    yield "after a change", shown(after)
    log.close()


def shown(taken: list[float]) -> str:
    p95 = statistics.quantiles(taken, n=20, method="inclusive")[-1]
    return f"{statistics.median(taken):.1f} / {p95:.1f} / {max(taken):.1f}"


def questions(rng: random.Random, flags: int) -> dict[str, Callable[[], str]]:
    def any_page() -> str:
        return f"offset={rng.randrange(0, flags, 50)}&sortOrder={rng.choice(('asc', 'desc'))}"

    def word() -> str:
        return rng.choice(WORDS)

    def tag() -> str:
        return f"team:{word()}-{rng.randrange(40)}"

    filters: dict[str, Callable[[], str]] = {
        "nothing": lambda: "",
        "query": lambda: f"query={word()}",
        "query, three words": lambda: f"query={word()}-3,{word()}-1,zzyzx",
        "query, found nowhere": lambda: "query=zzyzxabsent",
        "project": lambda: f"project=IS:project-{rng.randrange(PROJECTS):02}",
        "state": lambda: "state=IS_NOT:active",
        "type": lambda: f"type=IS_ANY_OF:{rng.choice(TYPES)},{rng.choice(TYPES)}",
        "lifecycle": lambda: f"lifecycle=IS:{rng.choice(('initial', 'pre-live', 'live', 'completed'))}",
        "createdBy": lambda: f"createdBy=IS:{1001 + rng.randrange(PEOPLE)}",
        "tag": lambda: f"tag=INCLUDE_ALL_OF:{tag()},{tag()}",
        "tag, excluded": lambda: f"tag=EXCLUDE_IF_ANY_OF:{tag()},{tag()}",
        "segment": lambda: f"segment=INCLUDE_ANY_OF:segment-{rng.randrange(SEGMENTS)},segment-3",
        "status": lambda: f"status[]={rng.choice(PLACES)}:enabled&status[]={rng.choice(PLACES)}:disabled",
        "createdAt": lambda: "createdAt=IS_BEFORE:2026-06-01",
        "lastSeenAt": lambda: "lastSeenAt=IS_ON_OR_AFTER:2026-11-01",
        "archived": lambda: "archived=IS:true",
        "favorite": lambda: "favorite=IS:true",
        "nine of them": lambda: (
            f"query={word()}&state=IS:active&type=IS_NOT:sunset&lifecycle=IS_NOT:archived&createdAt=IS_BEFORE:2027-01-01"
            f"&tag=DO_NOT_INCLUDE:{tag()}&segment=DO_NOT_INCLUDE:segment-1&status[]=production:enabled"
            "&project=IS_NOT:none"
        ),
    }
    orders = ("name", "type", "project", "createdAt", "createdBy", "lastSeenAt", "state", "lifecycle", "favorite")
    found = {name: (lambda ask=ask: f"{ask()}&{any_page()}") for name, ask in filters.items()}
    for order in (*orders, "environment:production"):
        found[f"by {order}"] = lambda order=order: f"sortBy={order}&favoritesFirst=true&{any_page()}"
    return found


def flag_name(number: int) -> str:
    return f"{WORDS[number % 10]}-{WORDS[number // 10 % 10]}-{number}"


def project_of(number: int) -> str:
    return f"project-{number % PROJECTS:02}"


def fill(unit: Unit, start: int, end: int, flags: int) -> None:
    """Flags and what hangs on them, without events."""
    rng = random.Random(start)
    if start == 0:
        _first(unit)
    now = clock.from_iso("2026-11-21T00:00:00.000Z")
    rows: dict[Any, list[dict[str, Any]]] = {}
    for number in range(start, end):
        name = flag_name(number)
        unit.silent(f"flag/{name}", "flags to measure with")
        unit.silent(f"favorite-flag/{name}", "flags to measure with")
        _flag(rows, rng, name, number, now - int(365 * clock.DAY * (1 - number / flags)), now)
    for row in rows.pop(tables.features):
        store.add(unit.tx, Flag(**row))
    for table, own in rows.items():
        unit.tx.write_many(Write[Any](insert(table)), own)


def _first(unit: Unit) -> None:
    for kind in ("environment", "segment"):
        unit.silent(kind, "flags to measure with")
    for number, place in enumerate(PLACES):
        here = {"name": place, "type": place, "sort_order": number, "enabled": True, "protected": False}
        unit.tx.write(Write[Any](insert(environments)), **here, required_approvals=None)
    named = [
        {"id": number, "name": f"segment-{number}", "constraints": "[]", "created_by": "x", "created_at": 1}
        for number in range(SEGMENTS)
    ]
    unit.tx.write_many(Write[Any](insert(segments)), [{**each, "description": None, "project": None} for each in named])


def _flag(
    rows: dict[Any, list[dict[str, Any]]], rng: random.Random, name: str, number: int, made: int, now: int
) -> None:
    def add(table: Any, **row: Any) -> None:
        rows.setdefault(table, []).append(row)

    by = rng.randrange(PEOPLE)
    add(
        tables.features,
        name=name,
        project=project_of(number),
        type=rng.choice(TYPES),
        description=" ".join(rng.choice(WORDS) for _ in range(12)),
        stale=rng.random() < 0.1,
        potentially_stale=rng.random() < 0.1,
        impression_data=False,
        created_at=made,
        created_by=f"person-{by}@example.com",
        created_by_user_id=1001 + by,
        archived_at=now if number >= CHUNK and rng.random() < 0.1 else None,
    )
    tags = {f"{rng.choice(WORDS)}-{rng.randrange(40)}" for _ in range(TAGS * 2)}
    for value in sorted(tags)[:TAGS]:
        add(tables.feature_tags, feature_name=name, type="team", value=value)
    for place in PLACES:
        here = {"feature_name": name, "environment": place}
        add(tables.feature_environments, **here, enabled=rng.random() < 0.5, variants="[]")
        add(tables.feature_last_seen, **here, at=now - rng.randrange(60 * clock.DAY))
        strategy = f"{name}-{place}"
        add(
            tables.feature_strategies,
            **here,
            id=strategy,
            strategy_name="default",
            title=None,
            disabled=False,
            parameters="{}",
            constraints="[]",
            variants="[]",
            sort_order=0,
            created_at=made,
        )
        if rng.random() < 0.2:
            segment = rng.randrange(SEGMENTS)
            add(tables.feature_strategy_segments, **here, strategy_id=strategy, segment_id=segment)
    live = made if rng.random() < 0.5 else None
    add(tables.feature_stages, feature_name=name, revived_at=None, pre_live_at=made, live_at=live)
    if rng.random() < 0.2:
        add(tables.feature_completions, feature_name=name, at=made, status="kept", status_value=None)
    if rng.random() < 0.02:
        add(tables.favorite_features, feature_name=name, user_id=ME)


if __name__ == "__main__":
    main()
