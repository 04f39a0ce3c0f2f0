"""Loading and saving settings. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select, update

from flagkeeper.eventlog.catalogue.system import SettingDetails
from flagkeeper.features.instance.tables import settings
from flagkeeper.storage.dialects import any_of, upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction


def _to_details(content: str) -> SettingDetails:
    return msgspec.json.decode(content, type=SettingDetails)


_BY_ID = Query(select(settings.c.content).where(settings.c.id == bindparam("id")).with_for_update(), _to_details)
BY_IDS = Query(
    select(settings.c.id, settings.c.content).where(any_of(settings.c.id, "ids")),
    lambda id_, content: (str(id_), _to_details(content)),
)
SECRET = Query(select(settings.c.secret).where(settings.c.id == bindparam("id")), lambda secret: str(secret or ""))
SECRETS = Query(
    select(settings.c.id, settings.c.secret).where(settings.c.secret.is_not(None)),
    lambda id_, secret: (str(id_), str(secret)),
)
_SAVE = Write[Any](upsert(settings, key=["id"], update=["content"]))
_SAVE_SECRET = Write[Any](
    update(settings).where(settings.c.id == bindparam("id")).values(secret=bindparam("sealed_secret"))
)
_REMOVE = Write[Any](delete(settings).where(settings.c.id == bindparam("id")))


def load(tx: Transaction, setting: str) -> SettingDetails | None:
    """The setting, locked until the unit ends; None: nobody has changed it."""
    return tx.first(_BY_ID, id=setting)


def save(tx: Transaction, setting: str, details: SettingDetails) -> None:
    tx.write(_SAVE, id=setting, content=msgspec.json.encode(details).decode(), secret=None)


def save_secret(tx: Transaction, setting: str, sealed: str | None) -> None:
    """Of a setting that is there."""
    tx.write(_SAVE_SECRET, id=setting, sealed_secret=sealed)


def remove(tx: Transaction, setting: str) -> None:
    tx.write(_REMOVE, id=setting)
