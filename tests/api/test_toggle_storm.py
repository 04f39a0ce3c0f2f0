"""SDKs that poll and SDKs that listen end in the exact final state; the long form is in `tests/torture`."""

import asyncio

import pytest

from flagkeeper.features.flags.model.strategy import StrategyDraft
from tests.sdk import make_flag, make_segment, users
from tests.server import TestServer
from tests.toggle_storm import ToggleStorm

pytestmark = pytest.mark.slow


def test_all_sdks_end_in_the_final_state(server: TestServer) -> None:
    beta = make_segment(server, "beta", users("7"))
    names = [f"storm-{number}" for number in range(24)]
    for name in names:
        make_flag(server, name, StrategyDraft(name="default", segments=[beta]), on=False)
    storm = ToggleStorm(int(server.url.rpartition(":")[2]), pollers=20, streamers=20, every=0.2)
    print(asyncio.run(storm.run(names, per_second=100, seconds=3, settle=30)))
