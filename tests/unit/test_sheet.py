"""All flags of an answer, found together: the same as each flag by itself."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flagkeeper.evaluation.constraint import Constraint
from flagkeeper.evaluation.context import Values
from flagkeeper.evaluation.document import ClientDependency, ClientFeature, ClientSegment, ClientStrategy
from flagkeeper.evaluation.evaluator import Evaluator
from flagkeeper.evaluation.flag import OFF, CompiledFlag, Segment, decided
from flagkeeper.readmodels.remote_evaluation.sheet import Sheet, sheet_of

FIELDS = ("userId", "country")
BASE: dict[str, Any] = {
    "type": "release",
    "project": "default",
    "stale": False,
    "variants": [],
    "description": None,
    "impression_data": False,
}
VALUES = ("1", "2", "se", "no", "")
SEGMENT = Segment(
    ClientSegment(id=1, name="s", constraints=[Constraint(context_name="country", operator="IN", values=["se"])])
)

constraints = st.builds(
    Constraint,
    context_name=st.sampled_from(FIELDS),
    operator=st.sampled_from(("IN", "NOT_IN", "STR_CONTAINS")),
    values=st.lists(st.sampled_from(VALUES), min_size=1, max_size=3),
    inverted=st.booleans(),
)
strategies = st.builds(
    lambda rollout, some, segments: ClientStrategy(
        name="flexibleRollout",
        constraints=some,
        segments=segments,
        variants=[],
        parameters={"rollout": rollout, "stickiness": "userId", "groupId": "g"},
    ),
    st.sampled_from(("0", "50", "100")),
    st.lists(constraints, max_size=2),
    st.sampled_from(([], [1])),
)
flags = st.lists(
    st.tuples(st.lists(strategies, max_size=2), st.booleans(), st.sampled_from((None, 0, 1))), min_size=1, max_size=6
)
contexts = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, st.sampled_from(VALUES)))


def compiled(number: int, rules: list[ClientStrategy], enabled: bool, parent: int | None) -> CompiledFlag:
    depends: dict[str, Any] = {}
    if parent is not None and parent < number:
        depends = {"dependencies": [ClientDependency(feature=f"f{parent}", enabled=number % 2 == 0, variants=[])]}
    feature = ClientFeature(**{**BASE, **depends}, name=f"f{number}", enabled=enabled, strategies=rules)
    return CompiledFlag(feature, {1: SEGMENT}, hostname="", chance=random.Random(1))


def sheet(evaluator: Evaluator, known: dict[str, CompiledFlag]) -> Sheet:
    return sheet_of(
        (evaluator.decision(name), flag.listing, [f"{name}:{outcome},".encode() for outcome in range(2)])
        for name, flag in known.items()
    )


@given(flags, contexts)
def test_a_sheet_says_of_each_flag_what_it_says_itself(drawn: list[Any], values: Values) -> None:
    known = {f"f{i}": compiled(i, *each) for i, each in enumerate(drawn)}
    evaluator = Evaluator(known)
    expected = {f"{name}:{int(decided(evaluator.decision(name), values))}" for name in known}
    assert set(sheet(evaluator, known).fill(values).decode().split(",")) == expected
    for flag in known.values():
        if flag.listing is not None and values.get(flag.listing.field) not in flag.listing.values:
            assert decided(flag.decision, values) == OFF or not flag.feature.enabled


def test_who_is_on_no_list_asks_no_flag_that_has_one() -> None:
    def listed(*users: str) -> list[ClientStrategy]:
        only = Constraint(context_name="userId", operator="IN", values=list(users))
        return [ClientStrategy(name="default", constraints=[only], variants=[], parameters={})]

    known = {f"f{i}": compiled(i, listed(str(i), str(i + 1)), True, None) for i in range(50)}
    made = sheet(Evaluator(known), known)
    assert (made.fixed, made.asked) == (b"", [])
    assert made.fill({"userId": "7"}).count(b":1") == 2
    assert made.fill({"userId": "x"}).count(b":1") == made.fill({}).count(b":1") == 0
    (only,) = made.together
    assert len(only.outcomes({"userId": "x"})) == 1
