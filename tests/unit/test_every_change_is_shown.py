"""Every route that changes something has a test that shows its event, or a reason why there is none."""

import re
from pathlib import Path

from flagkeeper.app import RAW_OPERATIONS, ROUTES
from tools.document_events import read_marks

TESTS = Path(__file__).parents[1]

NO_EVENT = {
    "POST /api/admin/segments/validate": "only asks whether a name is free",
    "POST /api/admin/features/validate": "only asks whether a name is free",
    "POST /api/admin/environments/validate": "only asks whether a name is free",
    "POST /api/admin/tag-types/validate": "only asks whether a name is free",
    "POST /api/admin/constraints/validate": "only asks whether a constraint makes sense",
    "POST /api/admin/projects/{projectId}/archive/validate": "only asks what archiving would mean",
    "POST /api/admin/user-admin/validate-password": "only asks whether a password is strong enough",
    "POST /auth/reset/validate-password": "only asks whether a password is strong enough",
    "POST /api/admin/events/search": "a search whose question does not fit into a URL",
    "POST /edge/validate": "asks which tokens are valid; a proxy does so all day",
    "POST /auth/simple/login": "opens a session, which is use and not a change",
    "POST /api/admin/addons/dry-run": "only counts what an integration would have been told",
    "POST /api/admin/addons/{id}/test": "sends a test message, which the deliveries of the integration show",
    "POST /api/admin/addons/{id}/deliveries/replay": "sends again what was sent, which the deliveries show",
    "POST /api/admin/addons/{id}/deliveries/{delivery}/replay": "sends again what was sent, which the deliveries show",
    "POST /logout": "ends sessions, which is use and not a change",
}
"""Routes that are not GET and record nothing, each with the reason."""


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
