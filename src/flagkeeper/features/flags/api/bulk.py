"""The same for many flags of a project, in chunks, so that others are not held up. Names that the project does not know
are left out; switching wants to know all of them first. Running the same request again is harmless."""

from functools import partial

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.api.environments import Activate
from flagkeeper.features.flags.api.flags import TAG
from flagkeeper.features.flags.commands import bulk, tags
from flagkeeper.features.flags.commands.bulk import CHUNK, CHUNK_OF_ACTIVATIONS
from flagkeeper.features.flags.model.relations import check_archive
from flagkeeper.features.flags.schemas.bodies import BulkTagsBody, FlagNames, StaleBody
from flagkeeper.features.flags.schemas.flags import ArchiveCheck
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

PROJECT = "/api/admin/projects/{project:str}"
SWITCH = PROJECT + "/bulk_features/environments/{environment:str}"


@route.post(
    PROJECT + "/archive",
    permission=Permission.DELETE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="archiveFeatures",
    summary="Archive flags",
    status=202,
    errors=(404,),
)
async def archive_flags(project: str, data: FlagNames, caller: Caller, units: Units, reader: Reader) -> None:
    known = await reader.run(queries.known_flags, project, data.features, archived_too=True)
    check_archive((await reader.run(queries.standing_in_the_way, known)).parents)
    ordered = await reader.run(queries.children_first, known)
    await units.run_chunks(caller.actor, partial(bulk.archive_many, project=project), ordered, CHUNK)


@route.post(
    PROJECT + "/archive/validate",
    permission=Permission.DELETE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="validateArchiveFeatures",
    summary="Does anything stand in the way of archiving these flags?",
    errors=(404,),
)
async def validate_archive(project: str, data: FlagNames, reader: Reader) -> ArchiveCheck:
    known = await reader.run(queries.known_flags, project, data.features, archived_too=True)
    found = await reader.run(queries.standing_in_the_way, known)
    return ArchiveCheck(parents_with_child_features=found.parents, has_deleted_dependencies=found.has_dependencies)


@route.post(
    PROJECT + "/revive",
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag="Archive",
    operation="reviveFeatures",
    summary="Bring flags back, switched off everywhere",
    errors=(404,),
)
async def revive_flags(project: str, data: FlagNames, caller: Caller, units: Units, reader: Reader) -> None:
    known = await reader.run(queries.known_flags, project, data.features, archived_too=True)
    await units.run_chunks(caller.actor, partial(bulk.revive_many, project=project), known, CHUNK)


@route.post(
    PROJECT + "/delete",
    permission=Permission.DELETE_FEATURE,
    scope=route.PROJECT,
    tag="Archive",
    operation="deleteFeatures",
    summary="Delete archived flags for good; any others are left alone",
    errors=(404,),
)
async def delete_flags(project: str, data: FlagNames, caller: Caller, units: Units, reader: Reader) -> None:
    known = await reader.run(queries.known_flags, project, data.features, archived_too=True)
    await units.run_chunks(caller.actor, partial(bulk.delete_many, project=project), known, CHUNK)


@route.post(
    PROJECT + "/stale",
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="staleFeatures",
    summary="Mark flags as stale, or as no longer stale",
    status=202,
    errors=(404,),
)
async def mark_stale(project: str, data: StaleBody, caller: Caller, units: Units, reader: Reader) -> None:
    known = await reader.run(queries.known_flags, project, data.features)
    mark = partial(bulk.mark_many_stale, project=project, stale=data.stale)
    await units.run_chunks(caller.actor, mark, known, CHUNK)


@route.post(
    SWITCH + "/on",
    permission=Permission.UPDATE_FEATURE_ENVIRONMENT,
    scope=route.PROJECT,
    tag=TAG,
    operation="bulkToggleFeaturesEnvironmentOn",
    summary="Switch flags on",
    errors=(404,),
    query={"shouldActivateDisabledStrategies": "Enable disabled strategies first"},
)
async def turn_on(
    project: str,
    environment: str,
    data: FlagNames,
    caller: Caller,
    units: Units,
    reader: Reader,
    activate: Activate = False,
) -> None:
    await reader.run(queries.demand_flags, project, data.features, environment)
    turn = partial(bulk.turn_many_on, project=project, environment=environment, activate_disabled_strategies=activate)
    await units.run_chunks(caller.actor, turn, data.features, CHUNK_OF_ACTIVATIONS if activate else CHUNK)


@route.post(
    SWITCH + "/off",
    permission=Permission.UPDATE_FEATURE_ENVIRONMENT,
    scope=route.PROJECT,
    tag=TAG,
    operation="bulkToggleFeaturesEnvironmentOff",
    summary="Switch flags off",
    errors=(404,),
)
async def turn_off(
    project: str, environment: str, data: FlagNames, caller: Caller, units: Units, reader: Reader
) -> None:
    await reader.run(queries.demand_flags, project, data.features, environment)
    turn = partial(bulk.turn_many_off, project=project, environment=environment)
    await units.run_chunks(caller.actor, turn, data.features, CHUNK)


@route.put(
    PROJECT + "/tags",
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag="Tags",
    operation="addTagToFeatures",
    summary="Add and remove tags of flags",
    errors=(404,),
)
async def update_tags(project: str, data: BulkTagsBody, caller: Caller, units: Units, reader: Reader) -> None:
    known = await reader.run(queries.known_flags, project, data.features)
    changes = data.tags
    change = partial(tags.update_many, project=project, added=changes.added_tags, removed=changes.removed_tags)
    await units.run_chunks(caller.actor, change, known, changes.flags_per_unit())


ROUTES = [
    archive_flags,
    validate_archive,
    revive_flags,
    delete_flags,
    mark_stale,
    turn_on,
    turn_off,
    update_tags,
]
