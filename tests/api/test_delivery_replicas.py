"""Two servers on one database: when the one that delivers is killed, the other goes on within ten seconds."""

import json
import time
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.receiver import Receiver
from tests.server import ADMIN
from tests.storm import FLAGS, Process, headers


def post(process: Process, path: str, body: Any) -> None:
    connection = HTTPConnection("127.0.0.1", process.port, timeout=30)
    connection.request("POST", path, json.dumps(body), headers(ADMIN))
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    connection.close()


def test_the_other_server_goes_on_within_ten_seconds(postgresql_url: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION", "true")
    first, second = Process(postgresql_url, tmp_path), Process(postgresql_url, tmp_path)
    parameters: dict[str, str] = {}
    body = {"provider": "webhook", "enabled": True, "parameters": parameters, "events": ["feature-created"]}
    with Receiver() as receiver:
        parameters["url"] = receiver.url
        first.start()
        try:
            post(first, "/api/admin/addons", body)
            post(first, FLAGS, {"name": "before"})
            receiver.wait(1)
            second.start()
            for i in range(20):
                post(second, FLAGS, {"name": f"by-the-second-{i}"})
            receiver.wait(21)
            time.sleep(0.5)  # what has arrived is to be recorded as well: it is not the point here
        finally:
            first.kill()
        killed_at = time.time()
        post(second, FLAGS, {"name": "after"})
        late = receiver.wait(22, timeout=11)[-1]
        assert second.stop() == 0
    assert late.event["featureName"] == "after"
    assert late.at - killed_at < 10
    assert set(Counter(each.message_id for each in receiver.arrivals).values()) == {1}
