"""The import contracts: who may import whom. This file is where they are declared, and `make check` runs it.

import-linter does the work. Its contracts are built here and not in a configuration file, because most of them repeat
for every slice and because a package joins its contract as soon as it exists.

    python tools/import_contracts.py [SOURCE]      SOURCE is the folder that holds flagkeeper/, by default src
"""

import argparse
import ast
import copy
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grimp
from importlinter import Contract, configuration
from importlinter.application.output import console
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract

ROOT = "flagkeeper"

# Each of these lists goes from high to low: a line may import what stands below it. Neighbours that are split by `|`
# know nothing of each other; those split by `:` may. A module that is missing here is a broken contract.
SPINE = (
    "cli",
    "app | edge",
    "services",
    "first_start | schema | keepers",
    "slices",
    "readmodels | integrations | web",
    "features",
    "slice",
    "scheduler",
    "eventlog | http | outbound",
    "storage | evaluation",
    "flusher",
    "settings | supervisor",
    "environment",
    "kernel",
)
INSIDE_A_SLICE = (
    *("slice", "api", "schemas", "jobs", "keeper", "steps", "commands"),
    *("queries", "store", "ports", "tables", "model"),
)
INSIDE_THE_LOG = (
    "archive | import_file | redact | restore",
    "export",
    "index",
    "parquet",
    "durable",
    "follow : notifier : leased_units",
    "log_reader : lease_holder",
    "keeper",
    "step",
    "unit",
    "append | read",
    "versions",
    "tables",
    "log_signal : diff : query : version",
    "catalogue | more",
)

INSIDE_THE_INTEGRATIONS = ("sender : delivery", "config", "registry", "providers", "protocol")

LOWER_READMODELS = ("client_features", "views")
"""What others may use: the flags as SDKs read them, and how events are shown."""

FOLDERS = ("features.*", "readmodels.*", "integrations.*")
"""Each of which may be a slice."""

DRIVERS = ("psycopg", "psycopg_pool", "sqlite3", "asyncpg", "aiosqlite")
SQL = ("sqlalchemy", "alembic")
WEB = ("litestar", "starlette", "uvicorn")
NETWORK = (
    *("aiohttp", "httpx", "requests", "urllib3", "websockets", "aiosmtplib"),
    *("urllib", "http", "socket", "ssl", "socketserver", "smtplib", "imaplib", "poplib", "ftplib", "xmlrpc"),
)
PROCESSES = ("asyncio", "multiprocessing", "subprocess")
HARMLESS = re.compile(
    r"from urllib\.parse import .*|import urllib\.parse( as \w+)?|from http import (HTTPStatus|HTTPMethod)(, HTTP\w+)?"
)
"""Lines that import the harmless part of a module of which import-linter sees only the first name."""

DRIVER_HOMES = ("storage", "eventlog.notifier")
"""The second listens for notifications, on a connection of its own."""
READING = ("storage.reader", "storage.transaction")
"""What a handler needs to run a query, and a port to describe one."""

PURE = ("kernel", "evaluation", "eventlog.catalogue", "eventlog.query", "features.*.model", "integrations.providers")


class Broken(NamedTuple):
    """A contract that does not hold, and the imports that break it."""

    contract: str
    imports: str


class Tree:
    """The modules of one source folder, and the contracts that apply to them."""

    def __init__(self, source: Path) -> None:
        self.graph = _read_imports(source)
        self.slices = _read_slices(source)

    def contracts(self) -> Iterator[Contract]:
        yield from self._layers("the spine", "", SPINE)
        yield from self._layers("slice order", "features", self.slices)
        yield from self._layers("inside a slice", "features.*", INSIDE_A_SLICE)
        yield from self._layers("inside the log", "eventlog", INSIDE_THE_LOG)
        lower = [each for each in LOWER_READMODELS if each in self._names("readmodels")]
        others = " | ".join(each for each in self._names("readmodels") if each not in lower)
        yield from self._layers("read models are independent", "readmodels", (others, *lower))
        providers = " | ".join(self._names("integrations.providers"))
        yield from self._layers("inside the integrations", "integrations", INSIDE_THE_INTEGRATIONS)
        yield from self._layers("providers are independent", "integrations.providers", (providers,))
        yield from self._purity()
        yield from self._boundaries()
        for position, each in enumerate(self.slices):
            yield from self._privacy(each, higher=self.slices[:position])

    def broken(self, name: str | None = None) -> list[Broken]:
        """The contracts that do not hold: all of them, or those with a name."""
        found = []
        for contract in self.contracts():
            if name not in (None, contract.name):
                continue
            check = contract.check(copy.deepcopy(self.graph), verbose=False)
            if not check.kept:
                with console.capture() as captured:
                    contract.render_broken_contract(check)
                found.append(Broken(contract.name, captured.get().strip()))
        return found

    def _purity(self) -> Iterator[Contract]:
        around_sql = [f"features.*.{each}" for each in ("api", "schemas", "jobs", "commands", "ports")]
        beyond_reading = [each for each in self._parts("storage") if each not in READING]
        yield from self._forbidden(
            "pure stays pure",
            PURE,
            [*DRIVERS, *SQL, *WEB, *NETWORK, *PROCESSES],
            ["storage", "http", "outbound", "settings"],
        )
        yield from self._forbidden(
            "SQL stays in store, queries and tables",
            [*around_sql, "settings", "http", "outbound", "web", "app", "cli"],
            SQL,
        )
        yield from self._forbidden(
            "slices reach the database through a unit or a reader", around_sql, modules=beyond_reading
        )
        yield from self._forbidden(
            "commands reach the database through their unit",
            ["features.*.commands", "features.*.schemas"],
            modules=["storage"],
        )
        yield from self._forbidden(
            "handlers and schemas leave tables to commands and queries",
            ["features.*.api", "features.*.schemas"],
            modules=["features.*.store", "features.*.tables"],
        )
        yield from self._forbidden(
            "the web framework stays at the edge",
            [
                *("settings", "storage", "eventlog", "outbound", "scheduler"),
                *(f"features.*.{each}" for each in ("jobs", "commands", "ports", "queries", "store", "tables")),
            ],
            WEB,
        )
        yield from self._forbidden("the web imports no slice", ["web"], modules=["features", "eventlog", "storage"])

    def _boundaries(self) -> Iterator[Contract]:
        behind = [each for each in self._parts("") if each != "outbound"]
        homes = {*DRIVER_HOMES, "eventlog"}
        elsewhere = [each for each in [*self._parts(""), *self._parts("eventlog")] if each not in homes]
        yield from self._forbidden("one way to the network", behind, NETWORK)
        yield from self._forbidden("one home of the drivers", elsewhere, DRIVERS)
        yield from self._protected("only a unit appends", ["eventlog.append"], ["eventlog.unit", "eventlog.restore"])
        wired = ["app", "services", "slice", "first_start", "cli"]
        yield from self._protected("settings are read once", ["settings"], wired)
        descriptions = [f"{each}.slice" for each in (*FOLDERS, "web")]
        yield from self._protected(
            "what a slice says of itself is read where servers are put together",
            descriptions,
            [*descriptions, "slices", "services", "edge", "cli"],
        )

    def _privacy(self, name: str, higher: Iterable[str]) -> Iterator[Contract]:
        own = f"features.{name}"
        yield from self._protected(f"the store of {name} is private", [f"{own}.store"], [own])
        yield from self._protected(
            f"the tables of {name} are read by higher queries and read models only",
            [f"{own}.tables"],
            [own, "readmodels", *(f"features.{each}.queries" for each in higher)],
        )
        yield from self._protected(f"the api of {name} is mounted by its slice only", [f"{own}.api"], [own])
        yield from self._protected(f"the jobs of {name} are run by its slice only", [f"{own}.jobs"], [own])

    def _layers(self, name: str, container: str, layers: Iterable[str]) -> Iterator[Contract]:
        """Every module of `container` has its place in `layers`; a place may still be empty."""
        containers = self._existing([container])
        if containers:
            lines = [re.sub(r"\w+", r"(\g<0>)", each) for each in layers if each]
            yield _contract(LayersContract, name, containers=containers, layers=lines, exhaustive="true")

    def _forbidden(
        self, name: str, sources: Iterable[str], libraries: Iterable[str] = (), modules: Iterable[str] = ()
    ) -> Iterator[Contract]:
        importers, forbidden = self._existing(sources), [*libraries, *self._existing(modules)]
        if importers and forbidden:
            yield _contract(
                ForbiddenContract,
                name,
                source_modules=importers,
                forbidden_modules=forbidden,
                allow_indirect_imports="true",
            )

    def _protected(self, name: str, modules: Iterable[str], importers: Iterable[str]) -> Iterator[Contract]:
        protected = self._existing(modules)
        if protected:
            yield _contract(
                ProtectedContract, name, protected_modules=protected, allowed_importers=self._existing(importers)
            )

    def _parts(self, package: str) -> list[str]:
        """The modules right below `package`, by the names that `_existing` takes."""
        full = self._existing([package])
        return sorted(child.removeprefix(f"{ROOT}.") for each in full for child in self.graph.find_children(each))

    def _names(self, package: str) -> list[str]:
        return [each.rpartition(".")[2] for each in self._parts(package)]

    def _existing(self, names: Iterable[str]) -> list[str]:
        """The full names of those modules which exist by now; `*` stands for any one name, "" for the root."""
        return sorted(each for name in names for each in self.graph.find_matching_modules(f"{ROOT}.{name}".rstrip(".")))


def _contract(kind: type[Contract], name: str, **options: Any) -> Contract:
    return kind(name, {"root_packages": [ROOT], "include_external_packages": "true"}, options)


def _read_imports(source: Path) -> grimp.ImportGraph:
    """Who imports whom under `source`, even when another flagkeeper is imported already. Nothing is executed."""
    imported = sys.modules.pop(ROOT, None)
    sys.path.insert(0, str(source.resolve()))
    try:
        graph = grimp.build_graph(ROOT, include_external_packages=True, cache_dir=None)
    finally:
        sys.path.pop(0)
        if imported is not None:
            sys.modules[ROOT] = imported
    for library in {"urllib", "http"} & graph.modules:
        for importer in graph.find_modules_that_directly_import(library):
            lines = graph.get_import_details(importer=importer, imported=library)
            if all(HARMLESS.fullmatch(line["line_contents"]) for line in lines):
                graph.remove_import(importer=importer, imported=library)
    return graph


def _read_slices(source: Path) -> tuple[str, ...]:
    """The names of the features in `slices.py`, the higher ones first."""
    tree = ast.parse((source / ROOT / "slices.py").read_text())
    modules = {node.names[0].asname: node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
    listed = next(node.value for node in tree.body if isinstance(node, ast.AnnAssign))
    names = [modules[each.id] for each in ast.walk(listed or tree) if isinstance(each, ast.Name)]
    features = re.compile(rf"{ROOT}\.features\.(\w+)\.slice")
    return tuple(found[1] for found in map(features.fullmatch, reversed(names)) if found)


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the import contracts.")
    parser.add_argument("source", nargs="?", type=Path, default=Path("src"))
    tree = Tree(parser.parse_args().source)
    broken = tree.broken()
    for each in broken:
        print(f"BROKEN: {each.contract}\n{each.imports}\n")
    kept = sum(1 for _ in tree.contracts()) - len(broken)
    print(f"{kept} import contracts kept, {len(broken)} broken, {len(tree.graph.modules)} modules")
    return 1 if broken else 0


configuration.configure()
console.soft_wrap = True

if __name__ == "__main__":
    sys.exit(main())
