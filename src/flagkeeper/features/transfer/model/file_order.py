"""A file that servers import at their start."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from flagkeeper.features.transfer.model.batch import ExportedFlags, FlagsImport, Remark
from flagkeeper.features.transfer.model.yaml_text import to_json
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.existing import Existing

YAML_NAMES = (".yaml", ".yml")


class FileOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Which file, and how."""

    path: str
    existing: Existing
    """For the state of a server."""
    project: str
    environment: str
    """Where exported flags go."""

    def read(self) -> bytes:
        """Its document, as JSON. Raises `BadData`."""
        try:
            content = Path(self.path).read_bytes()
        except OSError as error:
            raise BadData(f"IMPORT_FILE: {self.path} cannot be read: {error.strerror}.") from error
        return json_of_file(self.path, content)

    def hash(self, text: bytes) -> str:
        """Of what it says and how it is meant: the same order is carried out once."""
        how = f"{self.existing}/{self.project}/{self.environment}".encode()
        return hashlib.sha256(how + b"\0" + text).hexdigest()


class _Version(msgspec.Struct, frozen=True):
    version: int | None = None


def json_of_file(name: str, content: bytes) -> bytes:
    """A document as JSON, which it may be already. Raises `BadData`."""
    return to_json(content) if name.lower().endswith(YAML_NAMES) else content


def is_state(text: bytes) -> bool:
    """Whether it is the state of a server, rather than exported flags. Raises `BadData`: it is no document."""
    try:
        return msgspec.json.decode(text, type=_Version).version is not None
    except msgspec.MsgspecError as error:
        raise BadData(f"This is no document: {error}", Detail(str(error), "/body")) from error


def read_flags(text: bytes, project: str, environment: str) -> FlagsImport:
    """Raises `BadData`."""
    try:
        data = msgspec.json.decode(text, type=ExportedFlags)
    except msgspec.MsgspecError as error:
        raise BadData(f"These are no exported flags: {error}", Detail(str(error), "/body")) from error
    return FlagsImport(project=project, environment=environment, data=data)


def demand_no_error(errors: Sequence[Remark]) -> None:
    """Raises `BadData` if something stands in the way."""
    if errors:
        found = [Detail(f"{each.message} {', '.join(each.affected_items)}", "/body/data") for each in errors]
        raise BadData("Nothing was imported: " + "; ".join(each.message for each in found), *found)
