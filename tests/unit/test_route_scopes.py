"""Every route says who may call it and whose things it shows, and none lets anybody in by itself."""

from typing import Any

import pytest
from litestar import get as litestar_get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery

from flagkeeper.app import DEPENDENCIES, RAW_OPERATIONS, ROUTES
from flagkeeper.http import route
from flagkeeper.http.application import build
from flagkeeper.http.openapi import RawOperation
from flagkeeper.http.permissions import Permission
from flagkeeper.http.route import PERMISSION, SCOPE, Scope

ABOUT = {"permission": route.ANYBODY, "tag": "T", "operation": "op", "summary": "s"}
VISIBILITY = {"visibility", "log"}
"""The dependencies that know what the caller may see."""


async def nothing() -> None:
    """A handler."""


def test_a_route_without_a_scope_is_refused() -> None:
    for declare in (route.get, route.post, route.put, route.patch, route.delete):
        with pytest.raises(TypeError, match="scope"):
            declare("/x", **ABOUT)  # type: ignore[arg-type]  # that is the point
        with pytest.raises(TypeError, match="scope"):
            declare("/x", scope="everything", **ABOUT)  # type: ignore[arg-type]


def test_an_endpoint_for_sdks_without_a_scope_is_refused() -> None:
    operation: Any = RawOperation
    with pytest.raises(TypeError, match="scope"):
        operation(method="GET", path="/x", operation="op", tag="T", summary="s", access="a")


def test_the_application_refuses_a_dependency_that_reads_the_request_by_itself() -> None:
    """What clients send is read, and checked, for handlers only."""

    def first_page(page: FromQuery[int]) -> bool:
        return page == 1

    async def handler(first: NamedDependency[bool]) -> None:
        assert first

    needed = route.get("/x", scope=route.OWN, **ABOUT)(handler)  # type: ignore[arg-type]  # as above
    with pytest.raises(TypeError, match="first takes page"):
        build([needed], {"first": Provide(first_page, sync_to_thread=False)}, State({}))


def test_the_application_refuses_a_route_that_declares_nothing() -> None:
    with pytest.raises(TypeError, match="permission and scope"):
        build([litestar_get("/x")(nothing)], {}, State())


def test_the_application_refuses_a_route_that_would_replace_authentication() -> None:
    async def everybody(_request: Any) -> None:
        """Lets everybody in."""

    replaced = route.get("/x", scope=route.INSTANCE, before_request=everybody, **ABOUT)(nothing)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="before_request"):
        build([replaced], {}, State())


def declared(declare: Any, **more: Any) -> Any:
    return declare("/x", scope=route.OWN, **{**ABOUT, **more})(nothing)


def test_what_a_route_says_may_happen() -> None:
    of_reads, of_changes = {400, 401, 403}, {400, 401, 403, 413, 415, 503}
    assert set(declared(route.get).responses) == of_reads
    for change in (route.post, route.put, route.patch, route.delete):
        assert set(declared(change).responses) == of_changes
        assert set(declared(change, permission=route.PUBLIC).responses) == of_changes - {401, 403}
    more = declared(route.get, errors=(404,), status=202, returns=int)
    assert (set(more.responses), more.status_code) == ({*of_reads, 404, 202}, 202)
    assert more.responses[404].description == "There is no such thing."
    assert declared(route.get).status_code == 200


def test_what_strangers_send_is_small() -> None:
    for permission, size in ((route.PUBLIC, 32_768), (route.ANYBODY, None), (Permission.ADMIN, None)):
        given = declared(route.post, permission=permission).request_max_body_size
        assert (given if isinstance(given, int) else None) == size
    assert declared(route.post, permission=route.PUBLIC, request_max_body_size=5).request_max_body_size == 5
    assert not isinstance(declared(route.get, permission=route.PUBLIC).request_max_body_size, int)


def test_what_a_route_says_of_who_may_call_it() -> None:
    either = (Permission.CREATE_FEATURE, Permission.UPDATE_FEATURE)
    for permission, told in (
        (route.PUBLIC, "Needs no credentials."),
        (route.ANYBODY, "Needs any valid admin API credential."),
        (Permission.ADMIN, "Needs the permission `ADMIN`."),
        (either, "Needs the permission `CREATE_FEATURE` or `UPDATE_FEATURE`."),
    ):
        handler = declared(route.get, permission=permission)
        assert str(handler.description).startswith(told)
        assert handler.opt[PERMISSION] == permission
        assert bool(handler.security) is (permission != route.PUBLIC)
        assert (handler.opt["in_maintenance"], handler.opt["for_browsers"]) == (False, False)
    assert declared(route.get, in_maintenance=True, for_browsers=True).opt["in_maintenance"] is True


def routes() -> list[tuple[str, Any]]:
    return [(f"{min(handler.http_methods)} {path}", handler) for handler in ROUTES for path in handler.paths]


def test_every_route_has_a_permission_and_a_scope() -> None:
    assert routes()
    for name, handler in routes():
        assert isinstance(handler.opt[SCOPE], Scope), name
        assert handler.opt[PERMISSION], name
    assert all(isinstance(operation.scope, Scope) for operation in RAW_OPERATIONS)


def test_what_is_of_projects_is_asked_for_with_a_visibility() -> None:
    """A project in the path is checked before the handler; administrators see everything."""
    assert DEPENDENCIES.keys() >= VISIBILITY
    for name, handler in routes():
        asked = handler.parsed_fn_signature.parameters.keys()
        of_one_project = "{project:" in name
        if handler.opt[SCOPE] is Scope.PROJECT:
            for_admins = handler.opt[PERMISSION] == Permission.ADMIN
            assert of_one_project or for_admins or asked & VISIBILITY, name
        else:
            assert not of_one_project, f"{name} is about a project"


def test_what_is_ones_own_depends_on_who_asks() -> None:
    for name, handler in routes():
        if handler.opt[SCOPE] is Scope.OWN:
            assert handler.parsed_fn_signature.parameters.keys() & {"caller", "request", "data"}, name
