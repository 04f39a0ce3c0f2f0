"""The API of feedback, and of errors in the web interface."""

import structlog

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.feedback import commands, queries
from flagkeeper.features.feedback.model import for_the_log
from flagkeeper.features.feedback.schemas import FeedbackBody, FeedbackOut, UiErrorBody, shown
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Admin UI"

log = structlog.get_logger("flagkeeper.ui")


@route.post(
    "/feedback",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="provideFeedback",
    summary="Say what you think of a part of the web interface; it is kept without your name",
)
async def give_feedback(data: FeedbackBody, caller: Caller, units: Units) -> FeedbackOut:
    return shown(await units.run(caller.actor, commands.give, data.draft()))


@route.get(
    "/api/admin/feedback",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getFeedback",
    summary="What people think of the web interface, the newest first",
)
async def list_feedback(reader: Reader) -> list[FeedbackOut]:
    return [shown(each) for each in await reader.run(queries.all_feedback)]


@route.post(
    "/api/admin/record-ui-error",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="uiObservability",
    summary="Write an error of the web interface into the server's log, without what may be a secret",
    status=204,
)
async def record_ui_error(data: UiErrorBody, caller: Caller) -> None:
    log.error(
        "ui_error",
        user_id=caller.credential.user_id,
        message=for_the_log(data.error_message),
        stack=for_the_log(data.error_stack or ""),
    )


ROUTES = [give_feedback, list_feedback, record_ui_error]
