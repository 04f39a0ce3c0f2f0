"""What the server has to know of the answers to SDKs."""

from collections.abc import Mapping

from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.http.raw import Endpoint
from flagkeeper.readmodels.client_features import api, endpoint, streams, updates
from flagkeeper.readmodels.client_features.answers import Answers
from flagkeeper.readmodels.client_features.follower import ClientFeatures
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
        parts[UPDATES], parts.authenticator, parts.log_reader, parts.settings.sdk_streams
    ),
)


def _endpoints(parts: Parts) -> Mapping[str, Endpoint]:
    who = parts.authenticator
    return {
        **endpoint.FeaturesEndpoint(who, parts[CLIENT_FEATURES], parts[ANSWERS]).by_path(),
        **updates.DeltaEndpoint(who, parts[UPDATES]).by_path(),
        **parts[CLIENT_STREAMS].by_path(),
    }


SLICE = Slice(
    name="client_features",
    operations=[*endpoint.OPERATIONS, *updates.OPERATIONS, *streams.OPERATIONS],
    routes=api.ROUTES,
    endpoints=_endpoints,
    parts=(CLIENT_FEATURES_RUNNER, CLIENT_STREAMS),
    followers=(CLIENT_FEATURES_RUNNER,),
    metrics=lambda parts: [parts[CLIENT_STREAMS].registry],
)
