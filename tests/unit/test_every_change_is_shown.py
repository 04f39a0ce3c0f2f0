"""Every route that changes something has a test that shows its event, or a reason why there is none."""

import re
from pathlib import Path

from flagkeeper.app import RAW_OPERATIONS, ROUTES
from flagkeeper.slices import SLICES
from tools.document_events import read_marks

TESTS = Path(__file__).parents[1]

NO_EVENT = {action: reason for each in SLICES for action, reason in each.eventless.items()}


def routes() -> set[str]:
    """Every route that is no plain read, as `METHOD /path/{}`."""
    admin = {
        (method, path)
        for handler in ROUTES
        for method in handler.http_methods
        for path in handler.paths
        if method not in ("GET", "HEAD", "OPTIONS")
    }
    raw = {(operation.method, operation.path) for operation in RAW_OPERATIONS if operation.method != "GET"}
    return {shape(f"{method} {path}") for method, path in admin | raw}


def shape(action: str) -> str:
    """An action without the names of its parameters, which differ between code and documentation."""
    return re.sub(r"\{[^}]*\}", "{}", action.split("?", maxsplit=1)[0])


def test_every_change_has_a_test_that_shows_its_event() -> None:
    shown = {shape(each.action) for tests in read_marks(TESTS).values() for each in tests}
    silent = {shape(action) for action in NO_EVENT}

    unproven = sorted(routes() - shown - silent)

    assert not unproven, "mark the test that shows what these record, or say why they record nothing"


def test_reasons_are_for_routes_that_exist_and_record_nothing() -> None:
    shown = {shape(each.action) for tests in read_marks(TESTS).values() for each in tests}
    for action, reason in NO_EVENT.items():
        assert shape(action) in routes(), f"{action} is no route"
        assert shape(action) not in shown, f"{action} does record events"
        assert len(reason) > 10
