"""What the server has to know of the answers to SDKs."""

from collections.abc import Mapping

from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.raw import Endpoint
from flagkeeper.readmodels.client_features import api, endpoint, streams, updates
from flagkeeper.readmodels.client_features.answers import Answers
from flagkeeper.readmodels.client_features.follower import ClientFeatures
from flagkeeper.readmodels.client_features.source import FeatureSource
from flagkeeper.slice import Part, Parts, Slice, running

CLIENT_FEATURES = Part("client_features", lambda _: ClientFeatures())
CLIENT_FEATURES_RUNNER = running(
    "client_features_runner", lambda parts: MemoryRunner(parts[CLIENT_FEATURES], parts.log_reader)
)
ANSWERS = Part("client_answers", lambda _: Answers())
UPDATES = Part("client_updates", lambda parts: updates.Updates(parts[CLIENT_FEATURES], parts[ANSWERS]))
CLIENT_STREAMS = running(
    "client_streams",
    lambda parts: streams.ClientStreams(
        parts[UPDATES], parts.authenticator, parts.supervisor, parts.settings.sdk_streams, parts.log_reader
    ),
)


def endpoints_of(
    who: Authenticator, source: FeatureSource, answers: Answers, changes: updates.Updates, sdks: streams.ClientStreams
) -> dict[str, Endpoint]:
    """What SDKs that evaluate flags call, wherever the flags come from."""
    return {
        **endpoint.FeaturesEndpoint(who, source, answers).by_path(),
        **updates.DeltaEndpoint(who, changes).by_path(),
        **sdks.by_path(),
    }


def _endpoints(parts: Parts) -> Mapping[str, Endpoint]:
    return endpoints_of(
        parts.authenticator, parts[CLIENT_FEATURES], parts[ANSWERS], parts[UPDATES], parts[CLIENT_STREAMS]
    )


SLICE = Slice(
    name="client_features",
    operations=[*endpoint.OPERATIONS, *updates.OPERATIONS, *streams.OPERATIONS],
    routes=api.ROUTES,
    endpoints=_endpoints,
    parts=(CLIENT_FEATURES_RUNNER, CLIENT_STREAMS),
    followers=(CLIENT_FEATURES_RUNNER,),
    metrics=lambda parts: [parts[CLIENT_STREAMS].registry],
)
