"""The bounds that the documents promise are those of the code."""

from pathlib import Path

import pytest

from flagkeeper.eventlog.archive.timed import ANSWER
from flagkeeper.eventlog.index.search import MOST_NAMES, MOST_VALUES
from flagkeeper.eventlog.query.parse import LONGEST_QUERY, MOST_CONDITIONS, MOST_PATTERNS
from flagkeeper.features.searches.model import MOST_SEARCHES
from flagkeeper.http.event_stream import HEARTBEAT
from flagkeeper.kernel.nesting import DEEPEST
from flagkeeper.readmodels.event_export.slots import MOST
from flagkeeper.readmodels.event_search.page import COUNTED
from flagkeeper.readmodels.event_tail.shares import PARTS

ROOT = Path(__file__).parents[2]
WORDS = {4: "four", 10: "ten"}
LOG, README = "docs/event-log.md", "README.md"


@pytest.mark.parametrize(
    ("document", "promise"),
    [
        (LOG, f"at most {LONGEST_QUERY:,} characters, {MOST_CONDITIONS} conditions and {MOST_PATTERNS} values with"),
        (LOG, f"which together may stand for {MOST_NAMES:,} names"),
        (LOG, f"more than {MOST_VALUES:,} values contain the part"),
        (LOG, f"counted up to {COUNTED:,} "),
        (LOG, f"Every {HEARTBEAT:.0f} seconds without one"),
        (LOG, f"holds a {WORDS[PARTS]}th of them at most"),
        (LOG, f"{WORDS[MOST]} under way at most"),
        (LOG, f"after {WORDS[int(ANSWER)]} seconds at most"),
        (LOG, f"Each owner keeps up to {MOST_SEARCHES}."),
        (README, f"{DEEPEST} levels of JSON"),
    ],
)
def test_documents_and_code_have_the_same_bounds(document: str, promise: str) -> None:
    assert promise in " ".join((ROOT / document).read_text().split())
