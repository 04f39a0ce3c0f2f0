"""What hangs on a flag: dependencies, links, its life, and whose favourite it is."""

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.api.flags import FLAG, FLAGS, TAG
from flagkeeper.features.flags.commands import dependencies, favorites, lifecycle, links
from flagkeeper.features.flags.model.relations import CompletionDraft, DependencyDraft, LinkDraft
from flagkeeper.features.flags.schemas.flags import StageOut, shown_stage
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

DEPENDENCIES = "Dependencies"
PROJECT = "/api/admin/projects/{project:str}"
CHILD = FLAGS + "/{child:str}"
PARENT = FLAGS + "/{parent:str}"


@route.get(
    PROJECT + "/dependencies",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=DEPENDENCIES,
    operation="checkDependenciesExist",
    summary="Does any flag of the project depend on another?",
    errors=(404,),
)
async def dependencies_exist(project: str, reader: Reader) -> bool:
    return await reader.run(queries.dependencies_exist, project)


@route.post(
    CHILD + "/dependencies",
    permission=Permission.UPDATE_FEATURE_DEPENDENCY,
    scope=route.PROJECT,
    tag=DEPENDENCIES,
    operation="addFeatureDependency",
    summary="Make a flag depend on another one, or change how it does",
    status=200,
    errors=(404,),
)
async def add_dependency(project: str, child: str, data: DependencyDraft, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, dependencies.add, project, child, data)


@route.delete(
    CHILD + "/dependencies/{parent:str}",
    permission=Permission.UPDATE_FEATURE_DEPENDENCY,
    scope=route.PROJECT,
    tag=DEPENDENCIES,
    operation="deleteFeatureDependency",
    summary="Make a flag no longer depend on another one",
    status=200,
    errors=(404,),
)
async def remove_dependency(project: str, child: str, parent: str, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, dependencies.remove, project, child, parent)


@route.delete(
    CHILD + "/dependencies",
    permission=Permission.UPDATE_FEATURE_DEPENDENCY,
    scope=route.PROJECT,
    tag=DEPENDENCIES,
    operation="deleteFeatureDependencies",
    summary="Make a flag depend on no other",
    status=200,
    errors=(404,),
)
async def remove_dependencies(project: str, child: str, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, dependencies.remove_all, project, child)


@route.get(
    CHILD + "/parents",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=DEPENDENCIES,
    operation="listParentOptions",
    summary="The flags that a flag may depend on",
    errors=(404,),
)
async def list_parents(project: str, child: str, reader: Reader) -> list[str]:
    return await reader.run(queries.parent_options, project, child)


@route.get(
    PARENT + "/parent-variants",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=DEPENDENCIES,
    operation="listParentVariantOptions",
    summary="The variants of a flag that others may ask for",
    errors=(404,),
)
async def list_parent_variants(project: str, parent: str, reader: Reader) -> list[str]:
    return await reader.run(queries.variants_of_parent, project, parent)


@route.post(
    FLAG + "/link",
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="createFeatureLink",
    summary="Add a link to a flag",
    status=204,
    errors=(404,),
)
async def add_link(project: str, flag: str, data: LinkDraft, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, links.add, project, flag, data)


@route.put(
    FLAG + "/link/{link_id:str}",
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="updateFeatureLink",
    summary="Replace a link of a flag",
    status=204,
    errors=(404,),
)
async def update_link(project: str, flag: str, link_id: str, data: LinkDraft, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, links.update, project, flag, link_id, data)


@route.delete(
    FLAG + "/link/{link_id:str}",
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteFeatureLink",
    summary="Remove a link of a flag",
    status=204,
    errors=(404,),
)
async def remove_link(project: str, flag: str, link_id: str, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, links.remove, project, flag, link_id)


@route.get(
    FLAG + "/lifecycle",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getFeatureLifecycle",
    summary="The stages of its life that a flag has reached",
    errors=(404,),
)
async def get_lifecycle(project: str, flag: str, reader: Reader) -> list[StageOut]:
    return [shown_stage(each) for each in await reader.run(queries.lifecycle, project, flag)]


@route.post(
    FLAG + "/lifecycle/complete",
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="complete",
    summary="Say that a flag has done its work",
    status=200,
    errors=(404,),
)
async def complete(project: str, flag: str, data: CompletionDraft, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, lifecycle.complete, project, flag, data)


@route.post(
    FLAG + "/lifecycle/uncomplete",
    permission=Permission.UPDATE_FEATURE,
    scope=route.PROJECT,
    tag=TAG,
    operation="uncomplete",
    summary="Take back that a flag has done its work",
    status=200,
    errors=(404,),
)
async def uncomplete(project: str, flag: str, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, lifecycle.uncomplete, project, flag)


@route.post(
    FLAG + "/favorites",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="addFavoriteFeature",
    summary="Make a flag one of your favourites",
    status=200,
    errors=(404,),
)
async def add_favorite(project: str, flag: str, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, favorites.add, flag, project)


@route.delete(
    FLAG + "/favorites",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="removeFavoriteFeature",
    summary="Take a flag out of your favourites",
    status=200,
    errors=(404,),
)
async def remove_favorite(project: str, flag: str, caller: Caller, units: Units) -> None:
    await units.run(caller.actor, favorites.remove, flag, project)


ROUTES = [
    dependencies_exist,
    add_dependency,
    remove_dependency,
    remove_dependencies,
    list_parents,
    list_parent_variants,
    add_link,
    update_link,
    remove_link,
    get_lifecycle,
    complete,
    uncomplete,
    add_favorite,
    remove_favorite,
]
