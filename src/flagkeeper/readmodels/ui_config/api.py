"""The API of the configuration of a web interface."""

from flagkeeper.features.instance.model import ServerFacts
from flagkeeper.features.instance.ports import SettingsNow
from flagkeeper.features.users.model.session import MOST_SESSIONS
from flagkeeper.http import route
from flagkeeper.readmodels.ui_config.ui_config import UiConfig, instance_id, ui_config
from flagkeeper.storage.reader import Reader


@route.get(
    "/api/admin/ui-config",
    permission=route.ANYBODY,
    scope=route.INSTANCE,
    tag="Admin UI",
    operation="getUiConfig",
    summary="What a web interface has to know of this server",
)
async def get_ui_config(server_facts: ServerFacts, instance_settings: SettingsNow, reader: Reader) -> UiConfig:
    return ui_config(
        server_facts,
        await reader.run(instance_id),
        in_maintenance=instance_settings.in_maintenance,
        passwords=not instance_settings.passwords_disabled,
        frontend_origins=instance_settings.frontend_origins,
        sessions=MOST_SESSIONS,
    )


ROUTES = [get_ui_config]
