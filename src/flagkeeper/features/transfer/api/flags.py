"""Flags, out of one environment and into another."""

from litestar import Response

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.transfer import commands, queries
from flagkeeper.features.transfer.api.state import TAG
from flagkeeper.features.transfer.jobs import Imports
from flagkeeper.features.transfer.model.batch import ExportedFlags, FlagsImport, FlagsQuery, Remarks
from flagkeeper.features.transfer.schemas import demand_importable, remarks
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.kernel import clock
from flagkeeper.storage.reader import Reader

FLAGS = "/api/admin/features-batch"


@route.post(
    FLAGS + "/export",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="exportFeatures",
    summary="Flags with what they are in one environment",
    errors=(404,),
    returns=ExportedFlags,
)
async def export_flags(
    data: FlagsQuery, caller: Caller, units: Units, heavy_reader: Reader, visibility: Visibility
) -> Response[ExportedFlags]:
    data.check()
    found = await heavy_reader.run(queries.exported_flags, data, visibility)
    await units.run(caller.actor, commands.record_export, found, data.environment)
    name = f"flags_{clock.to_iso(clock.now())[:10]}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} if data.download_file else {}
    return Response(found, headers=headers)


@route.post(
    FLAGS + "/validate",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="validateImport",
    summary="What an import would meet: errors, warnings, and permissions that are missing",
    errors=(404,),
)
async def validate_import(
    data: FlagsImport, caller: Caller, units: Units, imports: Imports, visibility: Visibility
) -> Remarks:
    return remarks(await imports.plan_flags(data, units.limits, visibility), caller)


@route.post(
    FLAGS + "/import",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="importToggles",
    summary="Bring exported flags into one environment of a project",
    errors=(404, 409),
)
async def import_flags(
    data: FlagsImport, caller: Caller, units: Units, imports: Imports, visibility: Visibility
) -> None:
    plan = await imports.plan_flags(data, units.limits, visibility)
    demand_importable(plan, caller)
    await imports.import_flags(units, caller.actor, plan)


ROUTES = [export_flags, validate_import, import_flags]
