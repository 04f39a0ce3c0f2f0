"""How often flags were on and off, and who reads them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, select

from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.features.access.model import is_hidden
from flagkeeper.features.flags.tables import features
from flagkeeper.features.usage.model import HOURS_KEPT
from flagkeeper.features.usage.queries.applications import hidden_from
from flagkeeper.features.usage.tables import client_metrics, client_metrics_variants
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of, none_of
from flagkeeper.storage.statement import Query, columns
from flagkeeper.storage.transaction import Transaction


class FlagUsage(msgspec.Struct, frozen=True):
    """How often one application found a flag on and off in the span of time that begins at `start`."""

    environment: str
    app_name: str
    start: clock.Millis
    yes: int
    no: int
    variants: dict[str, int] = {}


_EXISTING = Query(select(features.c.name).where(any_of(features.c.name, "names")), str)
_PROJECT = Query(select(features.c.project).where(features.c.name == bindparam("name")), str)

_READERS = Query(
    select(client_metrics.c.app_name)
    .where(client_metrics.c.feature_name == bindparam("name"), none_of(client_metrics.c.app_name, "unseen"))
    .distinct()
    .order_by(client_metrics.c.app_name),
    str,
)


def _of_flag(table: Any, *more: str) -> Select[Any]:
    wanted = ["environment", "app_name", "start", *more]
    return (
        select(*(table.c[name] for name in wanted))
        .where(
            table.c.feature_name == bindparam("name"),
            table.c.span == bindparam("span"),
            table.c.start >= bindparam("since"),
            none_of(table.c.app_name, "unseen"),
        )
        .order_by(table.c.start, table.c.environment, table.c.app_name)
    )


_COUNTS = Query(_of_flag(client_metrics, "yes", "no"), FlagUsage)
_VARIANTS = Query(_of_flag(client_metrics_variants, "variant", "count"), columns)


def existing_flags(tx: Transaction, names: Iterable[str]) -> set[str]:
    """Those of `names` that are flags, archived ones included."""
    return set(tx.all(_EXISTING, names=sorted(names)))


def last_hour(
    tx: Transaction, flag: str, now: clock.Millis, visibility: Visibility
) -> tuple[list[FlagUsage], list[str]]:
    """What was counted of a flag in this hour, and the applications that ever reported it.

    Raises:
        NotFound: there is no such flag, not even an archived one, or the reader may not know of its project.
    """
    _demand_flag(tx, flag, visibility)
    _, unseen = hidden_from(tx, visibility)
    counts = tx.all(_COUNTS, name=flag, span="hour", since=now - now % clock.HOUR, unseen=unseen)
    return counts, tx.all(_READERS, name=flag, unseen=unseen)


def hour_counts(tx: Transaction, flag: str) -> dict[str, tuple[int, int]]:
    """How often a flag was on and off in this hour, by environment, all applications together."""
    counts, _ = last_hour(tx, flag, clock.now(), EVERYTHING)
    found: dict[str, tuple[int, int]] = {}
    for count in counts:
        yes, no = found.get(count.environment, (0, 0))
        found[count.environment] = (yes + count.yes, no + count.no)
    return found


def flag_usage(tx: Transaction, flag: str, hours: int, now: clock.Millis, visibility: Visibility) -> list[FlagUsage]:
    """The last `hours` of a flag: by the hour, or by the day where that is not kept. Every application that reported in
    that time has an entry for each span, also where it counted nothing.

    Raises:
        NotFound: there is no such flag, not even an archived one, or the reader may not know of its project.
    """
    _demand_flag(tx, flag, visibility)
    _, unseen = hidden_from(tx, visibility)
    span, length, number = ("hour", clock.HOUR, hours) if hours <= HOURS_KEPT else ("day", clock.DAY, -(-hours // 24))
    last = now - now % length
    since = last - (number - 1) * length
    counts = tx.all(_COUNTS, name=flag, span=span, since=since, unseen=unseen)
    variants: defaultdict[tuple[str, str, int], dict[str, int]] = defaultdict(dict)
    counted = tx.all(_VARIANTS, name=flag, span=span, since=since, unseen=unseen)
    for environment, app_name, start, variant, count in counted:
        variants[environment, app_name, start][variant] = count
    found = {(each.start, each.environment, each.app_name): each for each in counts}
    return list(_filled(found, variants, range(since, last + 1, length)))


def _demand_flag(tx: Transaction, name: str, visibility: Visibility) -> None:
    project = tx.first(_PROJECT, name=name)
    if project is None or is_hidden(project, visibility):
        raise NotFound(f"There is no flag called {name!r}.")


def _filled(
    found: dict[tuple[int, str, str], FlagUsage],
    variants: dict[tuple[str, str, int], dict[str, int]],
    starts: range,
) -> Iterator[FlagUsage]:
    reporters = sorted({(environment, app_name) for _, environment, app_name in found})
    for start in starts:
        for environment, app_name in reporters:
            counted = found.get((start, environment, app_name), FlagUsage(environment, app_name, start, 0, 0))
            yield msgspec.structs.replace(counted, variants=variants.get((environment, app_name, start), {}))
