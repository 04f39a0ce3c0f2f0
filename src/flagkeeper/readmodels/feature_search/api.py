"""The API of finding flags: parse, ask, answer."""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request

from flagkeeper.eventlog.query import Visibility
from flagkeeper.http import route
from flagkeeper.http.caller import Caller
from flagkeeper.readmodels.feature_search import page
from flagkeeper.readmodels.feature_search.memory import FlagMemory
from flagkeeper.readmodels.feature_search.question import FILTERS, ORDER, read_question
from flagkeeper.readmodels.feature_search.schemas import FlagsFound, LifecycleCount
from flagkeeper.storage.reader import Reader


@route.get(
    "/api/admin/search/features",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Search",
    operation="searchFeatures",
    summary="Find flags",
    query={**FILTERS, **ORDER, "status[]": "The same as `status`, as some clients write lists; also `status[0]`."},
    errors=(503,),
)
async def search_features(
    request: Request[Any, Any, Any], reader: Reader, flag_memory: FlagMemory, caller: Caller, visibility: Visibility
) -> FlagsFound:
    question = read_question(parse_qsl(request.url.query, keep_blank_values=True))
    return await reader.run(page.search, flag_memory, question, visibility, caller.actor.user_id)


@route.get(
    "/api/admin/lifecycle/count",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Features",
    operation="getFeatureLifecycleStageCount",
    summary="How many flags are in each stage of their life",
    errors=(503,),
)
async def count_stages(reader: Reader, flag_memory: FlagMemory, visibility: Visibility) -> LifecycleCount:
    return await reader.run(page.stages, flag_memory, visibility)


ROUTES = [search_features, count_stages]
