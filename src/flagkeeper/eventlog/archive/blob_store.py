"""Where the archive's files lie: a directory, or a bucket of an S3-compatible service."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from flagkeeper.kernel.errors import BadData, Unavailable

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.fs as fs

R = TypeVar("R")

CONNECT_TIMEOUT = 5.0
REQUEST_TIMEOUT = 20.0
"""Seconds."""
TRIES = 3
PARTIAL = "partial"
"""The folder of files that are being written."""


class BlobStore(Protocol):
    """Files by name; a name may contain slashes. A file appears whole or not at all.

    Every method raises `Unavailable` when the store is out of reach, or the file is not there.
    """

    shown: str
    """Its address, as people may see it."""

    def write(self, name: str, content: "bytes | pa.Buffer") -> None: ...
    def read(self, name: str, size: int = 0) -> bytes:
        """`size` is how many bytes are expected, where that is known."""
        ...

    def use(self, name: str, act: "Callable[[pa.NativeFile], R]") -> R:
        """What `act` makes of the open file."""
        ...

    def names(self, folder: str) -> list[str]:
        """The files below `folder`, sorted; none when there is no such folder."""
        ...

    def delete(self, name: str) -> None:
        """Does nothing when the file is gone already."""
        ...


def open_blob_store(address: str, *, endpoint: str = "", region: str = "") -> BlobStore:
    """`/a/directory` or `s3://bucket/prefix`. Nothing is touched yet. The keys of a bucket are those of the SDK's
    environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, a profile, a role).

    Raises:
        BadData: for any other form; the message says what is wrong.
    """
    if not address.startswith("s3:"):
        path = Path(address)
        if not path.is_absolute() or "://" in address:
            raise BadData(f"An archive is /a/directory or s3://bucket/prefix, not {address!r}.")
        if endpoint or region:
            raise BadData("An endpoint and a region belong to an archive in a bucket (s3://bucket/prefix).")
        return Directory(path)
    parts = urlsplit(address)
    if "@" in parts.netloc:
        raise BadData("Keys do not belong into the archive's address: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    if not parts.netloc or parts.query or parts.fragment:
        raise BadData(f"An archive in a bucket looks like s3://bucket/prefix, not {address!r}.")
    if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
        raise BadData(f"The endpoint of a bucket looks like https://minio.example.com:9000, not {endpoint!r}.")
    return Bucket(f"{parts.netloc}{parts.path}".rstrip("/"), endpoint=endpoint, region=region)


class Directory:
    """Files are on the disk, and not only on their way there, before anybody relies on them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.shown = str(root)

    def write(self, name: str, content: "bytes | pa.Buffer") -> None:
        path = self._root / name
        partial = self._root / PARTIAL / path.name
        with _reaching(self.shown):
            for folder in (partial.parent, path.parent):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with partial.open("wb") as file:
                file.write(memoryview(content))
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
            for folder in (path.parent, path.parent.parent):
                _sync(folder)

    def read(self, name: str, size: int = 0) -> bytes:
        del size
        with _reaching(self.shown):
            return (self._root / name).read_bytes()

    def use(self, name: str, act: "Callable[[pa.NativeFile], R]") -> R:
        import pyarrow as pa

        with _reaching(self.shown):
            opened = pa.OSFile(str(self._root / name))
        with opened as file:
            return act(file)

    def names(self, folder: str) -> list[str]:
        with _reaching(self.shown):
            found = (self._root / folder).rglob("*")
            return sorted(str(path.relative_to(self._root)) for path in found if path.is_file())

    def delete(self, name: str) -> None:
        with _reaching(self.shown):
            (self._root / name).unlink(missing_ok=True)


class Bucket:
    """Objects below a prefix. The connection is made when it is first needed."""

    def __init__(self, path: str, *, endpoint: str = "", region: str = "") -> None:
        self._path = path
        self._endpoint = endpoint
        self._region = region
        self._opened: fs.S3FileSystem | None = None
        self._opening = threading.Lock()
        self.shown = f"s3://{path}"

    @property
    def _files(self) -> "fs.S3FileSystem":
        with self._opening:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> "fs.S3FileSystem":
        from pyarrow import fs

        parts = urlsplit(self._endpoint)
        options: dict[str, Any] = {"region": self._region} if self._region else {}
        if self._endpoint:
            options |= {"endpoint_override": parts.netloc, "scheme": parts.scheme}
        return fs.S3FileSystem(
            connect_timeout=CONNECT_TIMEOUT,
            request_timeout=REQUEST_TIMEOUT,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES),
            **options,
        )

    def write(self, name: str, content: "bytes | pa.Buffer") -> None:
        with _reaching(self.shown), self._files.open_output_stream(f"{self._path}/{name}") as file:
            file.write(content)

    def read(self, name: str, size: int = 0) -> bytes:
        del size
        with _reaching(self.shown), self._files.open_input_file(f"{self._path}/{name}") as file:
            found: bytes = file.read()
            return found

    def use(self, name: str, act: "Callable[[pa.NativeFile], R]") -> R:
        with _reaching(self.shown):
            opened = self._files.open_input_file(f"{self._path}/{name}")
        with opened as file:
            return act(file)

    def names(self, folder: str) -> list[str]:
        from pyarrow import fs

        with _reaching(self.shown):
            wanted = fs.FileSelector(f"{self._path}/{folder}", recursive=True, allow_not_found=True)
            found = self._files.get_file_info(wanted)
        start = len(self._path) + 1
        return sorted(each.path[start:] for each in found if each.type == fs.FileType.File)

    def delete(self, name: str) -> None:
        from pyarrow import fs

        with _reaching(self.shown):
            if self._files.get_file_info(f"{self._path}/{name}").type == fs.FileType.File:
                self._files.delete_file(f"{self._path}/{name}")


@contextmanager
def _reaching(shown: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"The archive {shown} cannot be used now: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    if error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _sync(folder: Path) -> None:
    """New names in a folder survive a power cut only after this."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
