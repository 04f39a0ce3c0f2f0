"""What the server has to know of its own settings."""

from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.features.instance import api, keeper, steps, tables
from flagkeeper.features.instance.jobs import InstanceSettings
from flagkeeper.features.instance.model import ServerFacts
from flagkeeper.slice import Part, Parts, Slice, running


def _facts(parts: Parts) -> ServerFacts:
    settings = parts.settings
    return ServerFacts(
        base_url=settings.base_url(),
        auth_type="none" if settings.no_login() else "open-source",
        sends_mails=bool(settings.mail_server),
        limits=settings.limits,
    )


SERVER_FACTS = Part("server_facts", _facts)

INSTANCE_SETTINGS = Part("instance_settings", lambda parts: InstanceSettings(parts.settings.frontend_origins))
SETTINGS_FOLLOWER = running("settings_follower", lambda parts: MemoryRunner(parts[INSTANCE_SETTINGS], parts.log_reader))

SLICE = Slice(
    name="instance",
    routes=api.ROUTES,
    eventless={"POST /api/admin/license": "there is nothing to license, so nothing changes"},
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    parts=(SETTINGS_FOLLOWER,),
    provides=(INSTANCE_SETTINGS, SERVER_FACTS),
    followers=(SETTINGS_FOLLOWER,),
    seen_first=(SETTINGS_FOLLOWER,),
)
