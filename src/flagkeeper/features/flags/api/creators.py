"""Who made the flags of a project."""

from flagkeeper.features.flags import queries
from flagkeeper.features.flags.schemas.flags import CreatorOut
from flagkeeper.http import route
from flagkeeper.storage.reader import Reader


@route.get(
    "/api/admin/projects/{project:str}/flag-creators",
    permission=route.ANYBODY,
    scope=route.PROJECT,
    tag="Projects",
    operation="getProjectFlagCreators",
    summary="Everybody who made a flag of the project",
    errors=(404,),
)
async def list_creators(project: str, reader: Reader) -> list[CreatorOut]:
    return [CreatorOut(id=id_, name=name) for id_, name in await reader.run(queries.flag_creators, project)]


ROUTES = [list_creators]
