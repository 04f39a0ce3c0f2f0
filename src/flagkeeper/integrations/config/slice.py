"""What the server has to know of the configuration of integrations."""

from flagkeeper.integrations.config import api, keeper, steps, tables
from flagkeeper.integrations.config.keys import open_keyring
from flagkeeper.slice import Part, Slice

KEYRING = Part("keyring", open=lambda parts: open_keyring(parts.units, parts.settings.secret_keys))

SLICE = Slice(
    name="integrations",
    routes=api.ROUTES,
    tables=tables,
    keepers=keeper.KEEPERS,
    ops=steps.OPS,
    parts=(KEYRING,),
    provides=(KEYRING,),
)
