"""The unmodified Python SDK of Unleash against the running server."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from UnleashClient.clients.unleash_client import UnleashClient
from UnleashClient.utils import InstanceAllowType

from flagkeeper.features.flags.commands import archive, switch
from flagkeeper.features.flags.model.strategy import StrategyDraft
from flagkeeper.features.flags.model.variant import PayloadDraft, VariantDraft
from flagkeeper.features.usage.slice import USAGE
from tests.log import ALICE
from tests.sdk import PLACE, PROJECT, make_flag, make_segment, run, users
from tests.server import BACKEND, TestServer


@contextmanager
def sdk(
    server: TestServer, folder: Path, instance: str = "i1", mode: Literal["polling", "streaming"] = "polling"
) -> Iterator[UnleashClient]:
    """A client that polls and reports every second."""
    client = UnleashClient(
        url=f"{server.url}/api",
        app_name="shop",
        instance_id=instance,
        refresh_interval=1,
        metrics_interval=1,
        custom_headers={"Authorization": BACKEND},
        cache_directory=str(folder / instance),
        multiple_instance_mode=InstanceAllowType.SILENTLY_ALLOW,
        experimental_mode={"type": mode},
    )
    client.initialize_client()
    try:
        yield client
    finally:
        client.destroy()


def eventually(holds: Callable[[], bool], seconds: float) -> float:
    """Seconds until it held."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, "it took too long"
        time.sleep(0.01)
    return time.monotonic() - started


def test_a_toggle_reaches_the_sdk_with_its_next_poll(server: TestServer, tmp_path: Path) -> None:
    make_flag(server, "checkout", on=False)
    with sdk(server, tmp_path) as client:
        assert not client.is_enabled("checkout")
        for command, expected in ((switch.turn_on, True), (switch.turn_off, False)):
            server.call(server.services.units.run(ALICE, command, PROJECT, "checkout", PLACE))
            # It polls once a second; the server adds next to nothing to that.
            eventually(lambda expected=expected: client.is_enabled("checkout") is expected, 2.5)  # type: ignore[misc]
        make_flag(server, "second")
        eventually(lambda: client.is_enabled("second"), 2.5)
        run(server, archive.archive, PROJECT, "second")
        eventually(lambda: not client.is_enabled("second"), 2.5)


def test_it_evaluates_what_people_configured(server: TestServer, tmp_path: Path) -> None:
    beta = make_segment(server, "beta", users("7", "8"))
    make_flag(server, "for.beta", StrategyDraft(name="default", segments=[beta]))
    make_flag(server, "half", StrategyDraft(name="flexibleRollout", parameters={"rollout": 50, "stickiness": "userId"}))
    make_flag(server, "nobody", StrategyDraft(name="flexibleRollout", parameters={"rollout": 0}))
    make_flag(server, "by.user", StrategyDraft(name="default", constraints=[users("ann")]))
    variants = [
        VariantDraft(name="red", weight=300, weight_type="fix", payload=PayloadDraft(type="json", value='{"a": "ü"}')),
        VariantDraft(name="blue", weight=0),
    ]
    make_flag(
        server,
        "colours",
        StrategyDraft(name="flexibleRollout", parameters={"stickiness": "userId"}, variants=variants),
    )
    with sdk(server, tmp_path) as client:
        assert client.is_enabled("for.beta", {"userId": "7"})
        assert not client.is_enabled("for.beta", {"userId": "9"})
        assert client.is_enabled("by.user", {"userId": "ann"})
        assert not client.is_enabled("by.user", {"userId": "bob"})
        assert not client.is_enabled("nobody", {"userId": "ann"})
        on = sum(client.is_enabled("half", {"userId": str(i)}) for i in range(1000))
        assert 430 < on < 570
        given = [client.get_variant("colours", {"userId": str(i)}) for i in range(1000)]
        red = [each for each in given if each["name"] == "red"]
        assert 230 < len(red) < 370
        assert red[0]["payload"] == {"type": "json", "value": '{"a": "ü"}'}
        assert {each["name"] for each in given} == {"red", "blue"}
        again = [client.get_variant("colours", {"userId": str(i)}) for i in range(1000)]
        assert given == again


@pytest.mark.causes("client-register", action="an SDK starts")
@pytest.mark.causes("client-metrics", action="an SDK reports what it counted")
def test_it_registers_and_reports(server: TestServer, tmp_path: Path) -> None:
    make_flag(server, "checkout")
    with sdk(server, tmp_path, "i1") as first, sdk(server, tmp_path, "i2") as second:
        for client in (first, second):
            for _ in range(5):
                assert client.is_enabled("checkout")
            assert not client.is_enabled("never.created")
    server.call(server.services[USAGE].flush())
    shop = server.get("/api/admin/metrics/applications/shop").json()
    assert [(each["instanceId"], each["environment"]) for each in shop["instances"]] == [
        ("i1", "development"),
        ("i2", "development"),
    ]
    assert all(each["sdkVersion"].startswith("unleash-python-sdk:") for each in shop["instances"])
    assert [flag["name"] for flag in shop["seenToggles"]] == ["checkout"]
    (hour,) = server.get("/api/admin/client-metrics/features/checkout").json()["lastHourUsage"]
    assert (hour["environment"], hour["yes"], hour["no"]) == ("development", 10, 0)
    kinds = sorted(event["type"] for event in server.events() if event["createdByUserId"] == -1337)
    assert [kind for kind in kinds if kind.startswith(("client-", "application-"))] == [
        "application-created",
        "client-metrics",
        "client-register",
    ]


@pytest.mark.slow
def test_in_streaming_mode_it_has_the_flags_and_their_changes(server: TestServer, tmp_path: Path) -> None:
    beta = make_segment(server, "beta", users("7"))
    make_flag(server, "checkout")
    make_flag(server, "for.beta", StrategyDraft(name="default", segments=[beta]))
    with sdk(server, tmp_path, mode="streaming") as client:
        eventually(lambda: client.is_enabled("checkout"), 10)
        assert client.is_enabled("for.beta", {"userId": "7"})
        assert not client.is_enabled("for.beta", {"userId": "8"})
        server.call(server.services.units.run(ALICE, switch.turn_off, PROJECT, "checkout", PLACE))
        eventually(lambda: not client.is_enabled("checkout"), 10)
        assert client.is_enabled("for.beta", {"userId": "7"})
        make_flag(server, "second", StrategyDraft(name="default", segments=[beta]))
        eventually(lambda: client.is_enabled("second", {"userId": "7"}), 10)
        run(server, archive.archive, PROJECT, "second")
        eventually(lambda: not client.is_enabled("second", {"userId": "7"}), 10)
        # What happens while it is away, it hears of when it is back.
        assert server.post("/api/admin/streaming/disconnect-all").status_code == 200
        run(server, switch.turn_on, PROJECT, "checkout", PLACE)
        eventually(lambda: client.is_enabled("checkout"), 20)
