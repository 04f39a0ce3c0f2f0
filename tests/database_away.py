"""A server whose database goes away for a while and comes back: SDKs notice nothing, writes are refused, and what was
reported meanwhile counts."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from flagkeeper.features.usage.slice import USAGE
from flagkeeper.kernel import clock
from tests.cable import Cable
from tests.listener import Listener
from tests.sdk import make_flag
from tests.server import BACKEND, FRONTEND, Host, TestServer, settings_for

FLAGS = "/api/admin/projects/default/features"
READS = [
    ("GET", "/api/client/features", BACKEND),
    ("GET", "/api/client/delta", BACKEND),
    ("GET", "/api/frontend", FRONTEND),
    ("POST", "/ofrep/v1/evaluate/flags", FRONTEND),
]


def until(holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@contextmanager
def cabled(postgresql_url: str) -> Iterator[tuple[Cable, str]]:
    """A cable to the database, and the address at its near end."""
    parts = urlsplit(postgresql_url)
    cable = Cable((str(parts.hostname), int(parts.port or 5432)))
    try:
        yield cable, parts._replace(netloc=f"postgres@127.0.0.1:{cable.port}").geturl()
    finally:
        cable.close()


def demand_survival(host: Host, postgresql_url: str, seconds: float) -> None:
    """The database is away for as many seconds."""
    with cabled(postgresql_url) as (cable, url), TestServer(host, settings_for(url)) as server:
        make_flag(server, "checkout")
        bodies = [served(server, *each) for each in READS]
        with Listener(server.url, BACKEND, path="/api/client/streaming") as stream:
            stream.wait(lambda each: told(each) == 1)
            cable.cut()
            away = time.monotonic() + seconds
            until(lambda: server.get("/ready", token=None).status_code == 503, "/ready stays green")
            reports = 0
            while time.monotonic() < away or not reports:
                assert [served(server, *each) for each in READS] == bodies, "SDKs go on from memory"
                assert report(server) == 202
                reports += 1
                refused = server.post(FLAGS, json={"name": "lost"})
                assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
            assert not stream.ended.is_set()

            cable.mend()
            until(lambda: server.get("/ready", token=None).status_code == 200, "it does not recover by itself")
            assert server.post(FLAGS, json={"name": "after"}).status_code == 201
            stream.wait(lambda each: told(each) > 1)
        server.call(server.services[USAGE].flush())
        assert counted(server) == reports, "what was reported meanwhile counts, once"
        names = {each["name"] for each in server.get(FLAGS).json()["features"]}
        assert names == {"checkout", "after"}


def told(stream: Listener) -> int:
    return sum(bool(each.data) for each in stream.messages)


def served(server: TestServer, method: str, path: str, token: str) -> bytes:
    # The client of the tests sends no JSON by itself, and OFREP takes no body for an empty context.
    answer = server.get(path, token=token) if method == "GET" else server.post(path, token=token, json={"context": {}})
    assert answer.status_code == 200, answer.text
    return answer.content


def report(server: TestServer) -> int:
    now = clock.to_iso(clock.now())
    bucket = {"start": now, "stop": now, "toggles": {"checkout": {"yes": 1, "no": 0}}}
    body = {"appName": "app", "instanceId": "i", "bucket": bucket}
    return server.post("/api/client/metrics", token=BACKEND, json=body).status_code


def counted(server: TestServer) -> int:
    hours = server.get("/api/admin/client-metrics/features/checkout/raw").json()["data"]
    return sum(each["yes"] for each in hours)
