"""The bounds that the documents promise are those of the code; and what callers meet, or find in what is stored, does
not become another number unnoticed."""

from importlib import import_module
from pathlib import Path

import msgspec
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


MET: dict[str, dict[str, object]] = {
    "eventlog.archive.manifest": {"FORMAT": 1},
    "eventlog.diff.fields": {"NARROW": (3, 80), "WIDE": (8, 300)},
    "eventlog.diff.pairs": {"DEEPEST": 100},
    "eventlog.diff.patch": {"MOST_STEPS": 200},
    "eventlog.durable": {"MOST_FAILURES": 5},
    "eventlog.export.table": {"MOST_COLUMNS": 500},
    "eventlog.import_file.load": {"LONGEST_LINE": 16_000_000},
    "eventlog.index.search": {"MOST_VALUES": 50_000, "MOST_NAMES": 20_000},
    "eventlog.index.tables": {"FORM": 5},
    "eventlog.query.content": {"LONGEST_WORD": 100, "LONGEST_KEY": 50, "DEEPEST": 12},
    "eventlog.query.parameters": {"MOST_VALUES": 1_000},
    "eventlog.query.parse": {"LONGEST_QUERY": 2_000, "MOST_CONDITIONS": 50, "MOST_PATTERNS": 10, "DEEPEST": 10},
    "eventlog.unit": {"LARGEST_UNIT": 500},
    "http.address": {"LONGEST": 200},
    "http.application": {"LARGEST_BODY": 500_000},
    "http.cross_origin": {"KEPT_SECONDS": 86_400},
    "http.pace": {"WINDOW": 60_000},
    "http.route": {"LARGEST_OF_STRANGERS": 32_768},
    "integrations.sender.breaker": {"THRESHOLD": 10},
    "readmodels.client_features.query": {"LONGEST_VERSION": 100, "MOST_PARAMETERS": 200},
    "readmodels.event_export.slots": {"MOST": 4, "AGAIN": 10},
    "readmodels.event_search.counts": {"MOST_BUCKETS": 5_000, "MOST_NUMBERS": 200_000},
    "readmodels.event_search.log_api": {"LONGEST_LINKS": 4_000},
    "readmodels.event_search.page": {"COUNTED": 1_000},
    "readmodels.event_search.permalink": {"MOST_IN_GROUP": 50},
    "readmodels.event_tail.shares": {"PARTS": 10, "SMALLEST": 5, "FULL": 10},
    "readmodels.event_tail.wire": {"RETRY": 2_000},
    "readmodels.feature_search.question": {"MOST_VALUES": 100, "LONGEST_QUERY": 500},
    "readmodels.insights.model": {"WEEKS_SHOWN": 26, "WEEKS_KEPT": 106, "ACTIVE": 60 * 86_400_000},
    "readmodels.notifications.queries": {"MOST_SHOWN": 50, "MOST_FLAGS": 200},
    "readmodels.playground.model": {"MOST_RESULTS": 15_000},
    "readmodels.project_figures.dashboard": {"MOST_FLAGS": 100, "LATEST": 10},
    "readmodels.project_figures.model": {"WINDOW": 30, "YEAR": 365, "DAYS_KEPT": 366},
    "readmodels.remote_evaluation.contexts": {"MOST_FIELDS": 500},
    "readmodels.remote_evaluation.frontend": {"LARGEST_BODY": 100_000},
    "readmodels.remote_evaluation.ofrep": {"LARGEST_BODY": 100_000},
    "readmodels.timeline.api": {"MARGIN": 120_000},
    "readmodels.timeline.timeline": {"MARKS": 60, "MOST_MARKS": 200, "NAMED": 5},
    "readmodels.timeline.what_changed": {"MOST_EVENTS": 10, "MOST_LINES": 20, "LONGEST_LINE": 200},
    "readmodels.views.parts": {
        "NOTHING": (0, (3, 80), False),
        "SOME": (3, (3, 80), False),
        "ALL": (200, (8, 300), True),
    },
    "storage.backup": {"FORMAT": 1},
    "storage.examine": {"OLDEST_POSTGRESQL": 13, "OLDEST_SQLITE": (3, 35, 0)},
}
"""By module: what somebody is refused, told or cut short by, and the forms of what is stored."""


@pytest.mark.parametrize("module", MET)
def test_what_callers_meet_is_what_it_was(module: str) -> None:
    found = vars(import_module(f"flagkeeper.{module}"))
    assert {name: plain(found[name]) for name in MET[module]} == MET[module]


def plain(value: object) -> object:
    """A struct as the tuple of its fields."""
    if isinstance(value, msgspec.Struct):
        return tuple(plain(getattr(value, name)) for name in value.__struct_fields__)
    return value
