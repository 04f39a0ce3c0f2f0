"""GET /api/client/delta: what changed since a client last asked, and nothing of what did not."""

from collections.abc import Mapping

import msgspec

from flagkeeper.http import route
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.http.openapi import RawOperation, RawParameter
from flagkeeper.http.raw import JSON, Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.sdk import sdk_credential
from flagkeeper.readmodels.client_features.answers import Answer, Answers, Coding, Form, Key, best_coding
from flagkeeper.readmodels.client_features.delta import Delta, delta
from flagkeeper.readmodels.client_features.endpoint import ACCESS, CLIENT_SPEC, demand_reading
from flagkeeper.readmodels.client_features.follower import Now
from flagkeeper.readmodels.client_features.query import FeatureQuery, read_query
from flagkeeper.readmodels.client_features.revision import Revision, read_revision
from flagkeeper.readmodels.client_features.schemas import DeltaDocument
from flagkeeper.readmodels.client_features.source import FeatureSource

DELTA = "/api/client/delta"
MOST_KEPT = 1_000
"""Different deltas to the state of now that are kept."""

FILTERS = (
    RawParameter(name="project", description="Only of this project; may be repeated."),
    RawParameter(name="namePrefix", description="Only flags whose names begin like this."),
    RawParameter(name="tag", description="Only flags with this `type:value`; may be repeated: any one of them."),
    RawParameter(name="environment", description="For callers whose token names none."),
    CLIENT_SPEC,
)

OPERATIONS = [
    RawOperation(
        method="GET",
        path=DELTA,
        operation="getDelta",
        tag="Features",
        summary="What changed since the answer before, for SDKs and proxies",
        access=ACCESS,
        scope=route.PROJECT,
        parameters=(
            *FILTERS,
            RawParameter(
                name="If-None-Match",
                where="header",
                description="The ETag of the answer that you have. Without it, and when it is too old: everything.",
            ),
        ),
        answer=DeltaDocument,
        others={304: "Nothing has changed since."},
        errors=(400, 401, 403),
    )
]


class Deltas:
    """Ways to the state of now, each found once for all who come from the same place."""

    def __init__(self) -> None:
        self._now: Now | None = None
        self._kept: dict[tuple[FeatureQuery, Revision], Delta | None] = {}

    def get(self, now: Now, query: FeatureQuery, held: Revision) -> Delta | None:
        """As `delta.delta`."""
        if now.history is not (self._now and self._now.history) or len(self._kept) >= MOST_KEPT:
            self._now, self._kept = now, {}
        key = query, held
        if key not in self._kept:
            self._kept[key] = delta(now.state, now.history, query, held)
        return self._kept[key]


class Updates:
    """What leads a client from the revision that it has to the state of now."""

    def __init__(self, features: FeatureSource, answers: Answers) -> None:
        self.features = features
        self._answers = answers
        self._deltas = Deltas()

    def since(self, now: Now, query: FeatureQuery, held: Revision | None) -> Delta | None:
        """None: everything is needed."""
        return None if held is None else self._deltas.get(now, query, held)

    async def everything(self, now: Now, query: FeatureQuery, coding: Coding = Coding.PLAIN) -> Answer:
        return await self._answers.get(now, Key(query, Form.HYDRATION, coding), now.revision.etag)


class DeltaEndpoint:
    """Answers those who ask for changes."""

    def __init__(self, authenticator: Authenticator, updates: Updates) -> None:
        self._authenticator = authenticator
        self._updates = updates

    def by_path(self) -> Mapping[str, Endpoint]:
        return {DELTA: self.delta}

    async def delta(self, scope: Scope, _receive: Receive, send: Send) -> None:
        credential, query = asked_for(self._authenticator, scope)
        now = self._updates.features.now_of(credential, query.tags)
        found = self._updates.since(now, query, read_revision(header(scope, b"if-none-match")))
        if found is None:
            coding = best_coding((header(scope, b"accept-encoding") or "").encode("latin-1"))
            answer = await self._updates.everything(now, query, coding)
            await send({"type": "http.response.start", "status": 200, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})
            return
        etag = (b"etag", found.revision.etag)
        if found.body:
            await respond(send, 200, found.body, (JSON, etag))
        else:
            await send({"type": "http.response.start", "status": 304, "headers": [etag]})
            await send({"type": "http.response.body"})


def asked_for(authenticator: Authenticator, scope: Scope) -> tuple[Credential, FeatureQuery]:
    """Who wants changes, and of what. Segments are always sent apart: whoever knows deltas knows segments.

    Raises:
        LoginRequired, BadCredentials, Forbidden, BadData, MethodNotAllowed: as for all flags.
    """
    credential = sdk_credential(authenticator, header(scope, b"authorization"), Kind.BACKEND)
    demand_reading(scope)
    query = read_query(credential, scope["query_string"], header(scope, b"unleash-client-spec"))
    return credential, msgspec.structs.replace(query, inline=False)
