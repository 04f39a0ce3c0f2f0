"""Runs pytest in a process that has the libraries already: to import them takes longer than many a test."""

import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path

import pytest

FORKED = get_context("forkserver")
FORKED.set_forkserver_preload(
    [
        *("aiohttp", "argon2", "cryptography.hazmat.primitives.ciphers.aead", "hypothesis", "httpx", "litestar"),
        *("litestar.openapi", "msgspec", "prometheus_client", "psycopg", "pyarrow.parquet", "pytest", "rich.progress"),
        *("sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "structlog", "typer", "uvicorn", "uvloop"),
    ]
)


def pytest_in(tree: Path, paths: Sequence[str], environment: Mapping[str, str], arguments: Sequence[str]) -> None:
    """Ends the process with pytest's status. Nothing of ours has been imported in it but this package."""
    os.setsid()
    os.chdir(tree)
    os.environ.update(environment)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False  # else hundreds of modules are compiled again for each fault
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "tools", "flagkeeper")]:
        del sys.modules[name]
    sys.path[:0] = paths
    silent = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silent, descriptor)
    sys.exit(pytest.main([*arguments, "-W", "ignore::pytest.PytestAssertRewriteWarning"]))
