"""The import contracts hold, and each of them would notice: violations are planted in a copy of the source."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from flagkeeper.slices import SLICES
from tools.import_contracts import Broken, Tree

SOURCE = Path(__file__).parents[2] / "src"


class Plant(NamedTuple):
    """A line added to a module (which is made when it does not exist), and the contract that has to notice."""

    module: str
    line: str
    contract: str
    found: str


FORBIDDEN = [
    Plant("features.flags.model", "import sqlalchemy", "pure stays pure", "model -> sqlalchemy"),
    Plant("features.flags.model.rollout", "import sqlite3", "pure stays pure", "rollout -> sqlite3"),
    Plant("eventlog.catalogue.planted", "from flagkeeper.storage import database", "pure stays pure", "storage"),
    Plant("eventlog.query.parser", "import psycopg", "pure stays pure", "parser -> psycopg"),
    Plant("evaluation.planted", "import asyncio", "pure stays pure", "planted -> asyncio"),
    Plant("kernel.planted", "from flagkeeper.http import planted", "the spine", "kernel.planted -> flagkeeper.http"),
    Plant("brandnew", "", "the spine", "flagkeeper.brandnew"),
    Plant(
        "features.flags.commands.create",
        "from sqlalchemy import select",
        "SQL stays in store, queries and tables",
        "create -> sqlalchemy",
    ),
    Plant(
        "features.flags.commands.create",
        "from flagkeeper.storage.database import Database",
        "slices reach the database through a unit or a reader",
        "create -> flagkeeper.storage.database",
    ),
    Plant(
        "features.flags.commands",
        "from flagkeeper.storage.transaction import Transaction",
        "commands reach the database through their unit",
        "commands -> flagkeeper.storage.transaction",
    ),
    Plant(
        "features.flags.commands",
        "from flagkeeper.features.segments import store",
        "the store of segments is private",
        "commands -> flagkeeper.features.segments.store",
    ),
    Plant(
        "features.flags.commands",
        "from flagkeeper.features.segments.tables import segments",
        "the tables of segments are read by higher queries and read models only",
        "commands -> flagkeeper.features.segments.tables",
    ),
    Plant(
        "readmodels.timeline",
        "from flagkeeper.features.tags.api import router",
        "the api of tags is mounted by its slice only",
        "timeline -> flagkeeper.features.tags.api",
    ),
    Plant(
        "features.flags.commands",
        "from flagkeeper.features.tokens import jobs",
        "the jobs of tokens are run by its slice only",
        "commands -> flagkeeper.features.tokens.jobs",
    ),
    Plant(
        "features.access.queries",
        "from flagkeeper.features.flags import queries",
        "slice order",
        "access.queries -> flagkeeper.features.flags.queries",
    ),
    Plant("features.brandnew.model", "", "slice order", "flagkeeper.features.brandnew"),
    Plant(
        "features.flags.store",
        "from flagkeeper.features.flags import schemas",
        "inside a slice",
        "store -> flagkeeper.features.flags.schemas",
    ),
    Plant("features.flags.brandnew", "", "inside a slice", "flagkeeper.features.flags.brandnew"),
    Plant(
        "features.flags.schemas",
        "from flagkeeper.features.flags import store",
        "handlers and schemas leave tables to commands and queries",
        "schemas -> flagkeeper.features.flags.store",
    ),
    Plant(
        "features.flags.commands",
        "from flagkeeper.eventlog.append import append",
        "only a unit appends",
        "commands -> flagkeeper.eventlog.append",
    ),
    Plant(
        "eventlog.tables",
        "from flagkeeper.eventlog import unit",
        "inside the log",
        "tables -> flagkeeper.eventlog.unit",
    ),
    Plant("eventlog.brandnew", "", "inside the log", "flagkeeper.eventlog.brandnew"),
    Plant("integrations.providers.slack", "import socket", "pure stays pure", "slack -> socket"),
    Plant(
        "integrations.providers.slack",
        "from flagkeeper.integrations.providers import teams",
        "providers are independent",
        "slack -> flagkeeper.integrations.providers.teams",
    ),
    Plant(
        "readmodels.timeline",
        "from flagkeeper.readmodels import frontend",
        "read models are independent",
        "timeline -> flagkeeper.readmodels.frontend",
    ),
    Plant("integrations.sender", "from urllib.request import urlopen", "one way to the network", "sender -> urllib"),
    Plant("integrations.sender", "from http.client import HTTPConnection", "one way to the network", "sender -> http"),
    Plant("features.flags.commands", "import aiohttp", "one way to the network", "commands -> aiohttp"),
    Plant("features.users.commands", "import smtplib", "one way to the network", "commands -> smtplib"),
    Plant("eventlog.read", "import sqlite3", "one home of the drivers", "read -> sqlite3"),
    Plant(
        "features.flags.commands",
        "from flagkeeper.settings import Settings",
        "settings are read once",
        "commands -> flagkeeper.settings",
    ),
    Plant("features.flags.commands", "import litestar", "the web framework stays at the edge", "commands -> litestar"),
    Plant("web.planted", "from flagkeeper.features import flags", "the web imports no slice", "flagkeeper.features"),
    Plant(
        "integrations.config.api",
        "from flagkeeper.integrations.delivery import queries",
        "inside the integrations",
        "config.api -> flagkeeper.integrations.delivery.queries",
    ),
    Plant(
        "features.flags.commands",
        "from flagkeeper.features.tokens.slice import SEEN_TOKENS",
        "what a slice says of itself is read where servers are put together",
        "commands -> flagkeeper.features.tokens.slice",
    ),
    Plant(
        "features.tags.slice",
        "from flagkeeper.features.flags.slice import SLICE",
        "slice order",
        "tags.slice -> flagkeeper.features.flags.slice",
    ),
    Plant(
        "features.flags.slice",
        "from flagkeeper.features.tags.api import ROUTES",
        "the api of tags is mounted by its slice only",
        "flags.slice -> flagkeeper.features.tags.api",
    ),
    Plant(
        "features.flags.queries",
        "from flagkeeper.features.flags.slice import SLICE",
        "inside a slice",
        "queries -> flagkeeper.features.flags.slice",
    ),
    Plant("features.flags.slice", "from flagkeeper.slices import SLICES", "the spine", "slice -> flagkeeper.slices"),
    Plant("slice", "from flagkeeper.features.tags import tables", "the spine", "slice -> flagkeeper.features.tags"),
    Plant("readmodels.timeline", "from flagkeeper.web import slice", "the spine", "timeline -> flagkeeper.web.slice"),
    Plant("scheduler", "from flagkeeper.slice import Slice", "the spine", "scheduler -> flagkeeper.slice"),
]

HARMLESS = [
    ("eventlog.catalogue.planted", "from urllib.parse import quote"),
    ("eventlog.catalogue.planted", "import urllib.parse"),
    ("features.flags.api", "from http import HTTPStatus"),
    ("features.flags.queries", "from flagkeeper.features.segments import tables"),
    ("features.flags.commands", "from flagkeeper.features.segments import commands, model, queries"),
    ("features.flags.api", "from flagkeeper.storage.reader import Reader"),
    ("eventlog.notifier", "import psycopg"),
    ("readmodels.timeline", "from flagkeeper.readmodels import views"),
    ("readmodels.credentials.slice", "from flagkeeper.features.tokens.slice import SEEN_TOKENS"),
    ("features.flags.slice", "from flagkeeper.features.tags.slice import SLICE"),
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source as it is, with every module in it that the plants speak of."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copytree(SOURCE / "flagkeeper", folder / "flagkeeper", ignore=shutil.ignore_patterns("__pycache__"))
    for plant in FORBIDDEN:
        if "brandnew" not in plant.module:
            add(folder, plant.module)
    for name in ("segments.store", "segments.tables", "tags.api", "tokens.jobs", "flags.queries", "flags.schemas"):
        add(folder, f"features.{name}")
    for name in ("settings", "http.planted", "readmodels.frontend", "readmodels.views", "integrations.providers.teams"):
        add(folder, name)
    return folder


@pytest.fixture(scope="module")
def before(prepared: Path) -> list[Broken]:
    """What is broken before anything is planted."""
    return Tree(prepared).broken()


@pytest.fixture
def copied(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "copied"))


def add(source: Path, module: str, line: str = "") -> None:
    """Adds a line at the end of a module, and makes what is missing of the packages above it."""
    *packages, name = ["flagkeeper", *module.split(".")]
    folder = source
    for package in packages:
        folder /= package
        if folder.with_suffix(".py").exists():
            folder.mkdir()
            folder.with_suffix(".py").rename(folder / "__init__.py")
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    file = folder / name / "__init__.py" if (folder / name).is_dir() else folder / f"{name}.py"
    with file.open("a") as text:
        text.write(f"\n{line}\n")


def test_the_source_keeps_every_contract() -> None:
    assert Tree(SOURCE).broken() == []


def test_every_kind_of_contract_has_a_planted_violation() -> None:
    tree = Tree(SOURCE)
    slices = re.compile(rf"\bof ({'|'.join(tree.slices)})\b")

    def kinds(names: Iterable[str]) -> set[str]:
        return {slices.sub("of a slice", name) for name in names}

    assert kinds(contract.name for contract in tree.contracts()) == kinds(plant.contract for plant in FORBIDDEN)


def test_the_order_of_slices_is_that_of_their_list(copied: Path) -> None:
    features = [each.name for each in SLICES if (SOURCE / "flagkeeper/features" / each.name).is_dir()]
    assert Tree(SOURCE).slices == tuple(reversed(features))

    listed = copied / "flagkeeper" / "slices.py"
    text = listed.read_text()
    listed.write_text(text.replace("    TAGS,\n", "").replace("    FLAGS,\n", "    FLAGS,\n    TAGS,\n"))

    (broken,) = Tree(copied).broken("slice order")
    assert "features.flags.commands.tags -> flagkeeper.features.tags.commands" in broken.imports


@pytest.mark.parametrize("plant", FORBIDDEN, ids=lambda plant: f"{plant.module}: {plant.line or 'new'}")
@pytest.mark.slow
def test_a_planted_violation_is_noticed(before: list[Broken], copied: Path, plant: Plant) -> None:
    assert not [each for each in before if plant.contract == each.contract and plant.found in each.imports]
    add(copied, plant.module, plant.line)
    assert [each for each in Tree(copied).broken(plant.contract) if plant.found in each.imports]


@pytest.mark.parametrize(("module", "line"), HARMLESS)
@pytest.mark.slow
def test_what_is_allowed_stays_allowed(before: list[Broken], copied: Path, module: str, line: str) -> None:
    add(copied, module, line)
    assert Tree(copied).broken() == before
