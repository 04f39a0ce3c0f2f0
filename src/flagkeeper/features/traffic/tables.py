"""Tables of traffic. None is audited: asking changes nothing."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from flagkeeper.storage.metadata import metadata

traffic_days = Table(
    "traffic_days",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("area", Text, primary_key=True),
    Column("series", Integer, primary_key=True, autoincrement=False),
    Column("requests", BigInteger, nullable=False),
    Column("polls", BigInteger, nullable=False),
)
"""Answers of all servers on a day since 1970, by the part of the API and the first digit of the status. `polls` are
those of them that asked for flags."""

traffic_steps = Table(
    "traffic_steps",
    metadata,
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("route", Text, primary_key=True),
    Column("application", Text, primary_key=True),
    Column("requests", BigInteger, nullable=False),
)
"""Answers of the last hours, by minutes."""
