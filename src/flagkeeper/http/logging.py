"""Logging: one line per event, for people (`console`) or machines (`json`), on standard error. Never a secret."""

import itertools
import logging
import os
import re
import sys
from contextvars import ContextVar
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from flagkeeper.kernel.text import written_out

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request being served; every line that is logged meanwhile carries it."""

HIDDEN = "***"
_SECRET_KEYS = re.compile(r"password|secret|authorization|cookie|^token$|api_?key", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    # An API token, a personal access token, a token of SCIM. Without the look behind, long text would be gone through
    # again for each of its characters.
    r"(?:(?:\[\]|(?<![\w.~*-])[\w.~*-]+):[\w.~*-]+\.|user:|scim:)[\w-]{16,}"
    r"|(?<=://)[^/\s:@]*:[^/\s@]*(?=@)"  # the credentials in a URL
)
_ACCEPTED_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)

_prefix = os.urandom(4).hex()
_numbers = itertools.count(1)


def next_request_id(given: str | None) -> str:
    """A proxy's id for the request if it gave one that is harmless, else a new one."""
    if given is not None and _ACCEPTED_ID.fullmatch(given):
        return given
    return f"{_prefix}-{next(_numbers):x}"


def configure_logging(form: str, level: str) -> None:
    """Sends all logs, those of libraries too, through one form (`console` or `json`) from `level` up."""
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                hide_secrets,
                *_renderers(form),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for library in ("uvicorn", "asyncio", "sqlalchemy", "alembic", "aiohttp", "signxml"):
        logging.getLogger(library).setLevel(max(root.level, logging.WARNING))


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Puts `HIDDEN` in the place of what is, or looks like, a secret."""
    for name, value in event.items():
        event[name] = HIDDEN if _SECRET_KEYS.search(name) and value is not None else _hidden(value)
    return event


def _hidden(value: Any) -> Any:
    match value:
        case str():
            return _SECRET_TEXT.sub(HIDDEN, value)
        case dict():
            return {key: HIDDEN if _SECRET_KEYS.search(str(key)) else _hidden(each) for key, each in value.items()}
        case list() | tuple():
            return [_hidden(each) for each in value]
    return value


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if request_id := REQUEST_ID.get():
        event["request_id"] = request_id
    return event


def _without_controls(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Nothing that was logged controls the terminal."""
    return {name: written_out(value) if isinstance(value, str) else value for name, value in event.items()}


def _renderers(form: str) -> list[Processor]:
    if form == "json":
        return [structlog.processors.JSONRenderer(sort_keys=False)]
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return [_without_controls, console]
