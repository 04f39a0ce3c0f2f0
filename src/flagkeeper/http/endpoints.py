"""Which endpoint for SDKs answers a request. Their paths are few and known, so that a look-up or two finds them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from flagkeeper.http.cross_origin import CrossOrigin
from flagkeeper.http.openapi import RawOperation
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, guarded, respond
from flagkeeper.http.target import restored
from flagkeeper.kernel.errors import allowed_methods


class Endpoints:
    """Endpoints by path.

    Args:
        by_path: a path that ends with a slash stands for all below it.
        operations: what is said about them: which methods they know.
    """

    def __init__(self, by_path: Mapping[str, Endpoint], operations: Sequence[RawOperation]) -> None:
        self._by_path = {
            path: endpoint if isinstance(endpoint, CrossOrigin) else guarded(endpoint)
            for path, endpoint in by_path.items()
        }
        methods: defaultdict[str, list[str]] = defaultdict(list)
        for each in operations:
            methods[each.path.partition("{")[0]].append(each.method)
        self._methods = {path: allowed_methods(known) for path, known in methods.items()}

    async def serve(self, path: str, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answers the request, if one of them is at this path. False: none is, and nothing was sent."""
        endpoint = self._by_path.get(path)
        if endpoint is None:
            path = path.rpartition("/")[0] + "/"
            endpoint = self._by_path.get(path)
        if endpoint is None:
            return False
        scope["path_template"] = path
        scope["path"] = restored(scope["path"])
        if scope["method"] == "OPTIONS":
            allowed = b"allow", ", ".join(self._methods.get(path, ("OPTIONS",))).encode()
            asked = endpoint.preflight(scope) if isinstance(endpoint, CrossOrigin) else ()
            await respond(send, 204, headers=(allowed, *asked))
        else:
            await endpoint(scope, receive, send)
        return True
