"""A new slice is one folder, one migration, one entry in the list of slices, and its event types in the catalogue.

The folder is `tests/data/new_slice`. It is put into a copy of the source, whose server is then asked over HTTP.
"""

import filecmp
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flagkeeper.storage.migrate import newest_revision
from tools.import_contracts import Tree

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
NEW = ROOT / "tests/data/new_slice"
FOLDER, MIGRATION = "features/reminders", "storage/migrations/versions/9999_reminders.py"
LIST, CATALOGUE = "slices.py", "eventlog/catalogue/own.py"

Seen = dict[str, Any]


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source with the slice in it."""
    source = tmp_path_factory.mktemp("extended")
    package = source / "flagkeeper"
    shutil.copytree(SOURCE / "flagkeeper", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(NEW / "reminders", package / FOLDER)
    migration = (NEW / "9999_reminders.py").read_text()
    (package / MIGRATION).write_text(migration.replace("the newest", newest_revision()))
    add(package / CATALOGUE, "", (NEW / "events.txt").read_text())
    add(package / LIST, "\nSLICES:", "from flagkeeper.features.reminders.slice import SLICE as REMINDERS\n")
    add(package / LIST, "    RETENTION,\n", "    REMINDERS,\n")
    return source


def add(file: Path, before: str, text: str) -> None:
    """Adds a text before what is there once, or at the end."""
    content = file.read_text()
    assert not before or content.count(before) == 1
    head, found, tail = content.partition(before) if before else (content, "", "")
    file.write_text(head + text + found + tail)


@pytest.fixture(scope="module")
def seen(extended: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What its server answered."""
    database = tmp_path_factory.mktemp("database") / "new.db"
    done = subprocess.run(
        [sys.executable, NEW / "visit.py", f"sqlite:///{database}"],
        env={**os.environ, "PYTHONPATH": f"{extended}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: Seen = json.loads(done.stdout.splitlines()[-1])
    return found


def differing(compared: "filecmp.dircmp[str]", folder: str = "") -> Iterator[str]:
    yield from (f"{folder}{name}" for name in (*compared.diff_files, *compared.right_only))
    for name, below in compared.subdirs.items():
        yield from differing(below, f"{folder}{name}/")


def test_three_files_are_touched_outside_its_folder(extended: Path) -> None:
    compared = filecmp.dircmp(SOURCE / "flagkeeper", extended / "flagkeeper", ignore=["__pycache__"])
    assert sorted(differing(compared)) == sorted([FOLDER, MIGRATION, LIST, CATALOGUE])


def test_its_things_are_created_read_changed_and_deleted(seen: Seen) -> None:
    answers = seen["answers"]
    assert answers["create"] == [201, {"id": 1, "text": "Water the plants"}]
    assert answers["list"] == [200, {"reminders": [{"id": 1, "text": "Water the plants"}]}]
    assert answers["update"] == answers["update again"] == [200, {"id": 1, "text": "Water the flowers"}]
    assert answers["read"] == [200, {"id": 1, "text": "Water the flowers"}]
    assert answers["delete"] == [204, None]
    assert answers["read what is gone"][0] == 404
    status, error = answers["create an empty one"]
    assert (status, error["details"][0]["path"]) == (400, "/body/text")


def test_its_routes_need_their_permissions(seen: Seen) -> None:
    assert seen["answers"]["update as a viewer"][0] == 403
    assert seen["answers"]["read as nobody"][0] == 401


def test_its_changes_are_events_that_can_be_found(seen: Seen) -> None:
    plants, flowers = {"id": 1, "text": "Water the plants"}, {"id": 1, "text": "Water the flowers"}
    told = [(event["type"], event["preData"], event["data"]) for event in seen["events"]]
    assert told == [
        ("flagkeeper-reminder-created", None, plants),
        ("flagkeeper-reminder-changed", plants, flowers),
        ("flagkeeper-reminder-deleted", flowers, None),
    ]
    assert [event["createdBy"] for event in seen["events"]] == ["admin"] * 3
    assert seen["found"] == ["flagkeeper-reminder-changed"]


def test_it_is_documented(seen: Seen) -> None:
    assert seen["paths"]["/api/admin/reminders"] == ["get", "post"]
    assert seen["paths"]["/api/admin/reminders/{reminderId}"] == ["delete", "get", "put"]
    assert [line.split("`")[1] for line in seen["documented"]] == [
        "flagkeeper-reminder-created",
        "flagkeeper-reminder-changed",
        "flagkeeper-reminder-deleted",
    ]


def test_its_tables_are_part_of_the_schema(seen: Seen) -> None:
    assert "reminders" in seen["tables"]
    assert seen["differences"] == [], "the migrated schema is the declared one"


def test_the_import_contracts_hold_and_know_its_place(extended: Path) -> None:
    tree = Tree(extended)
    assert tree.slices.index("retention") < tree.slices.index("reminders") < tree.slices.index("searches")
    assert tree.broken() == []
    assert "the store of reminders is private" in {contract.name for contract in tree.contracts()}
