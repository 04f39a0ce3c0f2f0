"""OFREP, the OpenFeature Remote Evaluation Protocol: what the official providers of OpenFeature speak.

https://openfeature.dev/docs/reference/other-technologies/ofrep
"""

import mmh3
import msgspec
import structlog
from msgspec import structs

from flagkeeper.evaluation.context import Values
from flagkeeper.http import route
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.body import decode, read_body
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.http.conditional import is_named
from flagkeeper.http.errors import internal_error
from flagkeeper.http.openapi import RawOperation, RawParameter
from flagkeeper.http.pace import Pace
from flagkeeper.http.raw import JSON, Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.sdk import sdk_credential
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, FlagkeeperError, MethodNotAllowed
from flagkeeper.readmodels.remote_evaluation import contexts
from flagkeeper.readmodels.remote_evaluation.pieces import LACKS_USER, ReadyFlag
from flagkeeper.readmodels.remote_evaluation.schemas import (
    BulkFailure,
    BulkOut,
    ErrorCode,
    EvaluationBody,
    EvaluationFailure,
    SingleSuccess,
    WholeMetadata,
)
from flagkeeper.readmodels.remote_evaluation.streams import CONFIG_ETAG, Offer, OfrepStreams
from flagkeeper.readmodels.remote_evaluation.views import View, Views

PATH = "/ofrep/v1/evaluate/flags"
LARGEST_BODY = 100_000
"""Bytes of a context."""

_ACCESS = "Needs a frontend or a backend token, in `Authorization` or in `X-API-Key`."
_ERRORS = (400, 401, 403, 413, 415, 429)
_REVALIDATE = (b"cache-control", b"no-cache")
_encode = msgspec.json.Encoder().encode

OPERATIONS = [
    RawOperation(
        method="POST",
        path=PATH,
        operation="evaluateFlags",
        tag="OFREP",
        summary="All flags, for providers of OpenFeature in browsers and phones",
        access=_ACCESS,
        scope=route.PROJECT,
        parameters=(
            RawParameter(name="If-None-Match", where="header", description="The ETag of the answer that you have."),
            CONFIG_ETAG,
        ),
        body=EvaluationBody,
        answer=BulkOut,
        others={304: "Nothing has changed since."},
        errors=_ERRORS,
    ),
    RawOperation(
        method="POST",
        path=f"{PATH}/{{key}}",
        operation="evaluateFlag",
        tag="OFREP",
        summary="One flag, for providers of OpenFeature on servers",
        access=_ACCESS,
        scope=route.PROJECT,
        parameters=(CONFIG_ETAG,),
        body=EvaluationBody,
        answer=SingleSuccess,
        errors=(*_ERRORS, 404),
    ),
]

log = structlog.get_logger("flagkeeper.http")


class _Failed(Exception):
    """What OFREP has a code for."""

    def __init__(self, status: int, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code: ErrorCode = code
        self.message = message


class OfrepEndpoints:
    """Evaluates flags for whoever holds a token of an SDK.

    Args:
        streams: what answers offer. None: nothing.
    """

    def __init__(
        self, authenticator: Authenticator, views: Views, pace: Pace, streams: OfrepStreams | None = None
    ) -> None:
        self._authenticator = authenticator
        self._views = views
        self._pace = pace
        self._streams = streams

    def by_path(self) -> dict[str, Endpoint]:
        return {PATH: self.all, f"{PATH}/": self.one}

    async def all(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            view, values, credential = await self._asked(scope, receive)
        except _Failed as failed:
            await _respond(send, failed.status, BulkFailure(error_code=failed.code, error_details=failed.message))
            return
        sheet = view.evaluated if _names_somebody(values) else view.evaluated_for_nobody
        flags = sheet.fill(values)
        offer = self._streams.offer(credential) if self._streams else Offer()
        # The metadata is left out: a change that makes no difference here is none.
        etag = b'"%b%b"' % (mmh3.mmh3_x64_128_digest(flags).hex().encode(), offer.tag)
        held = header(scope, b"if-none-match")
        if held is not None and is_named(held.encode("latin-1"), etag):
            await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", etag), _REVALIDATE]})
            await send({"type": "http.response.body"})
            return
        body = b'{"flags":[%b],"metadata":%b%b}' % (flags, view.metadata_encoded, offer.body)
        await respond(send, 200, body, (JSON, (b"etag", etag), _REVALIDATE))

    async def one(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = scope["path"].removeprefix(f"{PATH}/")
        try:
            view, values, _ = await self._asked(scope, receive)
            flag, outcome = _found(view, key, values)
        except _Failed as failed:
            failure = EvaluationFailure(key=key, error_code=failed.code, error_details=failed.message)
            await _respond(send, failed.status, failure)
            return
        found = flag.evaluations[outcome]
        named, own = view.metadata, found.metadata
        metadata = WholeMetadata(**structs.asdict(named), enabled=own.enabled, project=own.project)
        await _respond(send, 200, SingleSuccess(**{**structs.asdict(found), "metadata": metadata}))

    async def _asked(self, scope: Scope, receive: Receive) -> tuple[View, Values, Credential]:
        """Raises `_Failed` for what OFREP has a code for; who may not ask is told so as everywhere."""
        credential = self._credential(scope)
        self._pace.demand(credential, clock.now())
        if scope["method"] != "POST":
            raise MethodNotAllowed("Flags are evaluated here: use POST.", ("POST",))
        try:
            body = await read_body(scope, receive, LARGEST_BODY)
            given = decode(body, EvaluationBody).context if body else {}
            if self._streams and scope["query_string"]:
                await self._streams.arrived(credential, scope["query_string"])
        except BadData as error:
            about_context = any(each.path and each.path.startswith("/body/context") for each in error.details)
            raise _Failed(400, "INVALID_CONTEXT" if about_context else "PARSE_ERROR", error.message) from error
        try:
            view = await self._views.of(credential)
            address = self._authenticator.address(scope)
            return view, contexts.read(contexts.of_openfeature(given), view.environment, address), credential
        except BadData as error:
            raise _Failed(400, "INVALID_CONTEXT", error.message) from error
        except FlagkeeperError:
            raise
        except Exception as error:
            failed = internal_error()
            log.error("request_failed", error_id=failed.body.id, path=scope["path"], exc_info=error)
            raise _Failed(500, "GENERAL", f"{failed.body.message} ({failed.body.id})") from error

    def _credential(self, scope: Scope) -> Credential:
        shown = header(scope, b"authorization") or header(scope, b"x-api-key")
        return sdk_credential(self._authenticator, shown, Kind.FRONTEND, Kind.BACKEND)


def _found(view: View, key: str, values: Values) -> tuple[ReadyFlag, int]:
    found = view.one(key, values)
    if found is None:
        raise _Failed(404, "FLAG_NOT_FOUND", "There is no such flag, or the token may not read it.")
    if found[0].needs_user and not _names_somebody(values):
        raise _Failed(400, "TARGETING_KEY_MISSING", LACKS_USER)
    return found


def _names_somebody(values: Values) -> bool:
    return "userId" in values or "sessionId" in values


async def _respond(send: Send, status: int, body: msgspec.Struct) -> None:
    await respond(send, status, _encode(body), (JSON, _REVALIDATE))
