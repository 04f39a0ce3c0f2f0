"""What the server has to know of users."""

from typing import Any

from litestar import Request

from flagkeeper.features.logins.model import Visit
from flagkeeper.features.users import api, keeper, steps, tables
from flagkeeper.features.users.model.session import SessionRules
from flagkeeper.features.users.model.user import Inactivity
from flagkeeper.features.users.ports import GROUPS_OF_USER, PATS_SEEN, SEARCHES_OF_USER, TOKENS_OF_USER
from flagkeeper.kernel import clock
from flagkeeper.slice import Part, Slice

SESSION_RULES = Part(
    "session_rules",
    lambda parts: SessionRules(parts.settings.session_hours * clock.HOUR, parts.settings.most_sessions),
)
INACTIVITY = Part("inactivity", lambda parts: Inactivity(parts.settings.inactive_after_days * clock.DAY))


def _visit(request: Request[Any, Any, Any], client_address: str) -> Visit:
    """From where and with what somebody logs in."""
    return Visit(client_address, request.headers.get("user-agent", ""))


SLICE = Slice(
    name="users",
    routes=api.ROUTES,
    eventless={
        "POST /auth/simple/login": "opens a session, which is use and not a change",
        "POST /logout": "ends sessions, which is use and not a change",
        "DELETE /api/admin/user/sessions": "ends sessions of one's own, which is use and not a change",
        "DELETE /api/admin/user/sessions/{session_id}": "ends a session of one's own, which is use and not a change",
        "POST /api/admin/user-admin/validate-password": "only asks whether a password is strong enough",
        "POST /api/admin/splash/{splash_id}": "what somebody has seen is use and not a change",
        "POST /api/admin/feedback": "what somebody was asked is use and not a change",
        "PUT /api/admin/feedback/{feedback_id}": "what somebody was asked is use and not a change",
        "POST /auth/reset/validate-password": "only asks whether a password is strong enough",
    },
    causes=("flagkeeper user rescue",),
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    asks=(TOKENS_OF_USER, GROUPS_OF_USER, SEARCHES_OF_USER, PATS_SEEN),
    provides=(SESSION_RULES, INACTIVITY),
    per_request={"visit": _visit},
)
