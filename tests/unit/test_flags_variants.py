"""Variants: how weights are shared out, and what is refused."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec import UNSET

from flagkeeper.evaluation.constraint import is_safe_word
from flagkeeper.evaluation.document import VariantOverride
from flagkeeper.features.flags.model.variant import WHOLE, VariantDraft, checked_variants, drafts_of, share_out
from flagkeeper.kernel.errors import BadData

PATH = "/body/variants"


def draft(name: str, weight: int = 1, weight_type: str = "variable", **more: Any) -> VariantDraft:
    return msgspec.convert({"name": name, "weight": weight, "weightType": weight_type, **more}, VariantDraft)


def test_what_does_not_divide_goes_to_the_first() -> None:
    drafts = [draft("a", 300, "fix"), draft("b"), draft("c"), draft("d")]
    assert [variant.weight for variant in checked_variants(drafts, PATH)] == [300, 234, 233, 233]


@given(
    fixed=some.lists(some.integers(0, 400), max_size=4),
    variable=some.integers(0, 30),
    seed=some.randoms(use_true_random=False),
)
def test_weights_always_make_up_the_whole_or_are_refused(fixed: list[int], variable: int, seed: Any) -> None:
    wanted = [(weight, "fix") for weight in fixed] + [(7, "variable")] * variable
    seed.shuffle(wanted)
    rest = WHOLE - sum(fixed)
    if wanted and (rest < 0 or (rest > 0) != (variable > 0)):
        with pytest.raises(BadData):
            share_out(wanted)
        return
    weights = share_out(wanted)
    assert sum(weights) == (WHOLE if wanted else 0)
    assert [weight for weight, (_, kind) in zip(weights, wanted, strict=True) if kind == "fix"] == [
        weight for weight, kind in wanted if kind == "fix"
    ]
    shared = [weight for weight, (_, kind) in zip(weights, wanted, strict=True) if kind != "fix"]
    assert shared == sorted(shared, reverse=True)
    assert not shared or shared[0] - shared[-1] <= 1


@given(
    drafts=some.lists(
        some.builds(draft, some.text("abcXYZ", min_size=1, max_size=3), some.integers(0, 300)),
        max_size=6,
        unique_by=lambda each: each.name,
    ),
    seed=some.randoms(use_true_random=False),
)
def test_the_order_in_which_they_come_makes_no_difference(drafts: list[VariantDraft], seed: Any) -> None:
    variants = checked_variants(drafts, PATH)
    assert [variant.name for variant in variants] == sorted(each.name for each in drafts)
    shuffled = list(drafts)
    seed.shuffle(shuffled)
    assert checked_variants(shuffled, PATH) == variants


def test_shared_weights_stay_when_they_are_shared_again() -> None:
    variants = checked_variants([draft("a", 100, "fix"), *[draft(str(i)) for i in range(7)]], PATH)
    assert checked_variants(drafts_of(variants), PATH) == variants


@pytest.mark.parametrize(
    ("variants", "where"),
    [
        ([draft("")], "/body/variants/0"),
        ([draft(" ")], "/body/variants/0"),
        ([draft("x" * 101)], "/body/variants/0"),
        ([draft("a"), draft("b"), draft("a")], "/body/variants/2"),
        ([draft("a", payload={"type": "json", "value": "{"})], "/body/variants/0"),
        ([draft("a", payload={"type": "json", "value": "[" * 5_000})], "/body/variants/0"),
        ([draft("a", payload={"type": "json", "value": '{"a":' * 5_000 + "1" + "}" * 5_000})], "/body/variants/0"),
        ([draft("a", payload={"type": "number", "value": "many"})], "/body/variants/0"),
        ([draft("a", stickiness='"')], "/body/variants/0"),
        ([draft("a", stickiness="")], "/body/variants/0"),
        ([draft("a", 600, "fix"), draft("b", 500, "fix")], PATH),
        ([draft("a", 1000, "fix"), draft("b")], PATH),
        ([draft("a", 999, "fix")], PATH),
    ],
)
def test_what_is_refused(variants: list[VariantDraft], where: str) -> None:
    with pytest.raises(BadData) as caught:
        checked_variants(variants, PATH)
    assert [detail.path for detail in caught.value.details] == [where]


@pytest.mark.parametrize(
    "given",
    [
        {"name": "a", "weight": 1001},
        {"name": "a", "weight": -1},
        {"name": "a", "weight": 0.5},
        {"name": "a", "weight": "1"},
        {"name": "a", "weight": 1, "weightType": "heavy"},
        {"name": "a", "weight": 1, "payload": {"type": "yaml", "value": ""}},
        {"name": "a", "weight": 1, "payload": {"type": "string", "value": 7}},
        {"weight": 1},
    ],
)
def test_what_has_the_wrong_type(given: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given, VariantDraft)


@pytest.mark.parametrize(
    ("kind", "value"), [("json", "[1]"), ("csv", "a,b"), ("string", ""), ("number", "-1.5e3"), ("number", "7")]
)
def test_payloads_are_kept(kind: str, value: str) -> None:
    (variant,) = checked_variants([draft("a", payload={"type": kind, "value": value})], PATH)
    assert msgspec.to_builtins(variant.payload) == {"type": kind, "value": value}


def test_only_variants_of_flags_have_overrides() -> None:
    given = [draft("a", overrides=[{"contextName": "userId", "values": ["7"]}])]
    assert checked_variants(given, PATH)[0].overrides is UNSET
    kept = checked_variants(given, PATH, overrides=True)[0].overrides
    assert kept == [VariantOverride(context_name="userId", values=["7"])]


def test_no_variants_are_fine() -> None:
    assert checked_variants([], PATH) == []


@pytest.mark.parametrize(
    ("word", "safe"), [("userId", True), ("a\\b", True), ('a"', False), ("a\\", False), ("", True)]
)
def test_words_that_sdks_can_take_into_a_rule(word: str, safe: bool) -> None:
    assert is_safe_word(word) is safe
