"""The API of integrations: parse, run, answer."""

from litestar.params import FromPath
from msgspec.structs import replace

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.unit import Units
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.integrations.config import commands, queries
from flagkeeper.integrations.config.model import EVERYWHERE, IntegrationDraft
from flagkeeper.integrations.config.schemas import (
    IntegrationBody,
    IntegrationList,
    IntegrationOut,
    SigningSecretOut,
    shown,
    shown_provider,
)
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.kernel.errors import BadData, Detail, NotFound
from flagkeeper.kernel.secrets import Keyring
from flagkeeper.outbound.client import OutboundClient
from flagkeeper.outbound.errors import OutboundError
from flagkeeper.storage.reader import Reader

TAG = "Addons"
LARGEST_ID = 2**63 - 1


@route.get(
    "/api/admin/addons",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getAddons",
    summary="All integrations, and every provider that there is",
)
async def list_integrations(reader: Reader, visibility: Visibility) -> IntegrationList:
    found = await reader.run(queries.visible_integrations, visibility)
    return IntegrationList(
        addons=[shown(each) for each in found],
        providers=[shown_provider(provider.definition) for provider in PROVIDERS.values()],
    )


@route.post(
    "/api/admin/addons",
    permission=Permission.CREATE_ADDON,
    scope=route.INSTANCE,
    tag=TAG,
    operation="createAddon",
    summary="Set up an integration",
    status=201,
)
async def create_integration(
    data: IntegrationBody, caller: Caller, units: Units, outbound_client: OutboundClient, keyring: Keyring
) -> IntegrationOut:
    draft = data.draft()
    problems = await _address_problems(draft, outbound_client)
    return shown(await units.run(caller.actor, commands.create, draft, problems, keyring))


@route.get(
    "/api/admin/addons/{integration_id:str}",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getAddon",
    summary="One integration",
    errors=(404,),
)
async def get_integration(integration_id: FromPath[str], reader: Reader, visibility: Visibility) -> IntegrationOut:
    return shown(await reader.run(queries.visible_integration, read_id(integration_id), visibility))


@route.put(
    "/api/admin/addons/{integration_id:str}",
    permission=Permission.UPDATE_ADDON,
    scope=route.PROJECT,
    tag=TAG,
    operation="updateAddon",
    summary="Replace an integration; a masked parameter keeps its value",
    errors=(404,),
)
async def update_integration(
    integration_id: FromPath[str],
    data: IntegrationBody,
    caller: Caller,
    units: Units,
    reader: Reader,
    visibility: Visibility,
    outbound_client: OutboundClient,
    keyring: Keyring,
) -> IntegrationOut:
    draft, number = data.draft(), read_id(integration_id)
    hidden = await reader.run(queries.hidden_names, number, visibility)
    problems = await _address_problems(draft, outbound_client)
    await units.run(caller.actor, commands.update, number, _with_projects(draft, hidden), problems, keyring)
    return shown(await reader.run(queries.visible_integration, number, visibility))


@route.delete(
    "/api/admin/addons/{integration_id:str}",
    permission=Permission.DELETE_ADDON,
    scope=route.PROJECT,
    tag=TAG,
    operation="deleteAddon",
    summary="Delete an integration",
    status=200,
    errors=(404,),
)
async def delete_integration(
    integration_id: FromPath[str], caller: Caller, units: Units, reader: Reader, visibility: Visibility
) -> None:
    found = await reader.run(queries.visible_integration, read_id(integration_id), visibility)
    await units.run(caller.actor, commands.delete, found.id)


@route.post(
    "/api/admin/addons/{integration_id:str}/signing-secret",
    permission=Permission.UPDATE_ADDON,
    scope=route.PROJECT,
    tag=TAG,
    operation="rotateAddonSigningSecret",
    summary="Make a new signing secret; the one before signs too, until the next time",
    errors=(404,),
)
async def rotate_signing_secret(
    integration_id: FromPath[str],
    caller: Caller,
    units: Units,
    reader: Reader,
    visibility: Visibility,
    keyring: Keyring,
) -> SigningSecretOut:
    found = await reader.run(queries.visible_integration, read_id(integration_id), visibility)
    return SigningSecretOut(secret=await units.run(caller.actor, commands.rotate_signing_secret, found.id, keyring))


def read_id(text: str) -> int:
    """The id in a path.

    Raises:
        BadData: it is no number.
        NotFound: no number is that large.
    """
    if not (text.isascii() and text.isdigit()):
        raise BadData("The id of an integration is a number.", Detail(f"{text!r} is none.", "/params/id"))
    if len(text) > len(str(LARGEST_ID)) or int(text) > LARGEST_ID:
        raise NotFound(f"There is no integration with the id {text}.")
    return int(text)


def _with_projects(draft: IntegrationDraft, more: list[str]) -> IntegrationDraft:
    """The draft for some projects more; one that is for all projects is so already."""
    if not draft.projects or EVERYWHERE in draft.projects:
        return draft
    return replace(draft, projects=list(dict.fromkeys([*draft.projects, *more])))


async def _address_problems(draft: IntegrationDraft, outbound_client: OutboundClient) -> list[Detail]:
    """What is wrong with the addresses that it names."""
    problems = []
    for parameter, url in draft.urls():
        try:
            await outbound_client.check(url, parameter.schemes)
        except OutboundError as error:
            problems.append(Detail(f"{parameter.name}: {error.message}.", f"/body/parameters/{parameter.name}"))
    return problems


ROUTES = [
    list_integrations,
    create_integration,
    get_integration,
    update_integration,
    delete_integration,
    rotate_signing_secret,
]
