"""The long form of `tests/conformance/test_evaluation.py`."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flagkeeper.evaluation.context import Context
from flagkeeper.evaluation.document import ClientFeature, ClientSegment
from tests.agreement import CONTEXTS, SEGMENTS, compare, features

EXAMPLES = 1_600
FEWEST = 50_000


def test_fifty_thousand_answers_are_the_same() -> None:
    compared = 0

    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(features=features(), segments=SEGMENTS, contexts=st.lists(CONTEXTS, min_size=8, max_size=16))
    def the_engine_says_the_same(
        features: list[ClientFeature], segments: list[ClientSegment], contexts: list[Context]
    ) -> None:
        nonlocal compared
        compared += compare(features, segments, contexts)

    the_engine_says_the_same()
    print(f"{compared:,} answers about flags in contexts, no difference")
    assert compared >= FEWEST
