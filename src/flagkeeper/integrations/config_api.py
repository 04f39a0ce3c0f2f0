"""The API of integrations: parse, run, answer."""

from litestar.params import FromPath

from flagkeeper.eventlog.unit import Units
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.integrations import config_commands as commands
from flagkeeper.integrations import config_queries as queries
from flagkeeper.integrations.config_model import IntegrationDraft
from flagkeeper.integrations.config_schemas import (
    IntegrationBody,
    IntegrationList,
    IntegrationOut,
    SigningSecretOut,
    shown,
    shown_provider,
)
from flagkeeper.integrations.registry import PROVIDERS
from flagkeeper.integrations.secrets import Keyring
from flagkeeper.kernel.errors import BadData, Detail, NotFound
from flagkeeper.outbound.door import Door
from flagkeeper.outbound.errors import OutboundError
from flagkeeper.storage.reader import Reader

TAG = "Addons"
LARGEST_ID = 2**63 - 1


@route.get(
    "/api/admin/addons",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getAddons",
    summary="All integrations, and every provider that there is",
)
async def list_integrations(reader: Reader) -> IntegrationList:
    found = await reader.run(queries.all_integrations)
    return IntegrationList(
        addons=[shown(each) for each in found],
        providers=[shown_provider(provider.definition) for provider in PROVIDERS.values()],
    )


@route.post(
    "/api/admin/addons",
    permission=Permission.CREATE_ADDON,
    tag=TAG,
    operation="createAddon",
    summary="Set up an integration",
    status=201,
)
async def create_integration(
    data: IntegrationBody, caller: Caller, units: Units, door: Door, keyring: Keyring
) -> IntegrationOut:
    draft = data.draft()
    problems = await _address_problems(draft, door)
    return shown(await units.run(caller.actor, commands.create, draft, problems, keyring))


@route.get(
    "/api/admin/addons/{integration_id:str}",
    permission=route.ANYBODY,
    tag=TAG,
    operation="getAddon",
    summary="One integration",
    errors=(404,),
)
async def get_integration(integration_id: FromPath[str], reader: Reader) -> IntegrationOut:
    return shown(await reader.run(queries.integration, read_id(integration_id)))


@route.put(
    "/api/admin/addons/{integration_id:str}",
    permission=Permission.UPDATE_ADDON,
    tag=TAG,
    operation="updateAddon",
    summary="Replace an integration; a masked parameter keeps its value",
    errors=(404,),
)
async def update_integration(
    integration_id: FromPath[str], data: IntegrationBody, caller: Caller, units: Units, door: Door, keyring: Keyring
) -> IntegrationOut:
    draft, number = data.draft(), read_id(integration_id)
    problems = await _address_problems(draft, door)
    return shown(await units.run(caller.actor, commands.update, number, draft, problems, keyring))


@route.delete(
    "/api/admin/addons/{integration_id:str}",
    permission=Permission.DELETE_ADDON,
    tag=TAG,
    operation="deleteAddon",
    summary="Delete an integration",
    status=200,
    errors=(404,),
)
async def delete_integration(integration_id: FromPath[str], caller: Caller, units: Units) -> None:
    await units.run(caller.actor, commands.delete, read_id(integration_id))


@route.post(
    "/api/admin/addons/{integration_id:str}/signing-secret",
    permission=Permission.UPDATE_ADDON,
    tag=TAG,
    operation="rotateAddonSigningSecret",
    summary="Make a new signing secret; the one before signs too, until the next time",
    errors=(404,),
)
async def rotate_signing_secret(
    integration_id: FromPath[str], caller: Caller, units: Units, keyring: Keyring
) -> SigningSecretOut:
    number = read_id(integration_id)
    return SigningSecretOut(secret=await units.run(caller.actor, commands.rotate_signing_secret, number, keyring))


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


async def _address_problems(draft: IntegrationDraft, door: Door) -> list[Detail]:
    """What is wrong with the addresses that it names."""
    problems = []
    for parameter, url in draft.urls():
        try:
            await door.check(url, parameter.schemes)
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
