"""What applications measure is added up by an edge as a server would add it up."""

import msgspec
import pytest

from flagkeeper.edge.impact import Impact
from flagkeeper.features.measurements.model import Collected, ImpactMetric, Unreadable, read_impact


def metric(kind: str, **sample: object) -> ImpactMetric:
    return msgspec.convert({"name": "m", "help": "h", "type": kind, "samples": [sample]}, ImpactMetric)


@pytest.mark.parametrize(
    ("kind", "samples"),
    [
        ("counter", [{"value": 2}, {"value": 3, "labels": {"x": "y"}}, {"value": 4}]),
        ("gauge", [{"value": 2}, {"value": 1}]),
        (
            "histogram",
            [
                {"count": 2, "sum": 3, "buckets": [{"le": 1, "count": 1}, {"le": "+Inf", "count": 2}]},
                {"count": 1, "sum": 9, "buckets": [{"le": 1, "count": 0}, {"le": "+Inf", "count": 1}]},
            ],
        ),
    ],
)
def test_the_sum_is_what_the_parts_would_have_been(kind: str, samples: list[dict[str, object]]) -> None:
    alone, together, impact = Collected(), Collected(), Impact()
    for each in samples:
        alone.take(*read_impact(metric(kind, **each), "shop", "development"))
        impact.take(metric(kind, **each), "shop", "development")
    for _, added_up in impact.of("development"):
        together.take(*read_impact(added_up, "", "development"))
    assert together.values == alone.values
    assert not list(impact.of("production"))


def test_what_could_not_be_handed_on_comes_back() -> None:
    earlier, later = Impact(), Impact()
    for kept, value in ((earlier, 1), (later, 2)):
        kept.take(metric("counter", value=value), "shop", "development")
        kept.take(metric("gauge", value=value, labels={"g": "1"}), "shop", "development")
    later.absorb(earlier)
    assert sorted(each.samples[0].value or 0 for _, each in later.of("development")) == [2, 3]


def test_what_makes_no_sense_is_not_taken() -> None:
    with pytest.raises(Unreadable):
        Impact().take(metric("counter", value=-1), "shop", "development")
