"""The API of reminders: parse, run, answer."""

from flagkeeper.features.reminders import commands, queries
from flagkeeper.features.reminders.model import Reminder
from flagkeeper.features.reminders.schemas import ReminderBody, ReminderList

from flagkeeper.eventlog.unit import Units
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Reminders"
ALL, ONE = "/api/admin/reminders", "/api/admin/reminders/{reminder_id:int}"


@route.get(
    ALL,
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getReminders",
    summary="All reminders",
)
async def list_reminders(reader: Reader) -> ReminderList:
    return ReminderList(await reader.run(queries.all_reminders))


@route.post(
    ALL,
    permission=Permission.UPDATE_APPLICATION,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createReminder",
    summary="Remind everybody of something",
    status=201,
)
async def create_reminder(data: ReminderBody, caller: Caller, units: Units) -> Reminder:
    return await units.run(caller.actor, commands.create, data.text)


@route.get(
    ONE,
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getReminder",
    summary="One reminder",
    errors=(404,),
)
async def get_reminder(reminder_id: int, reader: Reader) -> Reminder:
    return await reader.run(queries.reminder, reminder_id)


@route.put(
    ONE,
    permission=Permission.UPDATE_APPLICATION,
    scope=route.INSTANCE,
    tag=TAG,
    operation="updateReminder",
    summary="Change a reminder",
    errors=(404,),
)
async def update_reminder(reminder_id: int, data: ReminderBody, caller: Caller, units: Units) -> Reminder:
    return await units.run(caller.actor, commands.update, reminder_id, data.text)


@route.delete(
    ONE,
    permission=Permission.UPDATE_APPLICATION,
    scope=route.INSTANCE,
    tag=TAG,
    operation="deleteReminder",
    summary="Delete a reminder",
    status=204,
    errors=(404,),
)
async def delete_reminder(reminder_id: int, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.delete, reminder_id)


ROUTES = [list_reminders, create_reminder, get_reminder, update_reminder, delete_reminder]
