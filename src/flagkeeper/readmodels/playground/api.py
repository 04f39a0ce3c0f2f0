"""The playground API: parse, run, answer."""

import asyncio

from litestar import MediaType, Response

from flagkeeper.eventlog.query import Visibility
from flagkeeper.http import route
from flagkeeper.readmodels.playground import play
from flagkeeper.readmodels.playground.model import read_context
from flagkeeper.readmodels.playground.queries import scene
from flagkeeper.readmodels.playground.schemas import (
    AdvancedPlaygroundBody,
    AdvancedPlaygroundOut,
    PlaygroundBody,
    PlaygroundOut,
    Projects,
)
from flagkeeper.storage.reader import Reader

TAG = "Playground"


@route.post(
    "/api/admin/playground",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getPlayground",
    summary="What somebody would get in an environment, and why",
    returns=PlaygroundOut,
)
async def evaluate(data: PlaygroundBody, reader: Reader, visibility: Visibility) -> Response[bytes]:
    asked = read_context(data.context, several=False)
    found = await reader.run(scene, _named(data.projects), [data.environment], visibility)
    return _sent(await asyncio.to_thread(play.basic, found, asked, data))


@route.post(
    "/api/admin/playground/advanced",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag=TAG,
    operation="getAdvancedPlayground",
    summary="What somebody would get in several environments, for every combination of values that commas separate",
    returns=AdvancedPlaygroundOut,
)
async def evaluate_all(data: AdvancedPlaygroundBody, reader: Reader, visibility: Visibility) -> Response[bytes]:
    asked = read_context(data.context, several=True)
    found = await reader.run(scene, _named(data.projects), data.environments, visibility)
    return _sent(await asyncio.to_thread(play.advanced, found, asked, data))


def _named(projects: Projects) -> list[str] | None:
    return None if projects == "*" else list(projects)


def _sent(body: bytes) -> Response[bytes]:
    return Response(body, media_type=MediaType.JSON, status_code=200)


ROUTES = [evaluate, evaluate_all]
