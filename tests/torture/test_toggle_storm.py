"""500 SDKs that poll and 500 that listen, while flags change 200 times a second for a minute: the long form of
`tests/api/test_toggle_storm.py`."""

import asyncio
from pathlib import Path

import httpx

from tests.server import ADMIN, BACKEND
from tests.storm import Process
from tests.toggle_storm import FLAGS, ToggleStorm

NAMES = [f"storm-{number}" for number in range(96)]


def test_a_thousand_sdks_end_in_the_final_state(database_url: str, tmp_path: Path) -> None:
    server = Process(database_url, tmp_path, INIT_BACKEND_API_TOKENS=BACKEND)
    server.start()
    address = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=address, headers={"Authorization": ADMIN}, trust_env=False, timeout=60) as client:
        for name in NAMES:
            assert client.post(FLAGS, json={"name": name}).status_code == 201
    storm = ToggleStorm(server.port, pollers=500, streamers=500, every=5)
    print(asyncio.run(storm.run(NAMES, per_second=200, seconds=60, settle=120)))
    assert server.stop() == 0
