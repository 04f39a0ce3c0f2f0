"""What the server has to know of remote evaluation."""

from collections.abc import Mapping

from flagkeeper.features.instance.ports import SETTINGS_NOW
from flagkeeper.http.authenticator import Authenticator
from flagkeeper.http.cross_origin import cross_origin
from flagkeeper.http.pace import Pace
from flagkeeper.http.raw import Endpoint
from flagkeeper.http.sdk import FRONTEND_PATHS
from flagkeeper.readmodels.client_features.slice import CLIENT_FEATURES
from flagkeeper.readmodels.remote_evaluation import frontend, ofrep
from flagkeeper.readmodels.remote_evaluation.views import Views
from flagkeeper.slice import Part, Parts, Slice

VIEWS = Part("evaluation_views", lambda parts: Views(parts[CLIENT_FEATURES]))


def endpoints_of(who: Authenticator, views: Views, pace: Pace) -> dict[str, Endpoint]:
    """What those call who have their flags evaluated, wherever the flags come from; pages of other sites, too."""
    browsers, providers = frontend.FrontendEndpoints(who, views, pace), ofrep.OfrepEndpoints(who, views, pace)
    return browsers.by_path() | providers.by_path()


def _endpoints(parts: Parts) -> Mapping[str, Endpoint]:
    settings = parts.answer(SETTINGS_NOW)
    pace = Pace(parts.settings.evaluations_per_minute)
    found = endpoints_of(parts.authenticator, parts[VIEWS], pace)
    return cross_origin(found, lambda: settings.frontend_origins)


_EVALUATED = (*(f"{base}{path}" for base in FRONTEND_PATHS for path in ("", "/all", "/features/{}")), ofrep.PATH)

SLICE = Slice(
    name="remote_evaluation",
    operations=[*frontend.OPERATIONS, *ofrep.OPERATIONS],
    endpoints=_endpoints,
    eventless={f"POST {path}": "only evaluates flags" for path in (*_EVALUATED, f"{ofrep.PATH}/{{}}")},
)
