"""The state of a whole server, out and in: Unleash's routes of version 4."""

import asyncio
from typing import Annotated, Any

from litestar import Request, Response
from litestar.params import QueryParameter

from flagkeeper.eventlog.unit import Units
from flagkeeper.features.transfer import queries
from flagkeeper.features.transfer.jobs import Imports
from flagkeeper.features.transfer.model.document import Document
from flagkeeper.features.transfer.schemas import ACCEPTED, StateFormat, existing, json_of, sections, written
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel import clock
from flagkeeper.storage.reader import Reader

TAG = "Import/Export"
LARGEST = 64_000_000
"""Bytes of a document."""
ContextFields = Annotated[bool, QueryParameter(name="contextFields")]
FeatureToggles = Annotated[bool, QueryParameter(name="featureToggles")]
_PARTS = {
    "environments": "`false` leaves them out",
    "projects": "`false` leaves them out",
    "strategies": "`false` leaves definitions of strategies out",
    "tags": "`false` leaves tags and their types out",
    "segments": "`false` leaves them out",
    "contextFields": "`false` leaves them out",
    "featureToggles": "`false` leaves flags out",
}


@route.get(
    "/api/admin/state/export",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="exportState",
    summary="The state of the whole server, without people, tokens and integrations",
    query={"format": "How it is written", "download": "`true`: as a file to be saved", **_PARTS},
    returns=Document,
)
async def export_state(
    heavy_reader: Reader,
    format: StateFormat = StateFormat.JSON,  # noqa: A002 - the name on the wire
    download: bool = False,
    environments: bool = True,
    projects: bool = True,
    strategies: bool = True,
    tags: bool = True,
    segments: bool = True,
    context_fields: ContextFields = True,
    feature_toggles: FeatureToggles = True,
) -> Response[bytes]:
    wanted = sections(
        environments=environments,
        projects=projects,
        strategies=strategies,
        tags=tags,
        segments=segments,
        context_fields=context_fields,
        feature_toggles=feature_toggles,
    )
    text = await heavy_reader.run(lambda tx: written(queries.export(tx, wanted), format))
    return _as_file(text, format, download=download)


@route.post(
    "/api/admin/state/import",
    permission=Permission.ADMIN,
    scope=route.INSTANCE,
    tag=TAG,
    operation="importState",
    summary="Bring in the state of a server, or parts of it; answered when it is done",
    status=202,
    errors=(409,),
    query={
        "drop": "`true`: what the document does not have is removed, kind by kind, as far as it has the kind",
        "keep": "`false`: what is there already is replaced",
    },
    accepts=ACCEPTED,
    request_max_body_size=LARGEST,
)
async def import_state(
    request: Request[Any, Any, Any],
    caller: Caller,
    units: Units,
    imports: Imports,
    drop: bool = False,
    keep: bool = True,
) -> None:
    body, content_type = await request.body(), request.headers.get("content-type", "")
    text = await asyncio.to_thread(json_of, body, content_type)
    await imports.import_state(units, caller.actor, text, existing(drop=drop, keep=keep))


def _as_file(text: bytes, kind: StateFormat, *, download: bool) -> Response[bytes]:
    name = f"flagkeeper_state_{clock.to_iso(clock.now())[:10]}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} if download else {}
    return Response(text, media_type=f"application/{kind}", headers=headers)


ROUTES = [export_state, import_state]
