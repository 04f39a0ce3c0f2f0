"""How reports of SDKs are read and added up."""

import pytest

from flagkeeper.eventlog.catalogue.application import ClientMetrics, MetricsBucket, MetricsData
from flagkeeper.features.usage.model import Collected, Count, CountKey, Report, Sighting, hour_of, in_chunks, read_time
from flagkeeper.features.usage.schemas.reports import FlagCounts, MetricsBody, MetricsParts, RegisterBody, RegisterParts
from flagkeeper.http.body import decode
from flagkeeper.kernel import clock

NOW = clock.from_iso("2026-11-22T01:30:00Z")


def key(flag: str = "checkout", app: str = "shop", hour: int = 0) -> CountKey:
    return CountKey(flag, "development", app, hour)


def sighting(instance: str = "i1", **more: object) -> Sighting:
    return Sighting(
        **{  # type: ignore[arg-type]  # the values differ in type from field to field
            "app_name": "shop",
            "environment": "development",
            "instance_id": instance,
            "projects": ("*",),
            "token": "backend",
            "address": "203.0.113.9",
            "seen_at": NOW,
            **more,
        }
    )


def report(app: str = "shop") -> Report:
    bucket = MetricsBucket(start="", stop="")
    return Report(ClientMetrics(data=MetricsData(app_name=app, environment="development", bucket=bucket, toggles=1)))


@pytest.mark.parametrize(
    ("sent", "time"),
    [
        ("2026-11-22T01:24:43.633078585Z", "2026-11-22T01:24:43.633Z"),
        ("2026-11-22T01:25:02.237Z", "2026-11-22T01:25:02.237Z"),
        ("2026-11-22T02:25:02+01:00", "2026-11-22T01:25:02.000Z"),
        ("2026-11-22T01:24:40.619197+00:00", "2026-11-22T01:24:40.619Z"),
        (1795310702237, "2026-11-22T01:25:02.237Z"),
        (1795310702.237, "2026-11-22T01:25:02.237Z"),
        (1795310702, "2026-11-22T01:25:02.000Z"),
    ],
)
def test_times_as_sdks_send_them(sent: str | float, time: str) -> None:
    assert clock.to_iso(read_time(sent)) == time


@pytest.mark.parametrize("sent", ["x", "", "22.11.2026", -1, 1e300, float("nan"), float("inf")])
def test_what_is_no_time(sent: str | float) -> None:
    with pytest.raises(ValueError, match=r"time|isoformat"):
        read_time(sent)


def test_hours_are_neither_in_the_future_nor_forgotten_already() -> None:
    assert clock.to_iso(hour_of(NOW - clock.MINUTE, NOW)) == "2026-11-22T01:00:00.000Z"
    assert hour_of(NOW + 5 * clock.DAY, NOW) == hour_of(NOW, NOW)
    assert clock.to_iso(hour_of(0, NOW)) == "2026-11-20T01:00:00.000Z"


def test_counts_add_up() -> None:
    collected = Collected()
    collected.count(key(), Count(1, 2, {"a": 1}))
    collected.count(key(), Count(3, 0, {"a": 2, "b": 1}))
    collected.count(key("other"), Count(0, 0))
    assert collected.counts == {key(): Count(4, 2, {"a": 3, "b": 1})}


def test_a_count_does_not_grow_with_what_it_was_given() -> None:
    first = Count(1, 0, {"a": 1})
    collected = Collected()
    collected.count(key(), first)
    collected.count(key(), Count(1, 0, {"a": 1}))
    assert first == Count(1, 0, {"a": 1})


def test_metrics_do_not_undo_what_a_registration_said() -> None:
    collected = Collected()
    collected.see(sighting(sdk_version="unleash-python-sdk:6.9.1", strategies=("default",)))
    collected.see(sighting(seen_at=NOW + 1))
    (found,) = collected.sightings.values()
    assert found == sighting(sdk_version="unleash-python-sdk:6.9.1", strategies=("default",), seen_at=NOW + 1)


def test_the_first_report_stands() -> None:
    collected = Collected()
    first, second = report(), report()
    collected.report(first)
    collected.report(second)
    assert list(collected.reports.values()) == [first]


def test_memory_is_bounded_and_what_is_dropped_is_counted() -> None:
    collected = Collected(most=2)
    for i in range(5):
        collected.count(key(f"flag-{i}"), Count(1))
        collected.see(sighting(f"i{i}"))
        collected.report(report(f"app-{i}"))
        for variant in range(200):
            collected.count(key("flag-0"), Count(1, 0, {f"v{variant}": 1}))
    assert [len(each) for each in (collected.counts, collected.sightings, collected.reports)] == [2, 2, 2]
    assert collected.dropped == 9
    assert len(collected.counts[key("flag-0")].variants) == 100


def test_what_could_not_be_written_is_taken_back() -> None:
    early, late = Collected(), Collected()
    early.count(key(), Count(1, 1))
    early.see(sighting(strategies=("default",)))
    early.report(report())
    late.count(key(), Count(1, 1))
    late.see(sighting(seen_at=NOW + 1))
    late.absorb(early)
    assert late.counts[key()] == Count(2, 2)
    assert list(late.sightings.values()) == [sighting(strategies=("default",), seen_at=NOW + 1)]
    assert len(late.reports) == 1


def test_a_report_finds_room_as_a_whole_or_not_at_all() -> None:
    collected = Collected(most=3)
    many = [key(f"flag-{i}") for i in range(4)]
    assert collected.has_room_for(many, ()), "alone it is taken in, whatever its size"
    for each in many[:2]:
        collected.count(each, Count(1))
    assert collected.has_room_for(many[:3], [sighting()])
    assert not collected.has_room_for(many, ())
    for name in ("a", "b", "c"):
        collected.see(sighting(name))
    assert collected.has_room_for((), [sighting("a")])
    assert not collected.has_room_for((), [sighting("d")])


def test_what_is_being_written_takes_room_until_it_is_written() -> None:
    leaving, later = Collected(most=2), Collected(most=2)
    for name in ("a", "b"):
        leaving.count(key(name), Count(1))
        leaving.see(sighting(name))
    assert later.has_room_for([key("c")], [sighting("c")])
    assert not later.has_room_for([key("c")], (), leaving)
    assert not later.has_room_for((), [sighting("c")], leaving)


def test_what_comes_back_is_never_dropped() -> None:
    late, early = Collected(most=2), Collected(most=2)
    for collected, names in ((early, ("a", "b")), (late, ("c", "d"))):
        for name in names:
            collected.count(key(name), Count(1))
            collected.see(sighting(name))
    late.absorb(early)
    assert len(late.counts) == len(late.sightings) == 4
    assert late.dropped == 0
    assert not late.has_room_for([key("e")], ())


def test_chunks_are_taken_out_one_by_one() -> None:
    items = {i: i for i in range(5)}
    seen = []
    for chunk in in_chunks(items, 2):
        seen.append(list(chunk))
        assert set(chunk) <= set(items)
    assert seen == [[0, 1], [2, 3], [4]]
    assert not items


def test_what_is_wrong_in_a_report_does_not_cost_the_rest() -> None:
    toggles = (
        b'{"good":{"yes":3,"no":"1"},"less":{"yes":-1},"more":{"yes":1,"variants":{"a":"x"}},"nul":{"yes":"\\u0000"}}'
    )
    sent = b'{"appName":"shop","bucket":{"start":0,"stop":0,"toggles":%b},"impactMetrics":[1]}' % toggles
    body, unread = decode(sent, MetricsParts).read()
    assert body.bucket is not None
    assert (body.app_name, body.impact_metrics, unread) == ("shop", [1], 3)
    assert body.bucket.toggles == {"good": FlagCounts(yes=3, no=1)}
    assert decode(b'{"appName":"shop","bucket":null}', MetricsParts).read() == (MetricsBody(app_name="shop"), 0)
    sent = b'{"appName":"shop","strategies":["default",null,7,"own"],"started":1,"interval":"10"}'
    assert decode(sent, RegisterParts).read() == RegisterBody(
        app_name="shop", strategies=["default", "own"], started=1, interval=10
    )
