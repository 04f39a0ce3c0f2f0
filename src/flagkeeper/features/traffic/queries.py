"""Reading traffic."""

from collections import Counter, defaultdict

from sqlalchemy import bindparam, func, select

from flagkeeper.features.traffic.model import (
    RATES_KEPT,
    STEP,
    Day,
    DayCount,
    Grouping,
    Period,
    Rate,
    connections,
    period_of,
    rates,
)
from flagkeeper.features.traffic.tables import traffic_days, traffic_steps
from flagkeeper.kernel import clock
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_DAYS = Query(
    select(traffic_days)
    .where(traffic_days.c.day >= bindparam("first"), traffic_days.c.day <= bindparam("last"))
    .order_by(traffic_days.c.area, traffic_days.c.day, traffic_days.c.series),
    lambda day, area, series, requests, polls: (Day(day, area, series), DayCount(int(requests), int(polls))),
)
_STEPS = Query(
    select(
        traffic_steps.c.step,
        traffic_steps.c.route,
        traffic_steps.c.application,
        func.sum(traffic_steps.c.requests),
    )
    .where(traffic_steps.c.step >= bindparam("since"))
    .group_by(traffic_steps.c.step, traffic_steps.c.route, traffic_steps.c.application),
    lambda step, route, application, requests: (Rate(step, route, application), int(requests)),
)

Answers = dict[str, dict[str, Counter[int]]]
"""Requests by area, period and kind of status."""


def answers(tx: Transaction, period: Period, grouping: Grouping) -> Answers:
    found: defaultdict[str, dict[str, Counter[int]]] = defaultdict(dict)
    for day, count in _days(tx, period):
        found[day.area].setdefault(period_of(day.day, grouping), Counter())[day.series] += count.requests
    return found


def connected(tx: Transaction, period: Period, grouping: Grouping, area: str) -> dict[str, float]:
    """How many SDKs of an area were connected at the same time (`model.connections`)."""
    polls: Counter[int] = Counter()
    for day, count in _days(tx, period):
        if day.area == area:
            polls[day.day] += count.polls
    return connections(polls, grouping, clock.now())


def requests_per_second(tx: Transaction) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """By route and application (`model.rates`)."""
    now = clock.now()
    return rates(tx.all(_STEPS, since=now - RATES_KEPT - STEP), now)


def _days(tx: Transaction, period: Period) -> list[tuple[Day, DayCount]]:
    first, last = period.days
    return tx.all(_DAYS, first=first, last=last)
