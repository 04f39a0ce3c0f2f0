"""How long it takes to say how a project gets on, with many events in the log, and to add its figures up.

    python benchmarks/bench_project_reads.py [--events 1000000] [--flags 5000] [--database sqlite|postgresql]

The events are spread over the 365 days before now and over 50 projects; the flags are all in one of these, each in two
environments and seen by an SDK in both. First the durable follower adds up the figures of the whole log (events a
second); then each read is asked up to 200 times. Times are those of the transaction and of encoding the answer: the
median and the 99th percentile by the clock; and by the processor, which on SQLite does all the work in this process.
The request around it costs half a millisecond more.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from sqlalchemy import bindparam, insert, update

sys.path.insert(0, str(Path(__file__).parent.parent))

from measured_server import postgresql, sqlite

from flagkeeper.eventlog.durable import DurableRunner
from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.tables import events, log_head
from flagkeeper.features.flags.tables import feature_environments, feature_last_seen, features
from flagkeeper.kernel import clock
from flagkeeper.readmodels.project_figures import queries, schemas
from flagkeeper.readmodels.project_figures.follower import ProjectFigures
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction
from tests.databases import started
from tests.log import Log

PROJECTS, GOAL = 50, 20
ROUNDS, SECONDS, LEAST = 200, 3.0, 20
TYPES = ("feature-updated", "feature-created", "feature-environment-enabled", "feature-archived")
COLUMNS = [each.name for each in events.columns]
PLACES = ("development", "production")
_MOVE = Write[Any](update(log_head).where(log_head.c.id == bindparam("head")).values(last_id=bindparam("last")))
_encode = msgspec.json.Encoder().encode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--flags", type=int, default=5_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    table = Table(
        title=f"{given.events:,} events, {given.flags:,} flags: p50 (p99); processor time of this process, in ms"
    )
    for heading in ("database", "added up, events/s", *READS):
        table.add_column(heading, justify="left" if heading == "database" else "right")
    for kind in given.database or ["sqlite", "postgresql"]:
        with sqlite() if kind == "sqlite" else postgresql() as (url, _):
            started(url)
            log = Log(url)
            try:
                fill(log, given.events, given.flags)
                rate = asyncio.run(added_up(log, given.events))
                table.add_row(kind, f"{rate:,.0f}", *(timed(log, read) for read in READS.values()))
            finally:
                log.close()
    Console(width=150).print(table, f"goal: {GOAL} ms")


def fill(log: Log, number: int, flags: int) -> None:
    connection = log.database.connect()
    connection.begin()
    tx = Transaction(connection)
    last = log.count()
    tx.copy_in(events, COLUMNS, rows(last + 1, number))
    tx.write(_MOVE, head=1, last=last + number)
    names = [f"feature-{i:04}" for i in range(flags)]
    now = clock.now()
    for table, made in (
        (features, ((n, "default", "release", None, False, False, False, now, "x", 1, None) for n in names)),
        (feature_environments, ((n, place, True, "[]") for n in names for place in PLACES)),
        (feature_last_seen, ((n, place, now) for n in names for place in PLACES)),
    ):
        bound = {each.name: "feature_name" if each.name == "name" else each.name for each in table.columns}
        write = Write[Any](insert(table).values({column: bindparam(name) for column, name in bound.items()}))
        tx.write_many(write, [dict(zip(bound.values(), each, strict=True)) for each in made])
    connection.commit()
    connection.close()


def rows(first: int, number: int) -> Iterator[tuple[Any, ...]]:
    rng, step, start = random.Random(1), 365 * clock.DAY / number, clock.now() - 365 * clock.DAY
    data = '{"name":"feature","description":"' + "some words " * 20 + '"}'
    for i in range(number):
        project = rng.randrange(PROJECTS)
        made = {
            "id": first + i,
            "type": rng.choice(TYPES),
            "created_at": start + int(i * step),
            "created_by": "ada",
            "created_by_user_id": 1,
            "project": f"project-{project}" if project else "default",
            "environment": rng.choice(PLACES),
            "feature_name": f"feature-{rng.randrange(5_000):04}",
            "data": data,
            "tags": "[]",
            "label": "",
            "summary": "",
            "ip": "",
            "subject": "flag/feature",
            "reach": 0,
        }
        yield tuple(made.get(name) for name in COLUMNS)


async def added_up(log: Log, number: int) -> float:
    runner = DurableRunner(ProjectFigures(), log.units, log.reader, log.log_reader)
    began = time.perf_counter()
    while await runner.step():
        pass
    taken = time.perf_counter() - began
    await runner.stop()
    return number / taken


def timed(log: Log, read: Callable[[Transaction], object]) -> str:
    taken: list[float] = []
    busy = time.process_time()
    end = time.perf_counter() + SECONDS
    while len(taken) < ROUNDS and (time.perf_counter() < end or len(taken) < LEAST):
        began = time.perf_counter()
        _encode(log.read(read))
        taken.append((time.perf_counter() - began) * 1000)
    busy = (time.process_time() - busy) / len(taken) * 1000
    taken.sort()
    return f"{statistics.median(taken):.1f} ({taken[int(len(taken) * 0.99)]:.1f}); {busy:.1f}"


READS: dict[str, Callable[[Transaction], object]] = {
    "overview": lambda tx: schemas.shown_overview(queries.overview(tx, "default", EVERYTHING, 1)),
    "status": lambda tx: schemas.shown_status(queries.status(tx, "default", EVERYTHING)),
    "insights": lambda tx: schemas.shown_insights(*queries.insights(tx, "default", EVERYTHING, 1)),
    "health report": lambda tx: schemas.shown_report(*queries.health_report(tx, "default", EVERYTHING, 1)),
}


if __name__ == "__main__":
    main()
