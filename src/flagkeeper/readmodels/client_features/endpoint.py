"""GET /api/client/features. The usual request costs a scan of its headers and a few look-ups, and no database."""

import msgspec

from flagkeeper.evaluation.document import ClientFeature
from flagkeeper.eventlog.read import LogPosition
from flagkeeper.http import route
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.http.conditional import is_named
from flagkeeper.http.openapi import RawOperation, RawParameter
from flagkeeper.http.raw import JSON, Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.sdk import sdk_credential
from flagkeeper.kernel.errors import MethodNotAllowed, NotFound
from flagkeeper.readmodels.client_features.answers import Answers, Form, Key, best_coding
from flagkeeper.readmodels.client_features.query import read_query
from flagkeeper.readmodels.client_features.schemas import ClientFeaturesDocument
from flagkeeper.readmodels.client_features.source import FeatureSource

PATH = "/api/client/features"

ACCESS = "Needs a backend token."
CLIENT_SPEC = RawParameter(
    name="Unleash-Client-Spec",
    where="header",
    description="The version of the client specification that the SDK follows, such as `5.2.0`.",
)

MOST_KEPT = 2_000
"""Different requests whose meaning is kept."""
LONGEST_KEPT = 2_000
"""Bytes of query string and headers up to which it is."""

OPERATIONS = [
    RawOperation(
        method="GET",
        path=PATH,
        operation="getAllClientFeatures",
        tag="Client",
        summary="All flags, for SDKs that evaluate them",
        access=ACCESS,
        scope=route.PROJECT,
        parameters=(
            RawParameter(name="project", description="Only of this project; may be repeated."),
            RawParameter(name="namePrefix", description="Only flags whose names begin like this."),
            RawParameter(
                name="tag", description="Only flags with this `type:value`; may be repeated: any one of them."
            ),
            RawParameter(name="environment", description="For callers whose token names none."),
            CLIENT_SPEC,
            RawParameter(name="If-None-Match", where="header", description="The ETag of the answer that you have."),
        ),
        answer=ClientFeaturesDocument,
        others={304: "Nothing has changed since."},
        errors=(400, 401, 403),
    ),
    RawOperation(
        method="GET",
        path=f"{PATH}/{{featureName}}",
        operation="getClientFeature",
        tag="Client",
        summary="One flag, for SDKs that evaluate it",
        access=ACCESS,
        scope=route.PROJECT,
        parameters=(CLIENT_SPEC,),
        answer=ClientFeature,
        errors=(400, 401, 403, 404),
    ),
]


class _Wanted(msgspec.Struct):
    """What a request means, and what names its answer at one position of the log."""

    key: Key
    at: LogPosition | None = None
    etag: bytes = b""


class FeaturesEndpoint:
    """Answers SDKs that poll. Tokens are checked anew for every request, everything else is kept."""

    def __init__(self, authenticator: Authenticator, features: FeatureSource, answers: Answers) -> None:
        self._authenticator = authenticator
        self._features = features
        self._answers = answers
        self._wanted: dict[tuple[object, ...], _Wanted] = {}

    def by_path(self) -> dict[str, Endpoint]:
        return {PATH: self.all, f"{PATH}/": self.one}

    async def all(self, scope: Scope, _receive: Receive, send: Send) -> None:
        authorization = spec = encoding = held = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = str(value, "latin-1")
            elif name == b"unleash-client-spec":
                spec = value
            elif name == b"accept-encoding":
                encoding = value
            elif name == b"if-none-match":
                held = value
        credential = sdk_credential(self._authenticator, authorization, Kind.BACKEND)
        demand_reading(scope)
        query = scope["query_string"]
        asked = (credential.projects, credential.environment, query, spec, encoding)
        wanted = self._wanted.get(asked) or self._read(asked, credential, query, spec, encoding)
        now = self._features.now_of(credential, wanted.key.query.tags)
        state = now.state
        if wanted.at is not state.position:
            wanted.etag, wanted.at = state.etag(wanted.key.query).encode(), state.position
        etag = wanted.etag
        if held is not None and is_named(held, etag):
            await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", etag)]})
            await send({"type": "http.response.body"})
            return
        answer = self._answers.ready(wanted.key, etag) or await self._answers.get(now, wanted.key, etag)
        await send({"type": "http.response.start", "status": 200, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def one(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].removeprefix(f"{PATH}/")
        if not name:
            await self.all(scope, receive, send)
            return
        credential = sdk_credential(self._authenticator, header(scope, b"authorization"), Kind.BACKEND)
        demand_reading(scope)
        query = read_query(credential, scope["query_string"], header(scope, b"unleash-client-spec"))
        body = self._features.now_of(credential, query.tags).state.one(query, name)
        if body is None:
            raise NotFound("There is no such flag, or the token may not read it.")
        await respond(send, 200, body, (JSON,))

    def _read(
        self,
        asked: tuple[object, ...],
        credential: Credential,
        query: bytes,
        spec: bytes | None,
        encoding: bytes | None,
    ) -> _Wanted:
        client_spec = None if spec is None else str(spec, "latin-1")
        wanted = _Wanted(Key(read_query(credential, query, client_spec), Form.FEATURES, best_coding(encoding or b"")))
        if len(query) + len(spec or b"") + len(encoding or b"") <= LONGEST_KEPT:
            if len(self._wanted) >= MOST_KEPT:
                self._wanted.clear()
            self._wanted[asked] = wanted
        return wanted


def demand_reading(scope: Scope) -> None:
    """Raises `MethodNotAllowed`."""
    if scope["method"] not in ("GET", "HEAD"):
        raise MethodNotAllowed("Flags can only be read here: use GET.", ("GET",))
