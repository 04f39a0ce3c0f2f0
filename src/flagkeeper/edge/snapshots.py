"""What is kept on disk, so that a node which starts while upstream is away goes on with what it had.

Files are replaced as a whole, and only their owner can read them. No token is in them: those that were valid are known
by their hashes. Whatever happens to a file, it is read as it was written, or not at all.
"""

import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from flagkeeper.edge.followed import Saved
from flagkeeper.edge.model import Scope
from flagkeeper.kernel.errors import BadData

FORM = 2
"""Of the files. Those of another form are not read, and replaced in time."""
_FLAGS = "flags-{}.json"
_TOKENS = "tokens.json"
_USAGE = "usage.json"
_LOCK = "lock"

T = TypeVar("T")
log = structlog.get_logger("flagkeeper.edge")


class KnownToken(msgspec.Struct, frozen=True):
    """What a token opens, as upstream said."""

    type: str
    environment: str
    projects: tuple[str, ...]


class _Kept(msgspec.Struct, frozen=True):
    form: int
    upstream: str
    digest: str
    """SHA-256 of the content as it stands there."""
    content: msgspec.Raw


class Snapshots:
    """One folder, of one node. Its methods wait for the disk: call them on a thread.

    Args:
        folder: made if it is missing. None: nothing is kept.
        upstream: what is kept is of this server; of another one it is not read.
    """

    def __init__(self, folder: Path | None, upstream: str) -> None:
        self._folder = folder
        self._upstream = upstream
        self._locked: int | None = None
        self.trouble: str | None = None
        """Why the last file could not be written."""

    def prepare(self) -> None:
        """Takes the folder for this node. Raises `BadData`: nothing can be written there, or another node has it."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._locked = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in self._folder.glob(".*.new"):
                left.unlink(missing_ok=True)
            self._write("writable", msgspec.Raw(b"true"))
            (self._folder / "writable").unlink()
        except BlockingIOError as error:
            self.release()
            raise BadData(
                f"--backup-folder (BACKUP_FOLDER) {self._folder} is in use by another edge. Give each one its own."
            ) from error
        except OSError as error:
            self.release()
            why = error.strerror or "it is no folder"
            raise BadData(f"--backup-folder (BACKUP_FOLDER) {self._folder} cannot be written to: {why}.") from error

    def release(self) -> None:
        """Lets another node have the folder, as the end of this process does."""
        if self._locked is not None:
            os.close(self._locked)
            self._locked = None

    def save(self, saved: Saved) -> bool:
        """Whether it is where it is to be kept."""
        return self._folder is None or self._save(_FLAGS.format(saved.scope.key), saved)

    def load(self, scope: Scope) -> Saved | None:
        found = self._read(_FLAGS.format(scope.key), Saved)
        return found if found is not None and found.scope == scope else None

    def forget(self, scope: Scope) -> None:
        """Nobody may read its flags any more."""
        self._remove(_FLAGS.format(scope.key))

    def save_tokens(self, tokens: Mapping[str, KnownToken]) -> bool:
        """By the hashes of their secrets. Whether they are where they are to be kept."""
        return self._folder is None or self._save(_TOKENS, dict(tokens))

    def load_tokens(self) -> dict[str, KnownToken]:
        return self._read(_TOKENS, dict[str, KnownToken]) or {}

    def save_usage(self, usage: msgspec.Struct | None) -> bool:
        """Keeps what could not be reported, in the place of what was. None: nothing. Whether something is there."""
        if usage is None:
            self._remove(_USAGE)
            return False
        return self._folder is not None and self._save(_USAGE, usage)

    def load_usage(self, kind: type[T]) -> T | None:
        """What could not be reported. It stays until something else is saved, or upstream has it."""
        return self._read(_USAGE, kind)

    def _remove(self, name: str) -> None:
        """What stays because it cannot be removed is said: flags that nobody may read, or reports that count twice."""
        if self._folder is None:
            return
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            log.error("snapshot_not_removed", file=name, error=str(error))

    def _save(self, name: str, content: object) -> bool:
        """That a disk is full is said once, and once when it takes files again."""
        try:
            self._write(name, content)
        except OSError as error:
            if self.trouble is None:
                log.error("snapshot_not_written", file=name, error=str(error))
            self.trouble = error.strerror or str(error)
            return False
        if self.trouble is not None:
            log.info("snapshot_written_again")
        self.trouble = None
        return True

    def _write(self, name: str, content: object) -> None:
        if self._folder is None:
            return
        new = self._folder / f".{name}.{os.getpid()}.new"
        raw = msgspec.json.encode(content)
        kept = _Kept(FORM, self._upstream, sha256(raw).hexdigest(), msgspec.Raw(raw))
        try:
            number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._folder / name)
        except OSError:
            with suppress(OSError):
                new.unlink(missing_ok=True)  # half a file would fill a disk that is full
            raise

    def _read(self, name: str, kind: type[T]) -> T | None:
        """None: there is none, or none that can be used, which is said."""
        if self._folder is None:
            return None
        try:
            kept = msgspec.json.decode((self._folder / name).read_bytes(), type=_Kept)
            if kept.form != FORM:
                log.warning("snapshot_of_another_version", file=name, form=kept.form)
            elif sha256(kept.content).hexdigest() != kept.digest:
                log.error("snapshot_unreadable", file=name, error="it is damaged")
            elif kept.upstream == self._upstream:
                return msgspec.json.decode(kept.content, type=kind)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.error("snapshot_unreadable", file=name, error=str(error))
        return None
