"""The API of notifications."""

from flagkeeper.eventlog.unit import Units
from flagkeeper.http import route
from flagkeeper.http.caller import Caller, Kind
from flagkeeper.kernel.errors import Forbidden
from flagkeeper.readmodels.notifications import commands, queries
from flagkeeper.readmodels.notifications.schemas import NotificationOut, ReadBody, shown
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.reader import Reader

TAG = "Notifications"


@route.get(
    "/api/admin/notifications",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getNotifications",
    summary="The last things that others did to flags that you made, or that are your favourites",
)
async def list_notifications(caller: Caller, reader: Reader, log: Log) -> list[NotificationOut]:
    return [shown(each) for each in await reader.run(queries.notifications, _person(caller), log)]


@route.post(
    "/api/admin/notifications/read",
    permission=route.ANYBODY,
    scope=route.OWN,
    tag=TAG,
    operation="markNotificationsAsRead",
    summary="I have read these notifications",
    status=200,
)
async def read_notifications(data: ReadBody, caller: Caller, units: Units, reader: Reader, log: Log) -> None:
    user_id = _person(caller)
    news = await reader.run(queries.news, user_id, log)
    await units.run(caller.actor, commands.read, user_id, data.notifications, news)


def _person(caller: Caller) -> int:
    if caller.credential.kind is not Kind.USER:
        raise Forbidden("Only people are notified: log in, or use a personal access token.")
    return caller.credential.user_id


ROUTES = [list_notifications, read_notifications]
