"""The API of archive, holds and pseudonyms: parse, run, answer."""

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.retention import commands, queries
from flagkeeper.features.retention.jobs import Retention
from flagkeeper.features.retention.schemas import (
    ArchiveOut,
    HoldBody,
    HoldList,
    HoldOut,
    PersonBody,
    PseudonymList,
    PseudonymOut,
    RunBegun,
    shown_hold,
    shown_pseudonym,
    shown_state,
)
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

TAG = "Event log"


@route.get(
    "/api/admin/log/archive",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getLogArchive",
    summary="Where the events are: in the database, and in which segments of the archive",
)
async def get_archive(reader: Reader, retention: Retention) -> ArchiveOut:
    state = await reader.run(queries.archive_state)
    return shown_state(state, retention.blobs.shown if retention.blobs else None, retention.policy)


@route.post(
    "/api/admin/log/archive/runs",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="runLogArchive",
    summary="Archive now what the policy lets go",
    status=202,
    errors=(409,),
)
async def run_archive(caller: Caller, units: Units, retention: Retention) -> RunBegun:
    await retention.begin_archiving(units, caller.actor)
    return RunBegun(started=True)


@route.get(
    "/api/admin/log/holds",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getLogHolds",
    summary="The legal holds that stand",
)
async def list_holds(reader: Reader) -> HoldList:
    return HoldList(holds=[shown_hold(hold) for hold in await reader.run(queries.holds)])


@route.post(
    "/api/admin/log/holds",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="placeLogHold",
    summary="Place a legal hold: no event leaves the database, and no name is replaced, until it is lifted",
    status=201,
)
async def place_hold(data: HoldBody, caller: Caller, units: Units) -> HoldOut:
    return shown_hold(await units.run(caller.actor, commands.place_hold, data.reason))


@route.delete(
    "/api/admin/log/holds/{hold_id:int}",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="liftLogHold",
    summary="Lift a legal hold",
    status=204,
    errors=(404,),
)
async def lift_hold(hold_id: int, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.lift_hold, hold_id)


@route.get(
    "/api/admin/log/pseudonyms",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getLogPseudonyms",
    summary="The pseudonyms of people who were forgotten, and how far that has come",
)
async def list_pseudonyms(reader: Reader) -> PseudonymList:
    return PseudonymList(pseudonyms=[shown_pseudonym(each) for each in await reader.run(queries.all_pseudonyms)])


@route.post(
    "/api/admin/log/pseudonyms",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="pseudonymiseActor",
    summary="Put a pseudonym in the place of a person's names, everywhere in the log",
    status=202,
    errors=(404, 409),
)
async def pseudonymise(data: PersonBody, caller: Caller, units: Units, retention: Retention) -> PseudonymOut:
    asked = await units.run(caller.actor, commands.ask_pseudonym, data.person())
    retention.begin_pseudonymising(asked.pseudonym)
    return shown_pseudonym(asked)


ROUTES = [get_archive, run_archive, list_holds, place_hold, lift_hold, list_pseudonyms, pseudonymise]
