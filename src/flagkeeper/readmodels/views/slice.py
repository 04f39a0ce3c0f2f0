"""What the server has to know of the views that read models share."""

from typing import Any

from litestar import Request

from flagkeeper.http.caller import Caller
from flagkeeper.readmodels.views.log import Log, log_for, visibility_of
from flagkeeper.slice import Parts, Slice


def _log(request: Request[Any, Any, Any], caller: Caller, base_url: str) -> Log:
    parts: Parts = request.app.state.services
    return log_for(caller, parts.search, parts.rows, base_url)


SLICE = Slice(name="views", per_request={"log": _log, "visibility": visibility_of})
