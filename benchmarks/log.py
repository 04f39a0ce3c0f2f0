"""How fast the event log is found, counted and paged through, with many events in it.

    python benchmarks/log.py 1000000 [--database sqlite|postgresql] [--keep FOLDER]

The events are those of `seed_events.py`, brought in by `flagkeeper events import`. Each question is asked over one
connection that is kept open, up to 200 times or for 2 seconds; the table has medians (and the 99th percentile) in
milliseconds, as a client sees them. Questions in the language go to our own endpoint, whose total is counted up to
1,000; beside it stands the same question to the compatible endpoint, whose total is exact. The server of the table
works out every answer: it does not keep those of a moment ago, as a server does while nothing happens (`Recent`).
"""

import argparse
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from measured_server import ADMIN, Measured
from rich.console import Console
from rich.table import Table
from seed_events import Seeds

from tests.postgres_server import FAST, PostgresServer

OURS, COMPATIBLE = "/api/admin/log/events", "/api/admin/search/events"
ROUNDS, SECONDS = 200, 2.0
CLI = [sys.executable, "-c", "from flagkeeper.cli import main; main()"]
WEEK = {"from": "IS:2026-06-01", "to": "IS:2026-06-07"}


class Unkept(Measured):
    """A server that gives no answer twice."""

    program = """
from flagkeeper.readmodels.event_search.recent import Recent
Recent.answer = lambda self, head, asked, make: make()
from flagkeeper.cli import main
main()
"""


class Question(NamedTuple):
    """What is asked, in our words and in Unleash's; and the goal at a million events, in milliseconds."""

    name: str
    goal: float | None
    ours: dict[str, str] | None = None
    theirs: dict[str, str] | None = None
    path: str | None = None


def word(name: str, text: str, extra: str = "") -> Question:
    theirs = {"query": text, **({"project": "IS:project-20"} if extra else {})}
    return Question(name, 10, {"q": f"{text}{extra}"}, theirs)


QUESTIONS = [
    Question("newest page", 3, {}, {}),
    Question("project", 3, {"q": "project:project-20"}, {"project": "IS:project-20"}),
    Question("flag, busy", 3, {"q": "flag:feature-0001"}, {"feature": "IS:feature-0001"}),
    Question("flag, quiet", 3, {"q": "flag:feature-4000"}, {"feature": "IS:feature-4000"}),
    Question("type, common", 3, {"q": "type:feature-strategy-update"}, {"type": "IS:feature-strategy-update"}),
    Question("type, rare", 3, {"q": "type:user-deleted"}, {"type": "IS:user-deleted"}),
    Question("actor, busy", 3, {"q": "by:user000@example.com"}, {"createdBy": "IS:1001"}),
    Question("actor, quiet", 3, {"q": "by:user190@example.com"}, {"createdBy": "IS:1191"}),
    Question("environment", 3, {"q": "env:production"}, {"environment": "IS:production"}),
    Question("one week", 3, {"q": "since:2026-06-01 until:2026-06-07"}, WEEK),
    Question(
        "project + type + week",
        3,
        {"q": "project:project-20 type:feature-strategy-update since:2026-06-01 until:2026-06-07"},
        {"project": "IS:project-20", "type": "IS:feature-strategy-update", **WEEK},
    ),
    Question("changed:strategies.rollout", 3, {"q": "changed:strategies.rollout"}),
    word("word, common", "checkout"),
    word("word, rare", "xylophone"),
    word("word, absent", "zzyzxabsent"),
    word("word, common + project", "checkout", " project:project-20"),
    word("word, absent + project", "zzyzxabsent", " project:project-20"),
    Question("part of a word, common", 60, {"q": '"heckou"'}, {"query": "heckou"}),
    Question("part of a word, rare", 60, {"q": '"ylophon"'}, {"query": "ylophon"}),
    Question("part of a word, absent", 60, {"q": '"zyzxabs"'}, {"query": "zyzxabs"}),
    Question("offset 1,000", 50, {"offset": "1000"}, {"offset": "1000"}),
    Question("offset 500,000", 50, {"offset": "500000"}, {"offset": "500000"}),
    Question("a flag's events", None, path="/api/admin/events/feature-4000"),
    Question("event creators", 5, path="/api/admin/event-creators"),
    Question("counts per day of a year", 50, path="/api/admin/log/counts?bucket=day&q=since:2025-11-22"),
    Question("counts per day and type", None, path="/api/admin/log/counts?bucket=day&by=type&q=since:2025-11-22"),
    Question("counts by project, a word", None, path="/api/admin/log/counts?bucket=total&by=project&q=checkout"),
]


class Times(NamedTuple):
    p50: float
    p99: float
    hits: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", type=int)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--keep", type=Path, help="Keep the filled databases here, and use them if they are there.")
    given = parser.parse_args()
    kinds = given.database or ["sqlite", "postgresql"]
    console = Console(width=150)
    columns: list[tuple[str, dict[str, Times]]] = []
    facts: list[str] = []
    for kind in kinds:
        with filled(kind, given.events, given.keep, facts) as (url, folder):
            with running(Unkept(url, folder)) as server:
                columns += [(f"{kind} {name}", times) for name, times in measure(server).items()]
                facts.append(f"{kind}: 16 connections, 2,000 different pages: {loaded(server, 'pages')}")
                facts.append(f"{kind}: server's memory afterwards: {server.memory():.0f} MB")
            with running(Measured(url, folder)) as server:
                facts.append(f"{kind}: 16 connections, the newest page: {loaded(server, 'get')} (goal 1,000)")
    table = Table(title=f"{given.events:,} events: p50 (p99) in ms")
    for heading in ("question", "goal", *(name for name, _ in columns), "events"):
        table.add_column(heading, justify="left" if heading == "question" else "right")
    for question in QUESTIONS:
        cells = [times.get(question.name) for _, times in columns]
        hits = next((cell.hits for cell in reversed(cells) if cell), "")
        shown = [f"{cell.p50:.2f} ({cell.p99:.1f})" if cell else "" for cell in cells]
        table.add_row(question.name, f"{question.goal:g}" if question.goal else "", *shown, hits)
    console.print(table)
    for fact in facts:
        console.print(fact)


def loaded(server: Measured, mode: str) -> str:
    load = server.wrk(f"{OURS}?", connections=16, token=ADMIN, mode=mode)
    if load["wrong"]:
        sys.exit(f"{load['wrong']} requests failed")
    return f"{load['per_second']:,.0f}/s"


@contextmanager
def running(server: Measured) -> Iterator[Measured]:
    try:
        yield server
    finally:
        server.stop()


def measure(server: Measured) -> dict[str, dict[str, Times]]:
    """Times by endpoint and question."""
    via = server.connection()
    cursor = deep_cursor(server, via)
    ours: dict[str, Times] = {}
    theirs: dict[str, Times] = {}
    for question in QUESTIONS:
        if question.path:
            ours[question.name] = ask(server, via, question.path)
        if question.ours is not None:
            ours[question.name] = ask(server, via, f"{OURS}?{urlencode(question.ours)}")
        if question.theirs is not None:
            theirs[question.name] = ask(server, via, f"{COMPATIBLE}?{urlencode(question.theirs)}")
    ours["offset 500,000"] = ours["offset 500,000"]._replace(hits=f"by cursor {ask(server, via, cursor).p50:.2f} ms")
    return {"ours": ours, "compatible": theirs}


def deep_cursor(server: Measured, via: http.client.HTTPConnection) -> str:
    """The link to the page after the one in the middle of the log."""
    _, body, _ = server.call("GET", f"{OURS}?limit=50&offset=500000", via=via)
    return str(json.loads(body).get("next") or OURS)


def ask(server: Measured, via: http.client.HTTPConnection, path: str) -> Times:
    taken = []
    end = time.perf_counter() + SECONDS
    body = b""
    while len(taken) < ROUNDS and (time.perf_counter() < end or len(taken) < 3):
        began = time.perf_counter()
        status, body, _ = server.call("GET", path, via=via)
        taken.append((time.perf_counter() - began) * 1000)
        if status != 200:
            sys.exit(f"{path}: {status} {body.decode()}")
    taken.sort()
    return Times(statistics.median(taken), taken[int(len(taken) * 0.99)], hits_of(body))


def hits_of(body: bytes) -> str:
    answer = json.loads(body)
    if isinstance(answer, list):
        return f"{len(answer):,}"
    total = answer.get("total", answer.get("totalEvents", ""))
    if isinstance(total, dict):
        return f"{total['events']:,}" if total.get("exact", True) else f">= {total['events']:,}"
    return f"{total:,}" if isinstance(total, int) else ""


@contextmanager
def filled(kind: str, events: int, keep: Path | None, facts: list[str]) -> Iterator[tuple[str, Path]]:
    """The address of a database with so many events, and a folder."""
    folder = keep / f"{kind}-{events}" if keep else Path(tempfile.mkdtemp(prefix="flagkeeper-bench-"))
    ready = folder / "ready"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    postgres = PostgresServer(folder / "postgresql", dict.fromkeys(FAST, "on")) if kind == "postgresql" else None
    url = postgres.url if postgres else f"sqlite:///{folder}/flagkeeper.db"
    try:
        if not ready.exists():
            fill(kind, url, events, facts)
            ready.touch()
        yield url, folder
    finally:
        if postgres:
            postgres.stop(keep=keep is not None)
        if not keep:
            shutil.rmtree(folder)


def fill(kind: str, url: str, events: int, facts: list[str]) -> None:
    """Imports the events and builds the index, as an operator would."""
    environment = {**os.environ, "FLAGKEEPER_DATABASE_URL": url}
    subprocess.run([*CLI, "migrate"], env=environment, check=True)
    began = time.perf_counter()
    loading = subprocess.Popen(
        [*CLI, "events", "import", "--no-index", "-"], env=environment, stdin=subprocess.PIPE, text=True
    )
    assert loading.stdin is not None
    loading.stdin.writelines(Seeds(events, 42).lines())
    loading.stdin.close()
    if loading.wait():
        sys.exit("the import failed")
    imported = time.perf_counter()
    subprocess.run([*CLI, "events", "reindex"], env=environment, check=True)
    facts.append(
        f"{kind}: import {events / (imported - began):,.0f} events/s, made and verified; "
        f"index {events / (time.perf_counter() - imported):,.0f} events/s"
    )


if __name__ == "__main__":
    main()
