"""PostgreSQL is away for a minute: the long form of `tests/api/test_database_away.py`."""

import pytest

from tests.database_away import demand_survival
from tests.server import Host


@pytest.mark.postgres
def test_a_minute_without_a_database(host: Host, postgresql_url: str) -> None:
    demand_survival(host, postgresql_url, 60)
