"""What the server has to know of the answers to SDKs."""

from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.readmodels.client_features.endpoint import OPERATIONS, FeaturesEndpoint
from flagkeeper.readmodels.client_features.follower import ClientFeatures
from flagkeeper.slice import Part, Slice, running

CLIENT_FEATURES = Part("client_features", lambda _: ClientFeatures())
CLIENT_FEATURES_RUNNER = running(
    "client_features_runner", lambda parts: MemoryRunner(parts[CLIENT_FEATURES], parts.log_reader)
)

SLICE = Slice(
    name="client_features",
    operations=OPERATIONS,
    endpoints=lambda parts: FeaturesEndpoint(parts.authenticator, parts[CLIENT_FEATURES]).by_path(),
    parts=(CLIENT_FEATURES_RUNNER,),
    followers=(CLIENT_FEATURES_RUNNER,),
)
