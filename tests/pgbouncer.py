"""A real pgbouncer before a PostgreSQL, in either mode, encrypted or not. Where it leads can be changed meanwhile."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from tests.certificates import Certificates

Mode = Literal["session", "transaction"]
PLACES = "/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin"


class PgBouncer:
    """Leads to the server of `url`, as the superuser, whoever comes; it is reached at `self.url` itself. With
    `certificates` nobody is let in who does not encrypt."""

    def __init__(self, url: str, mode: Mode, certificates: Certificates | None = None) -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:{PLACES}")
        assert program, "There is no pgbouncer here. Install the package pgbouncer (apt-get install pgbouncer)."
        self._folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
        self._folder.chmod(0o777)
        self._mode = mode
        self._tls = self._encryption(certificates) if certificates else ""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        parts = urlsplit(url)
        self.url = parts._replace(netloc=f"postgres@127.0.0.1:{self.port}").geturl()
        self._settings = self._folder / "pgbouncer.ini"
        self._write(url)
        self._process = subprocess.Popen(
            [program, "-q", self._settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def lead_to(self, url: str) -> None:
        """From now on, and for everybody: connections to where it led before are closed when they are free."""
        self._write(url)
        self._process.send_signal(signal.SIGHUP)

    def _write(self, url: str) -> None:
        parts = urlsplit(url)
        self._settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={parts.port} user=postgres\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nauth_type = any\n"
            f"pool_mode = {self._mode}\ndefault_pool_size = {30 if self._mode == 'session' else 4}\n"
            f"max_client_conn = 200\nserver_login_retry = 1\nunix_socket_dir =\n"
            f"logfile = {self._folder}/log\npidfile = {self._folder}/pid\n{self._tls}"
            + ("user = nobody\n" if os.geteuid() == 0 else "")
        )
        self._settings.chmod(0o644)

    def _encryption(self, certificates: Certificates) -> str:
        lines = "client_tls_sslmode = require\n"
        for name, source in (("key", certificates.key), ("cert", certificates.certificate)):
            copy = self._folder / source.name
            shutil.copyfile(source, copy)
            copy.chmod(0o644)
            lines += f"client_tls_{name}_file = {copy}\n"
        return lines

    def _wait(self) -> None:
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                log = self._folder / "log"
                assert self._process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            else:
                return
