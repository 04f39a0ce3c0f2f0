"""Faults: each statement of a unit of work fails once, and then neither state nor event is there.

A fault is a statement that the database itself refuses, in the place of the one that was meant. Units that run the same
statements are one case, which is tried once in a process. `python -m pytest -p tests.faults` tries every case that its
tests come across, at every statement, before the unit is run as it was meant: so each test that passes shows besides
that the same command succeeds afterwards.
"""

import ast
import importlib
import json
import os
import random
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Protocol, Self, cast
from weakref import WeakSet

import pytest

import flagkeeper
from flagkeeper.eventlog.unit import _UnitWork
from flagkeeper.kernel.errors import FlagkeeperError
from flagkeeper.storage.connection import DRIVER_ERRORS, Connection
from flagkeeper.storage.database import Database
from flagkeeper.storage.dialects import Dialect
from flagkeeper.storage.leases import LeaseLost
from flagkeeper.storage.metadata import metadata
from flagkeeper.storage.sqlite import SqliteConnection
from flagkeeper.storage.waiting import Blocking, Failed, Waiting
from flagkeeper.storage.writer import Writer

SOURCE = Path(flagkeeper.__file__).parent
REPORT = "FLAGKEEPER_TEST_FAULTS"
"""The folder into which each process of a run writes what it has tried."""

REFUSED = {Dialect.SQLITE: "SELECT abs(-9223372036854775807 - 1)", Dialect.POSTGRESQL: "SELECT 1 / 0"}
"""A statement that fails whatever is stored, and leaves the connection as any refused statement does."""
NOT_OF_UNITS = frozenset({"leases"})
"""Tables that others write beside the unit: who leads what."""
_WRITES = re.compile(rf"(?:INSERT INTO|UPDATE|DELETE FROM|COPY) (?!(?:{'|'.join(NOT_OF_UNITS)})\b)")


class Choose(Protocol):
    """Which of `count` statements fail, one after the other; `count` itself is the commit."""

    def __call__(self, case: str, count: int) -> Iterable[int]: ...


def every(case: str, count: int) -> Iterable[int]:
    return range(count + 1)


def one(case: str, count: int) -> Iterable[int]:
    """Another one for each case, the same in each run."""
    return (random.Random(case).randrange(count + 1),)


class _Faulty:
    """A connection of which one statement fails, once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect
        self.texts: list[str] = []
        self._at: int | None = None
        self._refused = REFUSED[connection.dialect]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def begin(self) -> None:
        self.texts = []
        self._connection.begin()

    def run(self, text: str, parameters: Mapping[str, Any]) -> tuple[list[Any], int]:
        return self._connection.run(self._refused, {}) if self._fails(text) else self._connection.run(text, parameters)

    def run_together(self, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Any]]:
        return self._connection.run_together(
            [(self._refused, {}) if self._fails(text) else (text, given) for text, given in asked]
        )

    def run_many(self, text: str, parameters: Sequence[Mapping[str, Any]]) -> int:
        for number, _ in enumerate(parameters):
            if self._fails(text):
                self._connection.run_many(text, parameters[:number])
                return self._connection.run_many(self._refused, [{}])
        return self._connection.run_many(text, parameters)

    def run_later(self, text: str, parameters: Mapping[str, Any]) -> None:
        self._connection.run_later(*((self._refused, {}) if self._fails(text) else (text, parameters)))

    def copy_in(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        if self._fails(f"COPY {table}"):
            self._connection.run(self._refused, {})
        return self._connection.copy_in(table, columns, rows)

    def commit(self) -> None:
        if self._fails("COMMIT"):
            self._connection.run(self._refused, {})
        self._connection.commit()

    def _fails(self, text: str) -> bool:
        self.texts.append(text)
        if self._at != len(self.texts) - 1:
            return False
        self._at = None
        return True

    def fail(self, at: int) -> None:
        self._at = at

    @property
    def reached(self) -> bool:
        """Whether the statement came that was to fail."""
        return self._at is None


class Faults:
    """Tries the units of writers, each case once."""

    def __init__(self, choose: Choose) -> None:
        self._choose = choose
        self._settle = Writer._settle
        self.cases: set[str] = set()
        self.statements = 0
        self.faults = 0
        self.commands: dict[Dialect, set[str]] = {dialect: set() for dialect in Dialect}
        """Commands that were tried to their end in a unit that writes, as `module.name`."""
        self.unfinished: set[str] = set()
        """Units that could not be tried to their end: their lease ended first."""
        self.broken: list[str] = []
        """Faults after which something was there, or nobody was told."""

    def on(self, writer: Writer) -> None:
        """Tries what this writer is given from now on."""
        vars(writer)["_settle"] = partial(self.settle, writer)

    @contextmanager
    def during(self, writer: Writer) -> Iterator[None]:
        """Tries what this writer is given meanwhile. Nothing may be left of it."""
        if "_settle" in vars(writer):
            yield  # it tries everything anyway
            return
        self.on(writer)
        try:
            yield
        finally:
            del vars(writer)["_settle"]
        assert self.broken == []

    def settle(self, writer: Writer, batch: list[Waiting]) -> None:
        """In the place of the writer's own: on its thread, while nothing else is written."""
        for each in batch:
            if isinstance(each.work, _UnitWork):
                self._try(writer, Blocking(_meant(each.work)))
            self._settle(writer, [each])

    def _try(self, writer: Writer, waiting: Waiting) -> None:
        connection = writer._connection
        if connection is None or connection.broken or _has_company(writer):
            return
        faulty = self._faulty = _Faulty(connection)
        writer._connection = cast(Connection, faulty)  # it has the rest of one by `__getattr__`
        try:
            seen = self._run_through(writer, waiting)
            writes = any(map(_WRITES.match, faulty.texts))
            if seen is not None and self._was_tried(writer, waiting, seen) and writes:
                self.commands[faulty.dialect] |= seen
        finally:
            if writer._connection is cast(Connection, faulty):
                writer._connection = connection

    def _was_tried(self, writer: Writer, waiting: Waiting, seen: set[str]) -> bool:
        """Tries it, unless the same case was tried before. False: not to its end."""
        case = "\n".join((self._faulty.dialect.value, *sorted(set(self._faulty.texts))))
        if case in self.cases:
            return True
        self.statements += len(self._faulty.texts)
        with _Watch(writer._database) as watch:
            if not self._fail_each(writer, waiting, case, f"{sorted(seen)}", watch):
                return False
        self.cases.add(case)
        return True

    def _run_through(self, writer: Writer, waiting: Waiting) -> set[str] | None:
        """Runs it all but the commit, and undoes it. The commands that it called; None: it is refused, or fails."""
        called: set[str] = set()
        codes = _commands()

        def note(frame: FrameType, event: str, _: Any) -> None:
            if event == "call" and (name := codes.get(frame.f_code)):
                called.add(name)

        sys.setprofile(note)
        try:
            (outcome,) = writer._run([waiting], writer._batch())
        except DRIVER_ERRORS:
            return None
        finally:
            sys.setprofile(None)
            writer._undo()
        return None if isinstance(outcome, Failed) else called

    def _fail_each(self, writer: Writer, waiting: Waiting, case: str, commands: str, watch: "_Watch") -> bool:
        """Whether all of them could be tried."""
        meant = self._faulty.texts
        for at in self._choose(case, len(meant)):
            faulty = self._faulty
            if writer._connection is not cast(Connection, faulty):
                self.broken.append(f"{commands}: a refused statement cost the connection")
                return False
            faulty.fail(at)
            tried = Blocking(waiting.work)
            self._settle(writer, [tried])
            if not faulty.reached and isinstance(tried.future.exception(), (LeaseLost, FlagkeeperError)):
                self.unfinished.add(commands)  # its lease ended meanwhile: a server would not run it either
                return False
            self.faults += 1
            place = f"{commands}, statement {at} of {len(meant)}, {[*meant, 'COMMIT'][at][:200]}"
            if not faulty.reached:
                said = tried.future.exception()
                self.broken.append(f"{place}: it was not reached, but {faulty.texts[-2:]}, told {said!r}")
            elif not isinstance(tried.future.exception(), DRIVER_ERRORS):
                self.broken.append(f"{place}: told {tried.future.exception()!r}")
            if changed := watch.changed():
                self.broken.append(f"{place}: left something in {changed}")
        return True


def _meant(work: _UnitWork) -> _UnitWork:
    """The same; a rehearsal as if it were meant, for some commands are run in nothing else."""
    unit = object.__new__(_UnitWork)
    vars(unit).update(vars(work))
    return unit


class _Watch:
    """Whether anything that units write has changed."""

    def __init__(self, database: Database) -> None:
        self._connection = database.connect()

    def __enter__(self) -> Self:
        self._stamp, self._before = self._number(), self._everything()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def changed(self) -> list[str]:
        """The tables that have, since it was asked last."""
        if isinstance(self._connection, SqliteConnection) and self._number() == self._stamp:
            return []
        before, self._before = self._before, self._everything()
        self._stamp = self._number()
        return [name for name in before if before[name] != self._before[name]]

    def _number(self) -> int:
        """SQLite knows whether anybody has changed the file."""
        return self._connection.data_version() if isinstance(self._connection, SqliteConnection) else 0

    def _everything(self) -> dict[str, Any]:
        """What stands in each table."""
        connection = self._connection
        connection.begin()
        try:
            names = sorted(table.name for table in metadata.sorted_tables if table.name not in NOT_OF_UNITS)
            if connection.dialect is Dialect.SQLITE:
                return {name: sorted(map(repr, connection.run(f"SELECT * FROM {name}", {})[0])) for name in names}
            sums = (
                f"SELECT '{name}', md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM {name} t"
                for name in names
            )
            return dict(connection.run(" UNION ALL ".join(sums), {})[0])
        finally:
            connection.rollback()


_writers: "WeakSet[Writer]" = WeakSet()
"""Those of this process."""


def _has_company(writer: Writer) -> bool:
    """Somebody else writes to the same database: what changes there need not be of the unit that failed."""
    _writers.add(writer)
    return any(
        each is not writer and each._thread.is_alive() and each._database == writer._database for each in _writers
    )


@cache
def _commands() -> dict[CodeType, str]:
    """Every command: a public function whose first argument is a unit, wherever it stands."""
    found: dict[CodeType, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text()
        if "unit: Unit" in text:
            name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
            for each in ast.parse(text).body:
                if isinstance(each, ast.FunctionDef) and not each.name.startswith("_") and _takes_unit(each):
                    module = importlib.import_module(f"flagkeeper.{name}")
                    found[getattr(module, each.name).__code__] = f"{name}.{each.name}"
    return found


def _takes_unit(function: ast.FunctionDef) -> bool:
    first = function.args.args[:1]
    return bool(first and first[0].annotation and ast.unparse(first[0].annotation) == "Unit")


def commands() -> set[str]:
    """Their names."""
    return set(_commands().values())


# As a plugin of pytest

_all = Faults(every)


def pytest_configure(config: pytest.Config) -> None:
    """Every writer of this process from now on. A test that gave up would take the database from the unit that is still
    being tried."""
    if REPORT in os.environ:
        from tests import server

        server.PATIENCE = 600.0
        start = Writer.start

        def started(writer: Writer) -> None:
            start(writer)
            _writers.add(writer)
            _all.on(writer)

        Writer.start = started  # type: ignore[assignment, method-assign]


@pytest.fixture(autouse=True)
def _nothing_was_left() -> Iterator[None]:
    known = len(_all.broken)
    yield
    assert _all.broken[known:] == []


def pytest_sessionfinish(session: pytest.Session) -> None:
    if REPORT in os.environ and _all.cases:
        told = {
            "commands": {dialect.value: sorted(tried) for dialect, tried in _all.commands.items()},
            "cases": len(_all.cases),
            "statements": _all.statements,
            "faults": _all.faults,
            "unfinished": sorted(_all.unfinished),
            "broken": _all.broken,
        }
        (Path(os.environ[REPORT]) / f"{os.getpid()}.json").write_text(json.dumps(told))
