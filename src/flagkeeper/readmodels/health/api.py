"""The endpoints for operations. They need no credentials: keep them inside, where that matters."""

import msgspec
from litestar import Response

from flagkeeper.http import route
from flagkeeper.http.metrics import CONTENT_TYPE, RequestMetrics
from flagkeeper.readmodels.health.vitals import VitalsCollector, VitalSigns

TAG = "Operational"


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    health: str
    """`GOOD` or `BAD`."""
    reasons: list[str] = []
    """Why it is bad."""


@route.get(
    "/health",
    permission=route.PUBLIC,
    tag=TAG,
    operation="getHealth",
    summary="Is the process alive?",
)
async def health() -> Health:
    return Health("GOOD")


@route.get(
    "/ready",
    permission=route.PUBLIC,
    tag=TAG,
    operation="getReady",
    summary="Can it serve requests now? 503 while the database is out of reach, or its data in memory is stale",
    errors=(503,),
    returns=Health,
)
async def ready(vital_signs: VitalSigns) -> Response[Health]:
    troubles = (await vital_signs.take()).troubles()
    if troubles:
        return Response(Health("BAD", troubles), status_code=503)
    return Response(Health("GOOD"))


@route.get(
    "/internal-backstage/prometheus",
    permission=route.PUBLIC,
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
    return Response(request_metrics.text(), media_type=CONTENT_TYPE)


ROUTES = [health, ready, metrics]
