"""PostgreSQL is away: what SDKs and people lose then. The long form is in `tests/torture`."""

import pytest

from tests.database_away import demand_survival
from tests.server import Host


@pytest.mark.slow
@pytest.mark.postgres
def test_sdks_notice_nothing_and_writes_are_refused(host: Host, postgresql_url: str) -> None:
    demand_survival(host, postgresql_url, 3)
