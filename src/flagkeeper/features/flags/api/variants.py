"""Variants of flags in environments: the older way, before strategies had variants."""

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags import queries
from flagkeeper.features.flags.api.environments import ENVIRONMENT
from flagkeeper.features.flags.api.flags import FLAG, TAG
from flagkeeper.features.flags.commands import variants
from flagkeeper.features.flags.model.json_patch import Patch
from flagkeeper.features.flags.model.variant import VariantDraft
from flagkeeper.features.flags.schemas.bodies import PushVariantsBody
from flagkeeper.features.flags.schemas.flags import VariantList
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.storage.reader import Reader

IN_ENVIRONMENT = ENVIRONMENT + "/variants"
EVERYWHERE = FLAG + "/variants"


@route.get(
    IN_ENVIRONMENT,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getEnvironmentFeatureVariants",
    summary="The variants of a flag in an environment",
    errors=(404,),
)
async def list_in_environment(project: str, flag: str, environment: str, reader: Reader) -> VariantList:
    return VariantList(variants=(await reader.run(queries.environment_of_flag, project, flag, environment)).variants)


@route.put(
    IN_ENVIRONMENT,
    permission=Permission.UPDATE_FEATURE_ENVIRONMENT_VARIANTS,
    scope=route.PROJECT,
    tag=TAG,
    operation="overwriteEnvironmentFeatureVariants",
    summary="Replace the variants of a flag that has some in an environment",
    errors=(404,),
)
async def replace_in_environment(
    project: str, flag: str, environment: str, data: route.ListOf[VariantDraft], caller: Caller, units: Units
) -> VariantList:
    return VariantList(variants=await units.run(caller.actor, variants.replace, project, flag, environment, data))


@route.patch(
    IN_ENVIRONMENT,
    permission=Permission.UPDATE_FEATURE_ENVIRONMENT_VARIANTS,
    scope=route.PROJECT,
    tag=TAG,
    operation="patchEnvironmentsFeatureVariants",
    summary="Change the variants of a flag that has some in an environment by a JSON Patch",
    errors=(404,),
)
async def patch_in_environment(
    project: str, flag: str, environment: str, data: route.ListOf[Patch], caller: Caller, units: Units
) -> VariantList:
    return VariantList(variants=await units.run(caller.actor, variants.patch, project, flag, environment, data))


@route.put(
    FLAG + "/variants-batch",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="overwriteFeatureVariantsOnEnvironments",
    summary="Give a flag the same variants in several environments",
    errors=(404,),
)
async def push_variants(project: str, flag: str, data: PushVariantsBody, caller: Caller, units: Units) -> VariantList:
    for environment in data.environments:
        caller.demand(Permission.UPDATE_FEATURE_ENVIRONMENT_VARIANTS, project=project, environment=environment)
    pushed = await units.run(caller.actor, variants.push, project, flag, data.environments, data.variants)
    return VariantList(variants=pushed)


@route.get(
    EVERYWHERE,
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getFeatureVariants",
    summary="The variants of a flag in the first environment that has any",
    errors=(404,),
)
async def list_everywhere(project: str, flag: str, reader: Reader) -> VariantList:
    return VariantList(variants=await reader.run(queries.variants_of_flag, project, flag))


@route.put(
    EVERYWHERE,
    permission=Permission.UPDATE_FEATURE_VARIANTS,
    scope=route.PROJECT,
    tag=TAG,
    operation="overwriteFeatureVariants",
    summary="Replace the variants of a flag in all environments at once, as it was before there were environments",
    errors=(404,),
)
async def replace_everywhere(
    project: str, flag: str, data: route.ListOf[VariantDraft], caller: Caller, units: Units
) -> VariantList:
    return VariantList(variants=await units.run(caller.actor, variants.replace_everywhere, project, flag, data))


@route.patch(
    EVERYWHERE,
    permission=Permission.UPDATE_FEATURE_VARIANTS,
    scope=route.PROJECT,
    tag=TAG,
    operation="patchFeatureVariants",
    summary="Change the variants of a flag in all environments at once by a JSON Patch",
    errors=(404,),
)
async def patch_everywhere(
    project: str, flag: str, data: route.ListOf[Patch], caller: Caller, units: Units
) -> VariantList:
    return VariantList(variants=await units.run(caller.actor, variants.patch_everywhere, project, flag, data))


ROUTES = [
    list_in_environment,
    replace_in_environment,
    patch_in_environment,
    push_variants,
    list_everywhere,
    replace_everywhere,
    patch_everywhere,
]
