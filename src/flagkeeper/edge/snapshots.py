"""What is kept on disk, so that a node which starts while upstream is away goes on with what it had.

Files are replaced as a whole, and only their owner can read them. No token is in them: those that were valid are known
by their hashes.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from flagkeeper.edge.followed import Saved
from flagkeeper.edge.model import Scope
from flagkeeper.kernel.errors import BadData

_FLAGS = "flags-{}.json"
_TOKENS = "tokens.json"
_USAGE = "usage.json"

T = TypeVar("T")
log = structlog.get_logger("flagkeeper.edge")


class KnownToken(msgspec.Struct, frozen=True):
    """What a token opens, as upstream said."""

    type: str
    environment: str
    projects: tuple[str, ...]


class Snapshots:
    """One folder. Its methods wait for the disk: call them on a thread.

    Args:
        folder: made if it is missing. None: nothing is kept.
        upstream: what is kept is of this server; of another one it is not read.
    """

    def __init__(self, folder: Path | None, upstream: str) -> None:
        self._folder = folder
        self._upstream = upstream

    def prepare(self) -> None:
        """Raises `BadData`: nothing can be written there."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in self._folder.glob(".*.new"):
                left.unlink(missing_ok=True)
            self._write("writable", msgspec.Raw(b"true"))
            (self._folder / "writable").unlink()
        except OSError as error:
            why = error.strerror or "it is no folder"
            raise BadData(f"--backup-folder (BACKUP_FOLDER) {self._folder} cannot be written to: {why}.") from error

    def save(self, saved: Saved) -> None:
        """Raises `OSError`."""
        self._write(_FLAGS.format(saved.scope.key), saved)

    def load(self, scope: Scope) -> Saved | None:
        found = self._read(_FLAGS.format(scope.key), Saved)
        return found if found is not None and found.scope == scope else None

    def forget(self, scope: Scope) -> None:
        """Nobody may read its flags any more."""
        self._remove(_FLAGS.format(scope.key))

    def save_tokens(self, tokens: Mapping[str, KnownToken]) -> None:
        """By the hashes of their secrets. Raises `OSError`."""
        self._write(_TOKENS, dict(tokens))

    def load_tokens(self) -> dict[str, KnownToken]:
        return self._read(_TOKENS, dict[str, KnownToken]) or {}

    def save_usage(self, usage: msgspec.Struct | None) -> bool:
        """Keeps what could not be reported. Whether it is kept. Raises `OSError`."""
        if self._folder is None:
            return False
        if usage is None:
            (self._folder / _USAGE).unlink(missing_ok=True)
        else:
            self._write(_USAGE, usage)
        return True

    def load_usage(self, kind: type[T]) -> T | None:
        """What could not be reported; it is not there a second time."""
        found = self._read(_USAGE, kind)
        self._remove(_USAGE)
        return found

    def _remove(self, name: str) -> None:
        """What stays because it cannot be removed is said: flags that nobody may read, or reports that count twice."""
        if self._folder is None:
            return
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            log.error("snapshot_not_removed", file=name, error=str(error))

    def _write(self, name: str, content: object) -> None:
        if self._folder is None:
            return
        new = self._folder / f".{name}.{os.getpid()}.new"
        body = msgspec.json.encode({"upstream": self._upstream, "content": content})
        number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / name)

    def _read(self, name: str, kind: type[T]) -> T | None:
        """None: there is none, or none that can be used."""
        if self._folder is None:
            return None
        try:
            body = (self._folder / name).read_bytes()
            kept = msgspec.json.decode(body, type=_Kept)
            return msgspec.json.decode(kept.content, type=kind) if kept.upstream == self._upstream else None
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.error("snapshot_unreadable", file=name, error=str(error))
            return None


class _Kept(msgspec.Struct, frozen=True):
    upstream: str
    content: msgspec.Raw
