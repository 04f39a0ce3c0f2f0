"""A server is killed: what of the reports of SDKs is lost then, and what is not."""

import time
from pathlib import Path

import httpx
import pytest

from flagkeeper.features.usage.jobs import FLUSH_EVERY
from flagkeeper.kernel import clock
from tests.server import ADMIN, BACKEND
from tests.storm import Process

pytestmark = pytest.mark.slow

FLAGS = "/api/admin/projects/default/features"


def test_a_kill_loses_the_metrics_of_one_interval_at_most(database_url: str, tmp_path: Path) -> None:
    server = Process(database_url, tmp_path, INIT_BACKEND_API_TOKENS=BACKEND)
    server.start()
    address = f"http://127.0.0.1:{server.port}"

    def report(client: httpx.Client, times: int) -> None:
        now = clock.to_iso(clock.now())
        bucket = {"start": now, "stop": now, "toggles": {"checkout": {"yes": times, "no": 0}}}
        body = {"appName": "app", "instanceId": "i", "bucket": bucket}
        answer = client.post("/api/client/metrics", json=body, headers={"Authorization": BACKEND})
        assert answer.status_code == 202

    def counted(client: httpx.Client) -> int:
        hours = client.get("/api/admin/client-metrics/features/checkout/raw").json()["data"]
        return sum(each["yes"] for each in hours)

    with httpx.Client(base_url=address, headers={"Authorization": ADMIN}, trust_env=False, timeout=60) as client:
        assert client.post(FLAGS, json={"name": "checkout"}).status_code == 201
        report(client, 1)
        deadline = time.monotonic() + 3 * FLUSH_EVERY
        while counted(client) < 1:
            assert time.monotonic() < deadline, "metrics are not written"
            time.sleep(0.1)
        report(client, 10)
        assert client.post(FLAGS, json={"name": "second"}).status_code == 201
        server.kill()
        server.start()
        assert counted(client) in (1, 11), "the last interval is lost, or it is not"
        assert {each["name"] for each in client.get(FLAGS).json()["features"]} == {"checkout", "second"}
        report(client, 100)
    assert server.stop() == 0
    server.start()
    with httpx.Client(base_url=address, headers={"Authorization": ADMIN}, trust_env=False, timeout=60) as client:
        assert counted(client) in (101, 111), "a server that is told to stop writes what it has"
    assert server.stop() == 0
