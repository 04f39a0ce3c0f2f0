"""Slices describe themselves completely, and what they say of each other fits."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from sqlalchemy import Table

from flagkeeper import features, integrations, readmodels, web
from flagkeeper.app import COMMON, dependencies_of
from flagkeeper.eventlog import tables as log_tables
from flagkeeper.eventlog.archive import tables as archive_tables
from flagkeeper.eventlog.follow import MemoryRunner
from flagkeeper.kernel.port import Port
from flagkeeper.schema import metadata
from flagkeeper.services import Services
from flagkeeper.slice import TAG_SOURCE, Part, Slice, answers_of, running
from flagkeeper.slices import SLICES
from flagkeeper.storage import leases, migrate, probe, sequences
from tests.server import settings_for

FOLDERS = [Path(package.__path__[0]) for package in (features, readmodels, integrations, web)]
SOURCE = FOLDERS[0].parents[1]
ASKED = Port[int]("number")
TAGGED = Slice(name="tagged", answers=(TAG_SOURCE.answered_by(lambda _tx, _flags: {}),))
LOW, HIGH = Slice(name="low", asks=(ASKED,)), Slice(name="high", answers=(ASKED.answered_by(1),))


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(SOURCE).with_suffix("").parts)


def shape(action: str) -> str:
    """An action without the names of its parameters."""
    return re.sub(r"{[^}]*}", "{}", action)


def paths_of(each: Slice) -> set[str]:
    return {operation.path.partition("{")[0] for operation in each.operations}


def test_every_slice_is_in_the_list_once() -> None:
    described = [importlib.import_module(module_of(file)).SLICE for top in FOLDERS for file in top.rglob("slice.py")]
    assert sorted(each.name for each in described) == sorted(each.name for each in SLICES)
    assert len({each.name for each in SLICES}) == len(SLICES)


def test_every_table_is_declared_by_one_slice_or_by_what_is_below_them() -> None:
    below = [log_tables, archive_tables, leases, migrate, probe, sequences]
    own = [each for module in below for each in vars(module).values() if isinstance(each, Table)]
    found = [*{table.name for table in own}, *(table.name for each in SLICES for table in each.declared())]
    assert sorted(found) == sorted(metadata.tables)


def test_what_is_declared_is_what_stands_in_the_folder() -> None:
    for top in FOLDERS:
        for file in top.rglob("slice.py"):
            own: Slice = importlib.import_module(module_of(file)).SLICE
            assert bool(list(own.declared())) == (file.parent / "tables.py").exists(), own.name
            assert bool(own.routes) == bool([*file.parent.glob("api*")]), own.name


def test_every_endpoint_of_sdks_is_documented_and_nothing_else(tmp_path: Path) -> None:
    services = Services(settings_for(f"sqlite:///{tmp_path}/unused.db"))
    for each in SLICES:
        assert set(each.endpoints(services)) == paths_of(each), each.name


def test_reasons_for_silence_are_about_routes_of_the_slice_itself() -> None:
    for each in SLICES:
        own = {f"{method} {path}" for route in each.routes for method in route.http_methods for path in route.paths}
        own |= {f"{operation.method} {operation.path}" for operation in each.operations}
        assert {shape(action) for action in each.eventless} <= {shape(action) for action in own}, each.name


def test_handlers_are_given_answers_that_their_slice_asks_for() -> None:
    ports = {port.name for port in answers_of(SLICES)}
    for each in SLICES:
        wanted = {name for route in each.routes for name in inspect.signature(route.fn).parameters}
        assert wanted & ports <= {port.name for port in each.asks}, each.name


def test_an_answer_is_found() -> None:
    assert answers_of([LOW, HIGH, TAGGED])[ASKED] == 1


@pytest.mark.parametrize(
    ("slices", "error"),
    [
        ([LOW, TAGGED], r"no slice answers \['number'\]"),
        ([LOW, HIGH], r"no slice answers \['tag_source'\]"),
        ([HIGH, LOW, TAGGED], "high answers number, which no lower slice asks"),
        ([LOW, HIGH, HIGH, TAGGED], "high answers number, which no lower slice asks, or which has an answer"),
        ([LOW, LOW, HIGH, TAGGED], r"low asks \['number'\], and so does another slice"),
        ([LOW, HIGH, LOW, TAGGED], r"low asks \['number'\], and so does another slice"),
    ],
)
def test_questions_and_answers_that_do_not_fit_are_refused(slices: list[Slice], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        answers_of(slices)


@pytest.mark.parametrize(
    "twice",
    [
        Slice(name="part", provides=(Part("number", lambda _: 2),)),
        Slice(name="request", per_request={"number": lambda: 2}),
        Slice(name="common", provides=(Part(next(iter(COMMON)), lambda _: 2),)),
    ],
    ids=lambda each: each.name,
)
def test_a_name_that_means_two_things_is_refused(twice: Slice) -> None:
    assert "number" in dependencies_of([LOW, HIGH, TAGGED])
    with pytest.raises(ValueError, match="means two things"):
        dependencies_of([LOW, HIGH, TAGGED, twice])


def test_a_part_is_made_once_and_one_that_is_to_be_opened_is_not_there_before(tmp_path: Path) -> None:
    services = Services(settings_for(f"sqlite:///{tmp_path}/unused.db"))
    made, opened = Part[object]("made", lambda _: object()), Part[object]("opened", open=lambda _: services.stop())
    assert services[made] is services[made]
    with pytest.raises(LookupError, match="opened is not open yet"):
        services[opened]


def test_a_part_that_nobody_would_start_is_refused(tmp_path: Path) -> None:
    services = Services(settings_for(f"sqlite:///{tmp_path}/unused.db"))
    forgotten = running("forgotten", lambda parts: MemoryRunner(parts.tail, parts.log_reader))
    with pytest.raises(LookupError, match="forgotten runs, and is not among the parts of a slice"):
        services[forgotten]


def test_what_opens_or_runs_is_listed_where_it_is_provided() -> None:
    for each in SLICES:
        assert {part for part in each.provides if part.open or part.runs} <= set(each.parts), each.name
        assert set(each.followers) <= set(each.parts), each.name


@pytest.mark.parametrize("both", [True, False])
def test_a_part_is_either_made_or_opened(tmp_path: Path, both: bool) -> None:
    services = Services(settings_for(f"sqlite:///{tmp_path}/unused.db"))
    with pytest.raises(ValueError, match="either made or opened"):
        Part("odd", lambda _: None, open=lambda _: services.stop()) if both else Part("odd")
