"""Events reach receivers, and every attempt can be seen."""

import time
from typing import Any

import pytest

from tests.receiver import Answer, Receiver, in_turn
from tests.server import TestServer


def test_smoke(host, database_url: str) -> None:
    from tests.server import settings_for

    with (
        Receiver() as receiver,
        TestServer(host, settings_for(database_url, allow_private_integrations=True, retry_scale=0.001)) as server,
    ):
        body = {
            "provider": "webhook",
            "enabled": True,
            "parameters": {"url": receiver.url},
            "events": ["feature-created"],
        }
        made = server.post("/api/admin/addons", json=body)
        assert made.status_code == 201, made.text
        began = time.time()
        answer = server.post("/api/admin/projects/default/features", json={"name": "first"})
        assert answer.status_code == 201, answer.text
        arrivals = receiver.wait(1)
        print("lag", arrivals[0].at - began)
        time.sleep(0.2)
        print(server.get(f"/api/admin/addons/{made.json()['id']}/events").text)
        print(server.get(f"/api/admin/addons/{made.json()['id']}/deliveries").text)
        print(server.post(f"/api/admin/addons/{made.json()['id']}/test").text)
        print(server.post(f"/api/admin/addons/dry-run", json=body).text)
        print(
            [
                l
                for l in server.get("/internal-backstage/prometheus").text.splitlines()
                if "deliver" in l and "bucket" not in l
            ]
        )
