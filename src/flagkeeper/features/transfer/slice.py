"""What the server has to know of moving states and flags."""

from flagkeeper.features.transfer import api, commands, tables
from flagkeeper.features.transfer.jobs import GO_ON_EVERY, Imports
from flagkeeper.features.transfer.model.file_order import FileOrder
from flagkeeper.features.transfer.schemas import existing
from flagkeeper.scheduler import Job
from flagkeeper.slice import Part, Parts, Slice


class _FileImport:
    """What the settings say is to be imported before the server answers anybody."""

    def __init__(self, parts: Parts) -> None:
        self._imports = parts[IMPORTS]
        self._settings = parts.settings

    async def start(self) -> None:
        """Raises `BadData` or `NotFound`: then the server does not start."""
        given = self._settings
        if given.import_file:
            order = FileOrder(
                path=given.import_file,
                existing=existing(drop=given.import_drop, keep=given.import_keep),
                project=given.import_project,
                environment=given.import_environment,
            )
            await self._imports.import_file(order)


IMPORTS = Part("imports", lambda parts: Imports(parts.units, parts.heavy_reader, parts))
FILE_IMPORT = Part("file-import", _FileImport, start=lambda made: made.start(), last=True)

SLICE = Slice(
    name="transfer",
    routes=api.ROUTES,
    eventless={"POST /api/admin/features-batch/validate": "only asks what an import would do"},
    causes=("a server starts with IMPORT_FILE",),
    tables=tables,
    provides=(IMPORTS,),
    parts=(FILE_IMPORT,),
    jobs=lambda parts: [Job(name="state-imports", every=GO_ON_EVERY, run=lambda _: parts[IMPORTS].go_on())],
    names_outside_log=(commands.forget_actors,),
)
