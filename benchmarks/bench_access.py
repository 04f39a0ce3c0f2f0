"""What it costs to ask who may do what, and to find out that an event concerns nobody.

    python benchmarks/bench_access.py [--grants 15000] [--rounds 7]

Permissions: somebody is a member of so many projects that all roles together grant `--grants` permissions; asked are
projects at random, for what is allowed and for what is not. Dispatch: an event that no follower of a server keeps
anything of goes through the reader of the log to all that follow it (credentials, what SDKs are sent, the live tail
without listeners, fan-out and sender; not the index, which takes in every event): alone, and in a batch of 500. What
the database takes to read it is left out. Processor time, medians of the rounds.
"""

import argparse
import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Callable
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from flagkeeper.eventlog.catalogue.feature_relation import FeatureFavorited
from flagkeeper.eventlog.follow import MemoryFollower, MemoryRunner
from flagkeeper.eventlog.log_reader import LogReader
from flagkeeper.eventlog.log_signal import LogSignal
from flagkeeper.eventlog.read import LogEvent, LogPosition
from flagkeeper.features.access.model import EDITOR, MEMBER, OWNER, PREDEFINED
from flagkeeper.http.access import Access, Projects, allowed, hidden_projects, hides
from flagkeeper.http.permissions import Permission
from flagkeeper.integrations.config.model import Integration
from flagkeeper.integrations.delivery.fanout import INTEGRATION_TYPES, Fanout
from flagkeeper.readmodels.client_features.follower import ClientFeatures
from flagkeeper.readmodels.credentials import rows
from flagkeeper.readmodels.credentials.roles import Roles
from flagkeeper.readmodels.credentials.view import CredentialView
from flagkeeper.readmodels.event_tail.feed import Feed
from flagkeeper.storage.reader import Reader
from flagkeeper.supervisor import Supervisor

QUESTIONS, BATCH = 20_000, 500
INTEGRATIONS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grants", type=int, default=15_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    table = Table(title="microseconds")
    for heading in ("what", "median", "goal"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, goal, run, number in [*permissions(given.grants), *of_a_company(), *dispatch(given.rounds)]:
        taken = statistics.median(timed(run) for _ in range(given.rounds)) / number * 1e6
        table.add_row(what, f"{taken:.2f}", goal)
    Console(width=120).print(table)


def timed(run: Callable[[], None]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


Case = tuple[str, str, Callable[[], None], int]
"""What is measured, the goal, what runs, and how often that does it."""


def permissions(grants: int) -> list[Case]:
    access, projects, number = somebody(grants)
    rng = random.Random(1)
    asked = [
        (rng.choice((*Permission,)[1:]), rng.choice(projects), rng.choice((None, "production")))
        for _ in range(QUESTIONS)
    ]

    def ask() -> None:
        for permission, project, environment in asked:
            allowed(access, permission, project, environment)

    def look() -> None:
        for _, project, _ in asked:
            hides(access, project)

    def list_hidden() -> None:
        for _ in range(100):
            hidden_projects(access)

    return [
        (f"one permission, {number:,} grants", "<= 5", ask, QUESTIONS),
        (f"is one project hidden, {len(projects):,} projects", "-", look, QUESTIONS),
        (f"all that are hidden, of {len(access.projects.private):,} private projects", "-", list_hidden, 100),
    ]


def somebody(grants: int) -> tuple[Access, list[str], int]:
    """Somebody who may do so many things, the projects there are, and how many things exactly."""
    roles = {
        role.id: {each.name: frozenset({each.environment or None}) for each in role.permissions} for role in PREDEFINED
    }
    held = len(EDITOR.permissions)
    members: dict[str, tuple[int, ...]] = {}
    for number in itertools.count():
        if held >= grants:
            break
        members[f"project-{number}"] = (OWNER.id, MEMBER.id) if number % 2 else (MEMBER.id,)
        held += sum(len(roles[role]) for role in members[f"project-{number}"])
    names = [*members, *(f"other-{number}" for number in range(len(members)))]
    private = frozenset(names[::4])
    return (
        Access(roots=(EDITOR.id,), members=members, roles=roles, projects=Projects(frozenset(names), private, private)),
        names,
        held,
    )


def of_a_company() -> list[Case]:
    """500 projects, 5,000 users, 200 groups and 50 roles that were made here: what is asked, and what follows a change
    once it has been read."""
    rng = random.Random(14)
    allowed_by: dict[int, Any] = {
        role.id: {each.name: frozenset({each.environment or None}) for each in role.permissions} for role in PREDEFINED
    }
    made = range(101, 151)
    for number in made:
        names = rng.sample((*Permission,)[1:], 12)
        allowed_by[number] = {name: frozenset(rng.sample((None, "development", "production"), 2)) for name in names}
    modes = {f"p{number}": rng.choice(("open", "protected", "private")) for number in range(500)}
    people = range(1, 5_001)
    groups = {
        number: rows.Group(rng.choice((None, 2, 3)), frozenset(rng.sample(people, 50))) for number in range(1, 201)
    }
    given = (*made, 4, 5, 6)
    held: dict[str, rows.Held] = {
        project: {("user", each): tuple(sorted(rng.sample(given, 2))) for each in rng.sample(people, 30)}
        | {("group", each): (rng.choice(given),) for each in rng.sample(range(1, 201), 10)}
        for project in modes
    }
    projects = Projects(
        known=frozenset(modes),
        closed=frozenset(project for project, mode in modes.items() if mode != "open"),
        private=frozenset(project for project, mode in modes.items() if mode == "private"),
    )
    users = {number: rows.User(f"u{number}", 3) for number in people}
    empty = Roles(allowed=allowed_by, users=users, modes=modes, projects=projects)
    roles = empty.with_groups(groups, groups).with_held(held, held)
    accesses = [access for each in rng.sample(people, 500) if (access := roles.access_of(each))]
    asked = [
        (rng.choice(accesses), rng.choice((*Permission,)[1:]), rng.choice((*modes,)), rng.choice((None, "production")))
        for _ in range(QUESTIONS)
    ]

    def ask() -> None:
        for each in asked:
            allowed(*each)

    def put_together() -> None:
        for each in range(1, 501):
            roles.access_of(each)

    def leave_a_group() -> None:
        for number in range(1, 51):
            roles.with_groups([number], {number: rows.Group(2, frozenset([*groups[number].users][:-1]))})

    def open_a_project() -> None:
        for project in (*modes,)[:50]:
            roles.with_held([project], {project: {**held[project], ("user", 1): (5,)}})

    return [
        ("one permission, of a company", "<= 5", ask, QUESTIONS),
        ("putting together what somebody may do, once after a change", "-", put_together, 500),
        ("following who leaves a group", "<= 1,000", leave_a_group, 50),
        ("following who gets a role in a project", "<= 1,000", open_a_project, 50),
    ]


class NoUses:
    def note(self, secret_hash: str) -> None:
        """Nobody counts here."""


def dispatch(rounds: int) -> list[Case]:
    events = iter([event(number) for number in range(1, 2 * rounds * BATCH + 1)])
    followers: list[MemoryFollower] = [CredentialView(NoUses()), ClientFeatures(), Feed(lambda: None)]
    fanout = Fanout()
    fanout.remember([integration(number) for number in range(INTEGRATIONS)])
    source = Prepared()
    log_reader = LogReader(cast(Reader, source), LogSignal(), Supervisor())
    for follower in followers:
        runner = MemoryRunner(follower, log_reader)
        runner.at = LogPosition("", 0)
        log_reader.add(runner)
    log_reader.listen(lambda news: any(fanout.wants.includes(each) and fanout.is_urgent(each) for each in news))
    log_reader.listen(lambda news: any(each.type in INTEGRATION_TYPES for each in news))

    async def hand(size: int) -> None:
        for _ in range(BATCH // size):
            source.batch = list(itertools.islice(events, size))
            await log_reader.read_on()

    return [
        ("an event that concerns nobody, alone", "<= 20", lambda: asyncio.run(hand(1)), BATCH),
        (f"an event that concerns nobody, of {BATCH}", "<= 20", lambda: asyncio.run(hand(BATCH)), BATCH),
    ]


class Prepared:
    """A reader, and a transaction, that find the events of `batch` and nothing else."""

    batch: list[LogEvent]

    async def run(self, read: Callable[[Any], Any]) -> Any:
        return read(self)

    def together(self, *_asked: Any) -> tuple[list[LogPosition], list[LogEvent]]:
        return [LogPosition("", self.batch[-1].id)], self.batch


def event(number: int) -> LogEvent:
    values: dict[str, Any] = dict.fromkeys(LogEvent.__struct_fields__)
    values |= {"id": number, "type": FeatureFavorited.about.type, "subject": "flag/checkout", "reach": 0}
    return LogEvent(**values)


def integration(number: int) -> Integration:
    return Integration(
        id=number,
        provider="webhook",
        description=None,
        enabled=True,
        parameters={},
        events=["feature-created", "feature-updated", "feature-environment-enabled"],
        projects=[],
        environments=[],
    )


if __name__ == "__main__":
    main()
