"""What the server has to know of remote evaluation."""

from collections.abc import Mapping

from flagkeeper.features.instance.ports import SETTINGS_NOW
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.cross_origin import cross_origin
from flagkeeper.http.pace import Pace
from flagkeeper.http.raw import Endpoint
from flagkeeper.http.sdk import FRONTEND_PATHS
from flagkeeper.readmodels.client_features.slice import CLIENT_FEATURES, CLIENT_FEATURES_RUNNER, UPDATES
from flagkeeper.readmodels.remote_evaluation import frontend, ofrep, streams
from flagkeeper.readmodels.remote_evaluation.ports import SIGNED_BY, TOKENS_BY_ID
from flagkeeper.readmodels.remote_evaluation.views import Views
from flagkeeper.slice import Part, Parts, Slice, running

VIEWS = Part("evaluation_views", lambda parts: Views(parts[CLIENT_FEATURES]))
OFREP_STREAMS = running(
    "ofrep_streams",
    lambda parts: streams.OfrepStreams(
        parts[UPDATES],
        parts.answer(TOKENS_BY_ID),
        lambda: parts.answer(SIGNED_BY),
        parts[CLIENT_FEATURES_RUNNER].reached,
        parts.supervisor,
        parts.settings.ofrep_streams,
        base_path=parts.settings.base_path(),
        log_reader=parts.log_reader,
    ),
)


def endpoints_of(
    who: Authenticator, views: Views, pace: Pace, listeners: streams.OfrepStreams | None = None
) -> dict[str, Endpoint]:
    """What those call who have their flags evaluated, wherever the flags come from; pages of other sites, too."""
    browsers = frontend.FrontendEndpoints(who, views, pace).by_path()
    return {**browsers, **ofrep.OfrepEndpoints(who, views, pace, listeners).by_path()}


def _endpoints(parts: Parts) -> Mapping[str, Endpoint]:
    settings = parts.answer(SETTINGS_NOW)
    pace = Pace(parts.settings.evaluations_per_minute)
    listeners = parts[OFREP_STREAMS]
    found = {**endpoints_of(parts.authenticator, parts[VIEWS], pace, listeners), **listeners.by_path()}
    return cross_origin(found, lambda: settings.frontend_origins)


_EVALUATED = (*(f"{base}{path}" for base in FRONTEND_PATHS for path in ("", "/all", "/features/{}")), ofrep.PATH)

SLICE = Slice(
    name="remote_evaluation",
    operations=[*frontend.OPERATIONS, *ofrep.OPERATIONS, *streams.OPERATIONS],
    endpoints=_endpoints,
    parts=(OFREP_STREAMS,),
    metrics=lambda parts: [parts[OFREP_STREAMS].registry],
    eventless={f"POST {path}": "only evaluates flags" for path in (*_EVALUATED, f"{ofrep.PATH}/{{}}")},
)
