"""What the server has to know of remote evaluation."""

from collections.abc import Mapping

from flagkeeper.features.instance.ports import SETTINGS_NOW
from flagkeeper.http.cross_origin import cross_origin
from flagkeeper.http.raw import Endpoint
from flagkeeper.readmodels.client_features.slice import CLIENT_FEATURES
from flagkeeper.readmodels.remote_evaluation import frontend
from flagkeeper.readmodels.remote_evaluation.views import Views
from flagkeeper.slice import Part, Parts, Slice

VIEWS = Part("evaluation_views", lambda parts: Views(parts[CLIENT_FEATURES]))


def _endpoints(parts: Parts) -> Mapping[str, Endpoint]:
    settings = parts.answer(SETTINGS_NOW)
    found = frontend.FrontendEndpoints(parts.authenticator, parts[VIEWS]).by_path()
    return cross_origin(found, lambda: settings.frontend_origins)


SLICE = Slice(name="remote_evaluation", operations=frontend.OPERATIONS, endpoints=_endpoints)
