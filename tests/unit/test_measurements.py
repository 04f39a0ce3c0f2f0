"""Reading what applications measure, adding it up, and showing it as Prometheus reads it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from flagkeeper.features.measurements.model import (
    MOST_BUCKETS,
    MOST_LABELS,
    Collected,
    CustomMetric,
    ImpactMetric,
    Kind,
    Metric,
    Series,
    Shown,
    Source,
    Unreadable,
    exposition,
    read_custom,
    read_impact,
    written,
)

HISTOGRAM = {
    "name": "latency",
    "type": "histogram",
    "samples": [
        {
            "count": 3,
            "sum": 1.5,
            "buckets": [{"le": 0.5, "count": 2}, {"le": 10, "count": 3}, {"le": "+Inf", "count": 3}],
            "labels": {"route": "/"},
        }
    ],
}


def impact(**given: Any) -> tuple[Metric, dict[Series, float]]:
    metric = msgspec.convert({"name": "m", "type": "counter", "samples": [], **given}, ImpactMetric, strict=False)
    return read_impact(metric, "shop", "production")


def labels(**given: str) -> str:
    return written({"appName": "shop", "environment": "production", "origin": "sdk", **given})


def test_a_counter() -> None:
    samples = [{"value": 2}, {"value": 3}, {"value": 1, "labels": {"plan": 7, "environment": "lies", "appName": "a"}}]
    metric, values = impact(name="sales-total", help="Sales", samples=samples)
    assert metric == Metric(Source.IMPACT, "sales_total", Kind.COUNTER, "Sales")
    assert {series.labels: value for series, value in values.items()} == {
        labels(metric_type="counter"): 5.0,
        labels(metric_type="counter", plan="7", appName="a"): 1.0,
    }


def test_of_a_gauge_the_last_value_holds() -> None:
    _, values = impact(type="gauge", samples=[{"value": 2}, {"value": -3}])
    assert list(values.values()) == [-3.0]


def test_a_histogram() -> None:
    _, values = impact(**HISTOGRAM)
    found = {(series.sample, msgspec.json.decode(series.labels).get("le")): value for series, value in values.items()}
    assert found == {
        ("latency_bucket", "0.5"): 2.0,
        ("latency_bucket", "10"): 3.0,
        ("latency_bucket", "+Inf"): 3.0,
        ("latency_sum", None): 1.5,
        ("latency_count", None): 3.0,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "", "samples": [{"value": 1}]},
        {"name": "7up", "samples": [{"value": 1}]},
        {"samples": [{}]},
        {"samples": [{"value": -1}]},
        {"samples": [{"value": 1, "labels": {"0": "x"}}]},
        {"samples": [{"value": 1, "labels": {"le": "1"}}]},
        {"samples": [{"value": 1, "labels": {"x": "two\nlines"}}]},
        {"samples": [{"value": 1, "labels": {"x": "y" * 300}}]},
        {"samples": [{"value": 1, "labels": {f"l{number}": "x" for number in range(MOST_LABELS + 1)}}]},
        {"type": "histogram", "samples": [{"value": 1}]},
        {"type": "histogram", "samples": [{"count": 1, "sum": 1, "buckets": [{"le": "x", "count": 1}]}]},
        {"type": "histogram", "samples": [{"count": 1, "sum": 1, "buckets": [{"le": 1, "count": 2}]}]},
        {
            "type": "histogram",
            "samples": [{"count": 1, "sum": 1, "buckets": [{"le": le, "count": 1} for le in range(MOST_BUCKETS + 1)]}],
        },
    ],
)
def test_what_makes_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        impact(**wrong)


def test_numbers_are_finite() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(Unreadable):
            read_custom(CustomMetric(name="x", value=value))


def test_what_could_not_be_written_is_added_again_and_newer_gauges_hold() -> None:
    earlier, later = Collected(), Collected()
    for collected, value in ((earlier, 2), (later, 5)):
        collected.take(*impact(name="c", samples=[{"value": value}]))
        collected.take(*impact(name="g", type="gauge", samples=[{"value": value}]))
    earlier.take(*impact(name="old", type="gauge", samples=[{"value": 9}]))
    later.absorb(earlier)
    assert {series.metric: value for series, value in later.values.items()} == {"c": 7.0, "g": 5.0, "old": 9.0}


def test_memory_is_bounded_and_a_name_has_one_kind() -> None:
    collected = Collected(most=2)
    for name in ("a", "b", "c", "a"):
        collected.take(*impact(name=name, samples=[{"value": 1}]))
    collected.take(*impact(name="a", type="gauge", samples=[{"value": 1}]))
    assert {series.metric: value for series, value in collected.values.items()} == {"a": 2.0, "b": 1.0}
    assert collected.dropped == 2


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    given_labels=st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,9}", fullmatch=True), texts, max_size=4),
    help_=texts,
)
def test_prometheus_reads_what_was_meant(value: float, given_labels: dict[str, str], help_: str) -> None:
    metric = Metric(Source.CUSTOM, "queue", Kind.GAUGE, help_)
    (family,) = text_string_to_metric_families(exposition([(metric, [Shown("queue", given_labels, value, 0)])]))
    (sample,) = family.samples
    assert (family.name, family.type, sample.name, sample.labels, sample.value) == (
        "queue",
        "gauge",
        "queue",
        given_labels,
        value,
    )


def test_prometheus_reads_a_histogram() -> None:
    metric, values = impact(**HISTOGRAM)
    shown = [Shown(series.sample, msgspec.json.decode(series.labels), value, 0) for series, value in values.items()]
    text = exposition([(metric, reversed(shown))])
    (family,) = text_string_to_metric_families(text)
    assert (family.name, family.type) == ("latency", "histogram")
    assert [each.labels["le"] for each in family.samples if each.name == "latency_bucket"] == ["0.5", "10", "+Inf"]
    assert text.startswith("# HELP latency latency\n# TYPE latency histogram\n")
