"""Our evaluation and that of the engine in Unleash's SDKs agree on every flag and every context."""

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from flagkeeper.evaluation.context import Context
from flagkeeper.evaluation.document import ClientFeature, ClientSegment
from tests.agreement import CONTEXTS, SEGMENTS, compare, features


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(features=features(), segments=SEGMENTS, contexts=st.lists(CONTEXTS, min_size=4, max_size=8))
def test_the_engine_says_the_same(
    features: list[ClientFeature], segments: list[ClientSegment], contexts: list[Context]
) -> None:
    assert compare(features, segments, contexts) == 4 * len(contexts)
