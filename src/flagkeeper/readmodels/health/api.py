"""The endpoints for operations. They need no credentials: keep them inside, where that matters."""

from typing import Literal

import msgspec
from litestar import Response

from flagkeeper.http import route
from flagkeeper.http.metrics import CONTENT_TYPE, RequestMetrics
from flagkeeper.readmodels.health.vitals import VitalsCollector, VitalSigns

TAG = "Operational"


class Good(msgspec.Struct, frozen=True, omit_defaults=True):
    health: Literal["GOOD"]
    notes: list[str] = []
    """What is not as it should be, though requests are served."""


class Bad(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    health: Literal["BAD"]
    reasons: list[str]
    notes: list[str] = []


@route.get(
    "/health",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getHealth",
    summary="Is the process alive?",
)
async def health() -> Good:
    return Good("GOOD")


@route.get(
    "/ready",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getReady",
    summary="Can it serve requests now? 503 while the database is out of reach, or its data in memory is stale",
    errors=(503,),
    returns=Good,
)
async def ready(vital_signs: VitalSigns) -> Response[Good] | Response[Bad]:
    vitals = await vital_signs.take()
    if troubles := vitals.troubles():
        bad = Bad(health="BAD", reasons=troubles, notes=vitals.notes())
        return Response(bad, status_code=503, headers={"Retry-After": "1"})
    return Response(Good("GOOD", vitals.notes()))


@route.get(
    "/internal-backstage/prometheus",
    permission=route.PUBLIC,
    scope=route.INSTANCE,
    tag=TAG,
    operation="getServerMetrics",
    summary="Metrics of this process, for Prometheus",
    returns=str,
    media_type=CONTENT_TYPE,
)
async def metrics(
    vital_signs: VitalSigns, request_metrics: RequestMetrics, vitals_collector: VitalsCollector
) -> Response[bytes]:
    vitals_collector.latest = await vital_signs.take()
    return Response(await request_metrics.text(), media_type=CONTENT_TYPE)


ROUTES = [health, ready, metrics]
