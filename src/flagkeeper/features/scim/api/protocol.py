"""What identity providers call (RFC 7644). Everything is answered in the form of SCIM, refusals too."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
import structlog

from flagkeeper.features.scim import commands, queries
from flagkeeper.features.scim.commands import Leaving
from flagkeeper.features.scim.model import discovery
from flagkeeper.features.scim.model.error import ScimError, shown_error
from flagkeeper.features.scim.model.filter import read_filter
from flagkeeper.features.scim.model.resource import LIST, read_group, read_user
from flagkeeper.features.scim.model.token import is_token
from flagkeeper.features.scim.schemas import ListOut, PatchBody
from flagkeeper.features.users.ports import GROUPS_OF_USER, SEARCHES_OF_USER, TOKENS_OF_USER
from flagkeeper.http.authentication import bare_token
from flagkeeper.http.body import read_body
from flagkeeper.http.change_headers import RECORDED
from flagkeeper.http.errors import STATUS
from flagkeeper.http.openapi import RawOperation
from flagkeeper.http.raw import Endpoint, Receive, Scope, Send, header, respond
from flagkeeper.http.route import Scope as Seen
from flagkeeper.kernel.actor import ADMIN_TOKEN_USER_ID, Actor, ActorKind
from flagkeeper.kernel.change_context import NO_CONTEXT
from flagkeeper.kernel.errors import Conflict, FlagkeeperError, InvalidOperation, NameExists, Unavailable
from flagkeeper.slice import Parts

ROOT = "/scim/v2"
LARGEST_BODY = 2_000_000
"""Bytes: a group with some ten thousand members."""
USUAL_PAGE = 100
ACTOR_NAME = "scim"
_JSON = (b"content-type", b"application/scim+json; charset=utf-8")
_KINDS: Mapping[type[FlagkeeperError], tuple[int, str]] = {
    NameExists: (409, "uniqueness"),
    Conflict: (409, "uniqueness"),
    InvalidOperation: (400, "mutability"),
}
"""What has another status or a name of its own in SCIM."""

Answer = tuple[int, Any]

log = structlog.get_logger("flagkeeper.scim")


class Call(msgspec.Struct, frozen=True):
    """One request."""

    method: str
    id: str
    """Of one resource; empty: of all."""
    query: Mapping[str, str]
    body: Any
    actor: Actor
    recorded: list[Any]


class ScimEndpoints:
    """The endpoints of one server."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._base_url = parts.settings.base_url()

    def by_path(self) -> dict[str, Endpoint]:
        with_ids: dict[str, Callable[[Call], Awaitable[Answer]]] = {
            "Users": self._users,
            "Groups": self._groups,
            "Schemas": self._schemas,
            "ResourceTypes": self._resource_types,
        }
        alone = {"ServiceProviderConfig": self._config, ".search": self._search, "": _nothing}
        served = {f"{ROOT}/{name}": self._served(name, serve) for name, serve in {**with_ids, **alone}.items()}
        return {**served, **{f"{ROOT}/{name}/": served[f"{ROOT}/{name}"] for name in with_ids}}

    def _served(self, name: str, serve: Callable[[Call], Awaitable[Answer]]) -> Endpoint:
        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            location: tuple[tuple[bytes, bytes], ...] = ()
            try:
                status, answer = await serve(await self._call(name, scope, receive))
                if status == 201:
                    location = ((b"location", answer["meta"]["location"].encode()),)
            except ScimError as error:
                status, answer = error.status, shown_error(error)
            except FlagkeeperError as error:
                status, kind = _KINDS.get(type(error), (STATUS[type(error)], ""))
                if isinstance(error, Unavailable):
                    log.warning("unavailable", reason=error.message)
                detail = " ".join(dict.fromkeys((error.message, *(each.message for each in error.details))))
                kind = kind or ("invalidValue" if status == 400 else "")
                answer = shown_error(ScimError(status, detail, kind))
            body = b"" if answer is None else msgspec.json.encode(answer)
            challenge = ((b"www-authenticate", b"Bearer"),) if status == 401 else ()
            await respond(send, status, body, (_JSON, *location, *challenge) if body else ())

        return endpoint

    async def _call(self, name: str, scope: Scope, receive: Receive) -> Call:
        """Raises `ScimError`: it is not the provider, or SCIM is off."""
        enabled, token_hash = await self._parts.reader.run(queries.settings)
        if not is_token(bare_token(header(scope, b"authorization") or ""), token_hash):
            raise ScimError(401, "The token is missing, unknown or revoked. An administrator can make a new one.")
        if not enabled:
            raise ScimError(403, "SCIM is switched off.")
        raw = await read_body(scope, receive, LARGEST_BODY)
        ip = self._parts.authenticator.address(scope)
        return Call(
            method=scope["method"],
            id=unquote(scope["path"].removeprefix(f"{ROOT}/{name}").strip("/")),
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            body=_decoded(raw, Any) if raw else None,
            actor=Actor(ACTOR_NAME, ADMIN_TOKEN_USER_ID, ip, ActorKind.TOKEN),
            recorded=scope.get("state", {}).get(RECORDED, []),
        )

    async def _search(self, call: Call) -> Answer:
        """All resources (section 3.4.3)."""
        if call.method != "POST":
            raise _not_there(call)
        users = await self._parts.reader.run(queries.user_documents, self._base_url)
        return _found([*users, *await self._parts.reader.run(queries.group_documents, self._base_url)], call)

    async def _users(self, call: Call) -> Answer:
        id_ = call.id
        match call.method, bool(id_):
            case ("GET", False) | ("POST", True):
                return _found(await self._parts.reader.run(queries.user_documents, self._base_url), call)
            case "POST", False:
                wanted = read_user(_object(call.body))
                id_ = str(await self._change(call, commands.create_user, wanted))
                if not wanted.is_active:
                    await self._change(call, commands.replace_user, id_, wanted, leaving_of(self._parts))
                return 201, await self._one(queries.one_user, id_, call)
            case "GET", True:
                pass
            case "PUT", True:
                await self._change(
                    call, commands.replace_user, id_, read_user(_object(call.body)), leaving_of(self._parts)
                )
            case "PATCH", True:
                await self._change(call, commands.patch_user, id_, _operations(call.body), leaving_of(self._parts))
            case "DELETE", True:
                await self._change(call, commands.delete_user, id_, leaving_of(self._parts))
                return 204, None
            case _:
                raise _not_there(call)
        return 200, await self._one(queries.one_user, id_, call)

    async def _groups(self, call: Call) -> Answer:
        id_ = call.id
        match call.method, bool(id_):
            case ("GET", False) | ("POST", True):
                return _found(await self._parts.reader.run(queries.group_documents, self._base_url), call)
            case "POST", False:
                id_ = str(await self._change(call, commands.create_group, read_group(_object(call.body))))
                return 201, await self._one(queries.one_group, id_, call)
            case "GET", True:
                pass
            case "PUT", True:
                await self._change(call, commands.replace_group, id_, read_group(_object(call.body)))
            case "PATCH", True:
                await self._change(call, commands.patch_group, id_, _operations(call.body))
            case "DELETE", True:
                await self._change(call, commands.delete_group, id_)
                return 204, None
            case _:
                raise _not_there(call)
        return 200, await self._one(queries.one_group, id_, call)

    async def _schemas(self, call: Call) -> Answer:
        return _described(discovery.schemas(self._base_url), call)

    async def _resource_types(self, call: Call) -> Answer:
        return _described(discovery.resource_types(self._base_url), call)

    async def _config(self, call: Call) -> Answer:
        if call.method != "GET" or call.id:
            raise _not_there(call)
        return 200, discovery.provider_config(self._base_url)

    async def _one(self, query: Callable[..., dict[str, Any]], id_: str, call: Call) -> dict[str, Any]:
        return _chosen(await self._parts.reader.run(query, id_, self._base_url), call.query)

    async def _change(self, call: Call, command: Callable[..., Any], *arguments: Any) -> Any:
        units = self._parts.units.within(NO_CONTEXT, call.recorded, self._parts.seen)
        return await units.run(call.actor, command, *arguments)


def leaving_of(parts: Parts) -> Leaving:
    """What goes along with a user, as its slices answer."""
    return Leaving(parts.answer(TOKENS_OF_USER), parts.answer(SEARCHES_OF_USER), parts.answer(GROUPS_OF_USER))


def _found(documents: Sequence[dict[str, Any]], call: Call) -> Answer:
    """What is asked for by the query, or by the body of a search."""
    if call.method == "GET":
        return 200, _page(documents, call.query)
    if call.id not in ("", ".search"):
        raise _not_there(call)
    asked = _object(call.body)
    return 200, _page(
        documents,
        {key: ",".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in asked.items()},
    )


async def _nothing(_call: Call) -> Answer:
    raise ScimError(404, "There is nothing of this kind here.")


def _page(documents: Sequence[dict[str, Any]], query: Mapping[str, str]) -> ListOut:
    """Those that the filter lets through, of which a page (RFC 7644, section 3.4.2.4)."""
    test = read_filter(query["filter"]) if query.get("filter") else None
    found = [each for each in documents if test is None or test(each)]
    start = max(_number(query, "startIndex", 1), 1)
    count = min(max(_number(query, "count", USUAL_PAGE), 0), discovery.MOST_RESULTS)
    page = [_chosen(each, query) for each in found[start - 1 : start - 1 + count]]
    return ListOut(
        schemas=[LIST], total_results=len(found), start_index=start, items_per_page=len(page), resources=page
    )


def _chosen(document: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    """With the attributes that are wanted (section 3.9); `id` and `schemas` are always there."""
    wanted, unwanted = (
        {name.strip().rpartition(":")[2].partition(".")[0].lower() for name in query.get(key, "").split(",") if name}
        for key in ("attributes", "excludedAttributes")
    )
    return {
        key: value
        for key, value in document.items()
        if key in ("id", "schemas") or (key.lower() not in unwanted if not wanted else key.lower() in wanted)
    }


def _described(found: list[dict[str, Any]], call: Call) -> Answer:
    if call.method != "GET":
        raise _not_there(call)
    if "filter" in call.query:
        raise ScimError(403, "This cannot be filtered.")
    if not call.id:
        return 200, ListOut(
            schemas=[LIST], total_results=len(found), start_index=1, items_per_page=len(found), resources=found
        )
    one = next((each for each in found if each["id"] == call.id), None)
    if one is None:
        raise _not_there(call)
    return 200, one


def _number(query: Mapping[str, str], name: str, usual: int) -> int:
    try:
        return int(query.get(name, usual))
    except ValueError as error:
        raise ScimError(400, f"{name} is a number.", "invalidValue") from error


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ScimError(400, "The body is a JSON object.", "invalidSyntax")
    return body


def _operations(body: Any) -> list[Any]:
    given = {("Operations" if key.lower() == "operations" else key): value for key, value in _object(body).items()}
    try:
        found = msgspec.convert(given, PatchBody).operations
    except msgspec.ValidationError as error:
        raise ScimError(400, f"{error}.".replace("`", "'"), "invalidSyntax") from error
    if not found:
        raise ScimError(400, "There are no Operations.", "invalidSyntax")
    return found


def _decoded(raw: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise ScimError(400, "The body is no JSON.", "invalidSyntax") from error


def _not_there(call: Call) -> ScimError:
    if call.method in ("GET", "POST", "PUT", "PATCH", "DELETE") and not (call.method == "POST" and call.id):
        return ScimError(404 if call.method == "GET" else 405, "There is nothing of this kind here.")
    return ScimError(405, "This method is not known here.")


def _operation(method: str, path: str, name: str, summary: str, status: int = 200, **more: Any) -> RawOperation:
    return RawOperation(
        method=method,
        path=f"{ROOT}/{path}",
        operation=name,
        tag="SCIM",
        summary=summary,
        access="Needs the token that an administrator made for SCIM.",
        scope=Seen.INSTANCE,
        media_type="application/scim+json",
        status=status,
        errors=(400, 401, 403, 404, 409),
        **more,
    )


_ANY = dict[str, Any]
OPERATIONS = (
    _operation("GET", "ServiceProviderConfig", "scimConfig", "What this server knows of SCIM", answer=_ANY),
    _operation("GET", "{name}", "scimNothing", "What is not named here is not there", 404),
    _operation("GET", "ResourceTypes", "scimResourceTypes", "Users and groups", answer=ListOut),
    _operation("GET", "ResourceTypes/{id}", "scimResourceType", "One of them", answer=_ANY),
    _operation("GET", "Schemas", "scimSchemas", "Their attributes", answer=ListOut),
    _operation("GET", "Schemas/{id}", "scimSchema", "Those of one of them", answer=_ANY),
    _operation(
        "POST", ".search", "scimSearch", "What the provider keeps, asked for by a body", body=_ANY, answer=ListOut
    ),
    *(
        operation
        for name, one in (("Users", "User"), ("Groups", "Group"))
        for operation in (
            _operation("GET", name, f"scimGet{name}", "What the provider keeps, filtered, by page", answer=ListOut),
            _operation("POST", name, f"scimCreate{one}", "Make one", 201, body=_ANY, answer=_ANY),
            _operation("GET", f"{name}/{{id}}", f"scimGet{one}", "One", answer=_ANY),
            _operation("PUT", f"{name}/{{id}}", f"scimReplace{one}", "Replace one", body=_ANY, answer=_ANY),
            _operation("PATCH", f"{name}/{{id}}", f"scimPatch{one}", "Change one", body=PatchBody, answer=_ANY),
            _operation("DELETE", f"{name}/{{id}}", f"scimDelete{one}", "Delete one", 204),
        )
    ),
)
